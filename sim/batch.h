/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs points on threads: what the database has is taken from it, the rest is
 * replayed and stored run by run, so that whatever stops it loses only what was
 * under way.  What comes back does not depend on the number of threads.
 */
#ifndef VS_BATCH_H
#define VS_BATCH_H

#include <stddef.h>

#include "base/options.h"
#include "plan.h"
#include "store/store.h"

struct vs_batch {
    const struct vs_strings *traces;
    struct vs_engine_options engine;
    struct vs_workload_options base_load; /* whose workload stands for all in headers and keys */
    struct vs_store *store;               /* NULL: nothing is stored or taken */
    bool force;                           /* run and replace what is stored */
    unsigned int threads;
    /* On the calling thread after each run and some times a second; may be NULL. */
    void (*tick)(void *context, const struct vs_batch *batch);
    void *context;
    /* Filled. */
    struct vs_workload *base;     /* owned */
    size_t taken, ran, to_run;    /* points found stored; run so far; of to_run */
    const struct vs_point *ended; /* the point that ended last, NULL in a mere tick */
};

/* Load the base workload.  First of all; then any number of rounds of find and run. */
int vs_batch_open(struct vs_batch *batch, struct vs_error *error);
void vs_batch_close(struct vs_batch *batch);

/* The run that a point stands for; valid while batch and point are. */
struct vs_run vs_batch_run_of(const struct vs_batch *batch, const struct vs_point *point);

/* Take what is stored of the points that are not done; counts taken and to_run anew. */
int vs_batch_find(struct vs_batch *batch, struct vs_point *points, size_t count,
                  struct vs_error *error);

/*
 * Run the points that are not done, neighbours of equal load on one workload.  The first error
 * of an engine or of loading ends it after what is under way.  SIGINT and SIGTERM:
 * VS_ERR_STOPPED, and *signal_number says which.
 */
int vs_batch_run(struct vs_batch *batch, struct vs_point *points, size_t count, int *signal_number,
                 struct vs_error *error);

#endif
