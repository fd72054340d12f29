/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine's speed is held against: goals that were set from prototypes and
 * peers on a development machine (2 vCPUs at about 3 GHz, gcc 12), before this
 * engine was measured.  A row has a goal, and a limit that it must not miss.
 */
#ifndef VS_BENCH_GOALS_H
#define VS_BENCH_GOALS_H

#include <stdbool.h>

enum vs_goal_unit {
    VS_GOAL_ACCESS_NS,    /* p10 of chunks, per access */
    VS_GOAL_STEP_NS,      /* p10 of chunks, per lock-program step */
    VS_GOAL_INSTRUCTIONS, /* per access of the replay, preparing aside */
    VS_GOAL_STATE_BYTES,  /* held beyond the compiled calls */
    VS_GOAL_CALL_BYTES,   /* held per access */
    VS_GOAL_WORKER,       /* a worker's instructions beside another, over those of one alone */
    VS_GOAL_STORE,        /* storing, in % of a replay */
    VS_GOAL_UNIT_COUNT
};

struct vs_goal {
    const char *rows; /* shell pattern of row names */
    enum vs_goal_unit unit;
    double goal, limit; /* 0: none is set */
};

/* The goal of a row in a unit, NULL: none is set. */
const struct vs_goal *vs_goal_of(const char *row, enum vs_goal_unit unit);
const char *vs_goal_unit_name(enum vs_goal_unit unit);
/* "goal reached", "1.24 x goal", "limit missed: 1.10 x", or with a limit alone "within
 * limit"; buffer of VS_GOAL_TEXT bytes. */
#define VS_GOAL_TEXT 48
const char *vs_goal_verdict(const struct vs_goal *goal, double measured, char *buffer);

#endif
