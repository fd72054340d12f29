/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies on threads.  Each is searched by one thread from beginning to end, so
 * results do not depend on how many threads there are.
 */
#include "check_run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pool {
    struct vs_check_run *run;
    atomic_size_t next;
};

/* Of this thread alone: what a search takes does not depend on what else the host does. */
static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Does every vCPU get through, again and again? */
static int judge_liveness(const struct vs_check_run *run, struct vs_check_job *job, size_t index,
                          struct vs_check_space *space)
{
    struct vs_check_cell *cell = &job->cells[index];
    int ret = vs_check_liveness(job->code, &run->scenarios[index]->setup, &run->campaign.limits,
                                space, &cell->search, &cell->finding, &job->error);

    if (ret < 0)
        return ret;
    cell->decided = true;
    cell->violated = ret > 0;
    cell->by = VS_VIOLATION_STARVATION;
    cell->found = cell->violated ? 1u << VS_VIOLATION_STARVATION : 0;
    return cell->violated ? vs_check_describe(job->code, &cell->finding, &job->error) : 0;
}

static int judge_scenario(const struct vs_check_run *run, struct vs_check_job *job, size_t index,
                          struct vs_check_space *space)
{
    const struct vs_scenario *scenario = run->scenarios[index];
    struct vs_check_cell *cell = &job->cells[index];
    struct vs_check_result result;

    if (scenario->not_modelled)
        return 0;
    if (scenario->setup.loops)
        return judge_liveness(run, job, index, space);
    int ret = vs_check_explore(job->code, &scenario->setup, &run->campaign.limits, space, NULL,
                               &result, &job->error);

    if (ret < 0)
        return ret;
    cell->decided = true;
    cell->search = result.search;
    cell->found = result.found;
    for (int i = 0; i < VS_VIOLATION_COUNT && !cell->violated; i++) {
        if (!((result.found & scenario->looks_for) >> i & 1u))
            continue;
        cell->violated = true;
        cell->by = (enum vs_violation)i;
        cell->finding = result.findings[i];
        result.findings[i].schedule = NULL;
    }
    vs_check_result_release(&result);
    if (cell->violated)
        ret =
            vs_check_shorten(job->code, &run->campaign.limits, space, &cell->finding, &job->error);
    return ret == 0 && cell->violated ? vs_check_describe(job->code, &cell->finding, &job->error)
                                      : ret;
}

static int run_campaign(const struct vs_check_run *run, struct vs_check_job *job,
                        struct vs_check_space *space)
{
    int ret = vs_check_campaign_run(job->code, &run->campaign, space, &job->verdict, &job->error);

    for (int i = 0; ret == 0 && i < VS_VIOLATION_COUNT; i++) {
        struct vs_check_finding *finding = &job->verdict.findings[i];

        if (!((job->verdict.found >> i) & 1u) || i == VS_VIOLATION_ORDER_INVERSION)
            continue;
        ret = vs_check_shorten(job->code, &run->campaign.limits, space, finding, &job->error);
        if (ret == 0)
            ret = vs_check_describe(job->code, finding, &job->error);
    }
    return ret;
}

static int run_job(const struct vs_check_run *run, struct vs_check_job *job,
                   struct vs_check_space *space)
{
    double begin = seconds_now();
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < run->scenario_count; i++)
        ret = judge_scenario(run, job, i, space);
    if (ret == 0 && run->with_campaign)
        ret = run_campaign(run, job, space);
    job->seconds = seconds_now() - begin;
    return ret;
}

static void *work(void *context)
{
    struct pool *pool = context;
    struct vs_check_space *space = vs_check_space_new();

    for (;;) {
        size_t index = atomic_fetch_add(&pool->next, 1);

        if (index >= pool->run->job_count)
            break;
        /* From the end: the policies that take longest are the last ones. */
        struct vs_check_job *job = &pool->run->jobs[pool->run->job_count - 1 - index];

        job->code_result = space ? run_job(pool->run, job, space)
                                 : vs_error_set(&job->error, VS_ERR_MEMORY, "out of memory");
    }
    vs_check_space_free(space);
    return NULL;
}

int vs_check_run(struct vs_check_run *run, struct vs_error *error)
{
    struct pool pool = {.run = run};
    pthread_t others[64];
    unsigned int started = 0;

    while (started + 1 < run->threads && started + 1 < run->job_count && started < 64 &&
           pthread_create(&others[started], NULL, work, &pool) == 0)
        started++;
    work(&pool);
    for (unsigned int i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    for (size_t i = 0; i < run->job_count; i++) {
        if (run->jobs[i].code_result == 0)
            continue;
        if (error && error->code == VS_OK)
            *error = run->jobs[i].error;
        return run->jobs[i].code_result;
    }
    return 0;
}

bool vs_check_cell_surprises(const struct vs_check_run *run, size_t job, size_t scenario)
{
    const struct vs_check_cell *cell = &run->jobs[job].cells[scenario];
    int expected = vs_scenario_expected(run->scenarios[scenario], run->jobs[job].policy->name);

    return cell->decided && expected >= 0 && (expected == 1) != cell->violated;
}

bool vs_check_cell_is_open(const struct vs_check_cell *cell)
{
    return cell->decided && !cell->violated && !cell->search.complete;
}

size_t vs_check_job_breaks(const struct vs_check_run *run, size_t job, size_t *open)
{
    size_t count = 0;

    *open = 0;
    for (size_t i = 0; i < run->scenario_count; i++) {
        count += run->jobs[job].cells[i].violated;
        *open += vs_check_cell_is_open(&run->jobs[job].cells[i]);
    }
    return count;
}

bool vs_check_job_is_violated(const struct vs_check_run *run, size_t job)
{
    bool violated = run->with_campaign && run->jobs[job].verdict.found != 0;

    for (size_t i = 0; i < run->scenario_count; i++)
        violated |= run->jobs[job].cells[i].violated;
    return violated;
}
