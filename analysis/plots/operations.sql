-- SPDX-License-Identifier: GPL-2.0-or-later
-- Mean lock wait of each operation class under each policy.

-- table: nothing
SELECT 'No operation waited for a lock under any policy.'
WHERE NOT EXISTS (SELECT 1 FROM shown s JOIN latency a ON a.run_id = s.run_id WHERE a.wait_ns > 0);

-- table: series
SELECT s.row, s.legend AS name, r.policy, '' AS label, '' AS label2
FROM shown s JOIN run r ON r.id = s.run_id ORDER BY s.row;

-- The classes that waited most in all; at most 16 fit a page.
-- table: keys
WITH waited AS (SELECT a.operation, a.label, SUM(a.wait_ns) AS wait_ns
                FROM shown s JOIN latency a ON a.run_id = s.run_id
                GROUP BY a.operation HAVING SUM(a.wait_ns) > 0
                ORDER BY SUM(a.wait_ns) DESC, a.operation LIMIT 16)
SELECT operation || '  ' || label AS name, 0 AS kind FROM waited
ORDER BY wait_ns DESC, operation;

-- table: data
WITH waited AS (SELECT a.operation, SUM(a.wait_ns) AS wait_ns
                FROM shown s JOIN latency a ON a.run_id = s.run_id
                GROUP BY a.operation HAVING SUM(a.wait_ns) > 0),
ranked AS (SELECT operation, ROW_NUMBER() OVER (ORDER BY wait_ns DESC, operation) AS place
           FROM waited)
SELECT s.row, s.row + 1 AS column, ranked.place,
       SUM(a.wait_ns) * 1.0 / SUM(a.count) AS mean_wait_ns,
       CASE WHEN SUM(a.wait_ns) = 0 THEN '0'
            WHEN SUM(a.wait_ns) * 2 < SUM(a.count) THEN '<1 ns'
            ELSE duration(SUM(a.wait_ns) * 1.0 / SUM(a.count)) END AS label,
       SUM(a.count) AS calls, a.operation, s.name
FROM shown s JOIN latency a ON a.run_id = s.run_id JOIN ranked USING (operation)
WHERE ranked.place <= 16
GROUP BY s.row, a.operation
ORDER BY s.row, ranked.place;
