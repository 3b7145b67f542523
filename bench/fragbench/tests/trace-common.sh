# SPDX-License-Identifier: MIT
# What the tests of traces share: a work folder, TAP lines, fields of JSON lines.
# shellcheck shell=sh
fragbench=$LM_BUILDDIR/fragbench
tracee=$LM_BUILDDIR/fbtracee
work=$(mktemp -d "${TMPDIR:-/tmp}/fbtrace.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM
number=0

# report STATUS NAME: one TAP line; a failure shows what stands in $work/why.
report() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        [ ! -s "$work/why" ] || sed 's/^/# /' "$work/why"
    fi
    : >"$work/why"
}

# same NAME EXPECTED GOT
same() {
    [ "$2" = "$3" ]
    status=$?
    [ $status -eq 0 ] || echo "expected '$2', got '$3'" >"$work/why"
    report $status "$1"
}

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

# field KEY FILE: the number behind "KEY": in the last line that has it.
field() {
    sed -n 's/.*"'"$1"'":\([0-9][0-9]*\).*/\1/p' "$2" | tail -n 1
}

info() {
    "$fragbench" info --json "$1" 2>>"$work/info.err"
}

finish() {
    echo "1..$number"
}
