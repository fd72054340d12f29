/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vpci-sim check` works on and prints: policies against scenarios, and
 * each policy's campaign.  cmd_check.c fills it, check_run.c runs it on threads,
 * check_print.c and check_json.c tell it.
 */
#ifndef VS_CHECK_RUN_H
#define VS_CHECK_RUN_H

#include "check/scenario.h"

struct vs_check_cell {
    bool decided; /* false: the scenario is not modelled */
    bool violated;
    uint32_t found;                  /* bit per enum vs_violation, also those that do not decide */
    enum vs_violation by;            /* what decided it */
    struct vs_check_finding finding; /* of a violated cell */
    struct vs_check_search search;
};

/* One policy: the unit that a thread takes. */
struct vs_check_job {
    struct vs_policy *policy;
    struct vs_check_code *code;
    struct vs_check_verdict verdict;
    struct vs_check_cell *cells; /* one per scenario */
    double seconds;              /* of CPU time */
    int code_result; /* VS_ERR_STOPPED: not searched to its end; 0 or a negative enum vs_err, with
                        error */
    struct vs_error error;
};

struct vs_check_run {
    struct vs_check_job *jobs;
    size_t job_count;
    struct vs_scenario **scenarios;
    size_t scenario_count;
    struct vs_check_campaign campaign;
    bool with_campaign;
    uint8_t rounds;
    unsigned int threads;
};

/*
 * Run all jobs on threads; the first error of the first job that has one.  SIGINT and SIGTERM
 * end it early: VS_ERR_STOPPED without a text, and *signal_number says which it was.  Jobs
 * that were searched to their end by then have code_result 0, the others VS_ERR_STOPPED.
 */
int vs_check_run(struct vs_check_run *run, int *signal_number, struct vs_error *error);
/* That it was stopped and what was done by then, stored in db unless that is NULL. */
int vs_check_say_stopped(const struct vs_check_run *run, int signal_number, const char *db,
                         struct vs_error *error);
/* Does a cell differ from what its scenario expects? */
bool vs_check_cell_surprises(const struct vs_check_run *run, size_t job, size_t scenario);
/* Modelled, not violated, and the search stopped at its limit? */
bool vs_check_cell_is_open(const struct vs_check_cell *cell);
/* Scenarios that a policy breaks; *open: those that are not decided. */
size_t vs_check_job_breaks(const struct vs_check_run *run, size_t job, size_t *open);
/* Has a policy broken a rule, in a scenario or in its campaign? */
bool vs_check_job_is_violated(const struct vs_check_run *run, size_t job);

/* What was searched, into buffer[VS_CHECK_BOUNDS_TEXT], and what was not.  Returns buffer. */
#define VS_CHECK_BOUNDS_TEXT 320
char *vs_check_explored(const struct vs_check_run *run, char *buffer);
const char *vs_check_not_explored(void);

/* check_print.c: bounds, verdicts and matrix; with schedules, those of each finding. */
int vs_check_print(const struct vs_check_run *run, bool schedules, FILE *stream,
                   struct vs_error *error);
/* check_json.c: the same as one object with every schedule. */
int vs_check_print_json(const struct vs_check_run *run, FILE *stream, struct vs_error *error);

#endif
