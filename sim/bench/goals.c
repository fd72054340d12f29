/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See goals.h. */
#include "goals.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>

static const struct vs_goal goals[] = {
    {"global-4-saturated", VS_GOAL_ACCESS_NS, 45, 90},
    {"global-64-saturated", VS_GOAL_ACCESS_NS, 50, 120},
    {"global-512-saturated", VS_GOAL_ACCESS_NS, 75, 130},
    {"domain-512-saturated", VS_GOAL_ACCESS_NS, 60, 140},
    {"global-*-low", VS_GOAL_ACCESS_NS, 30, 60},
    {"domain-*-low", VS_GOAL_ACCESS_NS, 30, 60},
    {"global-4-saturated", VS_GOAL_INSTRUCTIONS, 0, 400},
    {"global-64-saturated", VS_GOAL_INSTRUCTIONS, 0, 520},
    {"global-512-saturated", VS_GOAL_INSTRUCTIONS, 0, 600},
    {"global-*-low", VS_GOAL_INSTRUCTIONS, 250, 400},
    {"domain-*-low", VS_GOAL_INSTRUCTIONS, 250, 400},
    {"*:*", VS_GOAL_STEP_NS, 15, 30},
    {"global-512-*", VS_GOAL_STATE_BYTES, 2e6, 0},
    {"domain-512-*", VS_GOAL_STATE_BYTES, 2e6, 0},
    {"global-*-*", VS_GOAL_CALL_BYTES, 16, 32},
    {"domain-*-*", VS_GOAL_CALL_BYTES, 16, 32},
    {"workers-2", VS_GOAL_WORKER, 1, 1.01},
    {"store-*", VS_GOAL_STORE, 0, 2},
};

const struct vs_goal *vs_goal_of(const char *row, enum vs_goal_unit unit)
{
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++)
        if (goals[i].unit == unit && fnmatch(goals[i].rows, row, 0) == 0)
            return &goals[i];
    return NULL;
}

const char *vs_goal_unit_name(enum vs_goal_unit unit)
{
    static const char *const names[VS_GOAL_UNIT_COUNT] = {
        "ns/access",      "ns/step",      "instructions/access",
        "bytes of state", "bytes/access", "x instructions of 1",
        "% of a replay"};
    return names[unit];
}

const char *vs_goal_verdict(const struct vs_goal *goal, double measured, char *buffer)
{
    if (goal->limit > 0 && measured > goal->limit)
        snprintf(buffer, VS_GOAL_TEXT, "limit missed: %.2f x", measured / goal->limit);
    else if (goal->goal > 0 && measured > goal->goal)
        snprintf(buffer, VS_GOAL_TEXT, "%.2f x goal", measured / goal->goal);
    else
        snprintf(buffer, VS_GOAL_TEXT, goal->goal > 0 ? "goal reached" : "within limit");
    return buffer;
}
