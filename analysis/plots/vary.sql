-- SPDX-License-Identifier: GPL-2.0-or-later
-- p99 against a number of the machine profile: the shown runs differ in it and in the policy alone.

-- table: nothing
SELECT CASE WHEN COUNT(*) > 0 THEN 'No replay of these came to its end.' END
FROM shown s JOIN run r ON r.id = s.run_id HAVING MAX(r.outcome = 'done') = 0;

-- table: title
SELECT 'p99 latency against ' || v.parameter
FROM shown s JOIN varied v ON v.run_id = s.run_id
GROUP BY v.parameter HAVING COUNT(DISTINCT v.value_ns) > 1;

-- Slowest at the highest value first.
-- table: series
WITH axis AS (SELECT v.parameter FROM shown s JOIN varied v ON v.run_id = s.run_id
              GROUP BY v.parameter HAVING COUNT(DISTINCT v.value_ns) > 1),
last AS (SELECT MIN(s.row) OVER (PARTITION BY s.name) AS row, s.legend AS name,
                shipped_policy(r.policy, r.policy_rank) AS policy, r.policy_rank,
                p.p99_median_ns, r.outcome,
                ROW_NUMBER() OVER (PARTITION BY s.name ORDER BY v.value_ns DESC, r.id DESC) AS n
         FROM shown s JOIN run r ON r.id = s.run_id JOIN temp.spread p ON p.run_id = r.id
         JOIN varied v ON v.run_id = r.id JOIN axis ON axis.parameter = v.parameter)
SELECT row, name, policy,
       CASE WHEN outcome = 'done' THEN duration(p99_median_ns) ELSE 'deadlock' END AS label,
       '' AS label2
FROM last WHERE n = 1
ORDER BY outcome <> 'done', p99_median_ns DESC, policy_rank, name;

-- The values, in order: places on the axis.
-- table: keys
WITH axis AS (SELECT v.parameter FROM shown s JOIN varied v ON v.run_id = s.run_id
              GROUP BY v.parameter HAVING COUNT(DISTINCT v.value_ns) > 1)
SELECT duration(value_ns) AS name, ROW_NUMBER() OVER (ORDER BY value_ns) AS kind
FROM (SELECT DISTINCT v.value_ns FROM shown s JOIN varied v ON v.run_id = s.run_id
      JOIN axis ON axis.parameter = v.parameter)
ORDER BY value_ns;

-- table: data
WITH axis AS (SELECT v.parameter FROM shown s JOIN varied v ON v.run_id = s.run_id
              GROUP BY v.parameter HAVING COUNT(DISTINCT v.value_ns) > 1)
SELECT MIN(s.row) OVER (PARTITION BY s.name) AS first_row,
       DENSE_RANK() OVER (ORDER BY v.value_ns) AS place, p.p99_median_ns, p.p99_low_ns,
       p.p99_high_ns, r.outcome = 'deadlock' AS stopped, v.value_ns, p.replicas, s.name
FROM shown s JOIN run r ON r.id = s.run_id JOIN temp.spread p ON p.run_id = r.id
JOIN varied v ON v.run_id = r.id JOIN axis ON axis.parameter = v.parameter
ORDER BY first_row, place, s.row;
