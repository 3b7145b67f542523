/* SPDX-License-Identifier: MIT
 * commands.h: the subcommands of this floor, as main.c calls them; argv[0] is the subcommand. */
#ifndef FB_RUN_COMMANDS_H
#define FB_RUN_COMMANDS_H

int fb_cmd_run(int argc, char **argv);
int fb_cmd_compare(int argc, char **argv);
int fb_cmd_watch(int argc, char **argv);

#endif
