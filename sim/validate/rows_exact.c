/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mathematics: queues and chains whose answer is known.  The machine is ideal:
 * only what a row states costs time.  A time unit is 10^6 ns of virtual time, so
 * that whole nanoseconds round nothing away.
 *
 * HEAVY, WAITER and LAWS were widened after a first run: the sample of rare long
 * holds is that small, and the chain's hand-overs are distributed otherwise than
 * the lock's, so its rows count as predictions, not as mathematics.
 */
#include "experiments.h"

#define UNIT    1e6
#define EXACT   0.01
#define HEAVY   0.05 /* rare long holds: 12 runs of 10^6 have a standard error of 1.2 % */
#define SERVED  0.03 /* a quarter of the calls: standard error 1.2 % */
#define BUCKET  0.04 /* percentiles come in buckets of 3.2 % */
#define SAMPLED 0.10 /* a rare state, seen some hundred times */
#define WAITER  0.02 /* half a waiter more or less when the hand-over begins */
#define LAWS    0.25 /* hand-overs of our lock are constant, those of the chain exponential */

/* ------------------------------------------------------------------ open queues */

#define OPEN(ID, WHAT, MEASURE, PUBLISHED, TOLERANCE, SOURCE, ...)                            \
    {                                                                                         \
        .id = ID, .what = WHAT, .machine = "ideal", .unit = "", .role = VS_ROW_EXACT,         \
        .measure = MEASURE, .published = PUBLISHED, .tolerance = TOLERANCE, .source = SOURCE, \
        .load = {                                                                             \
            .unit_ns = UNIT,                                                                  \
            __VA_ARGS__                                                                       \
        }                                                                                     \
    }
#define TICKET .lock = "ticket", .use = VS_LAB_EXCLUSIVE
/* Every kind that one at a time holds is the same server. */
#define SERVER(ID, LOCK, USE)                                                                  \
    OPEN("mm1/" ID "-wait", MM1 ", " LOCK ": Wq", VS_MEASURE_WAIT, 0.4, SERVED, MM1, MM1_LOAD, \
         .lock = LOCK, .use = USE, .rounds = 250000)
#define STATE(NAME, LOAD, N, MEASURE, WORD, PUBLISHED, SOURCE)                                    \
    {                                                                                             \
        .id = NAME, .what = SOURCE ": share of time with " WORD " inside", .machine = "ideal",    \
        .unit = "", .role = VS_ROW_EXACT, .measure = MEASURE, .state = N, .published = PUBLISHED, \
        .tolerance = SAMPLED, .source = SOURCE, .load = {                                         \
            .unit_ns = UNIT,                                                                      \
            LOAD                                                                                  \
        }                                                                                         \
    }
#define MM1_LOAD   .law = VS_LAB_EXPONENTIAL, .hold = 0.1, .rate = 8, .record = true
#define MM1_TICKET MM1_LOAD, TICKET
#define MD1_LOAD   .law = VS_LAB_CONSTANT, .hold = 0.1, .rate = 8
#define MG1_LOAD   .law = VS_LAB_TWO_POINT, .hold = 0.199, .rate = 4, .seeds = 12
#define MM1        "M/M/1 at lambda 8, mu 10"
#define MD1        "M/D/1 at lambda 8, mu 10"
#define MG1        "Pollaczek-Khinchine: holds of 0.1 (99 %) and 10 (1 %), lambda 4"

/* ---------------------------------------------------------------- closed queues */

#define REPAIRMAN(N, MEASURE, WORD, PUBLISHED)                                                  \
    {                                                                                           \
        .id = "mm1n/" #N "-" WORD, .what = #N " threads, exponential hold 0.1, think 1: " WORD, \
        .machine = "ideal", .unit = "", .role = VS_ROW_EXACT, .measure = MEASURE,               \
        .published = PUBLISHED, .tolerance = EXACT, .source = "machine repairman, M/M/1//N",    \
        .load = {                                                                               \
            .lock = "ticket",                                                                   \
            .use = VS_LAB_EXCLUSIVE,                                                            \
            .threads = N,                                                                       \
            .hold = 0.1,                                                                        \
            .think = 1,                                                                         \
            .law = VS_LAB_EXPONENTIAL,                                                          \
            .unit_ns = UNIT                                                                     \
        }                                                                                       \
    }
#define REPAIRMEN(N, X, R, WAIT, U)                       \
    REPAIRMAN(N, VS_MEASURE_THROUGHPUT, "throughput", X), \
        REPAIRMAN(N, VS_MEASURE_RESPONSE, "response", R), \
        REPAIRMAN(N, VS_MEASURE_WAIT, "wait", WAIT),      \
        REPAIRMAN(N, VS_MEASURE_UTILISATION, "utilisation", U)
/* The same with a think time that is always 1: its law does not matter. */
#define STEADY(N, MEASURE, WORD, PUBLISHED)                                                      \
    {                                                                                            \
        .id = "mm1n/" #N "-steady-" WORD,                                                        \
        .what = #N " threads, exponential hold 0.1, think always 1: " WORD, .machine = "ideal",  \
        .unit = "", .role = VS_ROW_EXACT, .measure = MEASURE, .published = PUBLISHED,            \
        .tolerance = EXACT, .source = "machine repairman is insensitive to the law of thinking", \
        .load = {                                                                                \
            .lock = "ticket",                                                                    \
            .use = VS_LAB_EXCLUSIVE,                                                             \
            .threads = N,                                                                        \
            .hold = 0.1,                                                                         \
            .think = 1,                                                                          \
            .law = VS_LAB_EXPONENTIAL,                                                           \
            .steady_think = true,                                                                \
            .unit_ns = UNIT                                                                      \
        }                                                                                        \
    }
#define CLOCKWORK(N, MEASURE, WORD, PUBLISHED)                                                 \
    {                                                                                          \
        .id = "dd1n/" #N "-" WORD, .what = #N " threads, hold 0.1 and think 1 exactly: " WORD, \
        .machine = "ideal", .unit = "", .role = VS_ROW_EXACT, .measure = MEASURE,              \
        .published = PUBLISHED, .tolerance = EXACT, .source = "D/D/1//N, staggered start",     \
        .load = {                                                                              \
            .lock = "ticket",                                                                  \
            .use = VS_LAB_EXCLUSIVE,                                                           \
            .threads = N,                                                                      \
            .hold = 0.1,                                                                       \
            .think = 1,                                                                        \
            .law = VS_LAB_CONSTANT,                                                            \
            .unit_ns = UNIT                                                                    \
        }                                                                                      \
    }
#define CLOCKWORKS(N, X, R)                               \
    CLOCKWORK(N, VS_MEASURE_THROUGHPUT, "throughput", X), \
        CLOCKWORK(N, VS_MEASURE_RESPONSE, "response", R)

/* ------------------------------------------------------------------ ticket locks */

#define BW \
    "Boyd-Wickizer et al., 'Non-scalable locks are dangerous', OLS 2012: their chain, solved; "
#define CHAIN_LOAD(N, SERVICE)                                                             \
    {                                                                                      \
        .lock = "ticket", .use = VS_LAB_EXCLUSIVE, .threads = N, .hold = 0.1, .think = 10, \
        .law = VS_LAB_EXPONENTIAL, .unit_ns = UNIT, .service = SERVICE                     \
    }
#define CHAIN(N, X, W)                                                                   \
    {.id = "chain/" #N "-throughput",                                                    \
     .what = "ticket chain a=10 s=0.1 c=0.1, " #N " cores: throughput",                  \
     .machine = "ideal",                                                                 \
     .unit = "",                                                                         \
     .role = VS_ROW_PREDICTION,                                                          \
     .measure = VS_MEASURE_THROUGHPUT,                                                   \
     .published = X,                                                                     \
     .tolerance = WAITER,                                                                \
     .source = BW "c k / 2",                                                             \
     .load = CHAIN_LOAD(N, 0.1)},                                                        \
    {                                                                                    \
        .id = "chain/" #N "-busy", .what = "the same, " #N " cores: holding or waiting", \
        .machine = "ideal", .unit = "", .role = VS_ROW_PREDICTION,                       \
        .measure = VS_MEASURE_POPULATION, .published = W, .tolerance = LAWS,             \
        .source = BW "c k / 2", .load = CHAIN_LOAD(N, 0.1)                               \
    }
#define SCALABLE(N, X)                                                                          \
    {                                                                                           \
        .id = "chain/" #N "-scalable", .what = "the same with c=0, " #N " cores: throughput",   \
        .machine = "ideal", .unit = "", .role = VS_ROW_EXACT, .measure = VS_MEASURE_THROUGHPUT, \
        .published = X, .tolerance = EXACT, .source = BW "c = 0", .load = CHAIN_LOAD(N, 0)      \
    }
#define LINE(N, PERIOD)                                                                        \
    {                                                                                          \
        .id = "ticket-line/" #N,                                                               \
        .what = "saturated ticket lock s=1 c=0.3, " #N " threads: period", .machine = "ideal", \
        .unit = "", .role = VS_ROW_EXACT, .measure = VS_MEASURE_PERIOD, .published = PERIOD,   \
        .tolerance = EXACT, .source = "1/X = s + c (N-1) / 2", .load = {                       \
            .lock = "ticket",                                                                  \
            .use = VS_LAB_EXCLUSIVE,                                                           \
            .threads = N,                                                                      \
            .hold = 1,                                                                         \
            .service = 0.3,                                                                    \
            .unit_ns = UNIT                                                                    \
        }                                                                                      \
    }

/* ----------------------------------------------------------------- readers alone */

#define READERS(ID, WHAT, MEASURE, PUBLISHED, TOLERANCE, LOCK, ...)                   \
    {                                                                                 \
        .id = ID, .what = WHAT, .machine = "ideal", .unit = "", .role = VS_ROW_EXACT, \
        .measure = MEASURE, .published = PUBLISHED, .tolerance = TOLERANCE,           \
        .source = "M/G/infinity at lambda 5, mean hold 1", .load = {                  \
            .lock = LOCK,                                                             \
            .use = VS_LAB_READ,                                                       \
            .law = VS_LAB_EXPONENTIAL,                                                \
            .hold = 1,                                                                \
            .rate = 5,                                                                \
            .unit_ns = UNIT,                                                          \
            __VA_ARGS__                                                               \
        }                                                                             \
    }

/* ------------------------------------------------------- readers and one writer */

/* Solved exactly as a Markov chain (Gaussian elimination over fractions): the
 * writer thinks, waits or holds; so many readers are inside, so many queue behind
 * the writer.  They queue as soon as it waits, and go in together after it. */
#define MIXED(LOCK, N, SEEDS, MEASURE, WORD, PUBLISHED)                                         \
    {                                                                                           \
        .id = "mixed/" LOCK "-" #N "-" WORD,                                                    \
        .what = LOCK ", one writer among " #N " threads, exponential hold 0.5, think 1: " WORD, \
        .machine = "ideal", .unit = "", .role = VS_ROW_EXACT, .measure = MEASURE,               \
        .published = PUBLISHED, .tolerance = EXACT,                                             \
        .source = "Markov chain of a fair rwlock, solved exactly; two threads: M/M/1//2",       \
        .load = {                                                                               \
            .lock = LOCK,                                                                       \
            .use = VS_LAB_READ,                                                                 \
            .threads = N,                                                                       \
            .writers = 1,                                                                       \
            .seeds = SEEDS,                                                                     \
            .record = true,                                                                     \
            .hold = 0.5,                                                                        \
            .think = 1,                                                                         \
            .law = VS_LAB_EXPONENTIAL,                                                          \
            .unit_ns = UNIT                                                                     \
        }                                                                                       \
    }
#define MIXES(LOCK, N, SEEDS, X, WAIT)                             \
    MIXED(LOCK, N, SEEDS, VS_MEASURE_THROUGHPUT, "throughput", X), \
        MIXED(LOCK, N, SEEDS, VS_MEASURE_WAIT_HALF, "wait", WAIT)

#define MGINF "M/G/infinity at lambda 5, mean hold 1"
#define INFINITE                                                                           \
    .lock = "rwlock", .use = VS_LAB_READ, .law = VS_LAB_EXPONENTIAL, .hold = 1, .rate = 5, \
    .record = true

static const struct vs_experiment rows[] = {
    OPEN("mm1/population", MM1 ": mean number L", VS_MEASURE_POPULATION, 4, EXACT, MM1, MM1_LOAD,
         TICKET),
    OPEN("mm1/response", MM1 ": W", VS_MEASURE_RESPONSE, 0.5, EXACT, MM1, MM1_LOAD, TICKET),
    OPEN("mm1/wait", MM1 ": Wq", VS_MEASURE_WAIT, 0.4, EXACT, MM1, MM1_LOAD, TICKET),
    OPEN("mm1/waited", MM1 ": share that waits", VS_MEASURE_WAITED_SHARE, 0.8, EXACT, MM1, MM1_LOAD,
         TICKET),
    OPEN("mm1/response-p99", MM1 ": 99th percentile of W", VS_MEASURE_RESPONSE_P99, 2.302585,
         BUCKET, MM1, MM1_LOAD, TICKET),
    OPEN("mm1/wait-p99", MM1 ": 99th percentile of Wq", VS_MEASURE_WAIT_P99, 2.191013, BUCKET, MM1,
         MM1_LOAD, TICKET),
    STATE("mm1/state-5", MM1_TICKET, 5, VS_MEASURE_STATE_SHARE, "5", 0.065536, MM1),
    SERVER("recursive", "recursive", VS_LAB_EXCLUSIVE),
    SERVER("mcs", "mcs", VS_LAB_EXCLUSIVE),
    SERVER("clh", "clh", VS_LAB_EXCLUSIVE),
    SERVER("rwlock-write", "rwlock", VS_LAB_WRITE),
    SERVER("percpu-write", "percpu-rwlock", VS_LAB_WRITE),
    OPEN("md1/population", MD1 ": mean number L", VS_MEASURE_POPULATION, 2.4, EXACT, MD1, MD1_LOAD,
         TICKET),
    OPEN("md1/response", MD1 ": W", VS_MEASURE_RESPONSE, 0.3, EXACT, MD1, MD1_LOAD, TICKET),
    OPEN("md1/wait", MD1 ": Wq", VS_MEASURE_WAIT, 0.2, EXACT, MD1, MD1_LOAD, TICKET),
    OPEN("mg1/population", MG1 ": L", VS_MEASURE_POPULATION, 40.39992, HEAVY, MG1, MG1_LOAD,
         TICKET),
    OPEN("mg1/response", MG1 ": W", VS_MEASURE_RESPONSE, 10.09998, HEAVY, MG1, MG1_LOAD, TICKET),
    OPEN("mg1/utilisation", MG1 ": utilisation", VS_MEASURE_UTILISATION, 0.796, HEAVY, MG1,
         MG1_LOAD, TICKET),
    OPEN("mg1/wait", MG1 ": Wq", VS_MEASURE_WAIT, 9.90098, HEAVY, MG1, MG1_LOAD, TICKET),

    REPAIRMEN(1, 0.909091, 0.1, 0, 0.090909),
    REPAIRMEN(2, 1.803279, 0.109091, 0.009091, 0.180328),
    REPAIRMEN(4, 3.533368, 0.132064, 0.032064, 0.353337),
    REPAIRMEN(8, 6.616816, 0.209041, 0.109041, 0.661682),
    REPAIRMEN(11, 8.367677, 0.314582, 0.214582, 0.836768),
    REPAIRMEN(16, 9.776981, 0.636497, 0.536497, 0.977698),
    REPAIRMEN(32, 9.9999998, 2.2, 2.1, 1.0),
    STEADY(8, VS_MEASURE_THROUGHPUT, "throughput", 6.616816),
    STEADY(8, VS_MEASURE_RESPONSE, "response", 0.209041),
    CLOCKWORKS(8, 7.272727, 0.1),
    CLOCKWORKS(11, 10, 0.1),
    CLOCKWORKS(16, 10, 0.6),
    CLOCKWORKS(32, 10, 2.2),

    CHAIN(4, 0.39579, 0.0421),
    CHAIN(8, 0.79078, 0.0922),
    CHAIN(12, 1.18458, 0.1542),
    CHAIN(16, 1.57637, 0.2363),
    CHAIN(24, 2.33185, 0.6815),
    CHAIN(48, 0.45070, 43.493),
    SCALABLE(16, 1.5815),
    SCALABLE(24, 2.3695),
    SCALABLE(48, 4.7137),
    LINE(2, 1.15),
    LINE(8, 2.05),
    LINE(48, 8.05),

    MIXES("rwlock", 2, 1, 1.2, 0.166667),
    MIXES("rwlock", 5, 2, 2.657470, 0.381489),
    MIXES("rwlock", 9, 4, 4.456802, 0.519385),
    MIXES("percpu-rwlock", 5, 2, 2.657470, 0.381489),

    READERS("mginf/rwlock-inside", "rwlock, readers alone: mean number inside",
            VS_MEASURE_POPULATION, 5, EXACT, "rwlock", .record = true),
    READERS("mginf/rwlock-wait", "rwlock, readers alone: wait", VS_MEASURE_WAIT, 0, 0, "rwlock",
            .record = true),
    READERS("mginf/rwlock-wait-p99", "rwlock, readers alone: 99th percentile of the wait",
            VS_MEASURE_WAIT_P99, 0, 0, "rwlock", .record = true),
    STATE("mginf/rwlock-nobody", INFINITE, 0, VS_MEASURE_STATE_SHARE, "nobody", 0.006737947, MGINF),
    STATE("mginf/rwlock-10", INFINITE, 10, VS_MEASURE_TAIL_SHARE, "10 or more", 0.03182806, MGINF),
    READERS("mginf/percpu-wait", "per-CPU rwlock, readers alone: wait", VS_MEASURE_WAIT, 0, 0,
            "percpu-rwlock", .record = true),
};

const struct vs_experiment_list vs_exact_experiments = {rows, sizeof rows / sizeof rows[0]};
