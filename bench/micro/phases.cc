/* SPDX-License-Identifier: MIT
 *
 * A heap that fills and drains again and again, with blocks that stay here and there: what went back
 * to the kernel in one phase is wanted in the next.
 *
 * Owns: rows whose live set changes its size or its kind. Standing live sets are in churn.cc.
 */
#include "micro.h"

namespace micro
{
namespace
{

/* A set of blocks that is filled up and thinned out by turns. */
class Tide
{
  public:
    /* Of `count` blocks one in `stays` stays each time. */
    Tide(size_t count, size_t low, size_t high, size_t stays)
        : blocks_(count), sizes_(count), is_leaving_(draws)
    {
        Random random(count);
        for (size_t i = 0; i < count; i++)
            sizes_[i] = random.between(low, high);
        for (size_t i = 0; i < draws; i++)
            is_leaving_[i] = random.between(1, stays) != 1;
    }
    ~Tide()
    {
        for (size_t i = 0; i < blocks_.length(); i++)
            free(blocks_[i]);
    }

    /* Result: how many blocks were missing. */
    size_t rise()
    {
        size_t taken = 0;
        for (size_t i = 0; i < blocks_.length(); i++) {
            if (blocks_[i] != nullptr)
                continue;
            blocks_[i] = take(sizes_[i]);
            taken++;
        }
        return taken;
    }

    void fall()
    {
        for (size_t i = 0; i < blocks_.length(); i++) {
            at_ = at_ + 1 == draws ? 0 : at_ + 1;
            if (is_leaving_[at_] == 0 || blocks_[i] == nullptr)
                continue;
            free(blocks_[i]);
            blocks_[i] = nullptr;
        }
    }

  private:
    /* A prime, so that other blocks stay each time. */
    static constexpr size_t draws = 65'521;

    Table<void *> blocks_;
    Table<uint32_t> sizes_;
    Table<uint8_t> is_leaving_;
    size_t at_ = 0;
};

void thin_out(benchmark::State &state, size_t count, size_t size)
{
    Tide tide(count, size, size, 10);
    size_t taken = 0;
    for (auto _ : state) {
        taken += tide.rise();
        tide.fall();
    }
    count_operations(state, taken / static_cast<size_t>(state.iterations()));
}

/* Small blocks, of which some stay, then medium ones. */
void small_then_medium(benchmark::State &state)
{
    Tide small(20'000, 16, 300, 20);
    Tide medium(3'000, 2 * KiB, 9 * KiB, 20);
    size_t taken = 0;
    for (auto _ : state) {
        taken += small.rise();
        small.fall();
        taken += medium.rise();
        medium.fall();
    }
    count_operations(state, taken / static_cast<size_t>(state.iterations()));
}

} // namespace

void register_phases()
{
    using benchmark::RegisterBenchmark;
    RegisterBenchmark("thin out, 4 000 x 1000 B", thin_out, 4'000, 1000)->Iterations(1'000);
    RegisterBenchmark("thin out, 40 000 x 1000 B", thin_out, 40'000, 1000)->Iterations(200);
    RegisterBenchmark("small, then medium, thinned out", small_then_medium)->Iterations(200);
}

} // namespace micro
