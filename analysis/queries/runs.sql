-- SPDX-License-Identifier: GPL-2.0-or-later
-- Every run, replicas by the one that leads them, sorted so that runs which may be compared
-- stand together: first all that makes a sweep, then the speed, then the policy in the order
-- of every comparison.  Columns group_sweep and group_scenario number the groups.
-- table: runs
WITH numbered AS (
    SELECT r.*, s.replicas, s.deadlock_replicas, s.hazard_replicas, s.p99_low_ns, s.p99_median_ns,
           s.p99_high_ns, s.throughput_low, s.throughput_median, s.throughput_high,
           (SELECT COALESCE(SUM(l.wait_total_ns), 0) FROM lock l
             WHERE l.run_id = r.id AND l.below_vpci) AS below_wait_ns,
           (SELECT COALESCE(GROUP_CONCAT(v.parameter || ' ' || duration(v.value_ns), ', '), '')
             FROM varied v WHERE v.run_id = r.id) AS varied,
           DENSE_RANK() OVER (
               ORDER BY trace_name, trace_hash, machine, machine_text, cpus, timing, clones,
                        rebase, max_think_ns, seed, version) AS group_sweep,
           DENSE_RANK() OVER (
               ORDER BY trace_name, trace_hash, machine, machine_text, cpus, timing, clones,
                        rebase, max_think_ns, seed, version, speed) AS group_scenario
    FROM run r JOIN temp.spread s ON s.run_id = r.id
    WHERE s.leads)
SELECT * FROM numbered
ORDER BY group_sweep, group_scenario, policy_rank, policy, id;

-- What --vary set, of the runs above.
-- table: varied
SELECT v.run_id, v.parameter, v.value_ns
FROM varied v JOIN temp.spread s ON s.run_id = v.run_id
WHERE s.leads ORDER BY v.run_id, v.parameter;
