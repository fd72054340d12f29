-- SPDX-License-Identifier: GPL-2.0-or-later
-- Where the waiting is: each lock's share of a policy's lock wait.

-- table: nothing
SELECT CASE WHEN COALESCE(wait, 0) = 0 THEN 'No vCPU waited for any lock under any policy, so there is no waiting to divide.'
            ELSE 'There is next to no waiting at this load, ' || percent(wait * 1.0 / work)
                 || ' of the time at work at most: what there is comes from a handful of collisions, and shares of it would show chance.' END
FROM (SELECT MAX((SELECT SUM(x.wait_total_ns) FROM lock x WHERE x.run_id = r.id)) AS wait, MAX(r.floor_ns) AS work
      FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done')
WHERE COALESCE(wait, 0) = 0 OR wait < negligible_wait() * work;

-- A replay that ended in a deadlock is named, not measured, and a bar needs waiting to divide:
-- below negligible_wait() of the time at work there is none.
-- table: series
SELECT s.row, s.legend AS name, shipped_policy(r.policy, r.policy_rank) AS policy,
       CASE WHEN r.outcome <> 'done' THEN 'deadlock' WHEN r.lock_wait_ns = 0 THEN 'no waiting'
            ELSE duration(r.lock_wait_ns) END AS label,
       CASE WHEN r.outcome <> 'done' OR r.lock_wait_ns = 0 OR r.calls = 0 THEN ''
            ELSE duration(r.lock_wait_ns * 1.0 / r.calls) END AS label2
FROM shown s JOIN run r ON r.id = s.run_id
ORDER BY s.row;

-- The locks told apart: vPCI's own and those below, most waited for first; the rest are summed.
-- table: keys
WITH measured AS (SELECT s.* FROM shown s JOIN run r ON r.id = s.run_id
                  WHERE r.outcome = 'done' AND r.lock_wait_ns >= negligible_wait() * r.floor_ns),
total AS (SELECT l.lock, l.below_vpci, SUM(l.wait_total_ns) AS wait_ns
               FROM measured s JOIN lock l ON l.run_id = s.run_id
               GROUP BY l.lock, l.below_vpci HAVING SUM(l.wait_total_ns) > 0),
ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY below_vpci
                                        ORDER BY wait_ns DESC, lock) AS place FROM total)
SELECT CASE WHEN place <= 4 THEN lock ELSE 'other locks' END AS name, below_vpci AS kind
FROM ranked
WHERE place <= 5
ORDER BY below_vpci, place;

-- table: data
WITH measured AS (SELECT s.* FROM shown s JOIN run r ON r.id = s.run_id
                  WHERE r.outcome = 'done' AND r.lock_wait_ns >= negligible_wait() * r.floor_ns),
total AS (SELECT l.lock, l.below_vpci, SUM(l.wait_total_ns) AS wait_ns
               FROM measured s JOIN lock l ON l.run_id = s.run_id
               GROUP BY l.lock, l.below_vpci HAVING SUM(l.wait_total_ns) > 0),
ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY below_vpci
                                        ORDER BY wait_ns DESC, lock) AS place FROM total),
key AS (SELECT lock, below_vpci,
               DENSE_RANK() OVER (ORDER BY below_vpci, MIN(place, 5)) AS key FROM ranked),
part AS (SELECT s.row, s.name, key.key, SUM(l.wait_total_ns) AS wait_ns
         FROM measured s JOIN lock l ON l.run_id = s.run_id
         JOIN key ON key.lock = l.lock AND key.below_vpci = l.below_vpci
         GROUP BY s.row, key.key),
stacked AS (SELECT *, SUM(wait_ns) OVER (PARTITION BY row ORDER BY key) AS up_to,
                   SUM(wait_ns) OVER (PARTITION BY row) AS total_ns FROM part)
SELECT row, row + 1 AS place, key, (up_to - wait_ns) * 100.0 / total_ns AS from_percent,
       up_to * 100.0 / total_ns AS to_percent, wait_ns, name
FROM stacked WHERE total_ns > 0
ORDER BY row, key;
