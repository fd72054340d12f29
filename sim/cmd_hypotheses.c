/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim hypotheses: what was claimed in 2022, put to the test.
 */
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "commands.h"
#include "hypotheses_run.h"
#include "proof_rows.h"

struct values {
    struct vs_strings only, replace;
    const char *db;
    uint64_t limit;
    bool brief, json;
};

#define AT(member) offsetof(struct values, member)

static const struct vs_option options[] = {
    {"only", 'o', VS_OPTION_LIST, AT(only), "NAME|FILE",
     "Only this hypothesis, with the schedules that were found: H1 to H20, several parted by "
     "commas, or a file of your own.",
     NULL, NULL, 0, 0},
    {"replace", 0, VS_OPTION_LIST, AT(replace), "NAME=FILE",
     "Run the policy in FILE wherever a hypothesis names policy NAME: does the claim hold of it? "
     "A hypothesis that is run must name it.",
     NULL, NULL, 0, 0},
    {"limit", 0, VS_OPTION_U64, AT(limit), "STATES",
     "Stop a search at so many states; what it would have decided is undecided then.", "4000000",
     NULL, 1, 1e9},
    {"brief", 'b', VS_OPTION_FLAG, AT(brief), NULL, "Only the table, a line a hypothesis.", NULL,
     NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, AT(json), NULL,
     "Print JSON, with every number and schedule; a schedule can be given to check --replay.", NULL,
     NULL, 0, 0},
    {"db", 'd', VS_OPTION_STRING, AT(db), "FILE",
     "Store claims, verdicts and evidence in this database as well; the same claim tested again "
     "replaces its answer.",
     NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim hypotheses --brief",
    "vpci-sim hypotheses --only H2,H18",
    "vpci-sim hypotheses --only H19 --replace pci-lock=./my-idea.json",
    "vpci-sim hypotheses --only ./my-claim.json --json",
    "vpci-sim hypotheses --db results.db",
    NULL,
};

static const char description[] =
    "What reviewers and authors claimed about locking vPCI in the discussion of 2022, and what "
    "follows from the code of today, as twenty hypotheses. Each has tests that say what has to "
    "come out if it is true: searches through every interleaving of a scenario, as check makes "
    "them, and replays in virtual time. All of them run now, whenever the command does; the "
    "verdict follows from their outcomes by a rule that is printed with it.\n"
    "\n"
    "Replays here are of synthetic workloads, made from a seed, with the machine profile's costs, "
    "most of which are assumptions: they show what can happen, not how often it does on a host. "
    "Statements about pci-lock are statements about this model of Xen commit c447b7308b.\n"
    "\n"
    "Verdicts: confirmed, in part, refuted, not decidable (nothing here can decide it: it says "
    "what is missing). A hypothesis of your own is a JSON file: sim/hypotheses/hypothesis.h has "
    "the format. Printed commands name files as they lie in the source tree.\n"
    "\n"
    "Exit status 0 whatever the verdicts.";

/* ------------------------------------------------------------------- arguments */

/* Names of --only, also several in one, in *names; each a copy. */
static int split_names(const struct vs_strings *only, char ***names, size_t *count,
                       struct vs_error *error)
{
    size_t room = 0;

    for (size_t i = 0; i < only->count; i++)
        for (const char *at = only->items[i]; at; at = strchr(at + 1, ','))
            room++;
    *names = calloc(room + 1, sizeof(**names));
    for (size_t i = 0; *names && i < only->count; i++) {
        char *copy = strdup(only->items[i]), *rest = copy;

        for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ",")) {
            (*names)[*count] = strdup(word);
            *count += (*names)[*count] != NULL;
        }
        free(copy);
    }
    return *names && *count == room ? 0 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* "pci-lock=FILE" taken apart; text owns both. */
static int read_replacement(const char *word, struct vs_replacement *replacement, char **text,
                            struct vs_error *error)
{
    *text = strdup(word);
    if (!*text)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    char *equals = strchr(*text, '=');

    if (!equals || equals == *text || equals[1] == '\0')
        return vs_error_set(error, VS_ERR_USAGE, "--replace: expected NAME=FILE, found \"%s\"",
                            word);
    *equals = '\0';
    *replacement = (struct vs_replacement){.name = *text, .file = equals + 1};
    return 0;
}

static int load(const struct values *values, struct vs_hypotheses_run *run, struct vs_error *error)
{
    const char *const *shipped = vs_hypothesis_names();
    char **names = NULL;
    size_t count = 0;
    int ret = split_names(&values->only, &names, &count, error);

    run->count = count;
    if (count == 0)
        while (shipped[run->count])
            run->count++;
    run->hypotheses = calloc(run->count, sizeof(*run->hypotheses));
    run->results = calloc(run->count, sizeof(*run->results));
    if (ret == 0 && (!run->hypotheses || !run->results))
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; ret == 0 && i < run->count; i++)
        ret = vs_hypothesis_load(count ? names[i] : shipped[i], &run->hypotheses[i], error);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return ret;
}

static bool names_policy(const char *policy, const char *name)
{
    return policy && strcmp(policy, name) == 0;
}

/* Does a test of what is run name this policy? */
static bool is_used(const struct vs_hypotheses_run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        for (size_t t = 0; t < run->hypotheses[i]->test_count; t++) {
            const struct vs_test *test = &run->hypotheses[i]->tests[t];

            if (names_policy(test->policy, name) || names_policy(test->side.policy, name) ||
                (test->has_against && names_policy(test->against.policy, name)))
                return true;
        }
    return false;
}

/* Refuse a replacement that would be ignored, and a file that cannot be read, before the
 * tests: they may take long. */
static int check_replacements(const struct vs_hypotheses_run *run,
                              const struct vs_hypothesis_options *how, struct vs_error *error)
{
    const struct vs_hypothesis_options as_named = {0};
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < how->replacement_count; i++) {
        const struct vs_replacement *one = &how->replacements[i];
        struct vs_policy *policy = NULL;

        ret = vs_hypothesis_policy(&as_named, one->name, &policy, error);
        vs_policy_free(policy);
        policy = NULL;
        if (ret == 0)
            ret = vs_policy_load(one->file, &policy, error);
        vs_policy_free(policy);
        for (size_t k = 0; ret == 0 && k < i; k++)
            if (strcmp(how->replacements[k].name, one->name) == 0)
                ret = vs_error_set(error, VS_ERR_USAGE, "--replace: policy %s is replaced twice",
                                   one->name);
        if (ret == 0 && !is_used(run, one->name))
            ret = vs_error_set(error, VS_ERR_USAGE,
                               "--replace: no hypothesis that is run names policy %s", one->name);
    }
    return ret;
}

/* --------------------------------------------------------------------- running */

static int print_in_full(const struct vs_hypotheses_run *run, bool schedules,
                         struct vs_error *error)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < run->count; i++)
        ret =
            vs_hypotheses_print_one(run->hypotheses[i], run->results[i], schedules, stdout, error);
    return ret;
}

static int run_all(const struct values *values, const struct vs_hypothesis_options *how,
                   struct vs_error *error)
{
    struct vs_hypotheses_run run = {0};
    struct vs_store *store = NULL;
    int ret = load(values, &run, error);

    if (ret == 0)
        ret = check_replacements(&run, how, error);
    if (ret == 0 && values->db)
        ret = vs_store_open(values->db, &store, error);
    for (size_t i = 0; ret == 0 && i < run.count; i++)
        ret = vs_hypothesis_run(run.hypotheses[i], how, &run.results[i], error);
    if (ret == 0 && store)
        ret = vs_proof_store_hypotheses(&run, how, store, error);
    if (ret == 0 && values->json) {
        ret = vs_hypotheses_print_json(&run, stdout, error);
    } else if (ret == 0) {
        if (!values->brief)
            ret = print_in_full(&run, values->only.count > 0, error);
        vs_hypotheses_print_table(&run, stdout);
    }
    for (size_t i = 0; run.hypotheses && run.results && i < run.count; i++) {
        vs_hypothesis_result_free(run.results[i]);
        vs_hypothesis_free(run.hypotheses[i]);
    }
    free(run.hypotheses);
    free(run.results);
    vs_store_close(store);
    return ret;
}

static int run_hypotheses(const struct vs_command *command, void *values_given,
                          const struct vs_strings *operands, struct vs_error *error)
{
    const struct values *values = values_given;
    size_t count = values->replace.count;
    struct vs_replacement *replacements = calloc(count + 1, sizeof(*replacements));
    char **texts = calloc(count + 1, sizeof(*texts));
    int ret = replacements && texts ? 0 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");

    (void)command;
    (void)operands;
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = read_replacement(values->replace.items[i], &replacements[i], &texts[i], error);
    if (ret == 0) {
        const struct vs_hypothesis_options how = {
            .replacements = replacements, .replacement_count = count, .state_limit = values->limit};

        ret = run_all(values, &how, error);
    }
    for (size_t i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
    free(replacements);
    return ret;
}

const struct vs_command vs_cmd_hypotheses = {
    .name = "hypotheses",
    .summary = "Put what was claimed about locking vPCI in 2022 to the test.",
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = description,
    .examples = examples,
    .run = run_hypotheses,
};
