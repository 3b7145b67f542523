#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Programs run under tight limits on address space, where nothing like the usual window fits.
set -u
library=${LM_LIBRARY:?set LM_LIBRARY to libmalloc.so}
# shellcheck source=../libc.sh
. "${LM_SRCDIR:?set LM_SRCDIR to the source folder}/tests/libc.sh"
skip_if_other_libc "$library"
checks=0
failures=0

# A program that cannot run within the limit on its own says nothing about the library.
runs() { # kib program...
    local kib=$1 output name
    shift
    name="$(basename "$1") runs in $kib KiB of address space"
    checks=$((checks + 1))
    if ! (ulimit -v "$kib" && "$@") >/dev/null 2>&1; then
        echo "ok $checks - $name # SKIP it does not without libmalloc either"
    elif output=$( (ulimit -v "$kib" && LD_PRELOAD=$library exec "$@") 2>&1); then
        echo "ok $checks - $name"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $name"
        head -5 <<<"$output" | sed 's/^/# /'
    fi
}

# The inner shell expands its own text.
# shellcheck disable=SC2016
for kib in 65536 32768 24576; do
    runs $kib /bin/ls /
    runs $kib /bin/bash -c 'a=$(seq 1000); [ "${#a}" -gt 3000 ] && (exit 0)'
    runs $kib python3 -c 'print(sum(len(str(i)) for i in range(20000)))'
done
echo "1..$checks"
[ $failures -eq 0 ]
