#!/bin/bash
# SPDX-License-Identifier: MIT
# comparison_can_fail.sh - a library that corrupts is found by the comparison: the other scripts
# in this folder mean something.
. "${0%/*}/lib.sh"
need cc perl
plan 4

# Without a body the shim hands everything to glibc, so each case has one fault only.
broken_library() {
    cat >"$work/broken.c" <<EOC
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void *__libc_malloc(size_t);
void __libc_free(void *);
$1
EOC
    cc -shared -fPIC -O1 -fno-builtin -o "$work/broken.so" "$work/broken.c"
}

cat >"$work/victim.pl" <<'EOP'
my %h = map { $_ => "x" x ($_ % 300) } 1 .. 5000;
delete $h{$_} for 1 .. 2500;
print join(",", map { "$_=$h{$_}" } sort keys %h), "\n";
EOP

# The comparison runs in a subshell, as its verdict is what we judge.
comparison_finds() {
    local what=$1 verdict
    broken_library "$2"
    verdict=$(library=$work/broken.so; compare "victim" perl "$work/victim.pl")
    if grep -q '^not ok' <<<"$verdict"; then
        ok "$what is found"
    else
        not_ok "$what is found"
        remark <<<"$verdict"
    fi
}

broken_library ""
if (library=$work/broken.so; compare "an innocent shim" perl -e 'print 1' | grep -q '^ok'); then
    ok "an innocent shim passes"
else
    not_ok "an innocent shim passes"
fi
comparison_finds "calloc that does not zero" '
void *calloc(size_t n, size_t size)
{
    void *p = __libc_malloc(n * size);
    if (p)
        memset(p, 0x5a, n * size);
    return p;
}'
comparison_finds "realloc that forgets the content" '
void *realloc(void *old, size_t size)
{
    __libc_free(old);
    return __libc_malloc(size);
}'
comparison_finds "a word on stderr in the name of the library" '
__attribute__((constructor)) static void speak(void)
{
    if (write(2, "libmalloc: bad\n", 15)) {
    }
}'
finish
