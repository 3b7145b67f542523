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

# exits_only FOLDER: tests that ended badly without a "not ok"; after one, the exit is no news.
exits_only() {
    grep -r -l -Z --include='*.trs' -E '^:test-result: ERROR' "$1" |
        xargs -0 -r grep -L -E '^:test-result: (FAIL|XPASS)' | wc -l
}

# skips FOLDER: "test: reason"; but scripts that LM_PROGRAMS left out say nothing worth telling.
skips() {
    find "$1" -name '*.trs' | sort | while read -r trs; do
        grep -q '^:test-result: SKIP' "$trs" || continue
        grep -o -E '^(ok .*|1\.\.0 .*)# SKIP.*' "${trs%trs}log" |
            sed -E "s,.*# SKIP ?,${trs#"$1/"}: ,; s,\.trs: ,: ," | grep -v 'LM_PROGRAMS leaves'
    done
}

# add_results FOLDER: counts them, and shows what failed and what was skipped.
add_results() {
    passed=$((passed + $(results 'PASS|XFAIL' "$1")))
    failed=$((failed + $(results 'FAIL|XPASS' "$1") + $(exits_only "$1")))
    skipped=$((skipped + $(skips "$1" | wc -l)))
    skips "$1" | sed 's/^/    skipped: /'
    find "$1" -name '*.trs' -exec grep -l -E '^:test-result: (FAIL|XPASS|ERROR)' {} + | sort |
        while read -r trs; do
            echo "    FAILED: ${trs#"$1/"}; the end of ${trs%.trs}.log:"
            # The driver repeats the lines of the test.
            grep -v -E '^(ok|PASS:|FAIL:|SKIP:|# [^ ]*\.sh: )' "${trs%.trs}.log" |
                tail -n 30 | sed 's/^/        /'
        done
}

# sum_up: the last line; the status is that of the whole.
sum_up() {
    local line="$passed passed, $failed failed"
    [ "$skipped" = 0 ] || line+=", $skipped skipped"
    echo "$line"
    [ "$failed" = 0 ]
}
