#!/bin/sh
# SPDX-License-Identifier: MIT
# R: lists, strings, a data frame and vectors of 200 000 numbers that come and go.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# R is a script that starts this one.
binary=/usr/lib/R/bin/exec/R

lm_rows()
{
    echo R
}

lm_setup()
{
    lm_need "$binary"
    cat >work.R <<'R'
set.seed(1)
items <- lapply(1:40000, function(i) list(a = i, b = paste0("k", i), c = rnorm(5)))
sums <- sapply(items, function(e) sum(e$c))
frame <- data.frame(x = 1:200000, y = rnorm(200000), g = sample(letters, 200000, TRUE))
print(round(sum(sums), 6))
print(aggregate(y ~ g, frame, function(v) round(mean(v), 8)))
for (i in 1:8) { sorted <- sort(frame$y); words <- paste(frame$g, frame$x) }
print(length(unique(words)))
R
}

lm_run()
{
    R_HOME=/usr/lib/R LD_LIBRARY_PATH=/usr/lib/R/lib $LM_LAUNCH "$binary" --vanilla --no-echo --file=work.R
}

lm_driver "$@"
