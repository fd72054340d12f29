/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others measured.  Tolerances are by class, set before anything was run:
 * 25 % for times, since the sources' own repeats differ that much (100 readers
 * of a rwlock: 5296 ns in one series, 128 readers: 4609 ns in another); 18 % for
 * the law N x 37 ns, the spread of its own points; 20 % for ratios; 5 % for rows
 * that set a parameter.
 *
 * Predictions are not all blind: that a release shares its acquire's turn at the
 * line (engine/locks/common.c) was chosen with the series of held locks in view.
 */
#include "experiments.h"

#define TIMES  0.25
#define LAW    0.18
#define RATIOS 0.20
#define SET    0.05
#define FLAT   0.02

/* -------------------------------------------------- one thread, no contention */

#define WESTMERE                                                                                 \
    "W. Long, '[PATCH v11 1/4] qrwlock', linux-kernel, 2014-01-23: 256K lock and unlock pairs, " \
    "one thread"
#define OVERHEADS \
    "perfbook at 4c69e8910b, cpu/overheads.tex: same-CPU lock and unlock (two atomics)"
#define ALONE(ID, WHAT, MACHINE, LOCK, USE, PUBLISHED, SOURCE)                            \
    {                                                                                     \
        .id = "uncontended/" ID, .what = WHAT, .machine = MACHINE, .unit = "ns",          \
        .measure = VS_MEASURE_OVERHEAD, .load = {.lock = LOCK, .use = USE, .threads = 1}, \
        .published = PUBLISHED, .tolerance = TIMES, .source = SOURCE                      \
    }

/* --------------------------------------------------------- readers of one lock */

#define RCUSCALE \
    "perfbook at 4c69e8910b, CodeSamples/defer/data/rcuscale.hps.2020.05.28a: median of 30 runs"
#define READERS(KIND, LOCK, USE, N, PUBLISHED, ROLE, TOLERANCE)                                \
    {                                                                                          \
        .id = "readers/" KIND "-" #N, .what = KIND ", " #N " readers, a read pair per reader", \
        .machine = "xeon-8176-8s", .unit = "ns", .role = ROLE, .measure = VS_MEASURE_OVERHEAD, \
        .load = {.lock = LOCK, .use = USE, .threads = N}, .published = PUBLISHED,              \
        .tolerance = TOLERANCE, .source = RCUSCALE                                             \
    }
#define RWLOCK(N, PUBLISHED) \
    READERS("rwlock", "rwlock", VS_LAB_READ, N, PUBLISHED, VS_ROW_PREDICTION, LAW)
#define REFCOUNT(N, PUBLISHED) \
    READERS("refcount", "refcount", VS_LAB_REFERENCE, N, PUBLISHED, VS_ROW_PREDICTION, LAW)
#define RCU(N, PUBLISHED) READERS("rcu", "rcu", VS_LAB_RCU, N, PUBLISHED, VS_ROW_PREDICTION, TIMES)
#define SRCU(N, PUBLISHED) \
    READERS("srcu", "percpu-rwlock", VS_LAB_READ, N, PUBLISHED, VS_ROW_PREDICTION, LAW)

/* The same with the lock held: the published time less that of RCU readers. */
#define HELD(N, US, HOLD, PUBLISHED)                                                         \
    {                                                                                        \
        .id = "held/rwlock-" #N "-" #US "us",                                                \
        .what = #N " readers that hold a rwlock for " #US " us: overhead over RCU",          \
        .machine = "xeon-8176-8s", .unit = "ns", .measure = VS_MEASURE_OVERHEAD,             \
        .load = {.lock = "rwlock", .use = VS_LAB_READ, .threads = N, .hold = HOLD},          \
        .published = PUBLISHED, .tolerance = TIMES,                                          \
        .source = RCUSCALE ", rwlock-" #N "-eb less what readers without a shared lock take" \
    }

/* ------------------------------------------------------------ one shared word */

#define GAP_NS 30 /* between a get and its put: longer than a turn at the line */
#define COUNT_ATOMIC \
    "perfbook at 4c69e8910b, CodeSamples/count/data/count_atomic:u.hps.2019.10.23a.dat"
#define UPDATE(N, MEASURE, PUBLISHED)                                                        \
    {                                                                                        \
        .id = "increment/" #N, .what = #N " threads that increment one word, per update",    \
        .machine = "xeon-8176-8s", .unit = "ns", .measure = MEASURE,                         \
        .load = {.lock = "refcount", .use = VS_LAB_REFERENCE, .threads = N, .hold = GAP_NS}, \
        .published = PUBLISHED, .tolerance = TIMES, .source = COUNT_ATOMIC                   \
    }

/* ------------------------------------------------------------ always contended */

/* What a thread does with the lock there: set by the MCS lock at 6 threads, whose
 * period has no waiters in it: 1310 ns = hold + store 1.5 ns + two transfers of
 * 55.7 ns within the node. */
#define MCTOP_HOLD_NS 1197.1
#define MCTOP \
    "LPD-EPFL/mctop results/locks/lock_backoff_1_1000, no_backoff, median of 11 runs of 5 s"
#define MCTOP_LOAD(LOCK, N)                                                        \
    {                                                                              \
        .lock = LOCK, .use = VS_LAB_EXCLUSIVE, .threads = N, .hold = MCTOP_HOLD_NS \
    }
#define SATURATED(LOCK, N, PUBLISHED, ROLE, TOLERANCE)                                         \
    {                                                                                          \
        .id = "saturated/" LOCK "-" #N, .what = LOCK " lock, " #N " threads: per acquisition", \
        .machine = "lpd48core", .unit = "ns", .role = ROLE, .measure = VS_MEASURE_PERIOD,      \
        .load = MCTOP_LOAD(LOCK, N), .published = PUBLISHED, .tolerance = TOLERANCE,           \
        .source = MCTOP                                                                        \
    }
#define COLLAPSE(LOCK, PUBLISHED)                                                                  \
    {                                                                                              \
        .id = "saturated/" LOCK "-48-to-6", .what = LOCK " lock: throughput of 48 threads over 6", \
        .machine = "lpd48core", .unit = "x", .measure = VS_MEASURE_PERIOD,                         \
        .load = MCTOP_LOAD(LOCK, 48), .published = PUBLISHED, .tolerance = RATIOS,                 \
        .source = MCTOP, .combine = VS_COMBINE_SPEED_UP, .against = 6                              \
    }
#define LINE(LOCK, WORD, WHAT, COMBINE, PUBLISHED)                                      \
    {                                                                                   \
        .id = "saturated/" LOCK "-" WORD, .what = LOCK " lock, 6 to 48 threads: " WHAT, \
        .machine = "lpd48core", .unit = "ns", .measure = VS_MEASURE_PERIOD,             \
        .load = MCTOP_LOAD(LOCK, 6), .published = PUBLISHED, .tolerance = RATIOS,       \
        .source = MCTOP ", least squares", .combine = COMBINE, .fit_threads = {         \
            6,                                                                          \
            12,                                                                         \
            24,                                                                         \
            48                                                                          \
        }                                                                               \
    }

/* The same on machines of whose locks nothing sets a parameter.  What a thread does
 * between lock and unlock is not known there, and does not matter for the slope.
 * Cores alone: with more threads than cores siblings slow each other down. */
#define SLOPE(LOCK, MACHINE, PUBLISHED, ...)                                                       \
    {                                                                                              \
        .id = "slopes/" LOCK "-" MACHINE,                                                          \
        .what = LOCK " lock, one thread per core: time per further thread", .machine = MACHINE,    \
        .unit = "ns", .measure = VS_MEASURE_PERIOD, .load = MCTOP_LOAD(LOCK, 10),                  \
        .published = PUBLISHED, .tolerance = RATIOS, .combine = VS_COMBINE_SLOPE,                  \
        .source = "LPD-EPFL/mctop at a5626120 and 05c4a05e, results/locks lock_backoff_1_1000 of " \
                  "quad, xeon and diassrv8, no_backoff, medians of 11 runs, least squares",        \
        .fit_threads = {                                                                           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* -------------------------------------------------------------- pairs of CPUs */

/* Percentiles that set none of the profile's distances. */
#define PAIRS(MACHINE, PUBLISHED, PERCENTILE)                                                    \
    {                                                                                            \
        .id = "pairs/" MACHINE "-" #PERCENTILE,                                                  \
        .what = "line transfer one way, percentile " #PERCENTILE " over all pairs of CPUs",      \
        .machine = MACHINE, .unit = "ns", .measure = VS_MEASURE_PAIRS, .state = PERCENTILE,      \
        .published = PUBLISHED, .tolerance = TIMES,                                              \
        .source = "nviennot/core-to-core-latency at 96a943ac, results/*.csv, CAS ping-pong; no " \
                  "run: the profile's topology and distances alone"                              \
    }

/* ---------------------------------------------------------------------- shapes */

#define TOYRCU "perfbook at 4c69e8910b, appendix/toyrcu/toyrcu.tex, 64-CPU POWER5"

#define FLAT_READERS(N, PUBLISHED)                                                       \
    {                                                                                    \
        .id = "shapes/percpu-readers-" #N,                                               \
        .what = "per-CPU rwlock, readers alone: " #N " over 24, a reader's rate",        \
        .machine = "lpdquad", .unit = "x", .measure = VS_MEASURE_OVERHEAD,               \
        .load = {.lock = "percpu-rwlock", .use = VS_LAB_READ, .threads = N},             \
        .published = PUBLISHED, .tolerance = FLAT,                                       \
        .source = "linux-kernel 2020-09 (2009.2/01818), aarch64, 4 sockets x 24 cores, " \
                  "v4.19.111; here on another machine of 96 threads and 4 sockets",      \
        .combine = VS_COMBINE_SPEED_UP, .against = 24                                    \
    }
/* Ratios alone: of POWER5 nothing is published that could set its costs but this
 * table, and none of its rows may. */
#define GROWTH(ID, WHAT, LOCK, USE, CPUS, THREADS, AGAINST, PUBLISHED, TOLERANCE, SOURCE) \
    {                                                                                     \
        .id = "shapes/toyrcu-" ID, .what = WHAT ": 64 CPUs over " #AGAINST,               \
        .machine = "power5-64", .unit = "x", .measure = VS_MEASURE_OVERHEAD,              \
        .load = {.lock = LOCK, .use = USE, .threads = THREADS, .cpus = CPUS},             \
        .published = PUBLISHED, .tolerance = TOLERANCE, .source = TOYRCU ": " SOURCE,     \
        .combine = VS_COMBINE_RATIO, .against = AGAINST                                   \
    }

static const struct vs_experiment rows[] = {
    ALONE("ticket-2400", "ticket lock and unlock", "westmere-2400", "ticket", VS_LAB_EXCLUSIVE,
          14.9, WESTMERE),
    ALONE("ticket-2930", "ticket lock and unlock", "westmere-2930", "ticket", VS_LAB_EXCLUSIVE,
          12.3, WESTMERE),
    ALONE("read-2400", "queue rwlock, read pair", "westmere-2400", "rwlock", VS_LAB_READ, 16.0,
          WESTMERE),
    ALONE("read-2930", "queue rwlock, read pair", "westmere-2930", "rwlock", VS_LAB_READ, 13.4,
          WESTMERE),
    ALONE("write-2400", "queue rwlock, write pair", "westmere-2400", "rwlock", VS_LAB_WRITE, 9.2,
          WESTMERE),
    ALONE("write-2930", "queue rwlock, write pair", "westmere-2930", "rwlock", VS_LAB_WRITE, 7.8,
          WESTMERE),
    ALONE("pair-8176", "two atomics on one word", "xeon-8176-8s", "rwlock", VS_LAB_READ, 15.4,
          OVERHEADS),
    ALONE("pair-x5550", "two atomics on one word", "xeon-x5550", "rwlock", VS_LAB_READ, 25.6,
          OVERHEADS),
    ALONE("pair-8750h", "two atomics on one word", "core-i7-8750h", "rwlock", VS_LAB_READ, 13.5,
          OVERHEADS),

    READERS("rwlock", "rwlock", VS_LAB_READ, 1, 11.32, VS_ROW_PREDICTION, TIMES),
    RWLOCK(8, 129.6),
    RWLOCK(16, 626.1),
    READERS("rwlock", "rwlock", VS_LAB_READ, 28, 1022.9, VS_ROW_CALIBRATE, SET),
    RWLOCK(48, 1770.2),
    RWLOCK(64, 2076.1),
    RWLOCK(96, 4202.6),
    RWLOCK(128, 4608.9),
    RWLOCK(192, 7287.1),
    {.id = "readers/rwlock-law",
     .what = "rwlock, 16 to 192 readers: time per further reader",
     .machine = "xeon-8176-8s",
     .unit = "ns",
     .measure = VS_MEASURE_OVERHEAD,
     .load = {.lock = "rwlock", .use = VS_LAB_READ, .threads = 16},
     .published = 37.0,
     .tolerance = LAW,
     .source = RCUSCALE ", N x 37.0 ns over all points from 16 readers on",
     .combine = VS_COMBINE_SLOPE,
     .fit_threads = {16, 28, 48, 64, 96, 128, 192}},
    READERS("refcount", "refcount", VS_LAB_REFERENCE, 1, 9.48, VS_ROW_PREDICTION, TIMES),
    REFCOUNT(8, 128.1),
    REFCOUNT(16, 579.3),
    REFCOUNT(28, 936.5),
    REFCOUNT(48, 1521.3),
    REFCOUNT(64, 2129.5),
    REFCOUNT(96, 3935.2),
    REFCOUNT(128, 4099.7),
    REFCOUNT(192, 7004.9),
    RCU(1, 0.267),
    RCU(8, 0.55),
    RCU(16, 0.55),
    READERS("rcu", "rcu", VS_LAB_RCU, 28, 0.44, VS_ROW_CALIBRATE, SET),
    RCU(48, 0.45),
    RCU(64, 0.41),
    RCU(96, 0.38),
    RCU(128, 0.39),
    RCU(192, 0.36),
    SRCU(1, 14.2),
    SRCU(8, 14.2),
    SRCU(16, 14.9),
    READERS("srcu", "percpu-rwlock", VS_LAB_READ, 28, 14.9, VS_ROW_CALIBRATE, SET),
    SRCU(48, 15.3),
    SRCU(64, 16.1),
    SRCU(96, 17.1),
    SRCU(128, 16.5),
    SRCU(192, 17.8),

    HELD(10, 1, 1038.4, 751.5),
    HELD(10, 10, 10098.7, 506.7),
    HELD(100, 1, 1050.97, 4640.5),
    HELD(100, 2, 2075.54, 3461.3),
    HELD(100, 3, 3098.77, 2655.8),
    HELD(100, 5, 5123.45, 2768.5),
    HELD(100, 10, 10154.7, 1454.8),
    HELD(100, 20, 20138.8, 606.1),
    HELD(100, 30, 30251.7, 449.4),

    UPDATE(1, VS_MEASURE_UPDATE_ALONE, 4.83),
    UPDATE(2, VS_MEASURE_UPDATE_ALONE, 63.9),
    UPDATE(4, VS_MEASURE_UPDATE, 113.2),
    UPDATE(8, VS_MEASURE_UPDATE, 203.2),
    UPDATE(28, VS_MEASURE_UPDATE, 623.8),
    UPDATE(64, VS_MEASURE_UPDATE, 1585.7),
    UPDATE(128, VS_MEASURE_UPDATE, 3766.3),
    UPDATE(160, VS_MEASURE_UPDATE, 4810.6),
    UPDATE(224, VS_MEASURE_UPDATE, 7063.8),
    UPDATE(420, VS_MEASURE_UPDATE, 14820),

    SATURATED("ticket", 6, 1975, VS_ROW_CALIBRATE, SET),
    SATURATED("ticket", 12, 2727, VS_ROW_CALIBRATE, SET),
    SATURATED("ticket", 24, 4373, VS_ROW_PREDICTION, TIMES),
    SATURATED("ticket", 48, 8314, VS_ROW_PREDICTION, TIMES),
    LINE("ticket", "slope", "time per further thread", VS_COMBINE_SLOPE, 152.0),
    LINE("ticket", "intercept", "the line at one thread", VS_COMBINE_INTERCEPT, 1079),
    COLLAPSE("ticket", 0.238),
    SATURATED("mcs", 6, 1310, VS_ROW_CALIBRATE, SET),
    SATURATED("mcs", 12, 1355, VS_ROW_PREDICTION, TIMES),
    SATURATED("mcs", 24, 1416, VS_ROW_PREDICTION, TIMES),
    SATURATED("mcs", 48, 1426, VS_ROW_PREDICTION, TIMES),
    LINE("mcs", "slope", "time per further thread", VS_COMBINE_SLOPE, 2.6),
    COLLAPSE("mcs", 0.919),
    SATURATED("clh", 6, 1402.9, VS_ROW_PREDICTION, TIMES),
    SATURATED("clh", 12, 1467.6, VS_ROW_PREDICTION, TIMES),
    SATURATED("clh", 24, 1545.3, VS_ROW_PREDICTION, TIMES),
    SATURATED("clh", 48, 1558.9, VS_ROW_PREDICTION, TIMES),
    COLLAPSE("clh", 0.900),
    SLOPE("ticket", "lpdquad", 25.71, 12, 24, 36, 48),
    SLOPE("ticket", "lpdxeon2680", 36.01, 10, 20),
    SLOPE("ticket", "diassrv8", 50.44, 20, 40, 60, 80),
    SLOPE("mcs", "lpdquad", 6.64, 12, 24, 36, 48),
    SLOPE("mcs", "lpdxeon2680", 15.29, 10, 20),
    SLOPE("mcs", "diassrv8", 3.19, 20, 40, 60, 80),

    PAIRS("dual-xeon-gold-6242", 45.8, 10),
    PAIRS("dual-xeon-gold-6242", 135.1, 50),
    PAIRS("dual-xeon-gold-6242", 143.2, 90),
    PAIRS("dual-xeon-gold-6242", 146.2, 100),
    PAIRS("dual-xeon-e5-2680-v4", 40.6, 10),
    PAIRS("dual-xeon-e5-2680-v4", 117.5, 50),
    PAIRS("dual-xeon-e5-2680-v4", 131.7, 90),
    PAIRS("dual-xeon-e5-2680-v4", 145.0, 100),
    PAIRS("dual-xeon-e5-2690", 27.2, 10),
    PAIRS("dual-xeon-e5-2690", 105.2, 50),
    PAIRS("dual-xeon-e5-2690", 145.8, 90),
    PAIRS("dual-xeon-e5-2690", 171.8, 100),
    PAIRS("epyc-7773x", 102.6, 25),
    PAIRS("epyc-7773x", 121.5, 75),
    PAIRS("epyc-7773x", 126.9, 90),
    PAIRS("epyc-7773x", 140.0, 100),
    PAIRS("dual-epyc-7r13", 92.2, 10),
    PAIRS("dual-epyc-7r13", 110.5, 25),
    PAIRS("dual-epyc-7r13", 194.6, 50),
    PAIRS("dual-epyc-7r13", 203.5, 90),
    PAIRS("dual-epyc-7r13", 208.5, 100),
    PAIRS("dual-epyc-7742", 128.1, 10),
    PAIRS("dual-epyc-7742", 260.6, 50),
    PAIRS("dual-epyc-7742", 275.2, 90),
    PAIRS("dual-epyc-7742", 290.4, 100),
    PAIRS("ryzen-7950x", 15.7, 10),
    PAIRS("ryzen-7950x", 67.7, 50),
    PAIRS("ryzen-7950x", 73.0, 90),
    PAIRS("ryzen-7950x", 73.0, 100),

    FLAT_READERS(48, 0.99961),
    FLAT_READERS(72, 0.99900),
    FLAT_READERS(96, 0.99443),
    GROWTH("read", "lock per thread, read side", "percpu-rwlock", VS_LAB_READ, 0, 64, 1, 1.0, FLAT,
           "140 ns, flat"),
    GROWTH("update", "lock per thread, update side", "percpu-rwlock", VS_LAB_WRITE, 64, 1, 8, 8.0,
           RATIOS, "about 1.6 us per CPU"),
    GROWTH("update-alone", "lock per thread, update side", "percpu-rwlock", VS_LAB_WRITE, 64, 1, 1,
           166.7, RATIOS, "600 ns to 100+ us"),
    GROWTH("refcount", "single reference count, read side", "refcount", VS_LAB_REFERENCE, 0, 64, 1,
           400, RATIOS, "100 ns to about 40 us"),
};

const struct vs_experiment_list vs_hardware_experiments = {rows, sizeof rows / sizeof rows[0]};
