/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results database, read only.  The one header through which the rest of
 * vpci-report sees it; query.c alone includes sqlite3.h.
 *
 * Beside SQLite's own, queries may use
 *   u32le(blob, offset), u64le(blob, offset)  little-endian integers; NULL past the end
 *   bucket_floor_ns(index)                    smallest value of a histogram's bucket
 *   duration(ns)                              "4.21 µs"
 *   number(x)                                 three significant digits, "12,300"
 *   percent(share)                            "4.5 %"
 *   negligible_wait()                         VS_WAIT_NEGLIGIBLE
 *   shipped_policy(policy, policy_rank)       the name, or '' for the user's own file
 *   is_reference(policy, policy_rank)         the floor or the ceiling, as shipped
 * the temporary table spread(run_id, leads, replicas, ...) of queries/replicas.sql, which puts
 * the replicas of a run together, and the temporary table shown(run_id, row, name, legend): the
 * runs that a plot or a table is about, in the order of every comparison, with the name that each
 * has in a table and in a plot.
 */
#ifndef VS_ANALYSIS_QUERY_H
#define VS_ANALYSIS_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "table.h"

struct vs_query;

/* schema.sql: policy_rank of the user's own policies, whatever they are named. */
#define VS_RANK_OWN 1000

/* Waiting for locks below this share of the time at work in the hypervisor is a handful
 * of collisions: it is called next to nothing, and no plot shows shares of it. */
#define VS_WAIT_NEGLIGIBLE 0.001

/* A row of `shown`. */
struct vs_shown {
    int64_t run_id;
    const char *name, *legend; /* borrowed */
};

/*
 * Open a database for reading.  VS_ERR_HOST when the file cannot be read;
 * VS_ERR_INPUT when it is no database, another program's, of another schema
 * version (both named), damaged, or without any run, search or hypothesis.
 */
int vs_query_open(const char *path, struct vs_query **query, struct vs_error *error);

/* Replays that the database holds; it may hold searches and hypotheses alone. */
int64_t vs_query_run_count(const struct vs_query *query);
void vs_query_close(struct vs_query *query);

/* After the last query: VS_ERR_HOST when the answers may not belong together, since
 * somebody wrote to the database meanwhile. */
int vs_query_settle(const struct vs_query *query, struct vs_error *error);

/* Replace the rows of `shown`. */
int vs_query_show(struct vs_query *query, const struct vs_shown *shown, size_t count,
                  struct vs_error *error);

/*
 * Run the statement that follows the line "-- table: NAME" in an embedded file
 * ("plots/latency.sql").  The caller frees *table; NULL when the file has no
 * such statement.  VS_ERR_INPUT when the database's content stands in the way.
 */
int vs_query_table(struct vs_query *query, const char *file, const char *name,
                   struct vs_table **table, struct vs_error *error);

#endif
