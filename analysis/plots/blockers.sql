-- SPDX-License-Identifier: GPL-2.0-or-later
-- Who blocks whom, under the policy that waits most; floor, ceiling and replays that ended in
-- a deadlock aside.

-- table: nothing
SELECT CASE WHEN COUNT(*) = 0 THEN 'No policy but the floor and the ceiling came to its end here.'
            WHEN MAX(r.lock_wait_ns) = 0
            THEN 'No operation waited for another one under any policy but the floor and the ceiling.'
            ELSE 'There is next to no waiting at this load, floor and ceiling aside: who meets whom is a handful of collisions, and shares of it would show chance.' END
FROM shown s JOIN run r ON r.id = s.run_id
WHERE r.outcome = 'done' AND NOT is_reference(r.policy, r.policy_rank)
HAVING COUNT(*) = 0 OR MAX(r.lock_wait_ns) = 0
    OR MAX(r.lock_wait_ns) < negligible_wait() * MAX(r.floor_ns)
    OR NOT EXISTS (SELECT 1 FROM shown s JOIN run r ON r.id = s.run_id
                   JOIN blocker b ON b.run_id = r.id
                   WHERE b.wait_ns > 0 AND r.outcome = 'done'
                     AND NOT is_reference(r.policy, r.policy_rank));

-- table: title
SELECT 'Who blocks whom under ' || name
       || CASE WHEN candidates = 1 THEN ''
               WHEN all_wait_ns > lock_wait_ns
               THEN ', the policy with the most waiting here (floor and ceiling aside)'
               ELSE ', the policy with the most waiting here' END
FROM (SELECT s.row, s.name, r.lock_wait_ns, COUNT(*) OVER () AS candidates,
             (SELECT MAX(q.lock_wait_ns) FROM shown t JOIN run q ON q.id = t.run_id
               WHERE q.outcome = 'done') AS all_wait_ns
      FROM shown s JOIN run r ON r.id = s.run_id
      WHERE r.outcome = 'done' AND NOT is_reference(r.policy, r.policy_rank)
        AND EXISTS (SELECT 1 FROM blocker b WHERE b.run_id = r.id AND b.wait_ns > 0))
ORDER BY lock_wait_ns DESC, row LIMIT 1;

-- Operations by their part in the waiting, on either side.
-- table: keys
WITH worst AS (SELECT r.id FROM shown s JOIN run r ON r.id = s.run_id
               WHERE r.outcome = 'done' AND NOT is_reference(r.policy, r.policy_rank)
                 AND EXISTS (SELECT 1 FROM blocker b WHERE b.run_id = r.id AND b.wait_ns > 0)
               ORDER BY r.lock_wait_ns DESC, s.row LIMIT 1),
side AS (SELECT waiter AS operation, wait_ns FROM blocker JOIN worst ON id = run_id
         UNION ALL SELECT holder, wait_ns FROM blocker JOIN worst ON id = run_id)
SELECT operation AS name, 0 AS kind FROM side
GROUP BY operation ORDER BY SUM(wait_ns) DESC, operation LIMIT 10;

-- table: data
WITH worst AS (SELECT r.id FROM shown s JOIN run r ON r.id = s.run_id
               WHERE r.outcome = 'done' AND NOT is_reference(r.policy, r.policy_rank)
                 AND EXISTS (SELECT 1 FROM blocker b WHERE b.run_id = r.id AND b.wait_ns > 0)
               ORDER BY r.lock_wait_ns DESC, s.row LIMIT 1),
pair AS (SELECT b.waiter, b.holder, SUM(b.wait_ns) AS wait_ns
         FROM blocker b JOIN worst ON id = run_id GROUP BY b.waiter, b.holder),
side AS (SELECT waiter AS operation, wait_ns FROM pair UNION ALL SELECT holder, wait_ns FROM pair),
place AS (SELECT operation, ROW_NUMBER() OVER (ORDER BY SUM(wait_ns) DESC, operation) AS place
          FROM side GROUP BY operation)
SELECT h.place AS column, w.place AS place,
       wait_ns * 100.0 / (SELECT SUM(wait_ns) FROM pair) AS percent,
       percent(wait_ns * 1.0 / (SELECT SUM(wait_ns) FROM pair)) AS label,
       waiter, holder, wait_ns
FROM pair JOIN place w ON w.operation = waiter JOIN place h ON h.operation = holder
WHERE w.place <= 10 AND h.place <= 10 AND wait_ns > 0
ORDER BY w.place, h.place;
