# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# steps.sh - steps that pass or fail, test results of a build folder, and the line that sums up.
# Sourced by scripts/check and .ci/run, which set $logs to a folder for the steps' output.

set -u
passed=0
failed=0
skipped=0

# step TITLE COMMAND...: runs it quietly; says how it went, and how it ended if it failed.
step() {
    local title=$1 start=$SECONDS log
    shift
    log=${logs:?}/${title//[^A-Za-z0-9]/-}.log
    if "$@" </dev/null >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "passed: $title ($((SECONDS - start)) s)"
        return 0
    fi
    failed=$((failed + 1))
    echo "FAILED: $title ($((SECONDS - start)) s); the end of $log:"
    tail -n 40 "$log" | sed 's/^/    /'
    return 1
}

# results COUNTED FOLDER: how many tests of the build in FOLDER ended so.
results() {
    find "$2" -name '*.trs' -exec grep -h -E "^:test-result: ($1)( |\$)" {} + | wc -l
}

# left_out FOLDER: results of scripts that LM_PROGRAMS left out; their number says nothing.
left_out() {
    find "$1" -name '*.log' ! -name test-suite.log -exec grep -l 'SKIP LM_PROGRAMS leaves' {} + | sed 's/log$/trs/'
}

# add_results FOLDER: counts them, and shows what failed and what was skipped.
add_results() {
    passed=$((passed + $(results 'PASS|XFAIL' "$1")))
    failed=$((failed + $(results 'FAIL|XPASS|ERROR' "$1")))
    skipped=$((skipped + $(results SKIP "$1") - $(left_out "$1" | wc -l)))
    find "$1" -name '*.trs' | grep -v -x -F -f <(left_out "$1") | sort | while read -r trs; do
        sed -n -E "s,^:test-result: (FAIL|XPASS|ERROR|SKIP) ?(.*),    \1: ${trs#"$1/"}: \2,p" "$trs"
    done
    find "$1" -name '*.trs' -exec grep -l -E '^:test-result: (FAIL|XPASS|ERROR)' {} + | sort |
        while read -r trs; do
            echo "    the end of ${trs%.trs}.log:"
            grep -v '^ok ' "${trs%.trs}.log" | tail -n 30 | sed 's/^/        /'
        done
}

# sum_up: the last line; the status is that of the whole.
sum_up() {
    local line="$passed passed, $failed failed"
    [ "$skipped" = 0 ] || line+=", $skipped skipped"
    echo "$line"
    [ "$failed" = 0 ]
}
