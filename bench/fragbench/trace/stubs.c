/* SPDX-License-Identifier: MIT
 * Commands of this floor that are still to come. */
#include "trace/commands.h"

#include "base/die.h"

int fb_cmd_replay(int argc, char **argv)
{
    (void)argc;
    fb_die("%s: not built yet", argv[0]);
}

int fb_cmd_import(int argc, char **argv)
{
    (void)argc;
    fb_die("%s: not built yet", argv[0]);
}
