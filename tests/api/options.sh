#!/bin/bash
# SPDX-License-Identifier: MIT
#
# LIBMALLOC_CONF: what is unknown or out of range earns one line on standard error that names it,
# and the program runs on; help:true prints every option.
set -u
library=${LM_LIBRARY:?set LM_LIBRARY to libmalloc.so}
# shellcheck source=check.sh
. "${LM_SRCDIR:?set LM_SRCDIR to the source folder}/tests/api/check.sh"
# shellcheck source=../libc.sh
. "$LM_SRCDIR/tests/libc.sh"
skip_if_other_libc "$library"

# Runs a program under the library; its standard error ends in $said, its output in $printed.
run_with() { # conf
    local scratch
    scratch=$(mktemp)
    printed=$(LIBMALLOC_CONF=$1 LD_PRELOAD=$library /bin/echo alive 2>"$scratch")
    status=$?
    said=$(cat "$scratch")
    rm -f "$scratch"
}

lines() { # text
    if [ -z "$1" ]; then echo 0; else wc -l <<<"$1"; fi
}

one_line_about() { # conf what word...
    local conf=$1 what=$2 word named=0
    shift 2
    run_with "$conf"
    for word in "$@"; do
        grep -q "^libmalloc: .*$word" <<<"$said" || named=1
    done
    [ "$(lines "$said")" -eq 1 ] && [ $named -eq 0 ]
    check $? "$what earns one line that names it" "LIBMALLOC_CONF=$conf said: $said"
    [ $status -eq 0 ] && [ "$printed" = alive ]
    check $? "and the program runs on" "status $status, printed: $printed"
}

run_with ''
[ -z "$said" ] && [ "$printed" = alive ]
check $? "no options, no words" "$said"

run_with 'purge_delay_ms:500,realloc_zero:alloc'
[ -z "$said" ] && [ "$printed" = alive ]
check $? "good options earn no words" "$said"

one_line_about 'no_such_option:1' 'an unknown option' no_such_option
one_line_about 'purge_delay_ms:banana' 'a value that is no number' purge_delay_ms banana
grep -qE '[0-9]+[^0-9]+[0-9]+' <<<"$said"
check $? "and the valid range" "$said"
one_line_about 'purge_delay_ms:-99999999999999999999' 'a value out of range' purge_delay_ms
one_line_about 'magazines:perhaps' 'a switch that is neither on nor off' magazines perhaps
grep -q 'true' <<<"$said" && grep -q 'false' <<<"$said"
check $? "and its valid values" "$said"
one_line_about 'realloc_zero:what' 'a word that is none of those allowed' realloc_zero what
grep -q 'alloc' <<<"$said" && grep -q 'free' <<<"$said"
check $? "and the words that are" "$said"
one_line_about 'purge_delay_ms' 'an option without a value' purge_delay_ms

run_with 'no_such_option:1,purge_delay_ms:500,nor_this:2'
[ "$(lines "$said")" -eq 2 ] && grep -q no_such_option <<<"$said" && grep -q nor_this <<<"$said"
check $? "two mistakes earn two lines" "$said"

run_with 'help:true'
for option in window realloc_zero purge_delay_ms magazines help; do
    grep -qw "$option" <<<"$said$printed"
    check $? "help:true prints the option $option" "$said"
done
[ $status -eq 0 ] && grep -q alive <<<"$printed"
check $? "help:true lets the program run" "status $status"

long=$(printf 'x%.0s' {1..5000})
run_with "$long:1"
[ $status -eq 0 ] && [ "$printed" = alive ] && [ "$(lines "$said")" -eq 1 ]
check $? "an endless option name earns one line" "$(cut -c 1-200 <<<"$said")"

echo "1..$checks"
[ $failures -eq 0 ]
