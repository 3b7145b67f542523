#!/bin/bash
# SPDX-License-Identifier: MIT
# Every workload runs, says what it must, and does the same work whenever its seed is the same.
# shellcheck disable=SC1091,SC2154
. "${LM_SRCDIR:-.}/bench/fragbench/tests/tap.bash"

tiny=(--live=1M --to=4K --rounds=2 --threads=3 --settle=0)

runs() {
    "$fragbench" run "$1" "${tiny[@]}" --seed="$2" >"$3"
}

# start, end now, end trimmed where there is a trim, freed, done; and each line one object.
says_all() {
    grep -q '"kind":"cell"' "$1" && grep -q '"kind":"done"' "$1" &&
        [ -n "$(figure "$1" start now heap)" ] && [ -n "$(figure "$1" end now heap)" ] &&
        [ "$(figure "$1" freed now live)" = 0 ] && ! grep -qv '^{"kind":".*}$' "$1"
}

works_alike() {
    cmp -s <(grep '"kind":"sample"' "$1" | sed 's/"ms":[^,]*,//; s/"anonymous":.*//') \
        <(grep '"kind":"sample"' "$2" | sed 's/"ms":[^,]*,//; s/"anonymous":.*//')
}

refuses() { # TEXT-IN-THE-LINE ARGUMENTS...
    local text=$1
    shift
    ! "$fragbench" "$@" >"$work/out" 2>"$work/err" && [ "$(wc -l <"$work/err")" = 1 ] &&
        grep -q -- "$text" "$work/err"
}

for workload in $("$fragbench" run --list | awk '{print $1}'); do
    ok "${workload}_runs" runs "$workload" 7 "$work/one"
    ok "${workload}_says_all_it_must" says_all "$work/one"
    runs "$workload" 7 "$work/two"
    ok "${workload}_works_alike_for_the_same_seed" works_alike "$work/one" "$work/two"
done

runs drift 7 "$work/one"
runs drift 8 "$work/two"
differs() { ! works_alike "$work/one" "$work/two"; }
ok another_seed_is_another_play differs
ok an_unknown_workload_is_refused refuses "no workload 'nosuch'" run nosuch
ok no_workload_is_refused refuses "want one workload" run
ok from_above_to_is_refused refuses "larger than --to" run drift --from=2K --to=1K
ok settle_must_ascend refuses "ascending" run drift --settle=10,1
ok a_request_above_live_is_refused refuses "less than one request" run drift --live=1K
plan
