/* SPDX-License-Identifier: MIT
 *
 * What the micro benchmarks share: driver tables, random numbers, and the counter every row
 * reports.
 *
 * Owns: the driver's bookkeeping, which never comes from the allocator under test. Does not own:
 * any pattern. Included by the files of bench/micro only.
 *
 * Rules of this program, so that allocators and not drivers are compared:
 * - a row does a fixed amount of work (fixed iterations), so every allocator sees the same calls
 * and peak RSS compares;
 * - random choices are made before the clock starts; a timed step is one table read, the calls, and
 * one byte written;
 * - the tables live in their own mappings, at the same alignment for every allocator;
 * - malloc is called as an opaque function (-fno-builtin-malloc and friends) and its result
 * escapes.
 */
#ifndef LM_BENCH_MICRO_H
#define LM_BENCH_MICRO_H

#include <benchmark/benchmark.h>

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace micro
{

constexpr size_t KiB = 1024;

/* A fixed-length array in a private, pre-faulted mapping. */
template <typename T> class Table
{
  public:
    explicit Table(size_t length) : length_(length)
    {
        void *area = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (area == MAP_FAILED) {
            fprintf(stderr, "lm_micro: no memory for a table of %zu bytes\n", bytes());
            abort();
        }
        items_ = static_cast<T *>(area);
    }
    ~Table()
    {
        munmap(items_, bytes());
    }
    Table(const Table &) = delete;
    Table &operator=(const Table &) = delete;

    T &operator[](size_t i)
    {
        return items_[i];
    }
    size_t length() const
    {
        return length_;
    }

  private:
    size_t bytes() const
    {
        return length_ * sizeof(T);
    }
    T *items_;
    size_t length_;
};

/* xorshift64*: small, and the same numbers on every machine. */
class Random
{
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    uint64_t next()
    {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545F4914F6CDD1DULL;
    }
    /* Uniform in [low, high]. */
    uint32_t between(size_t low, size_t high)
    {
        return static_cast<uint32_t>(low + (next() >> 32) % (high - low + 1));
    }

  private:
    uint64_t state_;
};

/* Writes one byte, as any program would, and keeps the compiler from seeing through the pointer. */
inline void touch(void *block)
{
    *static_cast<char *>(block) = 1;
    benchmark::DoNotOptimize(block);
}

inline void *take(size_t size)
{
    void *block = malloc(size);
    touch(block);
    return block;
}

/* The figure of every row: time per operation. With threads it is the time of the whole over the
 * operations of all threads, so perfect scaling halves it when threads double. */
inline void count_operations(benchmark::State &state, size_t per_iteration)
{
    auto operations = static_cast<double>(state.iterations()) * static_cast<double>(per_iteration);
    state.counters["per_op"] =
        benchmark::Counter(operations, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.SetItemsProcessed(static_cast<int64_t>(operations));
}

/* Iterations that make `operations` in all when one iteration makes `per_iteration`. */
constexpr benchmark::IterationCount rounds(size_t operations, size_t per_iteration)
{
    return static_cast<benchmark::IterationCount>((operations + per_iteration - 1) / per_iteration);
}

/* Each file registers its rows; main calls these in the order of the printed table. */
void register_small();
void register_churn();
void register_phases();
void register_resize();
void register_large();
void register_threads();

} // namespace micro

#endif
