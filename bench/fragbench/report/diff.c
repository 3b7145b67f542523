/* SPDX-License-Identifier: MIT
 * diff.c: `fragbench diff OLD NEW --fail-if RULE`: a gate for CI.
 *
 * Owns: the rules. A rule is METRIC OP FACTOR; it is held against new median / old median of every
 * pair of workload and allocator that both files have.
 */
#include "base/die.h"
#include "base/options.h"
#include "report/commands.h"
#include "run/results.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = FB_TEXT_LIST_MAX };

struct rule {
    const char *text;
    enum fb_metric metric;
    bool is_above; /* fails when the ratio is above the factor; otherwise when below */
    double factor;
};

static void parse_rule(const char *text, struct rule *rule)
{
    size_t length = strcspn(text, "<> ");
    const char *sign = text + length + strspn(text + length, " ");
    char *end;
    rule->text = text;
    rule->metric = FB_METRIC_COUNT;
    for (int m = 0; m < FB_METRIC_COUNT; m++)
        if (strlen(fb_metric_names[m]) == length && strncmp(fb_metric_names[m], text, length) == 0)
            rule->metric = (enum fb_metric)m;
    if (rule->metric == FB_METRIC_COUNT || (*sign != '<' && *sign != '>'))
        fb_die("diff: --fail-if '%s': want METRIC>FACTOR or METRIC<FACTOR, such as rss_auc>1.05; "
               "the columns of cells.csv are the metrics",
               text);
    rule->is_above = *sign == '>';
    rule->factor = strtod(sign + 1, &end);
    if (end == sign + 1 || *end != '\0' || !(rule->factor > 0))
        fb_die("diff: --fail-if '%s': '%s' is no factor above 0", text, sign + 1);
}

struct comparison {
    struct fb_results old, new;
    struct rule rules[RULES_MAX];
    size_t rule_count, compared, failed;
};

/* Prints the line when a rule is broken. */
static void hold_rule(struct comparison *c, const struct rule *rule, const char *workload,
                      const char *allocator)
{
    struct fb_interval old = fb_results_metric(&c->old, workload, allocator, rule->metric);
    struct fb_interval new = fb_results_metric(&c->new, workload, allocator, rule->metric);
    if (old.count == 0 || new.count == 0 || old.median <= 0)
        return;
    double ratio = new.median / old.median;
    bool is_broken = rule->is_above ? ratio > rule->factor : ratio < rule->factor;
    c->compared++;
    c->failed += is_broken;
    if (is_broken)
        printf("FAIL %s under %s: %s from %.4g to %.4g, a factor of %.3f (rule: %s)\n", workload,
               allocator, fb_metric_names[rule->metric], old.median, new.median, ratio, rule->text);
}

static void print_changes(struct comparison *c, const char *workload, const char *allocator)
{
    static const enum fb_metric shown[] = {FB_METRIC_RSS_NOW, FB_METRIC_RSS_SETTLED,
                                           FB_METRIC_RSS_PEAK, FB_METRIC_RSS_AUC,
                                           FB_METRIC_WORK_MS};
    if (fb_results_cell(&c->old, workload, allocator) == NULL ||
        fb_results_cell(&c->new, workload, allocator) == NULL)
        return;
    printf("%-14s %-12s", workload, allocator);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        struct fb_interval old = fb_results_metric(&c->old, workload, allocator, shown[i]);
        struct fb_interval new = fb_results_metric(&c->new, workload, allocator, shown[i]);
        if (old.count > 0 && new.count > 0 && old.median > 0)
            printf("  %s x%.3f", fb_metric_names[shown[i]], new.median / old.median);
    }
    putchar('\n');
}

int fb_cmd_diff(int argc, char **argv)
{
    static struct comparison c;
    struct fb_text_list texts = {0};
    const struct fb_option options[] = {
        {"fail-if", 0, FB_OPTION_LIST, &texts, "RULE", "such as rss_auc>1.05; may be repeated",
         NULL},
    };
    const struct fb_command_line line = {"diff OLD.jsonl NEW.jsonl [--fail-if RULE]...",
                                         FB_OPERANDS_ANYWHERE, options, 1};
    if (fb_options_parse(&line, argc, argv) != 2)
        fb_die("diff: want two files of results, the old one first");
    for (size_t i = 0; i < texts.count; i++)
        parse_rule(texts.texts[i], &c.rules[c.rule_count++]);
    fb_results_read(&c.old, argv[1]);
    fb_results_read(&c.new, argv[2]);
    for (size_t w = 0; w < c.new.workload_count; w++)
        for (size_t a = 0; a < c.new.allocator_count; a++) {
            print_changes(&c, c.new.workloads[w], c.new.allocators[a]);
            for (size_t i = 0; i < c.rule_count; i++)
                hold_rule(&c, &c.rules[i], c.new.workloads[w], c.new.allocators[a]);
        }
    if (c.rule_count > 0 && c.compared == 0)
        fb_die("diff: the files have no cell in common that a rule applies to");
    return c.failed != 0;
}
