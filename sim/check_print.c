/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vpci-sim check` prints: bounds, verdicts, the matrix, schedules. */
#include <string.h>

#include "check_run.h"
#include "table.h"

#define NAME_WIDTH     27
#define SCENARIOS_TEXT 40

char *vs_check_explored(const struct vs_check_run *run, char *buffer)
{
    const struct vs_check_campaign *campaign = &run->campaign;

    if (run->with_campaign)
        snprintf(buffer, VS_CHECK_BOUNDS_TEXT,
                 "every pair%s of operations and events, each on a vCPU of its own, over %u "
                 "device%s and %u domain%s; loops that are written with a count: at most %u "
                 "rounds; a search stops at %llu states",
                 campaign->actors > 2 ? " and every triple" : "", campaign->devices,
                 vs_plural(campaign->devices), campaign->domains, vs_plural(campaign->domains),
                 run->rounds, (unsigned long long)campaign->limits.states);
    else
        snprintf(buffer, VS_CHECK_BOUNDS_TEXT,
                 "scenarios alone; loops that are written with a count: at most %u rounds; a "
                 "search stops at %llu states",
                 run->rounds, (unsigned long long)campaign->limits.states);
    return buffer;
}

const char *vs_check_not_explored(void)
{
    return "more vCPUs, devices or operations in a row than that; weakly ordered "
           "memory; hidden devices and virtual functions but in scenarios, and failing "
           "maps but there and with --failures; progress (--liveness); what a handler "
           "does beyond locks, lifetimes and BARs, but where a scenario asks. "
           "\"ok\" means no violation within these bounds.";
}

static void print_bounds(const struct vs_check_run *run, FILE *stream)
{
    char text[VS_CHECK_BOUNDS_TEXT];

    if (!run->with_campaign && run->scenario_count > 0 && run->scenarios[0]->setup.loops) {
        vs_table_wrap(stream, "Looked for:    ",
                      "vCPUs that do their operations for ever, and a fair circle in which one of "
                      "them never gets through; fair: whoever can move somewhere in it, moves. An "
                      "operation whose try of a lock failed has not got through.");
        fputc('\n', stream);
    }
    if (!run->with_campaign)
        return;
    vs_table_wrap(stream, "Explored:      ", vs_check_explored(run, text));
    vs_table_wrap(stream, "Not explored:  ", vs_check_not_explored());
    vs_table_wrap(stream, "               ",
                  "Verdicts on pci-lock are verdicts in this model of Xen commit " VS_MODEL_OF ".");
    fputc('\n', stream);
}

static void print_found(uint32_t found, FILE *stream)
{
    const char *separator = "";

    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if ((found >> i) & 1u) {
            fprintf(stream, "%s%s", separator, vs_violation_table[i].name);
            separator = ", ";
        }
}

/* "2 break", "none breaks", "1 undecided": what the matrix says of one policy. */
static const char *scenarios_text(const struct vs_check_run *run, size_t job,
                                  char text[SCENARIOS_TEXT])
{
    size_t open = 0, breaks = vs_check_job_breaks(run, job, &open);

    if (breaks > 0)
        snprintf(text, SCENARIOS_TEXT, "%zu break%s", breaks, breaks == 1 ? "s" : "");
    else if (open > 0)
        snprintf(text, SCENARIOS_TEXT, "%zu undecided", open);
    else
        snprintf(text, SCENARIOS_TEXT, "none breaks");
    return text;
}

static void print_verdicts(const struct vs_check_run *run, FILE *stream)
{
    char states[VS_COUNT_TEXT], steps[VS_COUNT_TEXT], combinations[VS_COUNT_TEXT];
    char scenarios[SCENARIOS_TEXT];

    fprintf(stream, "%-*s %-12s %-14s %12s %9s %9s %9s %7s  %s\n", NAME_WIDTH, "policy",
            "scenarios", "pairs, triples", "combinations", "states", "steps", "memory", "time",
            "violations in pairs, triples");
    for (size_t i = 0; i < run->job_count; i++) {
        const struct vs_check_job *job = &run->jobs[i];
        const struct vs_check_verdict *verdict = &job->verdict;

        fprintf(stream, "%-*s %-12s %-14s %12s %9s %9s %6.1fMiB %6.2fs  ", NAME_WIDTH,
                job->policy->name, scenarios_text(run, i, scenarios),
                verdict->found ? "violated"
                : verdict->cut ? "cut short"
                               : "ok",
                vs_count_text(verdict->pairs + verdict->triples, combinations),
                vs_rate_text((double)verdict->states, states),
                vs_rate_text((double)verdict->transitions, steps),
                (double)verdict->peak_bytes / 1048576.0, job->seconds);
        print_found(verdict->found, stream);
        fputc('\n', stream);
    }
    fputc('\n', stream);
}

/* No pair or triple breaks it, a scenario does: neither line may stand alone. */
static void print_broken_scenarios(const struct vs_check_run *run, size_t index, FILE *stream)
{
    const struct vs_check_job *job = &run->jobs[index];
    size_t open = 0, left = vs_check_job_breaks(run, index, &open);

    if (left == 0 || job->verdict.found)
        return;
    fprintf(stream, "%s: no pair or triple breaks a rule%s, but scenario%s", job->policy->name,
            job->verdict.cut ? " as far as was searched" : "", vs_plural(left));
    for (size_t s = 0; s < run->scenario_count; s++)
        if (job->cells[s].violated)
            fprintf(stream, " %s%s", run->scenarios[s]->name, --left > 0 ? "," : "");
    fprintf(stream, " %s\n", vs_check_job_breaks(run, index, &open) == 1 ? "does" : "do");
}

static void print_remarks(const struct vs_check_run *run, FILE *stream)
{
    char text[512];

    for (size_t i = 0; i < run->job_count; i++) {
        const struct vs_check_verdict *verdict = &run->jobs[i].verdict;
        const char *name = run->jobs[i].policy->name;

        print_broken_scenarios(run, i, stream);
        if (verdict->order)
            fprintf(stream, "%s: order inversion: %s\n", name, verdict->order);
        if (verdict->skipped) {
            snprintf(text, sizeof(text),
                     "%llu triples contain a pair that breaks a rule already: not searched again",
                     (unsigned long long)verdict->skipped);
            fprintf(stream, "%s: %s\n", name, text);
        }
        if (verdict->cut)
            fprintf(stream, "%s: %llu searches stopped at a limit\n", name,
                    (unsigned long long)verdict->cut);
    }
    fputc('\n', stream);
}

/* ------------------------------------------------------------------- matrix */

static const char *mark_of(const struct vs_check_run *run, size_t job, size_t scenario)
{
    const struct vs_check_cell *cell = &run->jobs[job].cells[scenario];

    if (!cell->decided)
        return "-";
    bool surprise = vs_check_cell_surprises(run, job, scenario);

    if (cell->violated)
        return surprise ? "X!" : "X";
    if (!cell->search.complete)
        return "?";
    return surprise ? ".!" : ".";
}

static void print_matrix(const struct vs_check_run *run, FILE *stream)
{
    bool surprises = false, unknown = false;

    for (size_t i = 0; i < run->job_count; i++)
        fprintf(stream, "%5zu  %s\n", i + 1, run->jobs[i].policy->name);
    fprintf(stream, "\n%-4s", "");
    for (size_t i = 0; i < run->job_count; i++)
        fprintf(stream, " %-*zu", i + 1 < run->job_count ? 3 : 1, i + 1);
    fputc('\n', stream);
    for (size_t s = 0; s < run->scenario_count; s++) {
        fprintf(stream, "%-5s", run->scenarios[s]->name);
        for (size_t i = 0; i < run->job_count; i++) {
            const char *mark = mark_of(run, i, s);

            fprintf(stream, "%-4s", mark);
            surprises |= strchr(mark, '!') != NULL;
            unknown |= mark[0] == '?';
        }
        fprintf(stream, " %s\n", run->scenarios[s]->title);
    }
    fprintf(stream, "\n     X  the scenario's violation is reached     .  not within the bounds"
                    "     -  not modelled\n");
    if (surprises)
        fprintf(stream, "     !  another verdict than the scenario expects\n");
    if (unknown)
        fprintf(stream, "     ?  the search stopped at its limit\n");
    fputc('\n', stream);
}

/* ---------------------------------------------------------------- schedules */

static int print_finding(const struct vs_check_job *job, const struct vs_check_finding *finding,
                         const char *where, FILE *stream, struct vs_error *error)
{
    bool endless = finding->violation == VS_VIOLATION_STARVATION;
    unsigned int length = finding->length - finding->stem;

    fprintf(stream, "%s: %s%s%s, %s%u step%s\n", job->policy->name,
            vs_violation_table[finding->violation].name, where[0] ? " in " : "", where,
            endless             ? "a circle of "
            : finding->shortest ? ""
                                : "no shorter one was searched for, ",
            length, vs_plural(length));
    int ret = vs_check_schedule_print(job->code, finding, stream, error);

    fputc('\n', stream);
    return ret;
}

static int print_schedules(const struct vs_check_run *run, size_t index, FILE *stream,
                           struct vs_error *error)
{
    const struct vs_check_job *job = &run->jobs[index];
    int ret = 0;

    for (size_t s = 0; ret == 0 && s < run->scenario_count; s++) {
        const struct vs_scenario *scenario = run->scenarios[s];
        const char *because = vs_scenario_because(scenario, job->policy->name);

        if (!job->cells[s].violated)
            continue;
        ret = print_finding(job, &job->cells[s].finding, scenario->name, stream, error);
        if (because)
            fprintf(stream, "      %s\n\n", because);
        uint32_t also = job->cells[s].found & ~(1u << job->cells[s].by);

        if (also) {
            fprintf(stream, "      Also reached: ");
            print_found(also, stream);
            fprintf(stream, "\n\n");
        }
    }
    for (int i = 0; ret == 0 && run->with_campaign && i < VS_VIOLATION_COUNT; i++)
        if (((job->verdict.found >> i) & 1u) && i != VS_VIOLATION_ORDER_INVERSION)
            ret = print_finding(job, &job->verdict.findings[i], "", stream, error);
    return ret;
}

int vs_check_print(const struct vs_check_run *run, bool schedules, FILE *stream,
                   struct vs_error *error)
{
    int ret = 0;

    print_bounds(run, stream);
    for (size_t i = 0; ret == 0 && schedules && i < run->job_count; i++)
        ret = print_schedules(run, i, stream, error);
    if (run->scenario_count > 0)
        print_matrix(run, stream);
    if (run->with_campaign) {
        print_verdicts(run, stream);
        print_remarks(run, stream);
    }
    return ret;
}
