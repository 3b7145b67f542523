/* SPDX-License-Identifier: MIT
 *
 * A standing live set in which random blocks are replaced: the shape of most long-running programs.
 *
 * Owns: the live set and its pre-drawn choices. Used by churn.cc (one thread) and threads.cc (one
 * per thread).
 */
#ifndef LM_BENCH_CHURN_H
#define LM_BENCH_CHURN_H

#include "micro.h"

namespace micro
{

class Churn
{
  public:
    Churn(size_t live, size_t low, size_t high, uint64_t seed)
        : blocks_(live), slots_(slot_draws), sizes_(size_draws)
    {
        Random random(seed);
        for (size_t i = 0; i < slot_draws; i++)
            slots_[i] = random.between(0, live - 1);
        for (size_t i = 0; i < size_draws; i++)
            sizes_[i] = random.between(low, high);
        for (size_t i = 0; i < live; i++)
            blocks_[i] = take(sizes_[i % size_draws]);
    }
    ~Churn()
    {
        for (size_t i = 0; i < blocks_.length(); i++)
            free(blocks_[i]);
    }

    /* Frees a random block and allocates one of a random size in its place. */
    void replace()
    {
        void *&block = next_block();
        free(block);
        block = take(next_size());
    }
    /* Gives a random block a random size. */
    void resize()
    {
        void *&block = next_block();
        block = realloc(block, next_size());
        touch(block);
    }

  private:
    /* The lengths share no factor, so a slot meets other sizes each time the draws repeat. */
    static constexpr size_t slot_draws = 1 << 18;
    static constexpr size_t size_draws = 65'521;

    void *&next_block()
    {
        slot_at_ = slot_at_ + 1 == slot_draws ? 0 : slot_at_ + 1;
        return blocks_[slots_[slot_at_]];
    }
    size_t next_size()
    {
        size_at_ = size_at_ + 1 == size_draws ? 0 : size_at_ + 1;
        return sizes_[size_at_];
    }

    Table<void *> blocks_;
    Table<uint32_t> slots_;
    Table<uint32_t> sizes_;
    size_t slot_at_ = 0;
    size_t size_at_ = 0;
};

} // namespace micro

#endif
