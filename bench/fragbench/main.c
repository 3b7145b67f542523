/* SPDX-License-Identifier: MIT
 * fragbench: where is my memory? The table of subcommands and the help text, nothing else. */
#include "base/die.h"
#include "report/commands.h"
#include "run/commands.h"
#include "trace/commands.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"record", fb_cmd_record, "-o app.ftr -- program args: what does my program ask for?"},
    {"info", fb_cmd_info, "app.ftr: sizes, lifetimes, threads, peak, anomalies of a trace"},
    {"replay", fb_cmd_replay, "app.ftr: do the same again in this process, measured"},
    {"import", fb_cmd_import, "trace.txt -o app.ftr: read the AOSP memory_replay text format"},
    {"run", fb_cmd_run, "WORKLOAD: one generated workload in this process, measured"},
    {"compare", fb_cmd_compare, "-a ALLOCATOR... -w WORKLOAD...: several allocators, side by side"},
    {"watch", fb_cmd_watch, "-a ALLOCATOR... -- program args: memory curves of a real program"},
    {"report", fb_cmd_report, "results.jsonl -o report.html: curves, heap maps, tables"},
    {"diff", fb_cmd_diff, "old.jsonl new.jsonl --fail-if RULE: a gate for CI"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(void)
{
    printf("fragbench: where is my memory?\n\nusage: fragbench COMMAND ...\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].help);
    printf("\nfragbench COMMAND --help tells the options of one command.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        fb_die("no command; try fragbench --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fb_die("unknown command '%s'; try fragbench --help", argv[1]);
}
