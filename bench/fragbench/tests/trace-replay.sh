#!/bin/sh
# SPDX-License-Identifier: MIT
# A replay does what the trace says, no more and no less, and its own books weigh nothing.
# shellcheck source=bench/fragbench/tests/trace-common.sh
. "$LM_SRCDIR/bench/fragbench/tests/trace-common.sh"

counts() {
    sed -n 's/.*"counts":\({[^}]*}\).*/\1/p' "$1" | tail -n 1
}

"$fragbench" record -o "$work/mix.ftr" -- "$tracee" mix 60000 5 >/dev/null 2>&1
"$fragbench" record -o "$work/threads.ftr" -- "$tracee" threads 6 >/dev/null 2>&1
"$fragbench" record -o "$work/sparse.ftr" -- "$tracee" sparse >/dev/null 2>&1
"$fragbench" record -o "$work/small.ftr" -- "$tracee" many 10 >/dev/null 2>&1
"$fragbench" info --json --curve 16 "$work/mix.ftr" >"$work/mix.json" 2>/dev/null
info "$work/threads.ftr" >"$work/threads.json"

for trace in mix threads; do
    for mode in serial parallel; do
        "$fragbench" replay -n 2 --settle 0 --mode $mode "$work/$trace.ftr" >"$work/$trace.$mode" 2>"$work/err"
        same "${mode}_replay_of_${trace}_does_every_operation_once" "0 $(counts "$work/$trace.json")" \
            "$? $(counts "$work/$trace.$mode")"
    done
done

# A block freed before it was acquired would stay: count what lives at the end, several times.
got=
for _ in 1 2 3 4 5; do
    "$fragbench" replay -n 1 --settle 0 --mode parallel "$work/threads.ftr" >"$work/out" 2>/dev/null
    got="$got $(field still_live_blocks "$work/out")"
done
live=$(field end_live_blocks "$work/threads.json")
same "blocks_handed_over_are_acquired_before_they_are_released" " $live $live $live $live $live" "$got"

# 2 checkpoints have 16 samples: the same positions as info's curve of 16.
sed 's/.*"curve":\[//' "$work/mix.json" | tr -d '[]{}' | tr ',' ' ' |
    awk '{ for (i = 1; i + 2 <= NF; i += 3) print $i, $(i + 1) }' >"$work/wanted"
for mode in serial parallel; do
    sed -n 's/.*"sample","work":\([0-9]*\),.*"live":\([0-9]*\),.*/\1 \2/p' "$work/mix.$mode" >"$work/got"
    diff "$work/wanted" "$work/got" >"$work/why"
    report $? "live_curve_of_a_${mode}_replay_is_the_traces"
done

same "what_lives_at_the_end_is_told_not_freed" "$(field end_live_bytes "$work/mix.json")" \
    "$(field still_live_bytes "$work/mix.serial")"

# The replay itself recorded: it must ask for the trace's blocks and next to nothing besides.
"$fragbench" record -o "$work/again.ftr" -- "$fragbench" replay -n 1 --settle 0 "$work/mix.ftr" >/dev/null 2>&1
info "$work/again.ftr" >"$work/again.json"
same "replay_asks_for_reallocs_exactly" "$(field realloc "$work/mix.json")" "$(field realloc "$work/again.json")"
more=$(($(field free "$work/again.json") - $(field free "$work/mix.json")))
echo "$more frees more than the trace" >"$work/why"
[ $more -ge 0 ] && [ $more -lt 16 ]
report $? "replay_frees_what_the_trace_frees"
extra=$(($(field acquired_bytes "$work/again.json") - $(field acquired_bytes "$work/mix.json")))
echo "$extra bytes more than the trace" >"$work/why"
[ $extra -ge 0 ] && [ $extra -lt 8192 ]
report $? "replay_takes_its_own_memory_elsewhere"

start() {
    "$fragbench" replay -n 1 --settle 0 "$1" 2>/dev/null |
        sed -n 's/.*"label":"start".*"anonymous":\([0-9]*\).*/\1/p'
}
small=$(start "$work/small.ftr")
large=$(start "$work/mix.ftr")
echo "anonymous before the first operation: $small for 10 operations, $large for 60000" >"$work/why"
[ $((large - small)) -le 16384 ] && [ $((small - large)) -le 16384 ]
report $? "books_of_a_long_trace_add_nothing_to_anonymous_memory"

"$fragbench" replay -n 1 --settle 0 "$work/sparse.ftr" >"$work/recorded" 2>/dev/null
"$fragbench" replay -n 1 --settle 0 --touch page "$work/sparse.ftr" >"$work/page" 2>/dev/null
# The largest sample, which is exact; the kernel's own peak is not (see measure.h).
most() {
    sed -n 's/.*"kind":"sample".*"anonymous":\([0-9]*\).*/\1/p' "$1" | sort -n | tail -n 1
}
recorded=$(most "$work/recorded")
page=$(most "$work/page")
echo "at most $recorded with recorded touching, $page with all pages" >"$work/why"
[ "$recorded" -lt 4194304 ] && [ "$page" -gt 67108864 ]
report $? "recorded_touching_touches_what_the_program_touched"

"$fragbench" replay -n 1 --settle 0 --pace real "$work/small.ftr" >/dev/null 2>&1
same "a_trace_with_times_replays_at_its_own_pace" 0 $?

"$fragbench" replay --mode sideways "$work/mix.ftr" >/dev/null 2>"$work/err"
same "an_unknown_mode_is_one_line_and_refused" "2 1" "$? $(wc -l <"$work/err")"
finish
