-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- What real threads measured (vpci-sim replay --engine threads --db): a table of its
-- own, made when the first such result is stored, so that no query over simulated runs
-- meets a measured one.  One row per measurement: unlike a simulated run it is never
-- twice the same, so rows of one run_key are repetitions.  All times are nanoseconds of
-- wall time on the host that measured_by names.
CREATE TABLE IF NOT EXISTS measured (
    id                INTEGER PRIMARY KEY,
    run_key           TEXT NOT NULL,        -- XXH3-128 of all that was asked, the engine included
    created_at        TEXT NOT NULL,        -- wall time, UTC, ISO 8601
    version           TEXT NOT NULL,        -- vpci-sim's release
    engine            TEXT NOT NULL CHECK (engine = 'threads'),
    measured_by       TEXT NOT NULL,        -- host, threads, and how well work was spun there
    trace_name        TEXT NOT NULL,
    trace_hash        TEXT NOT NULL,
    emulated          INTEGER NOT NULL,
    synthetic         INTEGER NOT NULL,
    what_if           TEXT NOT NULL,        -- JSON array, as in run
    policy            TEXT NOT NULL,
    policy_text       TEXT NOT NULL,
    machine           TEXT NOT NULL,        -- the profile that says what work costs, and only that
    machine_text      TEXT NOT NULL,
    cpus              INTEGER NOT NULL,     -- as asked; 0: one per vCPU, up to the host's
    timing            TEXT NOT NULL CHECK (timing IN ('closed', 'open')),
    speed             REAL NOT NULL,
    clones            INTEGER NOT NULL,
    seed              INTEGER NOT NULL,
    rebase            INTEGER NOT NULL,
    max_think_ns      INTEGER NOT NULL,
    outcome           TEXT NOT NULL CHECK (outcome IN ('done', 'deadlock')),
    calls             INTEGER NOT NULL,
    makespan_ns       INTEGER NOT NULL,
    throughput_per_s  REAL NOT NULL,
    p50_ns            INTEGER NOT NULL,
    p99_ns            INTEGER NOT NULL,
    max_ns            INTEGER NOT NULL,
    lock_wait_ns      INTEGER NOT NULL,
    hazards           INTEGER NOT NULL,
    forced_switches   INTEGER NOT NULL,     -- times that the kernel took a thread off its CPU
    result            TEXT NOT NULL         -- JSON: all of it, as replay --json prints it
);
