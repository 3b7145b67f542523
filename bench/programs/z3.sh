#!/bin/sh
# SPDX-License-Identifier: MIT
# z3: queens on a large board as integer arithmetic, with the random seed fixed.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo z3
}

lm_setup()
{
    lm_need z3 awk
    awk 'BEGIN {
        n = 28
        for (i = 0; i < n; i++)
            printf "(declare-const q%d Int)\n(assert (and (<= 0 q%d) (< q%d %d)))\n", i, i, i, n
        for (i = 0; i < n; i++)
            for (j = i + 1; j < n; j++) {
                printf "(assert (and (not (= q%d q%d))", i, j
                printf " (not (= (- q%d q%d) %d))", i, j, j - i
                printf " (not (= (- q%d q%d) %d))))\n", j, i, j - i
            }
        print "(check-sat)"
    }' >queens.smt2
}

lm_run()
{
    $LM_LAUNCH z3 -smt2 smt.random_seed=1 sat.random_seed=1 queens.smt2 >result
}

lm_driver "$@"
