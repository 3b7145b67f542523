#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What libmalloc.so shows to the world: exactly the doors of doc/conformance.md and the functions of
# libmalloc.h; its soname. (scripts/symbols-check sees to the rest.)
set -u
library=${LM_LIBRARY:?set LM_LIBRARY to libmalloc.so}
header=${LM_SRCDIR:?set LM_SRCDIR to the source folder}/include/libmalloc.h
page=$LM_SRCDIR/doc/conformance.md
# shellcheck source=check.sh
. "${LM_SRCDIR:?set LM_SRCDIR to the source folder}/tests/api/check.sh"
# shellcheck source=../libc.sh
. "$LM_SRCDIR/tests/libc.sh"

exported=$(exported_symbols "$library" | sed 's/@.*//')
# The list of the page stands between two marks, each name in backquotes.
# shellcheck disable=SC2016
doors=$(sed -n '/<!-- doors -->/,/<!-- end -->/p' "$page" | grep -oE '`[a-z0-9_]+`' | tr -d '`')
own=$(grep -oE '\blm_[a-z0-9_]+ *\(' "$header" | tr -d ' (')
wanted=$(printf '%s\n' "$doors" "$own" | sort -u)
# There is no dlopen of ours where libc has no RTLD_DEEPBIND.
is_for_musl "$library" && wanted=$(grep -v -x dlopen <<<"$wanted")

difference=$(diff <(echo "$wanted") <(echo "$exported"))
check $? "libmalloc.so exports exactly the doors of the contract and of libmalloc.h" \
    "$(sed -n 's/^</missing:/p; s/^>/extra:/p' <<<"$difference")"

soname=$(readelf -dW "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
[ "$soname" = libmalloc.so.0 ]
check $? "the soname is libmalloc.so.0" "it is: $soname"

! readelf -dW "$library" | grep -qE '\(TEXTREL\)|TEXTREL'
check $? "the text needs no relocation"

! readelf -lW "$library" | grep -E 'GNU_STACK' | grep -q 'RWE'
check $? "the stack is not executable"

echo "1..$checks"
[ $failures -eq 0 ]
