/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Experiments as data: what to run, what to read off, what was published. */
#ifndef VS_VALIDATE_EXPERIMENTS_H
#define VS_VALIDATE_EXPERIMENTS_H

#include "lab.h"
#include "validate.h"

enum vs_measure {
    /* of tight loops, ns */
    VS_MEASURE_OVERHEAD,     /* a thread's round without its hold */
    VS_MEASURE_PERIOD,       /* time per acquisition, over all threads */
    VS_MEASURE_UPDATE,       /* half a thread's round: get and put are two updates */
    VS_MEASURE_UPDATE_ALONE, /* the same without the hold between them: nobody else needs the line
                              */
    VS_MEASURE_PAIRS,        /* of the profile alone: percentile experiment.state over CPU pairs */
    /* of queues, in the load's time unit */
    VS_MEASURE_THROUGHPUT,
    VS_MEASURE_WAIT,
    VS_MEASURE_RESPONSE,
    VS_MEASURE_POPULATION, /* mean number that hold or wait */
    VS_MEASURE_UTILISATION,
    VS_MEASURE_WAITED_SHARE, /* of acquisitions */
    VS_MEASURE_RESPONSE_P99,
    VS_MEASURE_WAIT_P99,    /* recorded loads */
    VS_MEASURE_WAIT_HALF,   /* recorded loads: over the first half of calls */
    VS_MEASURE_STATE_SHARE, /* of time with exactly experiment.state inside */
    VS_MEASURE_TAIL_SHARE,  /* of time with so many or more */
    VS_MEASURE_COUNT
};

enum vs_combine {
    VS_COMBINE_NONE,
    VS_COMBINE_RATIO,    /* load over the same load with against threads */
    VS_COMBINE_SPEED_UP, /* the inverse: throughput of load over that with against threads */
    VS_COMBINE_SLOPE,    /* least squares over fit_threads: per further thread */
    VS_COMBINE_INTERCEPT /* the same: at one thread */
};

#define VS_FIT_MAX 8

struct vs_experiment {
    const char *id, *what, *machine, *unit;
    enum vs_row_role role;
    enum vs_measure measure;
    struct vs_lab_load load;
    uint32_t state; /* below VS_RECORD_STATES, or a percentile: as the measure says */
    double published, tolerance;
    const char *source;
    enum vs_combine combine;
    uint32_t against;                 /* threads; where the load states CPUs, CPUs */
    uint32_t fit_threads[VS_FIT_MAX]; /* up to the first 0 */
};

struct vs_experiment_list {
    const struct vs_experiment *experiments;
    size_t count;
};

/* rows_hardware.c: measured by others; rows_exact.c: closed forms. */
extern const struct vs_experiment_list vs_hardware_experiments, vs_exact_experiments;

#endif
