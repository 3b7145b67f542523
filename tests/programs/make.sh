#!/bin/bash
# SPDX-License-Identifier: MIT
# make.sh - the project builds itself under the library, and comes out the same.
. "${0%/*}/lib.sh"
need make gcc
source_dir=${LM_SRCDIR:-$(cd "$here/../.." && pwd)}
[ -x "$source_dir/configure" ] || skip_all "no configure in $source_dir: run autoreconf -fi first"
[ ! -e "$source_dir/config.status" ] ||
    skip_all "the source folder is built in place, so it cannot be built elsewhere too"
plan 2

build() {
    "$source_dir/configure" >configure.out 2>&1 || { tail configure.out config.log >&2; return 1; }
    make -j2 all >make.out 2>&1 || { tail make.out >&2; return 1; }
    # What remains must not depend on the order in which two jobs end, nor on the time.
    rm -rf make.out configure.out config.log autom4te.cache
    find . -name '*.a' -delete
}
compare "configure and make -j2 of libmalloc" build
loaded_in make gcc cc1 ld
finish
