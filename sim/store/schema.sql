-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- Results of vpci-sim: the contract between the simulator and whatever reads its
-- numbers (vpci-report, sqlite3, a notebook).  One row of `run` per replay, of
-- `check_run` per policy that was searched, of `hypothesis` per claim that was tested; the
-- rest hangs off them.  All times are nanoseconds of virtual time unless a name
-- says otherwise.  Names of operations, locks, policies and machines are the
-- lower-case names of the command line.
--
-- Opened in WAL mode with foreign keys on; each run is one transaction.

-- 'vpcs': tells a results database from any other SQLite file.
PRAGMA application_id = 1987076979;
-- Version of this schema; a reader refuses one that it does not know.
PRAGMA user_version = 2;

CREATE TABLE run (
    id                INTEGER PRIMARY KEY,
    run_key           TEXT NOT NULL UNIQUE, -- XXH3-128 of all that decides the result
    created_at        TEXT NOT NULL,        -- wall time, UTC, ISO 8601; not part of the key
    version           TEXT NOT NULL,        -- vpci-sim's release
    -- What was replayed.
    trace_name        TEXT NOT NULL,        -- file names joined by '+'
    trace_hash        TEXT NOT NULL,        -- content hash, independent of packing
    emulated          INTEGER NOT NULL,     -- captured under emulation: times are no latencies
    synthetic         INTEGER NOT NULL,     -- generated or cloned, in part or whole; of captures
                                            -- laid side by side only what_if tells
    what_if           TEXT NOT NULL,        -- JSON array: each step past the capture, [] for none
    notes             TEXT NOT NULL,        -- JSON array: caveats of the traces; 'incomplete: ...'
                                            -- for one that was cut off
    records           INTEGER NOT NULL,
    lost_records      INTEGER NOT NULL,
    injected_calls    INTEGER NOT NULL,
    synthetic_calls   INTEGER NOT NULL,
    guesses           TEXT NOT NULL,        -- JSON object: reason -> accesses classed conservatively
    recorded_span_ns  INTEGER NOT NULL,     -- first to last access as loaded (after speed, rebase)
    domains           INTEGER NOT NULL,
    vcpus             INTEGER NOT NULL,
    devices           INTEGER NOT NULL,
    -- Under what.
    policy            TEXT NOT NULL,
    policy_source     TEXT NOT NULL,
    policy_text       TEXT NOT NULL,        -- the policy file as read
    policy_rank       INTEGER NOT NULL,     -- order in every comparison; 1000 for the user's own
    machine           TEXT NOT NULL,
    machine_text      TEXT NOT NULL,
    machine_assumptions INTEGER NOT NULL,   -- numbers in the profile without a measurement
    cpus              INTEGER NOT NULL,     -- as asked; 0: one per vCPU, up to the machine's
    timing            TEXT NOT NULL CHECK (timing IN ('closed', 'open')),
    speed             REAL NOT NULL,
    clones            INTEGER NOT NULL,
    seed              INTEGER NOT NULL,
    rebase            INTEGER NOT NULL,
    max_think_ns      INTEGER NOT NULL,     -- 0: idle gaps kept
    options           TEXT NOT NULL,        -- JSON: all of the above once more, as stored with a run
    -- What came out.
    outcome           TEXT NOT NULL CHECK (outcome IN ('done', 'deadlock')),
    outcome_text      TEXT NOT NULL,        -- '' or who waits for whom, one line an edge
    calls             INTEGER NOT NULL,     -- completed; deferred maps not counted
    deferred_maps     INTEGER NOT NULL,
    missed_calls      INTEGER NOT NULL,     -- device was gone: plain access
    makespan_ns       INTEGER NOT NULL,
    floor_ns          INTEGER NOT NULL,     -- time spent in steps, waiting excluded, all vCPUs
    lock_wait_ns      INTEGER NOT NULL,
    cpu_wait_ns       INTEGER NOT NULL,     -- waiting for a pCPU busy with another vCPU
    cross_domain_wait_ns INTEGER NOT NULL,  -- lock wait while another domain held the lock
    throughput_per_s  REAL NOT NULL,        -- calls per second of virtual time
    p50_ns            INTEGER NOT NULL,     -- latency of accesses, waiting included
    p90_ns            INTEGER NOT NULL,
    p99_ns            INTEGER NOT NULL,
    p999_ns           INTEGER NOT NULL,
    max_ns            INTEGER NOT NULL,
    histogram         BLOB NOT NULL,        -- latency of all accesses; layout below
    hazards           INTEGER NOT NULL,     -- sum over table hazard; 0: none seen in this replay
    most_contended    TEXT NOT NULL,        -- lock with the largest total wait, '' when none waited
    grace_periods     INTEGER NOT NULL,
    grace_period_max_ns INTEGER NOT NULL,
    little_error      REAL NOT NULL,        -- worst relative error of L = X R over the locks
    time_error_ns     INTEGER NOT NULL,     -- of think + wait + work = vCPUs x horizon
    overlap_count     INTEGER NOT NULL,     -- grants that broke exclusion; must be 0
    bucket_ns         INTEGER NOT NULL,     -- width of a time bucket
    buckets           BLOB NOT NULL,        -- layout below
    -- Since version 2; see "What was varied" below.
    replica           INTEGER NOT NULL DEFAULT 0,
    jitter_percent    REAL NOT NULL DEFAULT 0,
    policy_faults     TEXT NOT NULL DEFAULT '' -- windows the policy is known to leave open, '' none stated
);

-- The floor of a comparison is looked up by these.
CREATE INDEX run_by_policy ON run (policy, trace_hash);

-- Histogram blob: for each bucket that is not empty, in order: u32 bucket index,
-- u64 count, little-endian, 12 bytes each.  Bucket i < 64 holds the value i ns;
-- bucket 64 + 32 k + j (j < 32) holds values from (32 + j) << (k + 1) ns on.
--
-- Buckets blob: per time bucket, in order: u64 busy_ns (vCPUs inside the
-- hypervisor, summed), u64 wait_ns (of which waiting for locks), u64 calls,
-- little-endian, 24 bytes each.

CREATE TABLE latency (
    run_id            INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    operation         TEXT NOT NULL,        -- 'toggle-decode'
    label             TEXT NOT NULL,        -- 'O4b'
    domain            TEXT NOT NULL,        -- name, or 'd' and id
    count             INTEGER NOT NULL,
    total_ns          INTEGER NOT NULL,
    wait_ns           INTEGER NOT NULL,     -- of which waiting for locks
    p50_ns            INTEGER NOT NULL,
    p90_ns            INTEGER NOT NULL,
    p99_ns            INTEGER NOT NULL,
    p999_ns           INTEGER NOT NULL,
    max_ns            INTEGER NOT NULL,
    histogram         BLOB NOT NULL,
    PRIMARY KEY (run_id, operation, domain)
) WITHOUT ROWID;

CREATE TABLE lock (
    run_id            INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    lock              TEXT NOT NULL,        -- Xen's name
    kind              TEXT NOT NULL,        -- 'rwlock'
    instance          TEXT NOT NULL,        -- '' (global), domain, or sbdf; 'other' sums the rest
    mode              TEXT NOT NULL,        -- 'exclusive', 'read', 'write'
    below_vpci        INTEGER NOT NULL,     -- shared by all policies
    instances         INTEGER NOT NULL,     -- instances in this row: 1, more for 'other'
    acquire_count     INTEGER NOT NULL,
    try_count         INTEGER NOT NULL,
    try_failed_count  INTEGER NOT NULL,
    wait_count        INTEGER NOT NULL,
    wait_total_ns     INTEGER NOT NULL,
    wait_max_ns       INTEGER NOT NULL,
    hold_count        INTEGER NOT NULL,
    hold_total_ns     INTEGER NOT NULL,
    hold_max_ns       INTEGER NOT NULL,
    transfer_count    INTEGER NOT NULL,     -- acquisitions whose line came from another CPU
    cross_domain_wait_ns INTEGER NOT NULL,
    PRIMARY KEY (run_id, lock, instance, mode)
) WITHOUT ROWID;

CREATE TABLE blocker (
    run_id            INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    waiter            TEXT NOT NULL,        -- operation that waited
    holder            TEXT NOT NULL,        -- operation that held
    lock              TEXT NOT NULL,
    cross_domain      INTEGER NOT NULL,
    wait_ns           INTEGER NOT NULL,
    PRIMARY KEY (run_id, waiter, holder, lock, cross_domain)
) WITHOUT ROWID;

CREATE TABLE hazard (
    run_id            INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    hazard            TEXT NOT NULL,        -- 'use-after-free'
    count             INTEGER NOT NULL,
    first_ns          INTEGER NOT NULL,
    first_text        TEXT NOT NULL,        -- 'd0v1 read-passthrough 0000:00:03.0 after device-remove'
    PRIMARY KEY (run_id, hazard)
) WITHOUT ROWID;

-- Calls per operation class as the model classed the trace: the same for every policy.
CREATE TABLE operation_count (
    run_id            INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    operation         TEXT NOT NULL,
    label             TEXT NOT NULL,
    count             INTEGER NOT NULL,
    PRIMARY KEY (run_id, operation)
) WITHOUT ROWID;

-- What `vpci-sim check` found: one row a policy and question.  Whatever is said of a policy
-- that follows upstream is said of this model of it, as of the Xen commit in `model_of`.
CREATE TABLE check_run (
    id                INTEGER PRIMARY KEY,
    check_key         TEXT NOT NULL UNIQUE, -- XXH3-128 of version, policy, bounds and scenarios
    created_at        TEXT NOT NULL,        -- wall time, UTC, ISO 8601
    version           TEXT NOT NULL,
    model_of          TEXT NOT NULL,        -- Xen commit that the model follows
    policy            TEXT NOT NULL,
    policy_source     TEXT NOT NULL,
    policy_text       TEXT NOT NULL,
    policy_rank       INTEGER NOT NULL,     -- as in run
    explored          TEXT NOT NULL,        -- bounds in words
    not_explored      TEXT NOT NULL,
    actors            INTEGER NOT NULL,     -- of pairs and triples: 2 or 3; 0: scenarios alone
    devices           INTEGER NOT NULL,
    domains           INTEGER NOT NULL,
    rounds            INTEGER NOT NULL,
    state_limit       INTEGER NOT NULL,     -- of one search
    -- Pairs and triples; a scenario's own are in check_verdict.
    verdict           TEXT NOT NULL
                      CHECK (verdict IN ('ok', 'violated', 'cut-short', 'not-run')),
    order_inversion   TEXT NOT NULL,        -- a circle in the lock-order graph, or ''
    programs          INTEGER NOT NULL,     -- operations whose programs differ
    pairs             INTEGER NOT NULL,
    triples           INTEGER NOT NULL,
    skipped           INTEGER NOT NULL,     -- triples with a pair that broke a rule already
    cut               INTEGER NOT NULL,     -- searches that stopped at the limit
    states            INTEGER NOT NULL,
    steps             INTEGER NOT NULL,     -- transitions
    peak_bytes        INTEGER NOT NULL,     -- memory of the largest search
    seconds           REAL NOT NULL         -- CPU time, scenarios included; of this host
);

CREATE TABLE check_verdict (
    check_id          INTEGER NOT NULL REFERENCES check_run (id) ON DELETE CASCADE,
    scenario          TEXT NOT NULL,        -- 'S14'
    position          INTEGER NOT NULL,     -- order in a table
    title             TEXT NOT NULL,
    about             TEXT NOT NULL,
    source            TEXT NOT NULL,
    verdict           TEXT NOT NULL
                      CHECK (verdict IN ('violated', 'holds', 'unknown', 'not-modelled')),
    expected          TEXT NOT NULL,        -- what the scenario states: 'violated', 'holds', ''
    because           TEXT NOT NULL,        -- remark on this verdict, or why there is no model
    violation         TEXT NOT NULL,        -- of 'violated': 'use-after-free'
    text              TEXT NOT NULL,        -- what happened
    length            INTEGER NOT NULL,     -- steps of the schedule
    states            INTEGER NOT NULL,
    steps             INTEGER NOT NULL,
    schedule          TEXT NOT NULL,        -- JSON as of check --json and --replay, or ''
    PRIMARY KEY (check_id, scenario)
) WITHOUT ROWID;

-- What pairs and triples reached: each kind of violation with its shortest schedule.
CREATE TABLE check_finding (
    check_id          INTEGER NOT NULL REFERENCES check_run (id) ON DELETE CASCADE,
    violation         TEXT NOT NULL,
    text              TEXT NOT NULL,
    actors            INTEGER NOT NULL,
    length            INTEGER NOT NULL,
    shortest          INTEGER NOT NULL,     -- no shorter one of these vCPUs shows it
    schedule          TEXT NOT NULL,        -- JSON
    PRIMARY KEY (check_id, violation)
) WITHOUT ROWID;

-- What `vpci-sim hypotheses` found.
CREATE TABLE hypothesis (
    id                INTEGER PRIMARY KEY,
    hypothesis_key    TEXT NOT NULL UNIQUE, -- of version, hypothesis and replaced policies
    created_at        TEXT NOT NULL,
    version           TEXT NOT NULL,
    model_of          TEXT NOT NULL,
    name              TEXT NOT NULL,        -- 'H14'
    position          INTEGER NOT NULL,
    title             TEXT NOT NULL,
    claim             TEXT NOT NULL,
    source            TEXT NOT NULL,        -- who said so, and when
    rule              TEXT NOT NULL,        -- how the verdict follows from the tests
    verdict           TEXT NOT NULL
                      CHECK (verdict IN ('confirmed', 'in part', 'refuted', 'not decidable')),
    because           TEXT NOT NULL,        -- '2 agree, 1 disagrees'
    tested_by         TEXT NOT NULL CHECK (tested_by IN ('check', 'replay', 'both', 'nothing')),
    agree             INTEGER NOT NULL,
    disagree          INTEGER NOT NULL,
    undecided         INTEGER NOT NULL,
    assumptions       TEXT NOT NULL,        -- JSON array
    missing           TEXT NOT NULL,        -- JSON array: parts without a test
    replaced          TEXT NOT NULL,        -- JSON object: policy -> file run instead, {} for none
    seconds           REAL NOT NULL         -- CPU time, of this host
);

CREATE TABLE hypothesis_test (
    hypothesis_id     INTEGER NOT NULL REFERENCES hypothesis (id) ON DELETE CASCADE,
    position          INTEGER NOT NULL,
    says              TEXT NOT NULL,        -- what comes out if the claim is true
    control           INTEGER NOT NULL,     -- not of the claim: shows that the others can tell
    kind              TEXT NOT NULL,        -- 'check', 'replay', ...
    policy            TEXT NOT NULL,
    outcome           TEXT NOT NULL CHECK (outcome IN ('agrees', 'disagrees', 'undecided')),
    text              TEXT NOT NULL,        -- what did come out
    command           TEXT NOT NULL,        -- that shows it again, or ''
    setup             TEXT NOT NULL,        -- of a replay: workload, machine, pCPUs; or ''
    synthetic         INTEGER NOT NULL,     -- the number is of a synthetic workload
    value             REAL NOT NULL,        -- of a replay or a count; 0 for a search
    bound             TEXT NOT NULL,        -- 'reached', 'absent', 'at least 2', ...
    schedule          TEXT NOT NULL,        -- JSON, or ''
    PRIMARY KEY (hypothesis_id, position)
) WITHOUT ROWID;

-- What was varied (vpci-sim sweep, vpci-sim saturate, --replicas; since version 2).
--
-- A run is one interleaving.  Runs that differ in run.replica (and run.jitter_percent) alone are
-- replicas of each other: replica 0 has the recorded think times, replica k > 0 has each of them
-- multiplied by 1 + u, u uniform in +-jitter_percent, drawn from run.seed and k.  What differs
-- between replicas is what an interleaving decides.
--
-- A run whose machine profile was changed by --vary has a row here for each number that was;
-- run.machine_text is the changed profile, run.machine still its name.
CREATE TABLE varied (
    run_id            INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    parameter         TEXT NOT NULL,        -- as given: 'conf1-cycle', 'transfer_other_socket'
    value_ns          REAL NOT NULL,
    PRIMARY KEY (run_id, parameter)
) WITHOUT ROWID;

-- What vpci-sim saturate found: one row per policy and question.  Every probe is a row of `run`.
CREATE TABLE saturation (
    id                INTEGER PRIMARY KEY,
    saturation_key    TEXT NOT NULL UNIQUE, -- hash of all that decides the answer
    created_at        TEXT NOT NULL,        -- wall time, UTC, ISO 8601; not part of the key
    version           TEXT NOT NULL,
    trace_name        TEXT NOT NULL,
    trace_hash        TEXT NOT NULL,
    machine           TEXT NOT NULL,
    machine_text      TEXT NOT NULL,
    policy            TEXT NOT NULL,
    policy_rank       INTEGER NOT NULL,     -- as in run
    policy_text       TEXT NOT NULL,
    load              TEXT NOT NULL,        -- JSON: timing, the load that was held, replicas
    percentile        TEXT NOT NULL,        -- 'p99': of the latency of accesses
    bound_ns          INTEGER NOT NULL,
    axis              TEXT NOT NULL CHECK (axis IN ('speed', 'clone')), -- what was raised
    tolerance         REAL NOT NULL,        -- 0.05: kept and broken are at most 5 % apart
    lowest            REAL NOT NULL,        -- ends of the range that was searched
    highest           REAL NOT NULL,
    kept              REAL,                 -- highest probe that kept the bound with all below it;
                                            -- NULL: not even the lowest did
    broken            REAL,                 -- lowest probe that broke it; NULL: none did
    broken_by         TEXT NOT NULL,        -- '', 'latency' or 'deadlock'
    kept_again        REAL,                 -- a probe above `broken` that kept it: p99 does not
                                            -- grow with the load throughout; NULL: none seen
    hazard_probes     INTEGER NOT NULL,     -- probes in which a hazard was seen
    probes            INTEGER NOT NULL,
    what_if           TEXT NOT NULL,        -- JSON array, as in run, of the lowest probe
    emulated          INTEGER NOT NULL,
    synthetic         INTEGER NOT NULL
);

-- What real threads measured (vpci-sim replay --engine threads --db; since version 2): a table
-- of its own, so that no query over simulated runs meets a measured one.  One row per
-- measurement: unlike a simulated run it is never twice the same, so rows of one run_key are
-- repetitions.  All times are nanoseconds of wall time on the host that measured_by names.
CREATE TABLE measured (
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
    notes             TEXT NOT NULL,        -- JSON array, as in run
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

-- The usual questions.

-- Which policy is safe in its replays, and what does it cost?  One row a run;
-- slowdown is against the latest run of the floor, the `none` that ships (rank
-- 0; a user's own file of that name has rank 1000), with everything else equal.
CREATE VIEW policy_comparison AS
SELECT r.id AS run_id, r.trace_name, r.machine, r.timing, r.speed, r.clones, r.cpus, r.seed,
       r.rebase, r.max_think_ns, r.replica, r.jitter_percent, r.policy,
       CASE WHEN r.outcome = 'deadlock' THEN 'deadlock'
            WHEN r.hazards > 0 THEN 'hazard'
            ELSE 'none seen' END AS hazard_seen,
       r.hazards, r.throughput_per_s, r.p50_ns, r.p99_ns, r.p999_ns, r.max_ns,
       r.lock_wait_ns, r.most_contended, r.cross_domain_wait_ns,
       CAST(r.makespan_ns AS REAL) / NULLIF(f.makespan_ns, 0) AS makespan_vs_none,
       CAST(r.p99_ns AS REAL) / NULLIF(f.p99_ns, 0) AS p99_vs_none,
       r.what_if, r.lost_records
FROM run r
LEFT JOIN run f ON f.id = (
    SELECT MAX(n.id) FROM run n
    WHERE n.policy = 'none' AND n.policy_rank < 1000 AND n.trace_hash = r.trace_hash
      AND n.machine_text = r.machine_text AND n.timing = r.timing AND n.speed = r.speed
      AND n.clones = r.clones AND n.seed = r.seed AND n.rebase = r.rebase
      AND n.max_think_ns = r.max_think_ns AND n.cpus = r.cpus AND n.version = r.version
      AND n.replica = r.replica AND n.jitter_percent = r.jitter_percent)
ORDER BY r.trace_name, r.machine, r.timing, r.speed, r.clones, r.policy_rank, r.policy;

-- Where is the waiting?  One row per run, lock and mode, instances summed.
CREATE VIEW lock_contention AS
SELECT r.id AS run_id, r.policy, r.trace_name, r.speed, r.clones, l.lock, l.kind, l.mode,
       l.below_vpci, SUM(l.acquire_count) AS acquire_count, SUM(l.wait_count) AS wait_count,
       SUM(l.wait_total_ns) AS wait_total_ns, MAX(l.wait_max_ns) AS wait_max_ns,
       SUM(l.hold_total_ns) AS hold_total_ns, MAX(l.hold_max_ns) AS hold_max_ns,
       SUM(l.transfer_count) AS transfer_count,
       SUM(l.cross_domain_wait_ns) AS cross_domain_wait_ns
FROM lock l JOIN run r ON r.id = l.run_id
GROUP BY r.id, l.lock, l.mode
ORDER BY r.id, wait_total_ns DESC, l.lock, l.mode;

-- Which operations are slow, and how much of that is waiting?  Domains summed
-- where a count can be; percentiles are the worst domain's.
CREATE VIEW latency_by_operation AS
SELECT r.id AS run_id, r.policy, r.trace_name, r.speed, r.clones, a.operation, a.label,
       SUM(a.count) AS count, CAST(SUM(a.total_ns) AS REAL) / SUM(a.count) AS mean_ns,
       CAST(SUM(a.wait_ns) AS REAL) / SUM(a.count) AS mean_wait_ns,
       MAX(a.p99_ns) AS worst_domain_p99_ns, MAX(a.max_ns) AS max_ns
FROM latency a JOIN run r ON r.id = a.run_id
GROUP BY r.id, a.operation
ORDER BY r.id, a.label, a.operation;

-- Who made whom wait?
CREATE VIEW blockers AS
SELECT r.id AS run_id, r.policy, r.trace_name, r.speed, r.clones, b.waiter, b.holder, b.lock,
       b.cross_domain, b.wait_ns
FROM blocker b JOIN run r ON r.id = b.run_id
ORDER BY r.id, b.wait_ns DESC, b.waiter, b.holder;

-- The latest verdict on each policy in each scenario.
CREATE VIEW verdict_matrix AS
SELECT c.policy, c.policy_rank, c.model_of, v.*
FROM check_verdict v JOIN check_run c ON c.id = v.check_id
WHERE c.id = (SELECT MAX(l.id) FROM check_run l JOIN check_verdict w ON w.check_id = l.id
              WHERE l.policy = c.policy AND l.policy_rank = c.policy_rank
                AND w.scenario = v.scenario)
ORDER BY v.position, v.scenario, c.policy_rank, c.policy;
