/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void vs_random_seed(struct vs_random *random, uint64_t seed, uint64_t stream)
{
    uint64_t mixer = seed;
    mixer = splitmix64(&mixer) + stream;
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&mixer);
}

static inline uint64_t rotate(uint64_t value, unsigned int by)
{
    return value << by | value >> (64 - by);
}

uint64_t vs_random_next(struct vs_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t vs_random_below(struct vs_random *random, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)vs_random_next(random) * bound) >> 64);
}

/*
 * von Neumann's comparison method (1951; also Knuth, TAOCP 2, 3.4.1):
 * the first number of a descending run of odd length is the fractional part of an
 * exponential deviate, the runs of even length before it are its whole part.
 */
vs_ns vs_random_exponential(struct vs_random *random, vs_ns mean_ns)
{
    for (uint64_t whole = 0;; whole++) {
        uint64_t first = vs_random_next(random), last = first;
        unsigned int length = 1;
        for (;;) {
            uint64_t next = vs_random_next(random);
            if (next > last)
                break;
            last = next;
            length++;
        }
        if (length & 1) {
            unsigned __int128 deviate = (unsigned __int128)whole << 32 | first >> 32;
            return (vs_ns)((deviate * mean_ns) >> 32);
        }
    }
}
