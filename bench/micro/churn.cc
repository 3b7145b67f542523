/* SPDX-License-Identifier: MIT
 *
 * Replacement at random in a standing live set, from cache-sized to far beyond the caches.
 *
 * Owns: single-thread churn rows of every size; the live sets are built before the clock starts.
 */
#include "churn.h"

namespace micro
{
namespace
{

constexpr size_t steps = 1000;

void churn(benchmark::State &state, size_t live, size_t low, size_t high)
{
    Churn set(live, low, high, live);
    for (auto _ : state) {
        for (size_t i = 0; i < steps; i++)
            set.replace();
    }
    count_operations(state, steps);
}

void churn_resize(benchmark::State &state, size_t live, size_t low, size_t high)
{
    Churn set(live, low, high, live);
    for (auto _ : state) {
        for (size_t i = 0; i < steps; i++)
            set.resize();
    }
    count_operations(state, steps);
}

} // namespace

void register_churn()
{
    using benchmark::RegisterBenchmark;
    RegisterBenchmark("churn, 10 000 live, 16-527 B", churn, 10'000, 16, 527)->Iterations(8'000);
    RegisterBenchmark("churn, 500 000 live, 16-271 B", churn, 500'000, 16, 271)->Iterations(3'000);
    RegisterBenchmark("medium 1-32 KiB, 500 live", churn, 500, KiB, 32 * KiB)->Iterations(2'000);
    RegisterBenchmark("large 64 KiB-2 MiB, 20 live", churn, 20, 64 * KiB, 2048 * KiB)
        ->Iterations(300);
    RegisterBenchmark("realloc medium 1-32 KiB, 500 live", churn_resize, 500, KiB, 32 * KiB)
        ->Iterations(300);
    RegisterBenchmark("realloc large 64 KiB-2 MiB, 20 live", churn_resize, 20, 64 * KiB, 2048 * KiB)
        ->Iterations(5);
}

} // namespace micro
