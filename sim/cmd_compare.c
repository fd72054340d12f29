/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim compare-engines: simulated beside measured, on this host.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/json.h"
#include "base/options.h"
#include "calibrate/calibrate.h"
#include "calibrate/topology.h"
#include "commands.h"
#include "compare.h"
#include "table.h"
#include "threads/synthetic.h"
#include "threads/threads.h"

#define THREADS_MAX 1024
#define ROUNDS_MAX  1000
#define CALLS_MAX   10000000
#define SEED_MAX    9007199254740992.0 /* JSON readers may hold numbers as doubles */

struct values {
    struct vs_strings policies;
    const char *machine, *work;
    uint64_t threads, rounds, calls, seed, writes, toggles;
    vs_ns gap_ns, max_think_ns;
    bool json, rebase, realtime;
};

static const struct vs_option options[] = {
    {"policy", 'p', VS_OPTION_LIST, offsetof(struct values, policies), "NAME|FILE",
     "A policy that ships, or a JSON file. Without it, all that ship.", NULL, NULL, 0, 0},
    {"threads", 't', VS_OPTION_U64, offsetof(struct values, threads), "N",
     "Compare with 1 to N threads; 0 for as many as there are CPUs. For a trace they are its "
     "pCPUs.",
     "0", NULL, 0, THREADS_MAX},
    {"rounds", 'r', VS_OPTION_U64, offsetof(struct values, rounds), "N",
     "Measured runs of each policy and number of threads, in turns; their median counts.", "5",
     NULL, 1, ROUNDS_MAX},
    {"machine", 'm', VS_OPTION_STRING, offsetof(struct values, machine), "NAME|FILE",
     "Simulate on this machine profile. Without it, on this host as it is measured first.", NULL,
     NULL, 0, 0},
    {"work", 0, VS_OPTION_STRING, offsetof(struct values, work), "NAME|FILE",
     "Without --machine: the profile whose work costs both engines take. Without it, the first "
     "that ships.",
     NULL, NULL, 0, 0},
    {"calls", 0, VS_OPTION_U64, offsetof(struct values, calls), "N",
     "Without a trace: calls of each vCPU of the synthetic workload.", "4000", NULL, 1, CALLS_MAX},
    {"gap", 0, VS_OPTION_DURATION, offsetof(struct values, gap_ns), "DURATION",
     "Without a trace: mean time between two calls of a vCPU.", "8us", NULL, 0, 0},
    {"writes", 0, VS_OPTION_U64, offsetof(struct values, writes), "PERCENT",
     "Without a trace: share of config writes.", "20", NULL, 0, 100},
    {"toggles", 0, VS_OPTION_U64, offsetof(struct values, toggles), "PERCENT",
     "Without a trace: share of calls that switch memory decoding; part of the writes.", "1", NULL,
     0, 100},
    {"seed", 0, VS_OPTION_U64, offsetof(struct values, seed), "N",
     "Without a trace: seed of the workload.", "1", NULL, 0, SEED_MAX},
    {"rebase", 0, VS_OPTION_FLAG, offsetof(struct values, rebase), NULL,
     "With a trace: start every vCPU's stream at time 0: a what-if.", NULL, NULL, 0, 0},
    {"max-think", 0, VS_OPTION_DURATION, offsetof(struct values, max_think_ns), "DURATION",
     "With a trace: cut idle gaps to this (as 1ms): a what-if. Measuring takes as long as the "
     "trace does.",
     NULL, NULL, 0, 0},
    {"realtime", 0, VS_OPTION_FLAG, offsetof(struct values, realtime), NULL,
     "Run the threads, and the measuring before, at real-time priority (as root), so that nothing "
     "else on the host disturbs them. Everything else stands still for some seconds.",
     NULL, NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print all numbers as JSON in place of the tables.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

/* All that is open while it runs. */
struct session {
    const struct values *values;
    const struct vs_strings *traces;
    struct vs_policy **policies;
    size_t policy_count;
    struct vs_machine *machine;
    struct vs_host_clock clock;
    struct vs_workload **workloads; /* by threads - 1 */
    size_t workload_count;          /* 1 for a trace, then shared */
    uint16_t threads;
    size_t host_cpus;
    struct vs_synthetic synthetic;
};

static void close_session(struct session *session)
{
    for (size_t i = 0; session->policies && i < session->policy_count; i++)
        vs_policy_free(session->policies[i]);
    for (size_t i = 0; session->workloads && i < session->workload_count; i++)
        vs_workload_free(session->workloads[i]);
    free(session->policies);
    free(session->workloads);
    vs_machine_free(session->machine);
}

static int load_policies(struct session *session, struct vs_error *error)
{
    const char *const *names = session->values->policies.items;
    size_t count = session->values->policies.count;

    if (count == 0) {
        names = vs_policy_names();
        while (names[count])
            count++;
    }
    session->policies = calloc(count, sizeof(*session->policies));
    if (!session->policies)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        int ret = vs_policy_load(names[i], &session->policies[i], error);

        if (ret < 0)
            return ret;
        session->policy_count = i + 1;
    }
    return 0;
}

/* This host, measured now, as a machine. */
static int measure_machine(struct session *session, struct vs_error *error)
{
    struct vs_calibration found;
    struct vs_json_out *profile = NULL;
    struct vs_machine *base = NULL;
    const char *work = session->values->work ? session->values->work : vs_machine_names()[0];
    char *text = NULL;
    int ret = vs_machine_load(work, &base, error);

    if (ret == 0)
        ret = vs_calibrate(11, &found, error);
    if (ret == 0) {
        profile = vs_calibrate_profile(&found, base, "this-host", error);
        ret = profile ? vs_json_text(profile, &text, error) : VS_ERR_MEMORY;
    }
    if (ret == 0)
        ret = vs_machine_compile(text, strlen(text), "measured now", &session->machine, error);
    free(text);
    vs_json_out_free(profile);
    vs_machine_free(base);
    return ret;
}

static int make_workloads(struct session *session, struct vs_error *error)
{
    const struct values *values = session->values;

    session->workloads = calloc(session->threads, sizeof(*session->workloads));
    if (!session->workloads)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (session->traces->count > 0) {
        const struct vs_workload_options load = {.speed = 1,
                                                 .clones = 1,
                                                 .rebase = values->rebase,
                                                 .max_think_ns = values->max_think_ns};
        int ret = vs_workload_load(session->traces->items, session->traces->count, &load,
                                   &session->workloads[0], error);

        session->workload_count = 1;
        for (uint16_t i = 1; i < session->threads; i++)
            session->workloads[i] = session->workloads[0];
        return ret;
    }
    session->synthetic = (struct vs_synthetic){.calls = (uint32_t)values->calls,
                                               .mean_gap_ns = values->gap_ns,
                                               .write_percent = (uint32_t)values->writes,
                                               .toggle_percent = (uint32_t)values->toggles,
                                               .seed = values->seed};
    for (uint16_t i = 0; i < session->threads; i++) {
        session->synthetic.vcpus = (uint16_t)(i + 1);
        int ret = vs_synthetic_workload(&session->synthetic, &session->workloads[i], error);

        if (ret < 0)
            return ret;
        session->workload_count = i + 1u;
    }
    return 0;
}

static int open_session(struct session *session, struct vs_error *error)
{
    const struct values *values = session->values;
    struct vs_host_cpu *cpus = NULL;
    int ret = 0;

    if (values->toggles > values->writes)
        ret = vs_error_set(error, VS_ERR_USAGE,
                           "--toggles %llu is more than --writes %llu: toggles are part of the "
                           "writes",
                           (unsigned long long)values->toggles, (unsigned long long)values->writes);
    if (ret == 0)
        ret = load_policies(session, error);
    if (ret == 0)
        ret = vs_host_cpus(&cpus, &session->host_cpus, error);
    free(cpus);
    if (ret < 0)
        return ret;
    if (values->threads > session->host_cpus)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--threads %llu: this process may use %zu CPUs, and more threads than "
                            "CPUs would measure the scheduler",
                            (unsigned long long)values->threads, session->host_cpus);
    session->threads = (uint16_t)(values->threads ? values->threads : session->host_cpus);
    if (session->threads > THREADS_MAX)
        session->threads = THREADS_MAX;
    ret = make_workloads(session, error);
    if (ret == 0 && values->realtime)
        ret = vs_threads_realtime(error);
    if (ret == 0)
        ret = vs_host_clock_calibrate(&session->clock, error);
    if (ret == 0)
        ret = values->machine ? vs_machine_load(values->machine, &session->machine, error)
                              : measure_machine(session, error);
    return ret;
}

static const char *host_name(struct utsname *host)
{
    return uname(host) == 0 ? host->nodename : "this host";
}

static const char cannot[] =
    "What this cannot tell: anything about more CPUs, another machine or several sockets; what a "
    "hypervisor's own work costs, since both engines take that from a profile and threads spin for "
    "it; and, in the measured columns, the interpreter's own time, some tens of ns a step, which "
    "the simulation leaves out and which shows as the ratio at 1 thread.";

static void print_header(const struct session *session)
{
    struct utsname host;
    char text[600], workload[VS_SYNTHETIC_TEXT], clock[VS_HOST_CLOCK_TEXT];

    snprintf(text, sizeof(text), "This is one host, %s, with %zu CPU%s. %s", host_name(&host),
             session->host_cpus, vs_plural(session->host_cpus), cannot);
    vs_table_wrap(stdout, "", text);
    putchar('\n');
    vs_table_wrap(stdout, "workload ",
                  session->traces->count > 0 ? session->workloads[0]->name
                                             : vs_synthetic_text(&session->synthetic, workload));
    snprintf(text, sizeof(text), "%s: %s", session->machine->name, session->machine->summary);
    vs_table_wrap(stdout, "machine  ", text);
    snprintf(text, sizeof(text),
             "transfer within a socket %.1f ns, busy line %.1f ns a request, atomic %.1f ns, "
             "fence %.1f ns",
             (double)session->machine->transfer_ps[VS_SAME_SOCKET] / (double)VS_PS_PER_NS,
             (double)session->machine->line_service_ps / (double)VS_PS_PER_NS,
             (double)session->machine->atomic_ps / (double)VS_PS_PER_NS,
             (double)session->machine->fence_ps / (double)VS_PS_PER_NS);
    vs_table_wrap(stdout, "         ", text);
    vs_table_wrap(stdout, "threads  ", vs_host_clock_text(&session->clock, clock));
    vs_table_wrap(
        stdout, "         ",
        session->values->realtime
            ? "at real-time priority: nothing ordinary ran on their CPUs, but for the kernel's "
              "reserve"
            : "at ordinary priority: what else runs on this host is measured, too");
    putchar('\n');
}

static struct vs_json_out *document(const struct session *session,
                                    const struct vs_comparison *comparison)
{
    struct utsname host;
    char text[VS_HOST_CLOCK_TEXT];
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "version", VS_VERSION);
    vs_json_add_string(out, "host", host_name(&host));
    vs_json_add_u64(out, "host_cpus", session->host_cpus);
    vs_json_add_string(out, "cannot_tell", cannot);
    vs_json_add_string(out, "clock", vs_host_clock_text(&session->clock, text));
    vs_json_add_string(out, "machine", session->machine->name);
    vs_json_add_string(out, "machine_summary", session->machine->summary);
    vs_json_add_boolean(out, "machine_measured_now", !session->values->machine);
    vs_json_add_boolean(out, "realtime", session->values->realtime);
    vs_json_add_boolean(out, "synthetic", session->workloads[0]->synthetic);
    vs_json_add_string(out, "workload",
                       session->traces->count > 0 ? session->workloads[0]->name
                                                  : vs_synthetic_text(&session->synthetic, text));
    vs_json_add_u64(out, "rounds", session->values->rounds);
    vs_json_add(out, "rows", vs_comparison_json(comparison));
    return out;
}

static void show_progress(void *context, size_t done, size_t all)
{
    (void)context;
    fprintf(stderr, "\rcompare-engines: %zu of %zu runs", done, all);
    fflush(stderr);
}

static int run(const struct vs_command *command, void *parsed, const struct vs_strings *traces,
               struct vs_error *error)
{
    struct session session = {.values = parsed, .traces = traces};
    struct vs_comparison comparison = {0};
    int ret = open_session(&session, error);

    (void)command;
    if (ret < 0)
        goto out;
    const struct vs_compare_request request = {
        .policies = session.policies,
        .policy_count = session.policy_count,
        .machine = session.machine,
        .clock = &session.clock,
        .workloads = (const struct vs_workload *const *)session.workloads,
        .threads_max = session.threads,
        .rounds = (uint32_t)session.values->rounds,
        .realtime = session.values->realtime,
        .progress = isatty(STDERR_FILENO) == 1 ? show_progress : NULL};

    ret = vs_compare(&request, &comparison, error);
    if (request.progress)
        fputs("\r\033[K", stderr);
    if (ret < 0)
        goto out;
    if (session.values->json) {
        struct vs_json_out *out = document(&session, &comparison);

        ret = vs_json_print(out, stdout, error);
        vs_json_out_free(out);
    } else {
        print_header(&session);
        vs_comparison_print(&comparison, stdout);
    }
out:
    vs_comparison_release(&comparison);
    close_session(&session);
    return ret;
}

static const char *const examples[] = {
    "vpci-sim compare-engines",
    "vpci-sim compare-engines --policy pci-lock --policy rcu --rounds 11",
    "vpci-sim compare-engines host.vpt --rebase --max-think 20us --json",
    NULL,
};

const struct vs_command vs_cmd_compare = {
    .name = "compare-engines",
    .summary = "Simulated beside measured: the same lock programs by real threads on this host",
    .operands = "[TRACE...]",
    .operands_max = 1024,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description =
        "Runs the same workload under the same policies twice: simulated in virtual time on a "
        "profile of this host, and by real threads with real locks (ports of Xen's, Concurrency "
        "Kit's, liburcu), for 1 to N threads. Prints throughput, mean and p99 latency and the "
        "waiting for each lock, simulated and measured, with the ratio over interleaved rounds.\n\n"
        "Without a trace the workload is made up, and is like no guest's: its vCPUs access the "
        "same four devices all at once. Run it on an idle host: what else runs there is measured "
        "too. A deadlock is a result: it is ended after 5 s in which nobody makes a step.",
    .examples = examples,
    .run = run,
};
