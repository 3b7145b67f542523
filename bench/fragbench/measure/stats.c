/* SPDX-License-Identifier: MIT
 * stats.c: median and bootstrap interval; see stats.h.
 */
#include "measure/stats.h"
#include "base/random.h"

#include <stdlib.h>

enum { RESAMPLES = 2000, DRAWN_MAX = 256 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle_of_sorted(const double *values, size_t count)
{
    double upper = values[count / 2];
    return count % 2 == 1 ? upper : (values[count / 2 - 1] + upper) / 2;
}

struct fb_interval fb_stats_median(double *values, size_t count)
{
    static double medians[RESAMPLES];
    struct fb_interval interval = {0, 0, 0, count};
    if (count == 0)
        return interval;
    qsort(values, count, sizeof values[0], by_value);
    interval.median = interval.low = interval.high = middle_of_sorted(values, count);
    if (count == 1)
        return interval;
    struct fb_random random = fb_random_seed(1);
    double drawn[DRAWN_MAX];
    size_t draws = count < DRAWN_MAX ? count : DRAWN_MAX;
    for (int i = 0; i < RESAMPLES; i++) {
        for (size_t j = 0; j < draws; j++)
            drawn[j] = values[fb_random_below(&random, count)];
        qsort(drawn, draws, sizeof drawn[0], by_value);
        medians[i] = middle_of_sorted(drawn, draws);
    }
    qsort(medians, RESAMPLES, sizeof medians[0], by_value);
    interval.low = medians[RESAMPLES / 40];
    interval.high = medians[RESAMPLES - 1 - RESAMPLES / 40];
    return interval;
}
