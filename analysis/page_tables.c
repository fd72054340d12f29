/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page's tables: policies side by side, hazards, locks, who blocks whom. */
#include "page.h"

#include <inttypes.h>
#include <string.h>

#include "html.h"

/* A policy's name behind a stroke in its colour. */
static void add_policy(struct vs_text *out, const struct vs_run_row *run, size_t *own)
{
    const struct vs_style *style = vs_plots_style(vs_runs_is_own(run) ? "" : run->policy, *own);

    *own += style->policy[0] == '\0';
    vs_text_addf(out,
                 "<th scope=\"row\"><svg class=\"stroke\" width=\"22\" height=\"8\" "
                 "aria-hidden=\"true\"><line x1=\"0\" y1=\"4\" x2=\"22\" y2=\"4\" "
                 "stroke=\"%s\" stroke-width=\"3\"%s/></svg> ",
                 style->colour,
                 style->dash == 2   ? " stroke-dasharray=\"6 4\""
                 : style->dash == 3 ? " stroke-dasharray=\"2 3\""
                 : style->dash == 4 ? " stroke-dasharray=\"8 3 2 3\""
                                    : "");
    vs_html_text(out, run->name);
    if (vs_runs_is_reference(run))
        vs_text_add(out, strcmp(run->policy, "none") == 0 ? " <small>floor</small>"
                                                          : " <small>ceiling</small>");
    vs_text_add(out, "</th>");
}

static void add_number(struct vs_text *out, const char *text)
{
    vs_html_element(out, "td class=\"n\"", text);
}

static void add_duration(struct vs_text *out, int64_t duration_ns)
{
    char text[VS_WORDS_NUMBER];

    add_number(out, vs_words_duration((double)duration_ns, text));
}

#define NO_RESULT "–"

static void add_ratio(struct vs_text *out, int64_t value, const struct vs_run_row *floor,
                      int64_t floor_value)
{
    char text[VS_WORDS_NUMBER];

    if (floor && floor_value > 0)
        add_number(out, vs_words_ratio((double)value / (double)floor_value, text));
    else
        add_number(out, NO_RESULT);
}

static void add_safety(struct vs_text *out, const struct vs_run_row *run,
                       const struct vs_table *hazards)
{
    struct vs_text safety = {0};

    vs_describe_safety(run, hazards, &safety);
    vs_html_element(out, vs_runs_clean(run) ? "td class=\"good\"" : "td class=\"bad\"",
                    vs_text_or_empty(&safety));
    out->failed |= safety.failed;
    vs_text_free(&safety);
}

/* Median and range of p99 over the replicas. */
static void add_replicas(struct vs_text *out, const struct vs_run_row *run)
{
    char median[VS_WORDS_NUMBER], low[VS_WORDS_NUMBER], high[VS_WORDS_NUMBER];
    struct vs_text text = {0};

    if (run->replicas < 2) {
        add_number(out, NO_RESULT);
        return;
    }
    vs_text_addf(&text, "%s (%s to %s)", vs_words_duration(run->p99_median_ns, median),
                 vs_words_duration((double)run->p99_low_ns, low),
                 vs_words_duration((double)run->p99_high_ns, high));
    add_number(out, vs_text_or_empty(&text));
    out->failed |= text.failed;
    vs_text_free(&text);
}

/* The numbers of a run; of one that ended in a deadlock none, as in the command line's table. */
static void add_measured(struct vs_text *out, const struct vs_run_row *run,
                         const struct vs_run_row *floor, bool shared, bool replicated)
{
    char number[VS_WORDS_NUMBER];

    if (!vs_runs_finished(run)) {
        for (int i = 0; i < 10 + shared + replicated; i++)
            vs_html_element(out, i == 7 + replicated ? "td" : "td class=\"n\"", NO_RESULT);
        return;
    }
    add_number(out, vs_words_number(run->throughput_per_s, number));
    add_duration(out, run->p50_ns);
    add_duration(out, run->p99_ns);
    add_ratio(out, run->p99_ns, floor, floor ? floor->p99_ns : 0);
    if (replicated)
        add_replicas(out, run);
    add_duration(out, run->p999_ns);
    add_duration(out, run->max_ns);
    add_duration(out, run->lock_wait_ns);
    vs_html_element(out, "td", run->most_contended[0] ? run->most_contended : NO_RESULT);
    add_duration(out, run->cross_domain_wait_ns);
    add_ratio(out, run->makespan_ns, floor, floor ? floor->makespan_ns : 0);
    if (shared)
        add_duration(out, run->cpu_wait_ns);
}

/* vCPUs that share pCPUs wait for them, too; where none did, the column says nothing. */
static bool shares_cpus(const struct vs_runs *runs, const struct vs_scenario *scenario)
{
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        if (runs->runs[i].cpu_wait_ns > 0)
            return true;
    }
    return false;
}

static bool has_replicas(const struct vs_runs *runs, const struct vs_scenario *scenario)
{
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        if (runs->runs[i].replicas > 1)
            return true;
    }
    return false;
}

void vs_page_comparison(const struct vs_report *report, const struct vs_section *section,
                        struct vs_text *out)
{
    const struct vs_scenario *scenario = section->scenario;
    const struct vs_run_row *found = vs_runs_find(&report->runs, scenario, "none");
    /* No ratio to a floor that never came to its end. */
    const struct vs_run_row *floor = found && vs_runs_finished(found) ? found : NULL;
    bool shared = shares_cpus(&report->runs, scenario);
    bool replicated = has_replicas(&report->runs, scenario);
    size_t own = 0;

    vs_text_add(out, "<div class=\"wide\"><table class=\"comparison\"><thead><tr>"
                     "<th scope=\"col\">policy</th>"
                     "<th scope=\"col\">hazards seen in this replay</th>"
                     "<th scope=\"col\" class=\"n\">calls/s</th>"
                     "<th scope=\"col\" class=\"n\">p50</th><th scope=\"col\" class=\"n\">p99</th>"
                     "<th scope=\"col\" class=\"n\">p99 to floor</th>");
    if (replicated)
        vs_text_add(out, "<th scope=\"col\" class=\"n\">p99 over replicas</th>");
    vs_text_add(out, "<th scope=\"col\" class=\"n\">p99.9</th>"
                     "<th scope=\"col\" class=\"n\">max</th>"
                     "<th scope=\"col\" class=\"n\">total lock wait</th>"
                     "<th scope=\"col\">most contended lock</th>"
                     "<th scope=\"col\" class=\"n\">inflicted on other domains</th>"
                     "<th scope=\"col\" class=\"n\">run time to floor</th>");
    if (shared)
        vs_text_add(out, "<th scope=\"col\" class=\"n\">waited for a pCPU</th>");
    vs_text_add(out, "</tr></thead><tbody>\n");
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &report->runs.runs[i];

        /* What was measured up to a deadlock is no result to compare. */
        vs_text_add(out, vs_runs_finished(run) ? "<tr>" : "<tr class=\"stopped\">");
        add_policy(out, run, &own);
        add_safety(out, run, section->hazards);
        add_measured(out, run, floor, shared, replicated);
        vs_text_add(out, "</tr>\n");
    }
    vs_text_add(out, "</tbody></table></div>\n");
}

void vs_page_hazards(const struct vs_report *report, const struct vs_section *section,
                     struct vs_text *out)
{
    const struct vs_scenario *scenario = section->scenario;
    const struct vs_table *hazards = section->hazards;
    char number[VS_WORDS_NUMBER];
    bool any = hazards->row_count > 0;

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &report->runs.runs[i];

        if (strcmp(run->outcome, "deadlock") != 0)
            continue;
        any = true;
        vs_text_add(out, "<p class=\"bad\">Deadlock under ");
        vs_html_text(out, run->name);
        vs_text_add(out, ", after ");
        vs_html_text(out, vs_words_count((uint64_t)run->calls, number));
        vs_text_add(out, " completed calls; what was measured up to there is no result:</p>\n");
        vs_html_element(out, "pre", run->outcome_text);
        vs_text_add(out, "\n");
    }
    if (hazards->row_count > 0)
        vs_text_add(out, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">policy</th>"
                         "<th scope=\"col\">hazard</th><th scope=\"col\" class=\"n\">times</th>"
                         "<th scope=\"col\" class=\"n\">first at</th>"
                         "<th scope=\"col\">first occurrence</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < hazards->row_count; i++) {
        vs_text_add(out, "<tr>");
        vs_html_element(out, "th scope=\"row\"", vs_table_text(hazards, i, "name"));
        vs_html_element(out, "td class=\"bad\"", vs_table_text(hazards, i, "hazard"));
        add_number(out, vs_words_count((uint64_t)vs_table_integer(hazards, i, "count"), number));
        add_duration(out, vs_table_integer(hazards, i, "first_ns"));
        vs_html_element(out, "td", vs_table_text(hazards, i, "first_text"));
        vs_text_add(out, "</tr>\n");
    }
    if (hazards->row_count > 0)
        vs_text_add(out, "</tbody></table></div>\n");
    if (!any)
        vs_text_addf(out, "<p>No hazard and no deadlock was seen%s</p>\n",
                     vs_runs_find(&report->runs, scenario, "none")
                         ? ", not even without locks: in this replay no two calls came together "
                           "that could hurt each other."
                         : ".");
}

/* ------------------------------------------------------------------------- locks */

enum cell { CELL_TEXT, CELL_COUNT, CELL_DURATION, CELL_PERCENT, CELL_WHERE };

struct column {
    const char *column; /* of the query */
    const char *head;
    enum cell cell;
};

static void add_cell(struct vs_text *out, const struct vs_table *table, size_t row,
                     const struct column *column)
{
    char number[VS_WORDS_NUMBER];

    switch (column->cell) {
    case CELL_TEXT:
        vs_html_element(out, "td", vs_table_text(table, row, column->column));
        break;
    case CELL_COUNT:
        add_number(out,
                   vs_words_count((uint64_t)vs_table_integer(table, row, column->column), number));
        break;
    case CELL_DURATION:
        add_duration(out, vs_table_integer(table, row, column->column));
        break;
    case CELL_PERCENT:
        add_number(out, vs_words_percent(vs_table_real(table, row, column->column), number));
        break;
    case CELL_WHERE:
        vs_html_element(out, "td",
                        vs_table_integer(table, row, column->column) ? "below vPCI" : "vPCI");
        break;
    }
}

/* A table with the policy in front, named once for its rows. */
static void add_table(struct vs_text *out, const struct vs_table *table,
                      const struct column *columns, size_t count)
{
    vs_text_add(out, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">policy</th>");
    for (size_t i = 0; i < count; i++)
        vs_html_element(out,
                        columns[i].cell == CELL_TEXT || columns[i].cell == CELL_WHERE
                            ? "th scope=\"col\""
                            : "th scope=\"col\" class=\"n\"",
                        columns[i].head);
    vs_text_add(out, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < table->row_count; row++) {
        const char *name = vs_table_text(table, row, "name");
        bool again = row > 0 && strcmp(name, vs_table_text(table, row - 1, "name")) == 0;

        vs_text_add(out, again ? "<tr>" : "<tr class=\"first\">");
        vs_html_element(out, "th scope=\"row\"", again ? "" : name);
        for (size_t i = 0; i < count; i++)
            add_cell(out, table, row, &columns[i]);
        vs_text_add(out, "</tr>\n");
    }
    vs_text_add(out, "</tbody></table></div>\n");
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

void vs_page_locks(const struct vs_section *section, struct vs_text *out)
{
    static const struct column spinlocks[] = {
        {"lock", "lock", CELL_TEXT},
        {"below_vpci", "where", CELL_WHERE},
        {"instances", "instances", CELL_COUNT},
        {"lock_cnt", "lock_cnt", CELL_COUNT},
        {"lock_time", "lock_time", CELL_DURATION},
        {"block_cnt", "block_cnt", CELL_COUNT},
        {"block_time", "block_time", CELL_DURATION},
        {"block_max", "longest wait", CELL_DURATION},
        {"lock_max", "longest hold", CELL_DURATION},
    };
    static const struct column others[] = {
        {"lock", "lock", CELL_TEXT},
        {"kind", "kind", CELL_TEXT},
        {"mode", "mode", CELL_TEXT},
        {"below_vpci", "where", CELL_WHERE},
        {"instances", "instances", CELL_COUNT},
        {"acquire_count", "acquired", CELL_COUNT},
        {"hold_total_ns", "held", CELL_DURATION},
        {"wait_count", "waited", CELL_COUNT},
        {"wait_total_ns", "wait", CELL_DURATION},
        {"wait_max_ns", "longest wait", CELL_DURATION},
        {"hold_max_ns", "longest hold", CELL_DURATION},
    };
    static const struct column blockers[] = {
        {"waiter", "waits", CELL_TEXT},
        {"holder", "while this holds", CELL_TEXT},
        {"lock", "the lock", CELL_TEXT},
        {"wait_ns", "wait", CELL_DURATION},
        {"share", "of all waiting", CELL_PERCENT},
        {"cross_ns", "other domain's", CELL_DURATION},
    };

    if (section->spinlocks->row_count > 0) {
        vs_text_add(out, "<details><summary>Spinlocks, in the columns of Xen’s lock profile "
                         "(<code>xenlockprof</code>)</summary>\n");
        add_table(out, section->spinlocks, spinlocks, COUNT(spinlocks));
        vs_text_add(out, "</details>\n");
    }
    if (section->others->row_count > 0) {
        vs_text_add(out, "<details><summary>Reader-writer locks, RCU and references</summary>\n");
        add_table(out, section->others, others, COUNT(others));
        vs_text_add(out, "</details>\n");
    }
    if (section->blockers->row_count > 0) {
        vs_text_add(out, "<details><summary>Who blocks whom: the ten longest waits of each "
                         "policy</summary>\n");
        add_table(out, section->blockers, blockers, COUNT(blockers));
        vs_text_add(out, "</details>\n");
    }
}
