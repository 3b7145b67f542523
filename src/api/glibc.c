/* SPDX-License-Identifier: MIT
 *
 * api/glibc.c - the extras of glibc's <malloc.h>, all of them at work.
 */
#include "api/glibc.h"
#include "api/init.h"

#include "observe/report.h"
#include "observe/snapshot.h"

#include <errno.h>
#include <limits.h>

LM_DOOR int malloc_trim(size_t pad)
{
    (void)pad;
    lm_api_init();
    return lm_trim() != 0;
}

LM_DOOR void malloc_stats(void)
{
    lm_api_init();
    lm_report_print();
}

LM_DOOR int malloc_info(int options, FILE *stream)
{
    lm_api_init();
    if (options != 0) {
        errno = EINVAL;
        return -1;
    }
    return lm_report_write_xml(stream);
}

LM_DOOR struct mallinfo2 mallinfo2(void)
{
    struct lm_snapshot now;
    lm_api_init();
    lm_snapshot_take(&now);
    struct mallinfo2 info = {0};
    info.arena = now.slabs + now.large + now.dirty;
    for (unsigned class = 0; class < LM_CLASSES; class ++)
        info.ordblks += now.classes[class].slots - now.classes[class].used;
    info.fsmblks = now.cached;
    info.hblkhd = now.huge;
    info.uordblks = now.live - now.huge;
    info.fordblks = info.arena - info.uordblks;
    info.keepcost = now.dirty;
    return info;
}

static int clamped(size_t value)
{
    return value > INT_MAX ? INT_MAX : (int)value;
}

LM_DOOR struct mallinfo mallinfo(void)
{
    struct mallinfo2 wide = mallinfo2();
    struct mallinfo info = {0};
    info.arena = clamped(wide.arena);
    info.ordblks = clamped(wide.ordblks);
    info.fsmblks = clamped(wide.fsmblks);
    info.hblkhd = clamped(wide.hblkhd);
    info.uordblks = clamped(wide.uordblks);
    info.fordblks = clamped(wide.fordblks);
    info.keepcost = clamped(wide.keepcost);
    return info;
}

/* glibc's knobs turn parts that this allocator does not have: they are taken and have no effect.
 * 1 for the parameters that mallopt(3) lists, 0 for others. */
LM_DOOR int mallopt(int parameter, int value)
{
    (void)value;
    switch (parameter) {
    case M_MXFAST:
    case M_TRIM_THRESHOLD:
    case M_TOP_PAD:
    case M_MMAP_THRESHOLD:
    case M_MMAP_MAX:
    case M_CHECK_ACTION:
    case M_PERTURB:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return 1;
    default:
        return 0;
    }
}
