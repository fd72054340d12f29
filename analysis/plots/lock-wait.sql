-- SPDX-License-Identifier: GPL-2.0-or-later
-- Where the waiting is: each lock's share of a policy's lock wait.

-- table: nothing
SELECT 'No vCPU waited for any lock under any policy, so there is no waiting to divide.'
WHERE NOT EXISTS (SELECT 1 FROM shown s JOIN lock l ON l.run_id = s.run_id
                  WHERE l.wait_total_ns > 0);

-- table: series
SELECT s.row, s.legend AS name, r.policy,
       CASE WHEN r.lock_wait_ns = 0 THEN 'no waiting' ELSE duration(r.lock_wait_ns) END AS label,
       CASE WHEN r.lock_wait_ns = 0 OR r.calls = 0 THEN ''
            ELSE duration(r.lock_wait_ns * 1.0 / r.calls) END AS label2
FROM shown s JOIN run r ON r.id = s.run_id
ORDER BY s.row;

-- The locks told apart: vPCI's own and those below, most waited for first; the rest are summed.
-- table: keys
WITH total AS (SELECT l.lock, l.below_vpci, SUM(l.wait_total_ns) AS wait_ns
               FROM shown s JOIN lock l ON l.run_id = s.run_id
               GROUP BY l.lock, l.below_vpci HAVING SUM(l.wait_total_ns) > 0),
ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY below_vpci
                                        ORDER BY wait_ns DESC, lock) AS place FROM total)
SELECT CASE WHEN place <= 4 THEN lock ELSE 'other locks' END AS name, below_vpci AS kind
FROM ranked
WHERE place <= 5
ORDER BY below_vpci, place;

-- table: data
WITH total AS (SELECT l.lock, l.below_vpci, SUM(l.wait_total_ns) AS wait_ns
               FROM shown s JOIN lock l ON l.run_id = s.run_id
               GROUP BY l.lock, l.below_vpci HAVING SUM(l.wait_total_ns) > 0),
ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY below_vpci
                                        ORDER BY wait_ns DESC, lock) AS place FROM total),
key AS (SELECT lock, below_vpci,
               DENSE_RANK() OVER (ORDER BY below_vpci, MIN(place, 5)) AS key FROM ranked),
part AS (SELECT s.row, s.name, key.key, SUM(l.wait_total_ns) AS wait_ns
         FROM shown s JOIN lock l ON l.run_id = s.run_id
         JOIN key ON key.lock = l.lock AND key.below_vpci = l.below_vpci
         GROUP BY s.row, key.key),
stacked AS (SELECT *, SUM(wait_ns) OVER (PARTITION BY row ORDER BY key) AS up_to,
                   SUM(wait_ns) OVER (PARTITION BY row) AS total_ns FROM part)
SELECT row, row + 1 AS place, key, (up_to - wait_ns) * 100.0 / total_ns AS from_percent,
       up_to * 100.0 / total_ns AS to_percent, wait_ns, name
FROM stacked WHERE total_ns > 0
ORDER BY row, key;
