#!/bin/bash
# SPDX-License-Identifier: MIT
# xz.sh - xz with two threads packs to the same bytes, and unpacks.
. "${0%/*}/lib.sh"
need xz perl
plan 2

perl -e 'srand 5; print join(" ", map { "word" . int rand 3000 } 1 .. 10), "\n" for 1 .. 250_000' \
    >"$work/text"
pack_and_unpack() {
    xz -T2 -3 --block-size=2MiB -k -c "$work/text" >packed.xz &&
        xz -T2 -t packed.xz && xz -dc -T2 packed.xz | sha1sum && xz --robot --list packed.xz
}
compare "xz -T2, there and back" pack_and_unpack
loaded_in xz
finish
