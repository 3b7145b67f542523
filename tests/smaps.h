/* SPDX-License-Identifier: MIT
 *
 * smaps.h - what the kernel tells of this process's mappings, line by line.
 */
#ifndef LM_SMAPS_H
#define LM_SMAPS_H

#include "tap.h"

#include <errno.h>
#include <string.h>

struct smaps {
    FILE *file;
    /* of the mapping that the line is about: its addresses, and the line that began it */
    unsigned long from;
    unsigned long to;
    char header[512];
    char line[512];
};

static TAP_UNUSED void smaps_open(struct smaps *maps)
{
    maps->file = fopen("/proc/self/smaps", "re");
    if (maps->file == NULL)
        tap_bail("/proc/self/smaps: %s", strerror(errno));
}

static TAP_UNUSED void smaps_close(struct smaps *maps)
{
    fclose(maps->file);
}

/* The next line that is not a header; false: there is none. */
static TAP_UNUSED bool smaps_next(struct smaps *maps)
{
    /* Apart, as names like AnonHugePages begin like numbers. */
    unsigned long from;
    unsigned long to;
    while (fgets(maps->line, sizeof maps->line, maps->file) != NULL) {
        if (sscanf(maps->line, "%lx-%lx ", &from, &to) != 2)
            return true;
        maps->from = from;
        maps->to = to;
        memcpy(maps->header, maps->line, sizeof maps->header);
    }
    return false;
}

#endif
