/* SPDX-License-Identifier: MIT
 *
 * Small blocks in batches: pairs, twenty classes, LIFO, FIFO and random order, a million blocks,
 * small calloc.
 *
 * Owns: single-thread rows where the live set is the batch itself. Churn over a standing live set
 * is in churn.cc.
 */
#include "micro.h"

namespace micro
{
namespace
{

enum class Order { forward, reverse, random };

constexpr size_t class_sizes[] = {16,  32,  48,  64,  80,  96,  112, 128, 160, 192,
                                  224, 256, 320, 384, 448, 512, 640, 768, 896, 1024};
constexpr size_t class_count = sizeof class_sizes / sizeof class_sizes[0];

/* The order in which a batch is freed, as indexes into it. */
void order_fill(Table<uint32_t> &order, Order how)
{
    size_t n = order.length();
    for (size_t i = 0; i < n; i++)
        order[i] = static_cast<uint32_t>(how == Order::reverse ? n - 1 - i : i);
    if (how != Order::random)
        return;
    Random random(n);
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = random.between(0, i);
        uint32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

void pair(benchmark::State &state, size_t size)
{
    for (auto _ : state)
        free(take(size));
    count_operations(state, 1);
}

void classes(benchmark::State &state, Order how)
{
    Table<void *> live(class_count);
    Table<uint32_t> order(class_count);
    order_fill(order, how);
    for (auto _ : state) {
        for (size_t i = 0; i < class_count; i++)
            live[i] = take(class_sizes[i]);
        for (size_t i = 0; i < class_count; i++)
            free(live[order[i]]);
    }
    count_operations(state, class_count);
}

void batch(benchmark::State &state, size_t count, size_t size, Order how)
{
    Table<void *> live(count);
    Table<uint32_t> order(count);
    order_fill(order, how);
    for (auto _ : state) {
        for (size_t i = 0; i < count; i++)
            live[i] = take(size);
        for (size_t i = 0; i < count; i++)
            free(live[order[i]]);
    }
    count_operations(state, count);
}

void calloc_batch(benchmark::State &state, size_t low, size_t high)
{
    constexpr size_t count = 256;
    Table<void *> live(count);
    Table<uint32_t> sizes(count);
    Random random(7);
    for (size_t i = 0; i < count; i++)
        sizes[i] = random.between(low, high);
    for (auto _ : state) {
        for (size_t i = 0; i < count; i++) {
            live[i] = calloc(1, sizes[i]);
            touch(live[i]);
        }
        for (size_t i = 0; i < count; i++)
            free(live[i]);
    }
    count_operations(state, count);
}

void add_batch(const char *name, size_t count, size_t size, Order how, size_t operations)
{
    benchmark::RegisterBenchmark(name, batch, count, size, how)
        ->Iterations(rounds(operations, count));
}

} // namespace

void register_small()
{
    constexpr size_t many = 20'000'000;
    benchmark::RegisterBenchmark("malloc+free pair 64 B", pair, 64)->Iterations(2 * many);
    benchmark::RegisterBenchmark("20 classes, freed in order", classes, Order::forward)
        ->Iterations(rounds(many, class_count));
    benchmark::RegisterBenchmark("20 classes, freed in reverse", classes, Order::reverse)
        ->Iterations(rounds(many, class_count));
    add_batch("1000 x 48 B, freed in reverse", 1000, 48, Order::reverse, many);
    add_batch("1000 x 48 B, freed in order", 1000, 48, Order::forward, many);
    add_batch("1000 x 48 B, freed at random", 1000, 48, Order::random, many);
    add_batch("20 000 x 48 B, freed in reverse", 20'000, 48, Order::reverse, many);
    add_batch("20 000 x 48 B, freed in order", 20'000, 48, Order::forward, many);
    add_batch("20 000 x 48 B, freed at random", 20'000, 48, Order::random, many);
    add_batch("fill 1 M x 32 B, free all", 1'000'000, 32, Order::forward, 6'000'000);
    benchmark::RegisterBenchmark("calloc 16-496 B", calloc_batch, 16, 496)
        ->Iterations(rounds(many, 256));
}

} // namespace micro
