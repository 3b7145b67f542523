#!/bin/sh
# SPDX-License-Identifier: MIT
# jq: a JSON text of 9 MB becomes a tree of small objects, which is grouped and written again.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo jq
}

lm_setup()
{
    lm_need jq awk
    awk 'BEGIN {
        printf "["
        for (i = 0; i < 60000; i++) {
            printf "%s{\"id\":%d,\"name\":\"user%d\",\"tags\":[", i ? "," : "", i, i
            for (j = 0; j < 6; j++)
                printf "%s\"%s\"", j ? "," : "", substr("abcdefghijklmnopqrst", 1, 1 + (i * 7919 + j * 104729) % 20)
            printf "],\"n\":{\"a\":%d,\"b\":[%d,%d,%d]}}\n", i, i, i % 7, i % 11
        }
        printf "]\n"
    }' >work.json
}

lm_run()
{
    $LM_LAUNCH jq -c 'map({id, t: (.tags | map(length) | add)}) | group_by(.t) | map(length)' work.json
}

lm_driver "$@"
