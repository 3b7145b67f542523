#!/bin/sh
# SPDX-License-Identifier: MIT
# The AOSP memory_replay text format becomes a trace that replays.
# shellcheck source=bench/fragbench/tests/trace-common.sh
. "$LM_SRCDIR/bench/fragbench/tests/trace-common.sh"

cat >"$work/a.txt" <<'TEXT'
12345: malloc 0xb6038060 20
12345: calloc 0xb6038080 32 4
12346: malloc 0xb6039000 100000
12345: realloc 0xb6038400 0xb6038060 100
12346: memalign 0xb603a000 4096 300
12346: free 0xb6038400
12345: realloc 0xb6039100 0x0 8 100 200
12346: free 0x0
12346: free 0xb6039000 5 6
12346: thread_done 0x0
12345: free 0xb6038080
TEXT
"$fragbench" import "$work/a.txt" -o "$work/a.ftr" 2>"$work/err"
same "a_text_trace_is_taken" 0 $?
info "$work/a.ftr" >"$work/a.json"
same "every_line_but_free_of_null_is_an_operation" "3 1 1 1 3 1 2 308" \
    "$(for key in malloc calloc aligned realloc free death threads end_live_bytes; do
        field $key "$work/a.json"
    done | tr '\n' ' ' | sed 's/ $//')"
same "blocks_freed_by_the_other_thread_are_counted" 1 "$(field cross_thread_releases "$work/a.json")"
for mode in serial parallel; do
    "$fragbench" replay -n 1 --settle 0 --mode $mode "$work/a.ftr" >"$work/out" 2>/dev/null
    same "an_imported_trace_replays_$mode" "0 308" "$? $(field still_live_bytes "$work/out")"
done

"$fragbench" replay --pace real "$work/a.ftr" >/dev/null 2>"$work/err"
same "an_imported_trace_has_no_pace" "2 1" "$? $(grep -c 'holds no times' "$work/err")"

bad=0
for line in '12345: jump 0x10 5' 'nonsense' '12345: malloc 0x10' '12345: calloc 0x10 0xffffffffffffffff 16'; do
    printf '1: malloc 0x20 3\n%s\n' "$line" >"$work/bad.txt"
    "$fragbench" import "$work/bad.txt" -o "$work/bad.ftr" 2>"$work/err"
    status=$?
    if [ $status -ne 2 ] || ! grep -q 'line 2' "$work/err" || [ -e "$work/bad.ftr" ]; then
        echo "$line: status $status: $(cat "$work/err")" >>"$work/why"
        bad=1
    fi
done
report $bad "a_bad_line_is_named_and_leaves_no_trace"
finish
