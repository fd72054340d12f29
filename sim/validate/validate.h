/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator against what others published: each row is one experiment, run
 * by the engine on the profile of the machine that it was made on, beside the
 * published value.
 *
 * Roles.  A row that set a parameter of its machine's profile shows that the
 * model can reproduce it, no more (calibrate).  Every other measured row is a
 * prediction.  Exact rows are mathematics: closed forms that a correct engine
 * must meet on a machine without costs.
 */
#ifndef VS_VALIDATE_VALIDATE_H
#define VS_VALIDATE_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

enum vs_row_role { VS_ROW_PREDICTION, VS_ROW_CALIBRATE, VS_ROW_EXACT };

struct vs_validate_row {
    const char *id;      /* "readers/rwlock-48": group and row */
    const char *what;    /* the experiment in a few words */
    const char *machine; /* profile, or "ideal": nothing costs anything but what the row says */
    const char *unit;
    enum vs_row_role role;
    double published;
    double simulated;
    double error;     /* simulated / published - 1; the difference where published is 0 */
    double tolerance; /* of error, either way */
    bool holds;
    const char *source;
};

#define VS_ROW_ROLE_COUNT 3

/* The rows of one experiment: those whose ids begin with its name and a '/'. */
struct vs_validate_group {
    const char *name;                                         /* "readers" */
    const char *what;                                         /* in a line */
    size_t count[VS_ROW_ROLE_COUNT], held[VS_ROW_ROLE_COUNT]; /* by enum vs_row_role */
    const struct vs_validate_row *worst; /* of its predictions, else of all, by |error| */
};

struct vs_validate_report {
    struct vs_validate_row *rows;
    size_t count, out_count;          /* rows, and those that do not hold */
    struct vs_validate_group *groups; /* in the order of their rows */
    size_t group_count;
    struct vs_validate_group total; /* over all groups */
};

/*
 * Run the rows that are selected: by id, by group (the part before the '/'), or
 * all where selected_count is 0.  progress may be NULL.  Errors: VS_ERR_USAGE
 * for a name that is neither, VS_ERR_MEMORY, and whatever the engine says.  Free
 * with vs_validate_report_free.
 */
int vs_validate_run(const char *const *selected, size_t selected_count,
                    void (*progress)(void *context, size_t done, size_t total), void *context,
                    struct vs_validate_report **report, struct vs_error *error);
void vs_validate_report_free(struct vs_validate_report *report);

/* "prediction", "calibrate", "exact" */
const char *vs_row_role_name(enum vs_row_role role);
/* The report as JSON, owned by the caller. */
struct vs_json_out *vs_validate_json(const struct vs_validate_report *report);

#endif
