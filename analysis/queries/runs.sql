-- SPDX-License-Identifier: GPL-2.0-or-later
-- Every run, sorted so that runs which may be compared stand together: first all that
-- makes a sweep, then the speed, then the policy in the order of every comparison.
-- Columns group_sweep and group_scenario number the groups.
-- table: runs
WITH numbered AS (
    SELECT r.*,
           (SELECT COALESCE(SUM(l.wait_total_ns), 0) FROM lock l
             WHERE l.run_id = r.id AND l.below_vpci) AS below_wait_ns,
           DENSE_RANK() OVER (
               ORDER BY trace_name, trace_hash, machine, machine_text, cpus, timing, clones,
                        rebase, max_think_ns, seed, version) AS group_sweep,
           DENSE_RANK() OVER (
               ORDER BY trace_name, trace_hash, machine, machine_text, cpus, timing, clones,
                        rebase, max_think_ns, seed, version, speed) AS group_scenario
    FROM run r)
SELECT * FROM numbered
ORDER BY group_sweep, group_scenario, policy_rank, policy, id;
