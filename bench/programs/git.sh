#!/bin/sh
# SPDX-License-Identifier: MIT
# git gc --aggressive on a generated history; it computes all deltas anew, so every run does the
# same work.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo 'git gc'
}

history()
{
    awk 'BEGIN {
        srand(9)
        for (c = 1; c <= 1000; c++) {
            printf "commit refs/heads/main\nmark :%d\n", c
            printf "committer A <a@b> %d +0000\ndata <<END\nchange %d\nEND\n", 1600000000 + c, c
            if (c > 1) printf "from :%d\n", c - 1
            for (k = 0; k < 4; k++) {
                f = int(rand() * 60)
                printf "M 100644 inline dir%d/file%d\ndata <<END\n", f % 7, f
                for (l = 0; l < 150; l++)
                    printf "line %d of file %d, value %d\n", l, f, l % 29 == c % 29 ? c : f * l
                print "END"
            }
        }
    }'
}

lm_setup()
{
    lm_need git awk
    rm -rf repo.git
    git init -q --bare repo.git
    history | git -C repo.git fast-import --quiet
    git -C repo.git config pack.threads 2
    git -C repo.git gc --quiet --aggressive
}

lm_run()
{
    $LM_LAUNCH git -C repo.git gc --quiet --aggressive
}

lm_driver "$@"
