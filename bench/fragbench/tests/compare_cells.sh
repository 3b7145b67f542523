#!/bin/bash
# SPDX-License-Identifier: MIT
# compare: an allocator that is not there is refused and never measured as glibc; every cell is
# there; an interrupt keeps whole cells; and the gate of diff shuts when it should.
# shellcheck disable=SC1091,SC2154
. "${LM_SRCDIR:-.}/bench/fragbench/tests/tap.bash"

bump=$paper/fbbump.so
[ -f "$bump" ] || skip_all "the paper allocators are not built"
small=(-w regrow --live=256K --settle=0)

refuses() { # TEXT-IN-THE-LINE ARGUMENTS...
    local text=$1
    shift
    ! "$fragbench" "$@" >"$work/out" 2>"$work/err" && grep -q -- "$text" "$work/err" &&
        [ "$(grep -c '^fragbench:' "$work/err")" = 1 ]
}

echo "not a library" >"$work/text.so"
# An ELF header and nothing behind it: the loader says "ignored" and goes on with glibc's malloc.
head -c 64 "$bump" >"$work/stump.so"

ok a_missing_path_is_refused refuses "No such file" \
    compare -a glibc -a "ours=$work/nosuch.so" "${small[@]}" -o "$work/no"
ok a_text_is_refused refuses "not a shared library" \
    compare -a "ours=$work/text.so" "${small[@]}" -o "$work/no"
ok what_the_loader_ignores_is_refused refuses "the loader did not take it" \
    compare -a "ours=$work/stump.so" "${small[@]}" -o "$work/no"
ok an_unknown_name_is_refused refuses "not a known name" \
    compare -a nosuch "${small[@]}" -o "$work/no"
ok an_unknown_workload_is_refused refuses "no workload" \
    compare -a glibc -w nosuch -o "$work/no"
ok a_missing_trace_is_refused refuses "No such file" \
    compare -a glibc -w "$work/nosuch.ftr" -o "$work/no"
ok two_of_one_name_are_refused refuses "two allocators" \
    compare -a glibc -a "glibc=$bump" "${small[@]}" -o "$work/no"

"$fragbench" compare -a glibc -a "bump=$bump" "${small[@]}" -n 2 -o "$work/good" >"$work/table" \
    2>"$work/err"
count_cells() { [ "$(grep -c '"kind":"done"' "$work/good")" = 8 ]; }
ok every_cell_is_there count_cells
says_bump() {
    grep '"allocator":"bump"' "$work/good" | grep '"kind":"cell"' |
        grep -q '"object":"[^"]*fbbump.so"' &&
        ! grep '"allocator":"glibc"' "$work/good" | grep -q fbbump
}
ok each_cell_ran_under_its_own_allocator says_bump
is_silent() { [ ! -s "$work/err" ]; }
ok no_progress_goes_to_a_pipe is_silent

# Interrupted as soon as the first cell is in the file.
"$fragbench" compare -a glibc "${small[@]}" -n 10000 -o "$work/cut" >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 1 2400); do
    grep -q '"kind":"done"' "$work/cut" 2>/dev/null && break
    sleep 0.05
done
kill -TERM $pid
wait $pid
status=$?
whole_cells() {
    [ $status = 130 ] && [ "$(grep -c '"kind":"done"' "$work/cut")" -ge 1 ] &&
        [ "$(grep -c '"kind":"cell"' "$work/cut")" = "$(grep -c '"kind":"done"' "$work/cut")" ]
}
ok an_interrupt_keeps_whole_cells whole_cells

passes() { "$fragbench" diff "$1" "$2" --fail-if 'rss_auc>1.05' >"$work/out"; }
shuts() { ! passes "$1" "$2" && grep -q '^FAIL' "$work/out"; }
# Doctored: every point of the curve doubled.
awk '{
    if (match($0, /"anonymous":[0-9]+/) && $0 ~ /"kind":"sample"/)
        $0 = substr($0, 1, RSTART - 1) "\"anonymous\":" 2 * substr($0, RSTART + 12, RLENGTH - 12) \
            substr($0, RSTART + RLENGTH)
    print
}' "$work/good" >"$work/worse"
ok the_gate_passes_what_is_the_same passes "$work/good" "$work/good"
ok the_gate_shuts_on_what_is_worse shuts "$work/good" "$work/worse"
ok the_gate_passes_what_is_better passes "$work/worse" "$work/good"
ok a_rule_without_sense_is_refused refuses "want METRIC" \
    diff "$work/good" "$work/good" --fail-if 'nonsense>1'
plan
