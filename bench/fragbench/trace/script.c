/* SPDX-License-Identifier: MIT
 * Loading a trace for replay; see script.h. */
#include "trace/script.h"

#include "base/die.h"

#include <string.h>

enum { SIZE_BITS = 64 - FB_OP_TOUCHED_BITS };

struct loader {
    struct fb_script *script;
    enum fb_script_stamps stamps;
};

static struct fb_script_thread *use_thread(struct fb_script *script, uint32_t number)
{
    if (number >= FB_THREADS_MAX)
        fb_die("replay: more than %d threads", FB_THREADS_MAX);
    while (script->threads.count <= number)
        fb_quiet_array_push(&script->threads);
    struct fb_script_thread *thread = fb_script_thread(script, number);
    if (!thread->is_used) {
        thread->is_used = true;
        thread->first_op = thread->last_op = FB_SCRIPT_END;
        thread->first_wait = thread->last_wait = FB_SCRIPT_END;
    }
    return thread;
}

static uint64_t cut(uint64_t value, unsigned bits)
{
    uint64_t most = ((uint64_t)1 << bits) - 1;
    return value < most ? value : most;
}

static void chain_op(struct fb_script *script, struct fb_script_thread *thread, uint32_t index)
{
    *(uint32_t *)fb_quiet_array_push(&script->next) = FB_SCRIPT_END;
    if (thread->first_op == FB_SCRIPT_END)
        thread->first_op = index;
    else
        ((uint32_t *)script->next.data)[thread->last_op] = index;
    thread->last_op = index;
}

static void add_wait(struct fb_script *script, struct fb_script_thread *thread,
                     const struct fb_step *step, struct fb_op *op)
{
    bool is_release = step->kind == FB_KIND_FREE || step->kind == FB_KIND_REALLOC;
    if (!is_release || step->acquirer == step->thread)
        return;
    uint32_t index = (uint32_t)script->waits.count;
    struct fb_wait *wait = fb_quiet_array_push(&script->waits);
    *wait = (struct fb_wait){step->acquirer, (uint32_t)step->acquired_step, FB_SCRIPT_END};
    if (thread->first_wait == FB_SCRIPT_END)
        thread->first_wait = index;
    else
        ((struct fb_wait *)script->waits.data)[thread->last_wait].next = index;
    thread->last_wait = index;
    op->has_wait = 1;
}

static void take_step(void *context, const struct fb_step *step)
{
    struct loader *loader = context;
    struct fb_script *script = loader->script;
    uint32_t index = (uint32_t)script->ops.count;
    if (script->ops.count == UINT32_MAX)
        fb_die("replay: more than %u operations", UINT32_MAX);
    struct fb_script_thread *thread = use_thread(script, step->thread);
    struct fb_op *op = fb_quiet_array_push(&script->ops);
    op->block = step->block;
    op->kind = (uint32_t)step->kind & 15u;
    op->align_log2 = step->align_log2 & 63u;
    op->thread = step->thread & (FB_THREADS_MAX - 1);
    op->size = cut(step->size, SIZE_BITS) & (((uint64_t)1 << SIZE_BITS) - 1);
    op->touched = FB_OP_TOUCHED_UNKNOWN;
    script->counts[step->kind]++;
    chain_op(script, thread, index);
    add_wait(script, thread, step, op);
    /* The release tells what the program did since the acquisition: look back and note it. */
    if (step->touched != FB_TOUCHED_UNKNOWN) {
        struct fb_op *acquisition = (struct fb_op *)script->ops.data + step->acquired_step;
        acquisition->touched =
            (uint32_t)cut(step->touched, FB_OP_TOUCHED_BITS) & FB_OP_TOUCHED_UNKNOWN;
    }
    if (step->kind == FB_KIND_BIRTH && step->size < FB_THREADS_MAX) {
        struct fb_script_thread *child = use_thread(script, (uint32_t)step->size);
        /* Where the clock put the child's first act before its birth, it starts at once. */
        child->is_born = child->first_op == FB_SCRIPT_END && step->size != step->thread;
    }
    if (loader->stamps == FB_STAMPS_KEPT)
        *(uint64_t *)fb_quiet_array_push(&script->stamps) = step->stamp;
}

void fb_script_load(struct fb_script *script, const struct fb_reader *reader,
                    enum fb_script_stamps stamps)
{
    struct loader loader = {script, stamps};
    memset(script, 0, sizeof *script);
    script->ns_per_stamp = reader->ns_per_stamp;
    fb_quiet_array_open(&script->ops, "script", sizeof(struct fb_op));
    fb_quiet_array_open(&script->next, "script chains", sizeof(uint32_t));
    fb_quiet_array_open(&script->waits, "script waits", sizeof(struct fb_wait));
    fb_quiet_array_open(&script->threads, "script threads", sizeof(struct fb_script_thread));
    if (stamps == FB_STAMPS_KEPT)
        fb_quiet_array_open(&script->stamps, "script stamps", sizeof(uint64_t));
    fb_merge(reader, take_step, &loader, &script->merged);
}
