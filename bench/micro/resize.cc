/* SPDX-License-Identifier: MIT
 *
 * Growth by realloc: a chain of doublings, a vector that grows by half, a buffer that grows page by
 * page.
 *
 * Owns: rows in which one block grows. Random resizing of many blocks is in churn.cc.
 */
#include "micro.h"

namespace micro
{
namespace
{

constexpr size_t MiB = 1024 * KiB;
constexpr size_t page = 4096;

/* Writes one byte in each page of [from, to), as filling the new part would. */
void touch_pages(void *block, size_t from, size_t to)
{
    for (size_t at = (from + page - 1) / page * page; at < to; at += page)
        static_cast<char *>(block)[at] = 1;
    touch(block);
}

/* A small block is allocated after each step, as the elements of a growing vector would be: a block
 * that grows alone at the end of the heap never moves. */
void chain(benchmark::State &state, size_t from, size_t to)
{
    constexpr size_t most_steps = 64;
    void *pins[most_steps];
    for (auto _ : state) {
        void *block = take(from);
        size_t steps = 0;
        for (size_t size = from * 2; size <= to; size *= 2) {
            pins[steps++] = take(64);
            block = realloc(block, size);
            touch(block);
        }
        free(block);
        for (size_t i = 0; i < steps; i++)
            free(pins[i]);
    }
    size_t steps = 1;
    for (size_t size = from * 2; size <= to; size *= 2)
        steps++;
    count_operations(state, steps);
}

void growth_by_half(benchmark::State &state, size_t to)
{
    for (auto _ : state) {
        size_t size = 4 * KiB;
        void *block = malloc(size);
        touch_pages(block, 0, size);
        while (size < to) {
            size_t next = size + size / 2 < to ? size + size / 2 : to;
            block = realloc(block, next);
            touch_pages(block, size, next);
            size = next;
        }
        free(block);
    }
    count_operations(state, 1);
}

void growth_by_step(benchmark::State &state, size_t step, size_t to)
{
    for (auto _ : state) {
        void *block = malloc(step);
        touch_pages(block, 0, step);
        for (size_t size = step; size < to; size += step) {
            block = realloc(block, size + step);
            touch_pages(block, size, size + step);
        }
        free(block);
    }
    count_operations(state, 1);
}

} // namespace

void register_resize()
{
    using benchmark::RegisterBenchmark;
    RegisterBenchmark("realloc chain 8 B to 512 KiB, per step", chain, 8, 512 * KiB)
        ->Iterations(20'000);
    RegisterBenchmark("growth x1.5 to 64 MiB", growth_by_half, 64 * MiB)
        ->Iterations(4)
        ->Unit(benchmark::kMillisecond);
    RegisterBenchmark("growth +4 KiB to 16 MiB", growth_by_step, 4 * KiB, 16 * MiB)
        ->Iterations(8)
        ->Unit(benchmark::kMillisecond);
}

} // namespace micro
