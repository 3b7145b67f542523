/* SPDX-License-Identifier: MIT
 * The subcommands of the trace floor. Called by main.c alone; argv[0] is the subcommand's name,
 * the return value is the exit status. */
#ifndef FB_TRACE_COMMANDS_H
#define FB_TRACE_COMMANDS_H

int fb_cmd_record(int argc, char **argv);
int fb_cmd_replay(int argc, char **argv);
int fb_cmd_info(int argc, char **argv);
int fb_cmd_import(int argc, char **argv);

#endif
