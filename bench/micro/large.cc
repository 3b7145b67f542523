/* SPDX-License-Identifier: MIT
 *
 * Zeroed and aligned blocks.
 *
 * Owns: calloc of large blocks, aligned allocation. Churn of large blocks is in churn.cc, small
 * calloc in small.cc.
 */
#include "micro.h"

namespace micro
{
namespace
{

void calloc_large(benchmark::State &state, size_t size)
{
    for (auto _ : state) {
        auto *block = static_cast<char *>(calloc(1, size));
        touch(block + size / 2);
        free(block);
    }
    count_operations(state, 1);
}

/* Alignments are powers of two between the bounds; sizes are multiples of their alignment up to the
 * high bound. */
void aligned(benchmark::State &state, size_t low, size_t high)
{
    constexpr size_t count = 64;
    struct Draw {
        uint32_t alignment;
        uint32_t size;
    };
    Table<Draw> draws(count * 64);
    Table<void *> live(count);
    Random random(11);
    for (size_t i = 0; i < draws.length(); i++) {
        size_t alignment = low;
        while (alignment < high && random.between(0, 2) != 0)
            alignment *= 2;
        draws[i].alignment = static_cast<uint32_t>(alignment);
        draws[i].size = static_cast<uint32_t>(alignment * random.between(1, high / alignment));
    }
    size_t at = 0;
    for (auto _ : state) {
        for (size_t i = 0; i < count; i++) {
            const Draw &draw = draws[at + i];
            live[i] = aligned_alloc(draw.alignment, draw.size);
            touch(live[i]);
        }
        for (size_t i = 0; i < count; i++)
            free(live[i]);
        at = at + count == draws.length() ? 0 : at + count;
    }
    count_operations(state, count);
}

} // namespace

void register_large()
{
    using benchmark::RegisterBenchmark;
    RegisterBenchmark("calloc 256 KiB, one page touched", calloc_large, 256 * 1024)
        ->Iterations(50'000);
    RegisterBenchmark("aligned 64 B-4 KiB", aligned, 64, 4096)->Iterations(rounds(2'000'000, 64));
}

} // namespace micro
