/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeded random numbers for `inject` and `generate`: the same seed gives the same
 * numbers on every machine, so nothing here uses floating point or libm.
 */
#ifndef VS_TRACE_RANDOM_H
#define VS_TRACE_RANDOM_H

#include <stdint.h>

#include "base/units.h"

/* xoshiro256** 1.0 (Blackman and Vigna, 2018), state filled by splitmix64. */
struct vs_random {
    uint64_t state[4];
};

/* stream separates independent sequences of one seed. */
void vs_random_seed(struct vs_random *random, uint64_t seed, uint64_t stream);
uint64_t vs_random_next(struct vs_random *random);
/* 0 to bound - 1, bound >= 1, without bias worth measuring (Lemire's multiplication;
 * its bias is below bound / 2^64). */
uint64_t vs_random_below(struct vs_random *random, uint64_t bound);
/* An exponentially distributed time with this mean: gaps of a Poisson process. */
vs_ns vs_random_exponential(struct vs_random *random, vs_ns mean_ns);

#endif
