/* SPDX-License-Identifier: MIT
 *
 * The same patterns on several threads, and the patterns that only threads have: hand-over,
 * exchange, birth and death.
 *
 * Owns: every row with more than one thread. Time is wall time over the operations of all threads.
 */
#include "churn.h"

#include <atomic>
#include <thread>

namespace micro
{
namespace
{

constexpr size_t cache_line = 64;
constexpr size_t steps = 1000;

void pairs(benchmark::State &state)
{
    for (auto _ : state) {
        for (size_t i = 0; i < steps; i++)
            free(take(64));
    }
    count_operations(state, steps);
}

void batches(benchmark::State &state)
{
    Table<void *> live(steps);
    for (auto _ : state) {
        for (size_t i = 0; i < steps; i++)
            live[i] = take(48);
        for (size_t i = 0; i < steps; i++)
            free(live[i]);
    }
    count_operations(state, steps);
}

void churn(benchmark::State &state, size_t live, size_t low, size_t high)
{
    Churn set(live, low, high, static_cast<uint64_t>(state.thread_index()) + 1);
    for (auto _ : state) {
        for (size_t i = 0; i < steps; i++)
            set.replace();
    }
    count_operations(state, steps);
}

/* One ring between one producer and one consumer; head and tail on their own cache lines. */
struct Ring {
    static constexpr size_t length = 4096;
    alignas(cache_line) std::atomic<size_t> head{0};
    alignas(cache_line) std::atomic<size_t> tail{0};
    alignas(cache_line) void *slots[length];
};
Ring ring;

void spin_until_above(const std::atomic<size_t> &counter, size_t bound)
{
    for (unsigned tries = 0; counter.load(std::memory_order_acquire) < bound; tries++) {
        if (tries > 100)
            std::this_thread::yield();
    }
}

/* Even threads allocate, odd ones free. Moves `steps` blocks in portions, so that the ring's own
 * cost is small. */
void one_way(benchmark::State &state)
{
    constexpr size_t portion = 100;
    static_assert(steps % portion == 0 && portion < Ring::length, "portions fill a step");
    size_t at = ring.head.load();
    for (auto _ : state) {
        for (size_t moved = 0; moved < steps; moved += portion) {
            if (state.thread_index() == 0) {
                spin_until_above(ring.tail,
                                 at + portion < Ring::length ? 0 : at + portion - Ring::length);
                for (size_t i = 0; i < portion; i++)
                    ring.slots[(at + i) % Ring::length] = take(64);
                ring.head.store(at + portion, std::memory_order_release);
            } else {
                spin_until_above(ring.head, at + portion);
                for (size_t i = 0; i < portion; i++)
                    free(ring.slots[(at + i) % Ring::length]);
                ring.tail.store(at + portion, std::memory_order_release);
            }
            at += portion;
        }
    }
    /* Both threads count the same blocks; one of them reports. */
    count_operations(state, state.thread_index() == 0 ? steps : 0);
}

/* Larson's server in small: every thread replaces blocks in one shared array, so most frees are
 * remote. */
constexpr size_t exchange_slots = 8192;
std::atomic<void *> exchange_array[exchange_slots];

void exchange(benchmark::State &state)
{
    constexpr size_t draws = 1 << 16;
    Table<uint32_t> slots(draws);
    Table<uint32_t> sizes(draws);
    Random random(static_cast<uint64_t>(state.thread_index()) + 1);
    for (size_t i = 0; i < draws; i++) {
        slots[i] = random.between(0, exchange_slots - 1);
        sizes[i] = random.between(16, 512);
    }
    size_t at = 0;
    for (auto _ : state) {
        for (size_t i = 0; i < steps; i++) {
            void *block = take(sizes[at]);
            free(exchange_array[slots[at]].exchange(block, std::memory_order_acq_rel));
            at = at + 1 == draws ? 0 : at + 1;
        }
    }
    count_operations(state, steps);
}

/* A thread is born, allocates in twenty classes, frees half, dies; its parent frees the rest. */
void thread_life(benchmark::State &state)
{
    constexpr size_t blocks = 100;
    Table<void *> live(blocks);
    for (auto _ : state) {
        std::thread worker([&live] {
            for (size_t i = 0; i < blocks; i++)
                live[i] = take(16 + 48 * (i % 20));
            for (size_t i = 0; i < blocks; i += 2)
                free(live[i]);
        });
        worker.join();
        for (size_t i = 1; i < blocks; i += 2)
            free(live[i]);
    }
    count_operations(state, 1);
}

/* 1, 2 and one per processor, each once. */
void on_threads(benchmark::internal::Benchmark *row)
{
    int processors = static_cast<int>(std::thread::hardware_concurrency());
    row->UseRealTime()->Threads(1)->Threads(2);
    if (processors > 2)
        row->Threads(processors);
}

} // namespace

void register_threads()
{
    using benchmark::RegisterBenchmark;
    RegisterBenchmark("mt pair 64 B", pairs)->Iterations(20'000)->Apply(on_threads);
    RegisterBenchmark("mt 1000 x 48 B, freed in order", batches)
        ->Iterations(10'000)
        ->Apply(on_threads);
    RegisterBenchmark("mt churn, 10 000 live per thread", churn, 10'000, 16, 527)
        ->Iterations(6'000)
        ->Apply(on_threads);
    RegisterBenchmark("mt medium 1-32 KiB, 500 live per thread", churn, 500, 1024, 32 * 1024)
        ->Iterations(2'000)
        ->Apply(on_threads);
    RegisterBenchmark("mt exchange, 8192 shared", exchange)->Iterations(3'000)->Apply(on_threads);
    RegisterBenchmark("one-way producer-consumer 64 B", one_way)
        ->Iterations(2'000)
        ->UseRealTime()
        ->Threads(2);
    RegisterBenchmark("thread life, 100 blocks", thread_life)
        ->Iterations(2'000)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
}

} // namespace micro
