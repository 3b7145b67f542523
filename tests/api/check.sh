# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For the shell tests of this folder, which source it: counts and reports checks in TAP.
checks=0
failures=0

check() { # status name [details]
    checks=$((checks + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $checks - $2"
        return
    fi
    failures=$((failures + 1))
    echo "not ok $checks - $2"
    if [ -n "${3:-}" ]; then
        while IFS= read -r line; do echo "# $line"; done <<<"$3"
    fi
}
