-- SPDX-License-Identifier: GPL-2.0-or-later
-- Fills temp.spread once, when a database is opened: runs that differ in the replica (and its
-- jitter) alone are one run repeated.  The lowest replica of a set leads it: it stands for the set
-- in every table and plot; the others show how far its numbers move.
-- table: fill
INSERT INTO temp.spread
WITH sets AS (
    SELECT id, replica, outcome, hazards, p99_ns, throughput_per_s,
           DENSE_RANK() OVER (
               ORDER BY trace_name, trace_hash, machine, machine_text, cpus, timing, speed, clones,
                        rebase, max_think_ns, seed, version, policy, policy_rank,
                        policy_text) AS set_id
    FROM run),
ranked AS (
    SELECT *, outcome = 'done' AS ended,
           ROW_NUMBER() OVER (PARTITION BY set_id, outcome = 'done' ORDER BY p99_ns) AS p99_place,
           ROW_NUMBER() OVER (PARTITION BY set_id, outcome = 'done'
                              ORDER BY throughput_per_s) AS throughput_place,
           COUNT(*) OVER (PARTITION BY set_id, outcome = 'done') AS of,
           MIN(replica) OVER (PARTITION BY set_id) AS lead
    FROM sets),
summed AS (
    SELECT set_id, COUNT(*) AS replicas, SUM(NOT ended) AS deadlock_replicas,
           SUM(hazards > 0) AS hazard_replicas,
           COALESCE(MIN(p99_ns) FILTER (WHERE ended), 0) AS p99_low_ns,
           COALESCE(AVG(p99_ns) FILTER (WHERE ended AND p99_place IN ((of + 1) / 2, of / 2 + 1)),
                    0) AS p99_median_ns,
           COALESCE(MAX(p99_ns) FILTER (WHERE ended), 0) AS p99_high_ns,
           COALESCE(MIN(throughput_per_s) FILTER (WHERE ended), 0) AS throughput_low,
           COALESCE(AVG(throughput_per_s) FILTER (WHERE ended AND throughput_place
                                                  IN ((of + 1) / 2, of / 2 + 1)),
                    0) AS throughput_median,
           COALESCE(MAX(throughput_per_s) FILTER (WHERE ended), 0) AS throughput_high
    FROM ranked GROUP BY set_id)
SELECT r.id, r.replica = r.lead, s.replicas, s.deadlock_replicas, s.hazard_replicas, s.p99_low_ns,
       s.p99_median_ns, s.p99_high_ns, s.throughput_low, s.throughput_median, s.throughput_high
FROM ranked r JOIN summed s ON s.set_id = r.set_id;
