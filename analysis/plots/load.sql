-- SPDX-License-Identifier: GPL-2.0-or-later
-- p99 against load: one point per policy and speed of a sweep.

-- table: nothing
SELECT 'p99 against load needs replays at two speeds or more; with everything else equal there is speed '
       || number(MIN(r.speed)) || ' only (vpci-sim replay --speed X adds one).'
FROM shown s JOIN run r ON r.id = s.run_id HAVING COUNT(DISTINCT r.speed) < 2
UNION ALL
SELECT CASE WHEN COUNT(*) > 0 THEN 'No replay of this sweep came to its end.' END
FROM shown s JOIN run r ON r.id = s.run_id HAVING MAX(r.outcome = 'done') = 0;

-- Slowest at the highest speed first.
-- table: series
WITH last AS (SELECT MIN(s.row) OVER (PARTITION BY s.name) AS row, s.legend AS name,
                     shipped_policy(r.policy, r.policy_rank) AS policy,
                     r.policy_rank, r.p99_ns, r.outcome,
                     ROW_NUMBER() OVER (PARTITION BY s.name ORDER BY r.speed DESC, r.id DESC) AS n
              FROM shown s JOIN run r ON r.id = s.run_id)
SELECT row, name, policy,
       CASE WHEN outcome = 'done' THEN duration(p99_ns) ELSE 'deadlock' END AS label, '' AS label2
FROM last WHERE n = 1
ORDER BY outcome <> 'done', p99_ns DESC, policy_rank, name;

-- table: data
SELECT MIN(s.row) OVER (PARTITION BY s.name) AS first_row, r.speed, r.p99_ns, r.p50_ns,
       r.outcome = 'deadlock' AS stopped, r.throughput_per_s, s.name
FROM shown s JOIN run r ON r.id = s.run_id
ORDER BY first_row, r.speed, s.row;
