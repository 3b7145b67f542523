#!/bin/sh
# SPDX-License-Identifier: MIT
# A cut or damaged trace says so and gives what can be read; a full disk loses nothing written.
# shellcheck source=bench/fragbench/tests/trace-common.sh
. "$LM_SRCDIR/bench/fragbench/tests/trace-common.sh"

"$fragbench" record -o "$work/a.ftr" -- "$tracee" mix 60000 7 >/dev/null 2>&1
size=$(wc -c <"$work/a.ftr")
info "$work/a.ftr" >"$work/a.json"
all=$(field operations "$work/a.json")

# Cut at many places: never a crash, never more operations than before, and a line about it.
last=0
bad=0
for percent in 5 10 20 30 40 50 60 70 80 90 99; do
    head -c $((size * percent / 100)) "$work/a.ftr" >"$work/cut.ftr"
    "$fragbench" info --json "$work/cut.ftr" >"$work/cut.json" 2>"$work/cut.err"
    status=$?
    ops=$(field operations "$work/cut.json")
    if [ $status -ne 0 ] || [ "$ops" -lt "$last" ] || [ "$ops" -ge "$all" ] ||
        ! grep -q 'operations could be read' "$work/cut.err"; then
        echo "at $percent %: status $status, $ops operations: $(cat "$work/cut.err")" >>"$work/why"
        bad=1
    fi
    last=$ops
done
report $bad "a_cut_trace_gives_what_is_before_the_cut_and_says_so"
[ "$last" -gt $((all / 2)) ]
report $? "a_late_cut_loses_little"

head -c $((size - 10)) "$work/a.ftr" >"$work/cut.ftr"
"$fragbench" replay -n 1 --settle 0 "$work/cut.ftr" >"$work/cut.out" 2>/dev/null
same "a_cut_trace_replays" "0" "$?"

# One byte flipped at many places behind the header.
bad=0
for part in 3 17 31 45 59 73 87 97; do
    at=$((size * part / 100 + 300))
    cp "$work/a.ftr" "$work/flip.ftr"
    byte=$(od -An -tu1 -j $at -N 1 "$work/a.ftr" | tr -d ' ')
    printf '%b' "\\0$(printf '%o' $((byte ^ 16)))" |
        dd of="$work/flip.ftr" bs=1 seek=$at conv=notrunc 2>/dev/null
    "$fragbench" info --json "$work/flip.ftr" >"$work/flip.json" 2>"$work/flip.err"
    status=$?
    ops=$(field operations "$work/flip.json")
    if [ $status -ne 0 ] || [ "$ops" -ge "$all" ] || ! grep -q 'damaged' "$work/flip.err"; then
        echo "byte $at: status $status, $ops of $all: $(cat "$work/flip.err")" >>"$work/why"
        bad=1
    fi
done
report $bad "a_flipped_byte_costs_its_chunk_and_is_told"

: >"$work/empty.ftr"
echo '{"format":"something-else"}' >"$work/other.ftr"
echo '{"format":"fragbench-trace","version":99}' >"$work/newer.ftr"
head -c 3000 /dev/urandom >"$work/noise.ftr"
bad=0
for file in empty other newer noise missing; do
    "$fragbench" info "$work/$file.ftr" >/dev/null 2>"$work/err"
    status=$?
    if [ $status -ne 2 ] || [ "$(wc -l <"$work/err")" -ne 1 ]; then
        echo "$file: status $status: $(cat "$work/err")" >>"$work/why"
        bad=1
    fi
done
report $bad "what_is_no_trace_is_refused_in_one_line"

# A file size limit is a full disk that needs no root: 512 blocks of 512 bytes.
(
    ulimit -f 512 2>/dev/null || exit 99
    "$fragbench" record -o "$work/full.ftr" -- "$tracee" mix 400000 3 >"$work/full.out" 2>"$work/full.err"
    echo $? >"$work/full.status"
)
info "$work/full.ftr" >"$work/full.json"
same "a_full_disk_does_not_end_the_program" "0 1" \
    "$(cat "$work/full.status") $(grep -c '^live' "$work/full.out")"
grep -q 'stopped early' "$work/full.err"
report $? "a_full_disk_is_told"
cp "$work/full.json" "$work/why"
[ "$(field operations "$work/full.json")" -gt 50000 ]
report $? "what_was_written_before_the_disk_was_full_is_there"

if mkdir "$work/tiny" && mount -t tmpfs -o size=400k none "$work/tiny" 2>/dev/null; then
    "$fragbench" record -o "$work/tiny/t.ftr" -- "$tracee" mix 400000 3 >"$work/tiny.out" 2>"$work/tiny.err"
    same "a_full_tmpfs_does_not_end_the_program" "0 1" "$? $(grep -c '^live' "$work/tiny.out")"
    info "$work/tiny/t.ftr" >"$work/tiny.json"
    cat "$work/tiny.json" "$work/tiny.err" >"$work/why"
    [ "$(field operations "$work/tiny.json")" -gt 50000 ] && grep -q 'stopped early' "$work/tiny.err"
    report $? "what_was_written_to_the_full_tmpfs_is_there"
    umount "$work/tiny"
else
    skip "a_full_tmpfs_does_not_end_the_program" "no right to mount"
    skip "what_was_written_to_the_full_tmpfs_is_there" "no right to mount"
fi
finish
