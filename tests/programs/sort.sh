#!/bin/bash
# SPDX-License-Identifier: MIT
# sort.sh - sort with parallel threads, in memory and through temporary files.
. "${0%/*}/lib.sh"
need sort perl
plan 3

perl -e 'srand 11; print int rand 1e9, " ", "k" x rand 40, "\n" for 1 .. 400_000' >"$work/lines"
compare "sort --parallel=4 in memory" sort --parallel=4 -S 200M -n -o sorted "$work/lines"
loaded_in sort
compare "sort --parallel=4 through files" sort --parallel=4 -S 2M -k 2 -T . -o sorted "$work/lines"
finish
