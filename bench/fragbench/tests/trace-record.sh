#!/bin/sh
# SPDX-License-Identifier: MIT
# What a program asks for is in the trace, to the operation, however the program ends.
# shellcheck source=bench/fragbench/tests/trace-common.sh
. "$LM_SRCDIR/bench/fragbench/tests/trace-common.sh"

seed=${LM_TEST_SEED:-$$}
echo "# LM_TEST_SEED=$seed"

# record NAME WORDS...: trace in $work/NAME.ftr, JSON info in $work/NAME.json
record() {
    name=$1
    shift
    "$fragbench" record -o "$work/$name.ftr" -- "$tracee" "$@" >"$work/$name.out" 2>"$work/$name.err"
    status=$?
    info "$work/$name.ftr" >"$work/$name.json"
    return $status
}

record empty
record mix mix 20000 "$seed"
wanted=$(sed -n 's/^counts //p' "$work/mix.out")
got=
for kind in malloc calloc aligned realloc free; do
    more=$(($(field $kind "$work/mix.json") - $(field $kind "$work/empty.json")))
    got="$got${got:+,}\"$kind\":$more"
done
same "counts_are_exact_for_every_kind_of_call" "$wanted" "$got"

live=$(sed -n 's/^live \([0-9]*\) .*/\1/p' "$work/mix.out")
base=$(field end_live_bytes "$work/empty.json")
same "live_bytes_at_the_end_are_exact" "$live" "$(($(field end_live_bytes "$work/mix.json") - base))"

# The curve of the trace against the program's own, at ten positions: within 1 %.
info=$("$fragbench" info --json --curve 10 "$work/mix.ftr" 2>/dev/null)
printf '%s\n' "$info" | sed 's/.*"curve":\[//' | tr -d '[]{}' | tr ',' ' ' |
    awk '{ for (i = 1; i + 2 <= NF; i += 3) print $(i + 1) }' >"$work/curve.trace"
sed -n 's/^curve [0-9]* //p' "$work/mix.out" >"$work/curve.own"
paste "$work/curve.own" "$work/curve.trace" >"$work/curves"
awk -v base="$base" '{ d = $2 - base - $1; if (d < 0) d = -d; if (d > $1 * 0.01 + 200) bad = 1 }
    END { exit bad || NR != 10 }' "$work/curves"
status=$?
[ $status -eq 0 ] || cp "$work/curves" "$work/why"
report $status "live_curve_is_the_programs_within_one_percent"

cat "$work/mix.err" >"$work/why"
[ "$(field lost_frees "$work/mix.json")$(field unknown_releases "$work/mix.json")" = 00 ]
report $? "one_thread_has_no_anomalies"

for order in auto global clock; do
    "$fragbench" record --order $order -o "$work/t.ftr" -- "$tracee" threads 8 2>/dev/null
    info "$work/t.ftr" >"$work/t.json"
    same "eight_trading_threads_leave_no_anomaly_with_order_$order" "0 0 40000 8 8" \
        "$(field lost_frees "$work/t.json") $(field unknown_releases "$work/t.json") $((\
        $(field malloc "$work/t.json") - $(field malloc "$work/empty.json"))) $(\
        field birth "$work/t.json") $(field death "$work/t.json")"
done

for how in abort kill segv exit; do
    record end end $how
    same "nothing_is_lost_when_the_program_ends_by_$how" 1500 \
        "$(($(field malloc "$work/end.json") - $(field malloc "$work/empty.json")))"
done

record end end kill
same "exit_status_tells_the_signal" 137 $?

record forked fork
child=$(sed -n 's/^child //p' "$work/forked.out")
info "$work/forked.ftr.$child" >"$work/child.json"
same "forked_child_writes_a_file_of_its_own" "2000 500" \
    "$(field malloc "$work/child.json") $(field unknown_releases "$work/child.json")"
same "parent_of_a_fork_goes_on_in_its_file" 1000 \
    "$(($(field malloc "$work/forked.json") - $(field malloc "$work/empty.json")))"

record exec exec
self=$(sed -n 's/^self //p' "$work/exec.out")
info "$work/exec.ftr.$self" >"$work/execed.json"
same "exec_ends_one_trace_and_begins_another" "1000 500" \
    "$(($(field malloc "$work/exec.json") - $(field malloc "$work/empty.json"))) $((\
    $(field malloc "$work/execed.json") - $(field malloc "$work/empty.json")))"

record closed closed
same "closing_all_descriptors_and_leaving_the_folder_loses_nothing" 20000 \
    "$(($(field malloc "$work/closed.json") - $(field malloc "$work/empty.json")))"

record huge huge
same "a_failed_allocation_is_recorded_as_such" "1" "$(field failed "$work/huge.json")"

same "no_sidecar_is_left" "" "$(find "$work" -name '*.live')"

echo "not a trace" >"$work/precious"
"$fragbench" record -o "$work/precious" -- "$tracee" >/dev/null 2>&1
same "a_file_that_is_no_trace_is_not_written_over" "2 not a trace" "$? $(cat "$work/precious")"

"$fragbench" record -o "$work/none.ftr" -- "$work/no-such-program" 2>"$work/err"
same "a_missing_program_is_one_line_and_127" 127 $?
finish
