#!/bin/sh
# SPDX-License-Identifier: MIT
# minimap2 aligns long reads to a genome with two threads: an index in large arrays, much that lives for one read.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo minimap2
}

lm_setup()
{
    lm_need minimap2 awk
    # Letters by a linear congruential generator; every read is a stretch in which 7 letters of 100 are drawn anew.
    awk 'function draw() { return seed = (seed * 16807) % 2147483647 }
    function letter() { return substr("ACGT", 1 + int(draw() / 8192) % 4, 1) }
    BEGIN {
        seed = 5
        for (i = 0; i < 30000; i++) {
            line[i] = ""
            for (j = 0; j < 100; j++) line[i] = line[i] letter()
        }
        print ">genome" > "genome.fa"
        for (i = 0; i < 30000; i++) print line[i] > "genome.fa"
        for (r = 0; r < 3000; r++) {
            first = draw() % 29970
            print ">read" r > "reads.fa"
            for (i = first; i < first + 30; i++) {
                text = line[i]
                for (j = 0; j < 7; j++) {
                    at = 1 + draw() % 99
                    text = substr(text, 1, at - 1) letter() substr(text, at + 1)
                }
                print text > "reads.fa"
            }
        }
    }'
}

lm_run()
{
    $LM_LAUNCH minimap2 -t2 genome.fa reads.fa
}

lm_driver "$@"
