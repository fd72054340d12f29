/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was replayed, where it comes from and what it cannot tell, in sentences. */
#include "describe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

void vs_sentences_free(struct vs_sentences *sentences)
{
    for (size_t i = 0; i < sentences->count; i++)
        free(sentences->items[i]);
    free(sentences->items);
    *sentences = (struct vs_sentences){0};
}

int vs_sentences_add(struct vs_sentences *sentences, const char *text)
{
    for (size_t i = 0; i < sentences->count; i++) {
        if (strcmp(sentences->items[i], text) == 0)
            return 0;
    }
    char **items = realloc(sentences->items, (sentences->count + 1) * sizeof(*items));

    if (!items)
        return VS_ERR_MEMORY;
    sentences->items = items;
    items[sentences->count] = strdup(text);
    if (!items[sentences->count])
        return VS_ERR_MEMORY;
    sentences->count++;
    return 0;
}

static int add_text(struct vs_sentences *sentences, struct vs_text *text)
{
    int ret = text->failed ? VS_ERR_MEMORY : vs_sentences_add(sentences, vs_text_or_empty(text));

    vs_text_free(text);
    return ret;
}

int vs_describe_array(const char *json, struct vs_sentences *sentences)
{
    struct vs_json_doc *doc = NULL;
    int ret = vs_json_parse(json, strlen(json), "notes", &doc, NULL);

    if (ret < 0)
        return ret == VS_ERR_MEMORY ? ret : vs_sentences_add(sentences, json);
    struct vs_json root = vs_json_root(doc);

    ret = 0;
    for (size_t i = 0; i < vs_json_count(&root) && ret == 0; i++) {
        struct vs_json item = vs_json_item(&root, i);
        const char *text = NULL;

        if (vs_json_string(&item, &text, NULL) == 0)
            ret = vs_sentences_add(sentences, text);
    }
    vs_json_doc_free(doc);
    return ret;
}

/* ------------------------------------------------------------ what was replayed */

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void describe_load(const struct vs_run_row *run, bool with_speed, struct vs_text *text)
{
    char number[VS_WORDS_NUMBER];

    if (vs_runs_as_recorded(run) && with_speed) {
        vs_text_add(text, "as recorded");
        return;
    }
    if (with_speed)
        vs_text_addf(text, run->speed == 1 ? "recorded speed" : "speed %s",
                     vs_words_number(run->speed, number));
    if (run->clones > 1)
        vs_text_addf(text, "%s%" PRId64 " clones", with_speed ? ", " : "", run->clones);
    if (run->rebase)
        vs_text_addf(text, "%sstreams rebased", with_speed || run->clones > 1 ? ", " : "");
    if (run->max_think_ns) {
        vs_text_addf(text, "%sidle gaps cut to ",
                     with_speed || run->clones > 1 || run->rebase ? ", " : "");
        vs_words_respell(vs_words_duration((double)run->max_think_ns, number), text);
    }
}

void vs_describe_load(const struct vs_run_row *run, struct vs_text *text)
{
    describe_load(run, true, text);
}

void vs_describe_heading(const struct vs_run_row *run, struct vs_text *text)
{
    vs_text_addf(text, "%s, ", run->trace_name);
    vs_describe_load(run, text);
    if (strcmp(run->timing, "open") == 0)
        vs_text_add(text, ", open loop");
    vs_text_addf(text, ", on %s", run->machine);
    if (run->varied && run->varied[0])
        vs_text_addf(text, " with %s", run->varied);
}

static bool has_item(const char *json, const char *item)
{
    struct vs_sentences items = {0};
    bool found = false;

    if (vs_describe_array(json, &items) == 0) {
        for (size_t i = 0; i < items.count && !found; i++)
            found = strcmp(items.items[i], item) == 0;
    }
    vs_sentences_free(&items);
    return found;
}

/* The steps that all scenarios from first to last have: of a sweep all but its speed,
 * which is on the axis. */
static void describe_what_ifs(const struct vs_runs *runs, const struct vs_scenario *first,
                              const struct vs_scenario *last, struct vs_text *text)
{
    struct vs_sentences steps = {0};
    bool any = false;

    if (vs_describe_array(vs_runs_first(runs, first)->what_if, &steps) < 0)
        text->failed = true;
    for (size_t i = 0; i < steps.count; i++) {
        bool common = true;

        for (const struct vs_scenario *other = first; other <= last && common; other++)
            common = has_item(vs_runs_first(runs, other)->what_if, steps.items[i]);
        if (!common)
            continue;
        vs_text_add(text, any ? "; " : " · WHAT-IF: ");
        vs_words_respell(steps.items[i], text);
        any = true;
    }
    vs_sentences_free(&steps);
}

void vs_describe_incomplete(const char *notes, struct vs_text *text)
{
    struct vs_sentences items = {0};

    if (vs_describe_array(notes, &items) < 0)
        text->failed = true;
    for (size_t i = 0; i < items.count; i++) {
        if (strncmp(items.items[i], "incomplete:", strlen("incomplete:")) == 0)
            vs_text_addf(text, " · %s", items.items[i]);
    }
    vs_sentences_free(&items);
}

/* Of what a capture says of itself, what decides whether its replay can show waiting at all
 * belongs under every picture, as does that it was cut off; the rest is said once, in the page's
 * limits. */
static void describe_contention_notes(const struct vs_run_row *run, struct vs_text *text)
{
    struct vs_sentences notes = {0};

    if (vs_describe_array(run->notes, &notes) < 0)
        text->failed = true;
    for (size_t i = 0; i < notes.count; i++) {
        if (strstr(notes.items[i], "contention"))
            vs_text_addf(text, " · of the capture: %s", notes.items[i]);
    }
    vs_sentences_free(&notes);
}

void vs_describe_caption(const struct vs_runs *runs, const struct vs_scenario *scenario,
                         const struct vs_sweep *sweep, struct vs_text *text)
{
    const struct vs_run_row *run = vs_runs_first(runs, scenario);
    char count[VS_WORDS_NUMBER];
    struct vs_text load = {0};

    describe_load(run, !sweep, &load);
    vs_text_addf(text, "%s · %s%s%s loop · machine %s", run->trace_name, vs_text_or_empty(&load),
                 load.length ? " · " : "", run->timing, run->machine);
    if (run->cpus > 0) /* 0: one per vCPU, up to the machine's */
        vs_text_addf(text, ", %" PRId64 " CPUs", run->cpus);
    if (run->varied && run->varied[0])
        vs_text_addf(text, " with %s", run->varied);
    vs_text_free(&load);
    if (run->machine_assumptions > 0)
        vs_text_addf(text, " (%" PRId64 " of its numbers assumed)", run->machine_assumptions);
    vs_text_addf(text,
                 " · %" PRId64 " domain%s, %" PRId64 " vCPU%s, %" PRId64
                 " device%s · %s lost record%s",
                 run->domains, plural(run->domains), run->vcpus, plural(run->vcpus), run->devices,
                 plural(run->devices), vs_words_count((uint64_t)run->lost_records, count),
                 plural(run->lost_records));
    if (strcmp(run->timing, "open") == 0)
        vs_text_add(text, " · latency counts from the recorded arrival, backlog included");
    if (run->emulated)
        vs_text_add(text, " · captured under emulation: no recorded time is a hardware latency");
    if (run->synthetic)
        vs_text_add(text, " · synthetic in part or whole");
    if (run->injected_calls > 0)
        vs_text_addf(text, " · %s injected call%s",
                     vs_words_count((uint64_t)run->injected_calls, count),
                     plural(run->injected_calls));
    vs_describe_incomplete(run->notes, text);
    if (!sweep && vs_runs_as_recorded(run))
        describe_contention_notes(run, text);
    const struct vs_scenario *last =
        sweep ? &runs->scenarios[sweep->first + sweep->count - 1] : scenario;

    describe_what_ifs(runs, scenario, last, text);
    for (size_t i = scenario->first; i < last->first + last->count; i++) {
        if (!vs_runs_clean(&runs->runs[i])) {
            vs_text_add(text, " · † something went wrong under this policy");
            break;
        }
    }
}

void vs_describe_safety(const struct vs_run_row *run, const struct vs_table *hazards,
                        struct vs_text *text)
{
    char count[VS_WORDS_NUMBER];
    bool some = false;

    if (strcmp(run->outcome, "deadlock") == 0) {
        vs_text_add(text, "deadlock");
        some = true;
    }
    for (size_t i = 0; i < hazards->row_count; i++) {
        if (vs_table_integer(hazards, i, "run_id") != run->id ||
            vs_table_integer(hazards, i, "count") == 0)
            continue;
        vs_text_addf(text, "%s%s ×%s", some ? ", " : "", vs_table_text(hazards, i, "hazard"),
                     vs_words_count((uint64_t)vs_table_integer(hazards, i, "count"), count));
        some = true;
    }
    if (run->deadlock_replicas > 0 && run->replicas > 1) {
        vs_text_addf(text, "%sdeadlock in %" PRId64 " of %" PRId64 " replicas", some ? "; " : "",
                     run->deadlock_replicas, run->replicas);
        some = true;
    }
    if (run->hazard_replicas > 0 && run->replicas > 1) {
        vs_text_addf(text, "%shazards in %" PRId64 " of %" PRId64 " replicas", some ? "; " : "",
                     run->hazard_replicas, run->replicas);
        some = true;
    }
    if (!some)
        vs_text_add(text, vs_runs_clean(run) ? "none seen" : "hazards");
    if (!some && run->replicas > 1)
        vs_text_addf(text, " in %" PRId64 " replicas", run->replicas);
}

/* --------------------------------------------------------- what it cannot tell */

/* One sentence for all runs for which a condition holds; names the traces. */
static void add_traces(const struct vs_runs *runs, bool (*holds)(const struct vs_run_row *),
                       struct vs_text *text)
{
    struct vs_sentences traces = {0};

    for (size_t i = 0; i < runs->run_count; i++) {
        if (holds(&runs->runs[i]) && vs_sentences_add(&traces, runs->runs[i].trace_name) < 0)
            text->failed = true;
    }
    for (size_t i = 0; i < traces.count; i++) {
        vs_text_join(text, i, traces.count);
        vs_text_add(text, traces.items[i]);
    }
    vs_sentences_free(&traces);
}

/* The order of accesses across vCPUs is a model's doing once anything was changed. */
static bool is_genuine(const struct vs_run_row *run)
{
    return vs_runs_as_recorded(run) && !run->synthetic && run->injected_calls == 0;
}

static bool is_modified(const struct vs_run_row *run)
{
    return !run->synthetic && run->injected_calls == 0 && !is_genuine(run);
}

static bool is_injected(const struct vs_run_row *run)
{
    return run->injected_calls > 0;
}

static bool is_open(const struct vs_run_row *run)
{
    return strcmp(run->timing, "open") == 0;
}

static bool is_sharing(const struct vs_run_row *run)
{
    return run->cpu_wait_ns > 0;
}

static bool is_emulated(const struct vs_run_row *run)
{
    return run->emulated;
}

static bool is_synthetic(const struct vs_run_row *run)
{
    return run->synthetic;
}

static bool is_lossy(const struct vs_run_row *run)
{
    return run->lost_records > 0;
}

static bool is_multi_domain(const struct vs_run_row *run)
{
    return run->domains > 1;
}

static bool is_guessed(const struct vs_run_row *run)
{
    return strcmp(run->guesses, "{}") != 0;
}

static bool is_assumed(const struct vs_run_row *run)
{
    return run->machine_assumptions > 0;
}

static bool is_broken(const struct vs_run_row *run)
{
    return run->overlap_count > 0 || run->time_error_ns > 0;
}

/* Sentence before and after the list of traces; after NULL: the list is left out. */
static const struct limit {
    bool (*holds)(const struct vs_run_row *run);
    const char *before, *after;
} limits[] = {
    {is_broken, "An identity that every replay must keep was violated in runs of ",
     ": these numbers are a fault of the simulator and must not be used."},
    {is_emulated, "Captured under emulation: ",
     ". No recorded time is a hardware latency, and none calibrates anything here."},
    {is_genuine,
     "Which accesses were made, and in which order, is genuine in the replays as "
     "recorded of ",
     "."},
    {is_modified, "In what-if replays of ",
     ", genuine is which accesses each vCPU made and in which order; which accesses of several "
     "vCPUs meet, and how often, is the doing of the what-if steps."},
    {is_injected, "In replays of ",
     ", calls were injected that nobody captured: only the others are genuine, each vCPU's in "
     "their order, and every hazard or wait that an injected call takes part in is a what-if."},
    {is_synthetic, "Some or all replays of ",
     " run traffic that is synthetic, cloned or merged: what-ifs, not measurements."},
    {is_multi_domain, "Several vPCI domains share the host in replays of ",
     "; upstream Xen today runs vPCI for one, the x86 PVH hardware domain."},
    {is_lossy, "Records were lost while capturing ", ": waiting at those moments is missing."},
    {is_open, "In open-loop replays of ",
     " latency counts from the recorded arrival, so that backlog is part of it."},
    {is_sharing, "vCPUs share pCPUs in replays of ",
     ": latency includes waiting for a pCPU that another vCPU has (a column of its own)."},
    {is_guessed, "Some accesses of ",
     " were classed conservatively, since the trace did not reveal what their class needs (see "
     "provenance)."},
    {is_assumed,
     "Costs come from a machine profile whose numbers are in part assumptions, not measurements "
     "(listed under provenance): compare policies with each other, and take no latency here as "
     "the latency of a host.",
     NULL},
};

/* "TRACE and TRACE: note": what the traces say of themselves, each note once. */
static int add_notes(const struct vs_runs *runs, struct vs_sentences *sentences)
{
    struct vs_sentences notes = {0};
    int ret = 0;

    for (size_t i = 0; i < runs->run_count && ret == 0; i++)
        ret = vs_describe_array(runs->runs[i].notes, &notes);
    for (size_t i = 0; i < notes.count && ret == 0; i++) {
        struct vs_sentences traces = {0};
        struct vs_text text = {0};

        for (size_t k = 0; k < runs->run_count && ret == 0; k++) {
            if (has_item(runs->runs[k].notes, notes.items[i]))
                ret = vs_sentences_add(&traces, runs->runs[k].trace_name);
        }
        for (size_t k = 0; k < traces.count; k++) {
            vs_text_join(&text, k, traces.count);
            vs_text_add(&text, traces.items[k]);
        }
        vs_text_addf(&text, ": %s", notes.items[i]);
        vs_sentences_free(&traces);
        if (ret == 0)
            ret = add_text(sentences, &text);
        else
            vs_text_free(&text);
    }
    vs_sentences_free(&notes);
    return ret;
}

/* How far one interleaving's numbers move: measured, or assumed. */
static int add_spread(const struct vs_runs *runs, struct vs_sentences *sentences)
{
    size_t measured = 0;
    int ret = 0;

    for (size_t i = 0; i < runs->run_count; i++)
        measured += runs->runs[i].replicas >= VS_REPLICAS_ENOUGH;
    if (measured > 0)
        ret = vs_sentences_add(
            sentences,
            "Where a replay was repeated with think times jittered (three replicas or "
            "more), numbers are medians, and policies are ranked only when the ranges of "
            "their replicas do not meet. The jitter is small and uniform: real hosts "
            "differ from a recording by more than that.");
    if (ret == 0 && measured < runs->run_count)
        ret = vs_sentences_add(
            sentences, "The percentiles of one closed-loop interleaving move by several per cent "
                       "when think times change by 1 %, so policies less than 15 % apart are not "
                       "ranked where there are no replicas. The 15 % are an assumption, from one "
                       "experiment: two guests at speed 16 had a p99 of 8.19 to 9.22 µs under "
                       "±1 % changes of --max-think. vpci-sim replay --replicas 5 measures it.");
    return ret;
}

int vs_describe_limits(const struct vs_runs *runs, struct vs_sentences *sentences)
{
    if (runs->run_count == 0)
        return vs_sentences_add(
            sentences, "Nothing was replayed into this database: the page says nothing about what "
                       "a policy costs under the traffic of a host. Searches and hypotheses say "
                       "nothing beyond the bounds and assumptions that stand with them.");
    int ret = vs_sentences_add(
        sentences, "A replay runs one interleaving of the calls. \"None seen\" means that nothing "
                   "went wrong in it, not that nothing can: where a policy is known to leave a "
                   "window open, whether one replay hits it is chance.");

    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits) && ret == 0; i++) {
        bool any = false;

        for (size_t k = 0; k < runs->run_count && !any; k++)
            any = limits[i].holds(&runs->runs[k]);
        if (!any)
            continue;
        struct vs_text text = {0};

        vs_text_add(&text, limits[i].before);
        if (limits[i].after) {
            add_traces(runs, limits[i].holds, &text);
            vs_text_add(&text, limits[i].after);
        }
        ret = add_text(sentences, &text);
    }
    if (ret == 0)
        ret = vs_sentences_add(
            sentences, "Percentiles are good to 3 % (the histogram's step), and the rule that "
                       "orders simultaneous events moves waits by up to 5 %.");
    if (ret == 0)
        ret = add_spread(runs, sentences);
    return ret == 0 ? add_notes(runs, sentences) : ret;
}

/* ------------------------------------------------------------------ assumptions */

/* {"ns": 2000, "source": "...", "assumption": true}, as machine profiles mark them. */
static bool is_assumption(const struct vs_json *object)
{
    struct vs_json mark = vs_json_member(object, "assumption");
    bool marked = false;

    return vs_json_boolean(&mark, &marked, NULL) == 0 && marked;
}

/* "work.exit-port: ns 2000; source ...": the members as they stand, so that a new
 * one needs no new code. */
static int add_assumption(const struct vs_json *at, struct vs_sentences *sentences)
{
    char path[160];
    struct vs_text text = {0};
    bool any = false;

    vs_text_addf(&text, "%s:", vs_json_path(at, path, sizeof(path)));
    for (size_t i = 0; i < vs_json_count(at); i++) {
        struct vs_json member = vs_json_member_at(at, i);
        const char *string = NULL;
        char *value = NULL;

        if (strcmp(member.key, "assumption") == 0)
            continue;
        if (vs_json_string(&member, &string, NULL) < 0 &&
            vs_json_value_text(&member, &value, NULL) < 0)
            text.failed = true;
        vs_text_addf(&text, "%s %s %s", any ? ";" : "", member.key,
                     string ? string : (value ? value : ""));
        any = true;
        free(value);
    }
    return add_text(sentences, &text);
}

static int walk_assumptions(const struct vs_json *at, struct vs_sentences *sentences)
{
    bool object = vs_json_kind(at) == VS_JSON_OBJECT;
    int ret = 0;

    if (object && is_assumption(at))
        return add_assumption(at, sentences);
    for (size_t i = 0; i < vs_json_count(at) && ret == 0; i++) {
        struct vs_json child = object ? vs_json_member_at(at, i) : vs_json_item(at, i);

        ret = walk_assumptions(&child, sentences);
    }
    return ret;
}

int vs_describe_assumptions(const char *machine_text, struct vs_sentences *sentences)
{
    struct vs_json_doc *doc = NULL;
    int ret = vs_json_parse(machine_text, strlen(machine_text), "machine", &doc, NULL);

    if (ret < 0)
        return ret == VS_ERR_MEMORY ? ret : 0; /* shown as it is under provenance anyway */
    struct vs_json root = vs_json_root(doc);

    ret = walk_assumptions(&root, sentences);
    vs_json_doc_free(doc);
    return ret;
}
