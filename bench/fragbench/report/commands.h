/* SPDX-License-Identifier: MIT
 * commands.h: the subcommands of this floor, as main.c calls them; argv[0] is the subcommand. */
#ifndef FB_REPORT_COMMANDS_H
#define FB_REPORT_COMMANDS_H

int fb_cmd_report(int argc, char **argv);
int fb_cmd_diff(int argc, char **argv);

#endif
