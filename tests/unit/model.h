/* SPDX-License-Identifier: MIT
 *
 * model.h - a shadow of the blocks that one thread holds, and random steps that change both and
 * compare. Blocks know their place by their bytes, so an overlap or a lost byte is seen.
 */
#ifndef LM_TESTS_UNIT_MODEL_H
#define LM_TESTS_UNIT_MODEL_H

#include "unit.h"

struct model_block {
    char *start;
    size_t size;
    uint64_t mark;
};

enum { MODEL_BLOCKS = 700, MODEL_FULL = 5000 };

struct model {
    struct model_block blocks[MODEL_BLOCKS];
    uint64_t random;
    /* bytes that most requests stay below, and all do */
    size_t usual;
    size_t most;
};

/* Small blocks are marked whole, of others the ends and a bit of each page. */
static TAP_UNUSED void model_mark(const struct model_block *block)
{
    size_t whole = lm_min(block->size, MODEL_FULL);
    unit_fill(block->start, whole, block->mark);
    for (size_t at = MODEL_FULL; at + 8 < block->size; at += UNIT_PAGE)
        unit_fill(block->start + at, 8, block->mark + at);
    if (block->size > MODEL_FULL)
        block->start[block->size - 1] = (char)block->mark;
}

/* The first `size` bytes are as they were marked. */
static TAP_UNUSED bool model_is_marked(const char *start, const struct model_block *block,
                                       size_t size)
{
    UNIT_CHECK_THAT(unit_is_filled(start, lm_min(size, MODEL_FULL), block->mark),
                    "%p, %zu bytes, %zu marked", (const void *)start, block->size, size);
    for (size_t at = MODEL_FULL; at + 8 < size; at += UNIT_PAGE)
        UNIT_CHECK(unit_is_filled(start + at, 8, block->mark + at));
    UNIT_CHECK(size < block->size || size <= MODEL_FULL || start[size - 1] == (char)block->mark);
    return true;
}

static TAP_UNUSED size_t model_size(struct model *model)
{
    bool is_unusual = unit_below(&model->random, 64) == 0;
    return unit_random_size(&model->random, is_unusual ? model->most : model->usual);
}

/* No live block shares a byte with this one. */
static TAP_UNUSED bool model_is_apart(const struct model *model, const struct model_block *block)
{
    const char *end = block->start + lm_max(block->size, 1);
    for (size_t i = 0; i < MODEL_BLOCKS; i++) {
        const struct model_block *other = &model->blocks[i];
        if (other == block || other->start == NULL)
            continue;
        UNIT_CHECK_THAT(end <= other->start ||
                            block->start >= other->start + lm_max(other->size, 1),
                        "%p (%zu bytes) overlaps %p (%zu bytes)", (void *)block->start, block->size,
                        (void *)other->start, other->size);
    }
    return true;
}

static TAP_UNUSED bool model_take(struct model *model, struct model_block *block)
{
    size_t alignment = LM_QUANTUM;
    size_t size = model_size(model);
    size_t way = unit_below(&model->random, 8);
    if (way == 0) {
        alignment = (size_t)1 << unit_below(&model->random, 17);
        block->start = lm_memalign(alignment, size);
    } else if (way <= 2) {
        size_t count = 1 + unit_below(&model->random, 9);
        size = size / count * count;
        block->start = lm_calloc(count, size / count);
        UNIT_CHECK(block->start == NULL || unit_is_zero(block->start, size));
    } else if (way == 3) {
        block->start = lm_realloc(NULL, size);
    } else {
        block->start = lm_malloc(size);
    }
    UNIT_CHECK_THAT(block->start != NULL, "way %zu, %zu bytes", way, size);
    UNIT_CHECK((uintptr_t)block->start % lm_max(alignment, LM_QUANTUM) == 0);
    UNIT_CHECK(lm_usable_size(block->start) >= size && lm_is_ours(block->start));
    block->size = unit_below(&model->random, 4) == 0 ? lm_usable_size(block->start) : size;
    block->mark = tap_random(&model->random);
    UNIT_CHECK(model_is_apart(model, block));
    model_mark(block);
    return true;
}

static TAP_UNUSED bool model_resize(struct model *model, struct model_block *block)
{
    size_t size = model_size(model);
    /* Growth by steps is what programs do most. */
    if (unit_below(&model->random, 2) == 0)
        size = block->size + block->size / 2 + 1;
    if (size > model->most)
        size = 1;
    char *resized = lm_realloc(block->start, size);
    UNIT_CHECK(resized != NULL && (uintptr_t)resized % LM_QUANTUM == 0);
    UNIT_CHECK(model_is_marked(resized, block, lm_min(size, block->size)));
    UNIT_CHECK(lm_usable_size(resized) >= size);
    block->start = resized;
    block->size = size;
    UNIT_CHECK(model_is_apart(model, block));
    model_mark(block);
    return true;
}

static TAP_UNUSED bool model_free(struct model_block *block)
{
    UNIT_CHECK(model_is_marked(block->start, block, block->size));
    errno = EDOM;
    lm_free(block->start);
    UNIT_CHECK(errno == EDOM);
    block->start = NULL;
    return true;
}

static TAP_UNUSED bool model_step(struct model *model)
{
    struct model_block *block = &model->blocks[unit_below(&model->random, MODEL_BLOCKS)];
    if (block->start == NULL)
        return model_take(model, block);
    if (unit_below(&model->random, 3) == 0)
        return model_resize(model, block);
    return model_free(block);
}

static TAP_UNUSED bool model_end(struct model *model)
{
    for (size_t i = 0; i < MODEL_BLOCKS; i++)
        if (model->blocks[i].start != NULL)
            UNIT_CHECK(model_free(&model->blocks[i]));
    return true;
}

#endif
