/* SPDX-License-Identifier: MIT
 *
 * lm_micro: one small pattern of malloc and free per row. Links no allocator; choose one with
 * LD_PRELOAD.
 *
 * Owns: the order of the rows. scripts/compare runs each row in a fresh process; by hand try
 *   lm_micro --benchmark_list_tests
 *   LD_PRELOAD=libx.so lm_micro --benchmark_filter='churn'
 */
#include "micro.h"

int main(int argc, char **argv)
{
    micro::register_small();
    micro::register_churn();
    micro::register_phases();
    micro::register_resize();
    micro::register_large();
    micro::register_threads();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    size_t ran = benchmark::RunSpecifiedBenchmarks();
    return ran == 0;
}
