-- SPDX-License-Identifier: GPL-2.0-or-later
-- Mean lock wait of each operation class under each policy.

-- table: nothing
SELECT CASE WHEN COALESCE(wait, 0) = 0 THEN 'No operation waited for a lock under any policy.'
            ELSE 'There is next to no waiting at this load, ' || percent(wait * 1.0 / work)
                 || ' of the time at work at most: what there is comes from a handful of collisions, and means of it would show chance.' END
FROM (SELECT MAX((SELECT SUM(x.wait_ns) FROM latency x WHERE x.run_id = r.id)) AS wait, MAX(r.floor_ns) AS work
      FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done')
WHERE COALESCE(wait, 0) = 0 OR wait < negligible_wait() * work;

-- table: series
SELECT s.row, s.legend AS name, shipped_policy(r.policy, r.policy_rank) AS policy, '' AS label, '' AS label2
FROM shown s JOIN run r ON r.id = s.run_id ORDER BY s.row;

-- The classes that waited most in all; at most 16 fit a page.
-- table: keys
WITH finished AS (SELECT s.* FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done'),
waited AS (SELECT a.operation, a.label, SUM(a.wait_ns) AS wait_ns
                FROM finished s JOIN latency a ON a.run_id = s.run_id
                GROUP BY a.operation HAVING SUM(a.wait_ns) > 0
                ORDER BY SUM(a.wait_ns) DESC, a.operation LIMIT 16)
SELECT operation || '  ' || label AS name, 0 AS kind FROM waited
ORDER BY wait_ns DESC, operation;

-- table: data
WITH finished AS (SELECT s.* FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done'),
waited AS (SELECT a.operation, SUM(a.wait_ns) AS wait_ns
                FROM finished s JOIN latency a ON a.run_id = s.run_id
                GROUP BY a.operation HAVING SUM(a.wait_ns) > 0),
ranked AS (SELECT operation, ROW_NUMBER() OVER (ORDER BY wait_ns DESC, operation) AS place
           FROM waited)
SELECT s.row, s.row + 1 AS column, ranked.place,
       SUM(a.wait_ns) * 1.0 / SUM(a.count) AS mean_wait_ns,
       CASE WHEN SUM(a.wait_ns) = 0 THEN '0'
            WHEN SUM(a.wait_ns) * 2 < SUM(a.count) THEN '<1 ns'
            ELSE duration(SUM(a.wait_ns) * 1.0 / SUM(a.count)) END AS label,
       SUM(a.count) AS calls, a.operation, s.name
FROM finished s JOIN latency a ON a.run_id = s.run_id JOIN ranked USING (operation)
WHERE ranked.place <= 16
GROUP BY s.row, a.operation
ORDER BY s.row, ranked.place;
