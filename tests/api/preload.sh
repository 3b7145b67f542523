#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs the programs tests/api/*_plain, which are built without libmalloc, under LD_PRELOAD: the
# doors keep the contract there as well, with magazines and with every call checked. Each program
# counts as one check; what failed within it is shown.
set -u
library=${LM_LIBRARY:?set LM_LIBRARY to libmalloc.so}
folder=${LM_BUILDDIR:?set LM_BUILDDIR to the build folder}/tests/api
checks=0
failures=0

run() { # name conf preload program
    local output
    checks=$((checks + 1))
    if output=$(LIBMALLOC_CONF=$2 LD_PRELOAD=$3 "$4" 2>&1); then
        echo "ok $checks - $1, preloaded${2:+, $2}"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $1, preloaded${2:+, $2}"
    fi
    grep -vE '^(ok|1\.\.)' <<<"$output" | sed 's/^/# /'
}

for program in "$folder"/*_plain; do
    name=$(basename "$program" _plain)
    for conf in '' magazines:false; do
        run "$name" "$conf" "$library" "$program"
    done
done
run 'foreign, with an allocator behind us' '' "$library:$folder/.libs/next.so" "$folder/foreign_plain"

echo "1..$checks"
[ $failures -eq 0 ] && [ $checks -gt 1 ]
