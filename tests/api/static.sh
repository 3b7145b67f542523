#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Static programs in C and C++ take all their doors from libmalloc.a, and libc is content with them.
set -u
archive=$(dirname "${LM_LIBRARY:?set LM_LIBRARY to libmalloc.so}")/libmalloc.a
sources=${LM_SRCDIR:?set LM_SRCDIR to the source folder}/tests/api
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
checks=0
failures=0
languages=c

if [ ! -f "$archive" ]; then
    echo "1..0 # SKIP libmalloc.a was not built"
    exit 0
fi
echo 'int main(void) { return 0; }' >"$scratch/probe.c"
if ! ${LM_CC:-cc} -static "$scratch/probe.c" -o "$scratch/probe" 2>/dev/null; then
    echo "1..0 # SKIP no static libc here"
    exit 0
fi
echo '#include <string>' | cat - "$scratch/probe.c" | sed 's/void//' >"$scratch/probe.cc"
${LM_CXX:-c++} -static "$scratch/probe.cc" -o "$scratch/probe" 2>/dev/null && languages='c cxx'

for language in $languages; do
    source=$sources/static_c.c
    compiler="${LM_CC:-cc} -std=gnu11"
    if [ "$language" = cxx ]; then
        source=$sources/static_cxx.cc
        compiler="${LM_CXX:-c++} -std=c++17"
    fi
    checks=$((checks + 1))
    # libstdc++ comes behind us and asks for malloc when the linker has left us: -u asks earlier.
    # Before glibc 2.34 a program gets of libpthread.a what it asks for by name, and C++ does not.
    # The compilers may be several words.
    # shellcheck disable=SC2086
    if output=$($compiler -fno-builtin -pthread -static -u malloc "-I$LM_SRCDIR/include" "-I$LM_SRCDIR/src" "$source" "$archive" \
        -Wl,--whole-archive -lpthread -Wl,--no-whole-archive -o "$scratch/$language" 2>&1 && "$scratch/$language" 2>&1); then
        echo "ok $checks - a static program in $language runs on libmalloc.a"
    else
        failures=$((failures + 1))
        echo "not ok $checks - a static program in $language runs on libmalloc.a"
    fi
    grep -vE '^(ok|1\.\.)' <<<"$output" | sed 's/^/# /'
done
echo "1..$checks"
[ $failures -eq 0 ]
