#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs every crime of this folder (crime.h says what one is) under libmalloc, with every call
# checked and with magazines, and asserts the signal, the one line on standard error and the pointer
# in it. A new crime is a new file; nothing else is to be done.
#
# run.sh [NAME...]: only these crimes.
set -u
library=${LM_LIBRARY:?set LM_LIBRARY to libmalloc.so}
sources=${LM_SRCDIR:?set LM_SRCDIR to the source folder}/tests/misuse
# shellcheck source=../libc.sh
. "$LM_SRCDIR/tests/libc.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
checks=0
failures=0
ulimit -c 0

header() { # file key default
    local value
    value=$(sed -n "s|^// $2: ||p" "$1" | head -1)
    echo "${value:-$3}"
}

# Says why if the line is not the one expected.
judge() { # status said pointer phrases function by
    local where='[a-z_]+'
    if [ "$4" = nothing ]; then
        [ "$1" -eq 0 ] && [ -z "$2" ] && return 0
        echo "an innocent program ended with status $1"
        return 1
    fi
    # musl says nothing and stops the program as if it had touched a page that is not there.
    [ "$6" = libc ] && [ "$1" -eq 139 ] && is_for_musl "$library" && return 0
    if [ "$1" -ne 134 ]; then
        echo "it ended with status $1, not by SIGABRT (134)"
        return 1
    fi
    if [ "$6" = libc ]; then
        grep -qE "($4)" <<<"$2" && return 0
    fi
    [ -n "$5" ] && where=$5
    grep -qE "^libmalloc: $where: ($4): $3\$" <<<"$2" && [ "$(wc -l <<<"$2")" -eq 1 ] && return 0
    echo "expected the line: libmalloc: ${5:-FUNCTION}: $4: $3"
    return 1
}

run() { # file program conf
    local name phrases function status said pointer why conf=$3
    name=$(basename "$1" .c)
    phrases=$(header "$1" expects '')
    # With magazines the crime comes to light in whichever call flushes them.
    function=$(header "$1" in free)
    [ "$3" = default ] && function='' conf=''
    # A shell of its own takes the word "Aborted" with it, and another lets nothing but the crime have the library.
    pointer=$(bash -c 'LIBMALLOC_CONF=$1 timeout 300 bash -c "LD_PRELOAD=\$0 exec \$1" "$2" "$3" 2>"$4"; exit $?' \
        crime "$conf" "$library" "$2" "$scratch/said" 2>/dev/null)
    status=$?
    said=$(cat "$scratch/said")
    checks=$((checks + 1))
    if why=$(judge $status "$said" "${pointer:-none}" "$phrases" "$function" "$(header "$1" by us)")
    then
        echo "ok $checks - $name is $phrases ($3)"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $name is $phrases ($3)"
        printf '%s\n' "$why" "standard error: ${said:-(nothing)}" | sed 's/^/# /'
    fi
}

if [ $# -eq 0 ]; then
    set -- "$sources"/*.c
else
    set -- "${@/#/$sources/}"
    set -- "${@/%/.c}"
fi
for file in "$@"; do
    # The linker finds free_sized in the library; nothing is bound to it otherwise.
    # shellcheck disable=SC2086
    if ! ${LM_CC:-cc} -std=gnu11 -D_GNU_SOURCE -O1 -w -fno-builtin -pthread "$file" "$library" \
        -Wl,-rpath,"$(dirname "$library")" -o "$scratch/crime" 2>"$scratch/said"; then
        checks=$((checks + 1))
        failures=$((failures + 1))
        echo "not ok $checks - $(basename "$file") compiles"
        sed 's/^/# /' "$scratch/said"
        continue
    fi
    for conf in $(header "$file" modes 'magazines:false default'); do
        run "$file" "$scratch/crime" "$conf"
    done
done
echo "1..$checks"
[ $failures -eq 0 ] && [ $checks -gt 0 ]
