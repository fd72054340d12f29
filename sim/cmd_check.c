/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim check: is a policy safe?
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "base/units.h"
#include "check_promela.h"
#include "check_replay.h"
#include "commands.h"
#include "proof_rows.h"

struct values {
    struct vs_strings policies, scenarios;
    const char *ops, *replay, *db, *promela;
    uint64_t actors, devices, domains, rounds, limit, jobs;
    bool json, failures, liveness;
};

#define AT(member) offsetof(struct values, member)

static const struct vs_option options[] = {
    {"policy", 'p', VS_OPTION_LIST, AT(policies), "NAME|FILE",
     "Check this policy, and print the schedules that break it. Default: all that ship, without "
     "schedules.",
     NULL, NULL, 0, 0},
    {"scenario", 's', VS_OPTION_LIST, AT(scenarios), "NAME|FILE",
     "Only this scenario (S1 to S28, L1 to L6, or a file of your own), with its schedules, and no "
     "pairs and "
     "triples.",
     NULL, NULL, 0, 0},
    {"ops", 'o', VS_OPTION_STRING, AT(ops), "LIST",
     "Only these operations: one vCPU each, parted by commas, as [domN/]OPERATION[:DEVICE[:TARGET]]"
     "; '+' puts several on one vCPU. A device belongs to the domain whose vCPU accesses it first.",
     NULL, NULL, 0, 0},
    {"actors", 0, VS_OPTION_U64, AT(actors), "N", "2: every pair; 3: every triple as well.", "3",
     NULL, 2, 3},
    {"devices", 0, VS_OPTION_U64, AT(devices), "N",
     "Devices for pairs and triples; with --ops, so many at least.", "2", NULL, 1, 3},
    {"domains", 0, VS_OPTION_U64, AT(domains), "N",
     "Domains for pairs and triples; with --ops, so many at least.", "2", NULL, 1, 2},
    {"rounds", 0, VS_OPTION_U64, AT(rounds), "N",
     "Rounds of loops that are written with a count, such as the slices of a map.", "2", NULL, 1,
     2},
    {"limit", 0, VS_OPTION_U64, AT(limit), "STATES",
     "Stop a search at so many states and say so; a state takes some 300 bytes.", "4000000", NULL,
     1, 1e9},
    {"failures", 0, VS_OPTION_FLAG, AT(failures), NULL,
     "Let steps fail that may, as a deferred map, in --ops, pairs and triples; the scenarios that "
     "are about it do so by themselves.",
     NULL, NULL, 0, 0},
    {"liveness", 0, VS_OPTION_FLAG, AT(liveness), NULL,
     "Instead: does everybody get through? Scenarios L1 to L6, or the vCPUs of --ops, each doing "
     "its operations for ever: is there a fair circle in which one never gets through?",
     NULL, NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, AT(json), NULL,
     "Print JSON, with every schedule; each of them can be given to --replay.", NULL, NULL, 0, 0},
    {"replay", 0, VS_OPTION_STRING, AT(replay), "FILE",
     "Re-execute a schedule, under its policy or the one --policy names: FILE is one object out of "
     "--json's output, as jq '.policies[0].scenarios[0].schedule' cuts it out, or all of the "
     "output "
     "when it holds one schedule alone. No other option goes with it.",
     NULL, NULL, 0, 0},
    {"jobs", 'j', VS_OPTION_U64, AT(jobs), "N",
     "Policies to search at once, a thread each; 0: as many as there are CPUs. Results do not "
     "depend on it.",
     "0", NULL, 0, 64},
    {"db", 'd', VS_OPTION_STRING, AT(db), "FILE",
     "Store verdicts, schedules and what the searches took in this database as well, beside the "
     "replays; the same question asked again replaces its answer.",
     NULL, NULL, 0, 0},
    {"promela", 0, VS_OPTION_STRING, AT(promela), "DIR",
     "Search nothing; write each policy in each scenario, or with --ops, as a model for SPIN, "
     "which judges by itself, into a new directory. Pairs and triples are not written, nor what "
     "goes on for ever (L1 to L6).",
     NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim check",
    "vpci-sim check --policy pci-lock --scenario S14",
    "vpci-sim check --policy ./my-idea.json",
    "vpci-sim check --db results.db",
    "vpci-sim check --policy rcu --ops read-hardware:0,device-remove:0",
    "vpci-sim check --policy pci-lock --ops dom1/toggle-decode:1,domain-destroy::1",
    "vpci-sim check --liveness --policy pci-lock",
    "vpci-sim check --promela models/",
    NULL,
};

static const char description[] =
    "Searches every interleaving of a few vCPUs that run a policy's programs, the same that "
    "replay measures, for uses of freed memory, deadlocks and broken rules, and prints for each "
    "that is found the shortest schedule that shows it: a column per vCPU, a row per step, the "
    "locks as they are behind it.\n"
    "\n"
    "Without options: every policy that ships, in every scenario, and with every pair and every "
    "triple of operations over 2 devices and 2 domains. What was explored, and what was not, is "
    "printed with the result: \"no violation within these bounds\" is the strongest thing that it "
    "says. Statements about pci-lock are statements about this model of Xen commit c447b7308b.\n"
    "\n"
    "With --liveness the question is another: vCPUs that do their operations for ever, and whether "
    "one of them may never get through while all others go on. What is printed is the way into "
    "such a circle and once round it.\n"
    "\n"
    "Exit status: with --policy, 1 when one of them breaks a rule. Without, 1 when a scenario's "
    "verdict on a policy that ships is not the one that the scenario states: several policies ship "
    "to be refuted. With --policy, --ops, --scenario or --liveness, 1 as well when a search "
    "stopped at --limit and found nothing: it is not decided then. With --replay, 3 when the "
    "schedule does not show its violation. SIGINT and SIGTERM end a search early with status 4; "
    "policies that were "
    "searched to their end are in the database of --db, each whole.";

/* --------------------------------------------------------------------- --ops */

/* A number in front of an end character; *at moves behind it. */
static bool take_number(const char **at, uint8_t max, uint8_t *value)
{
    char *end;
    unsigned long number = strtoul(*at, &end, 10);

    if (end == *at || number > max || **at == '-' || **at == '+')
        return false;
    *at = end;
    *value = (uint8_t)number;
    return true;
}

static int refuse_op(const char *word, const char *why, struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_USAGE, "--ops: \"%s\": %s", word, why);
}

static int parse_name(const char *word, size_t length, struct vs_check_call *call,
                      struct vs_error *error)
{
    char name[VS_CHECK_CALL_TEXT];
    const char *names[VS_OP_COUNT + 1] = {NULL};

    if (length >= sizeof(name))
        return refuse_op(word, "no such operation", error);
    memcpy(name, word, length);
    name[length] = 0;
    int op = vs_op_from_name(name);

    if (op >= 0) {
        call->op = (enum vs_op)op;
        return 0;
    }
    for (int i = 0; i < VS_OP_COUNT; i++)
        names[i] = vs_op_table[i].name;
    const char *near = vs_nearest(name, names);

    return vs_error_set(error, VS_ERR_USAGE, "--ops: unknown operation \"%s\"%s%s%s", name,
                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* One vCPU: "dom1/write-bar:1+device-reset:0". */
static int parse_actor(const char *word, struct vs_check_actor *actor, struct vs_error *error)
{
    const char *at = word;

    if (strncmp(at, "dom", 3) == 0 && strchr(at, '/') && strchr(at, '/') - at <= 5) {
        at += 3;
        if (!take_number(&at, VS_CHECK_DOMAINS_MAX - 1, &actor->domain) || *at++ != '/')
            return refuse_op(word, "expected dom0/, dom1/ or dom2/", error);
    }
    for (;;) {
        if (actor->call_count == VS_CHECK_CALLS_MAX)
            return refuse_op(word, "more than three operations on one vCPU", error);
        struct vs_check_call *call = &actor->calls[actor->call_count++];
        int ret = parse_name(at, strcspn(at, ":+"), call, error);

        if (ret < 0)
            return ret;
        at += strcspn(at, ":+");
        bool of_domain = call->op == VS_OP_DUMP || call->op == VS_OP_MMCFG_RESERVED ||
                         call->op == VS_OP_DOMAIN_DESTROY;

        call->device = of_domain ? VS_CHECK_NONE : 0;
        call->target =
            call->op == VS_OP_DEVICE_ASSIGN || call->op == VS_OP_DOMAIN_DESTROY ? 1 : VS_CHECK_NONE;
        if (*at == ':' && *++at != ':' &&
            !take_number(&at, VS_CHECK_DEVICES_MAX - 1, &call->device))
            return refuse_op(word, "expected the number of a device", error);
        if (*at == ':' && (at++, !take_number(&at, VS_CHECK_DOMAINS_MAX - 1, &call->target)))
            return refuse_op(word, "expected the number of a domain", error);
        if (*at == 0)
            return 0;
        if (*at++ != '+')
            return refuse_op(word, "expected ':', '+' or ','", error);
    }
}

/* As many devices and domains as are spoken of; devices go to who accesses them first. */
static void make_host(struct vs_check_setup *setup, const struct values *values)
{
    bool owned[VS_CHECK_DEVICES_MAX] = {false};

    setup->device_count = (uint8_t)values->devices;
    setup->domain_count = (uint8_t)values->domains;
    for (uint8_t i = 0; i < VS_CHECK_DEVICES_MAX; i++)
        setup->devices[i] = (struct vs_check_device){.has_msix = true, .page = i};
    for (uint8_t i = 0; i < setup->actor_count; i++) {
        const struct vs_check_actor *actor = &setup->actors[i];

        if (actor->domain >= setup->domain_count)
            setup->domain_count = (uint8_t)(actor->domain + 1);
        for (uint8_t j = 0; j < actor->call_count; j++) {
            const struct vs_check_call *call = &actor->calls[j];

            if (call->target != VS_CHECK_NONE && call->target >= setup->domain_count)
                setup->domain_count = (uint8_t)(call->target + 1);
            if (call->device == VS_CHECK_NONE)
                continue;
            if (call->device >= setup->device_count)
                setup->device_count = (uint8_t)(call->device + 1);
            if (vs_op_table[call->op].is_access && !owned[call->device]) {
                setup->devices[call->device].owner = actor->domain;
                owned[call->device] = true;
            }
        }
    }
}

static int parse_ops(const struct values *values, struct vs_scenario *scenario,
                     struct vs_error *error)
{
    struct vs_check_setup *setup = &scenario->setup;
    char *words = strdup(values->ops), *rest = words;
    int ret = words ? 0 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");

    *scenario = (struct vs_scenario){.name = "ops",
                                     .title = values->ops,
                                     .about = values->ops,
                                     .source = "the command line",
                                     .looks_for = UINT32_MAX};
    for (char *word = strsep(&rest, ","); ret == 0 && word; word = strsep(&rest, ",")) {
        if (setup->actor_count == VS_CHECK_ACTORS_MAX)
            ret = refuse_op(word, "more than four vCPUs", error);
        else
            ret = parse_actor(word, &setup->actors[setup->actor_count++], error);
    }
    free(words);
    if (ret < 0)
        return ret;
    make_host(setup, values);
    setup->failures = values->failures;
    setup->loops = values->liveness;
    return vs_check_setup_validate(setup, error);
}

/* -------------------------------------------------------------------- running */

static int load_scenarios(const struct values *values, struct vs_check_run *run,
                          struct vs_error *error)
{
    const char *const *names = values->scenarios.items;
    size_t count = values->scenarios.count;
    int ret = 0;

    if (values->ops)
        count = 1;
    else if (count == 0)
        for (names = values->liveness ? vs_scenario_liveness_names() : vs_scenario_names();
             names[count];)
            count++;
    run->scenarios = calloc(count, sizeof(struct vs_scenario *));
    if (!run->scenarios)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    run->scenario_count = count;
    if (values->ops) {
        run->scenarios[0] = calloc(1, sizeof(struct vs_scenario));
        return run->scenarios[0] ? parse_ops(values, run->scenarios[0], error)
                                 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = vs_scenario_load(names[i], &run->scenarios[i], error);
    return ret;
}

static int load_policies(const struct values *values, struct vs_check_run *run,
                         struct vs_error *error)
{
    const char *const *names = values->policies.items;
    size_t count = values->policies.count;
    int ret = 0;

    if (count == 0)
        for (names = vs_policy_names(); names[count];)
            count++;
    run->jobs = calloc(count, sizeof(*run->jobs));
    if (!run->jobs)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    run->job_count = count;
    for (size_t i = 0; ret == 0 && i < count; i++) {
        struct vs_check_job *job = &run->jobs[i];

        job->error = (struct vs_error)VS_ERROR_INIT;
        job->cells = calloc(run->scenario_count, sizeof(*job->cells));
        ret = job->cells ? vs_policy_load(names[i], &job->policy, error)
                         : vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        if (ret == 0)
            ret = vs_check_code_build(job->policy, (uint8_t)values->rounds, &job->code, error);
    }
    return ret;
}

static void release(struct vs_check_run *run)
{
    for (size_t i = 0; i < run->job_count; i++) {
        struct vs_check_job *job = &run->jobs[i];

        for (size_t s = 0; job->cells && s < run->scenario_count; s++)
            free(job->cells[s].finding.schedule);
        free(job->cells);
        vs_check_verdict_release(&job->verdict);
        vs_check_code_free(job->code);
        vs_policy_free(job->policy);
    }
    for (size_t i = 0; i < run->scenario_count; i++)
        vs_scenario_free(run->scenarios[i]);
    free(run->jobs);
    free(run->scenarios);
}

/* Nothing was broken; but was everything searched that was asked for? */
static int answer_undecided(const struct vs_check_run *run, struct vs_error *error)
{
    for (size_t i = 0; i < run->job_count; i++) {
        const struct vs_check_job *job = &run->jobs[i];

        for (size_t s = 0; s < run->scenario_count; s++)
            if (vs_check_cell_is_open(&job->cells[s]))
                return vs_error_set(error, VS_ERR_ANSWER,
                                    "not decided within --limit: policy %s in scenario %s",
                                    job->policy->name, run->scenarios[s]->name);
        if (run->with_campaign && job->verdict.cut > 0 && !job->verdict.found)
            return vs_error_set(error, VS_ERR_ANSWER,
                                "not decided within --limit: policy %s, %llu pairs and triples",
                                job->policy->name, (unsigned long long)job->verdict.cut);
    }
    return 0;
}

/* What the exit status says, with the reason on standard error. */
static int answer(const struct vs_check_run *run, bool named, struct vs_error *error)
{
    for (size_t i = 0; i < run->job_count; i++) {
        const char *name = run->jobs[i].policy->name;

        if (named && vs_check_job_is_violated(run, i))
            return vs_error_set(error, VS_ERR_ANSWER, "policy %s breaks a rule", name);
        for (size_t s = 0; !named && s < run->scenario_count; s++)
            if (vs_check_cell_surprises(run, i, s))
                return vs_error_set(error, VS_ERR_ANSWER,
                                    "policy %s: another verdict than scenario %s expects", name,
                                    run->scenarios[s]->name);
    }
    return named || !run->with_campaign ? answer_undecided(run, error) : 0;
}

/* An option that was given a value of its own. */
static bool is_given(const struct values *values, const struct vs_option *option)
{
    const void *at = (const char *)values + option->offset;

    switch (option->type) {
    case VS_OPTION_FLAG:
        return *(const bool *)at;
    case VS_OPTION_LIST:
        return ((const struct vs_strings *)at)->count > 0;
    case VS_OPTION_STRING:
        return *(const char *const *)at != NULL;
    default: /* U64: what the default says may be said again */
        return *(const uint64_t *)at != strtoull(option->fallback, NULL, 10);
    }
}

/* Refuse the options that mean nothing beside another: one that is ignored would mislead. */
static int refuse_idle(const struct values *values, struct vs_error *error)
{
    const struct {
        bool applies;
        const char *idle[16];
        const char *why;
    } rules[] = {
        {values->promela,
         {"replay", "json", "db", "liveness", "actors", "limit", "jobs"},
         "--promela writes models and searches nothing"},
        {values->replay,
         {"scenario", "ops", "actors", "devices", "domains", "rounds", "limit", "failures",
          "liveness", "json", "jobs", "db"},
         "--replay re-executes one schedule and searches nothing"},
        {values->ops, {"scenario"}, "give --ops or --scenario, not both"},
        {values->liveness,
         {"scenario"},
         "--liveness has scenarios of its own: L1 to L6 need no --liveness"},
        {!values->ops && (values->scenarios.count > 0 || values->liveness || values->promela),
         {"failures"},
         "--failures is for --ops, pairs and triples: scenarios say themselves whether steps fail"},
        {values->ops || values->scenarios.count > 0 || values->liveness,
         {"actors"},
         "--actors is for pairs and triples"},
        {!values->ops && (values->scenarios.count > 0 || values->liveness || values->promela),
         {"devices", "domains"},
         "--devices and --domains are for pairs, triples and --ops: scenarios have their own"},
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
        for (const char *const *name = rules[i].idle; rules[i].applies && *name; name++) {
            const struct vs_option *option = options;

            while (strcmp(option->name, *name) != 0)
                option++;
            if (is_given(values, option))
                return vs_error_set(error, VS_ERR_USAGE, "%s; leave out --%s", rules[i].why, *name);
        }
    if (values->replay && values->policies.count > 1)
        return vs_error_set(error, VS_ERR_USAGE, "--replay takes one --policy at most");
    return 0;
}

static int search_and_store(struct vs_check_run *run, const struct values *values,
                            struct vs_store *store, struct vs_error *error)
{
    int signal_number = 0, stored = 0;
    int ret = vs_check_run(run, &signal_number, error);

    if (store && (ret == 0 || signal_number))
        stored = vs_proof_store_check(run, store, error);
    if (stored < 0)
        return stored;
    return signal_number ? vs_check_say_stopped(run, signal_number, values->db, error) : ret;
}

static int run_check(const struct vs_command *command, void *values_given,
                     const struct vs_strings *operands, struct vs_error *error)
{
    const struct values *values = values_given;
    bool only = values->ops || values->scenarios.count > 0 || values->liveness;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct vs_check_run run = {.campaign = {.devices = (uint8_t)values->devices,
                                            .domains = (uint8_t)values->domains,
                                            .actors = (uint8_t)values->actors,
                                            .failures = values->failures,
                                            .limits = {.states = values->limit}},
                               .rounds = (uint8_t)values->rounds,
                               .with_campaign = !only,
                               .threads = values->jobs     ? (unsigned int)values->jobs
                                          : processors > 1 ? (unsigned int)processors
                                                           : 1};
    struct vs_store *store = NULL;

    (void)command;
    (void)operands;
    int ret = refuse_idle(values, error);

    if (ret < 0)
        return ret;
    if (values->replay)
        return vs_check_replay(values->replay,
                               values->policies.count ? values->policies.items[0] : NULL, stdout,
                               error);
    /* First, so that a search is not made in vain. */
    if (values->db)
        ret = vs_store_open(values->db, &store, error);
    if (ret == 0)
        ret = load_scenarios(values, &run, error);
    if (ret == 0)
        ret = load_policies(values, &run, error);
    if (ret == 0 && values->promela) {
        ret = vs_check_write_models(&run, values->promela, stdout, error);
        goto out;
    }
    if (ret == 0)
        ret = search_and_store(&run, values, store, error);
    if (ret == 0 && values->json)
        ret = vs_check_print_json(&run, stdout, error);
    else if (ret == 0)
        ret = vs_check_print(&run, only || values->policies.count > 0, stdout, error);
    if (ret == 0)
        ret = answer(&run, values->policies.count > 0, error);
out:
    release(&run);
    vs_store_close(store);
    return ret;
}

const struct vs_command vs_cmd_check = {
    .name = "check",
    .summary = "Search every interleaving: is a policy safe, and what schedule breaks it?",
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = description,
    .examples = examples,
    .run = run_check,
};
