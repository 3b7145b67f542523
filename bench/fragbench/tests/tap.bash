# SPDX-License-Identifier: MIT
# tap.bash: TAP for fragbench's tests, a place for their files, and figures out of JSON lines.
# Sourced by the tests beside it; LM_BUILDDIR is set by `make check`.
# shellcheck disable=SC2034

fragbench=${FRAGBENCH:-${LM_BUILDDIR:-.}/fragbench}
paper=${LM_BUILDDIR:-.}/bench/fragbench/tests/.libs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tap_count=0

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

[ -x "$fragbench" ] || skip_all "fragbench is not built (it needs libzstd)"

# ok NAME COMMAND...: the test holds when the command succeeds.
ok() {
    local name=$1
    shift
    tap_count=$((tap_count + 1))
    if "$@"; then
        echo "ok $tap_count - $name"
    else
        echo "not ok $tap_count - $name"
    fi
}

# skip NAME REASON
skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

plan() {
    echo "1..$tap_count"
}

# figure FILE LABEL PHASE KEY: one number of a checkpoint.
figure() {
    grep '"kind":"checkpoint"' "$1" | grep "\"label\":\"$2\"" | grep "\"phase\":\"$3\"" |
        tail -n 1 | sed -n "s/.*\"$4\":\\([0-9.]*\\).*/\\1/p"
}

# near WHAT GOT WANTED: within 1 %, or within four pages for small figures.
near() {
    awk -v what="$1" -v got="$2" -v wanted="$3" 'BEGIN {
        off = got - wanted; if (off < 0) off = -off
        room = wanted / 100 > 16384 ? wanted / 100 : 16384
        if (got == "" || off > room) {
            printf "# %s: got %s, on paper %s\n", what, got, wanted
            exit 1
        }
    }'
}
