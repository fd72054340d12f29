-- SPDX-License-Identifier: GPL-2.0-or-later
-- Locks of the shown runs, instances summed.  Exclusive locks are spinlocks and carry the
-- columns of Xen's lock profile (xenlockprof: lock_cnt, lock_time, block_cnt, block_time, ns).

-- table: spinlocks
SELECT s.name, l.lock, l.kind, MAX(l.below_vpci) AS below_vpci, SUM(l.instances) AS instances,
       SUM(l.acquire_count) AS lock_cnt, SUM(l.hold_total_ns) AS lock_time,
       SUM(l.wait_count) AS block_cnt, SUM(l.wait_total_ns) AS block_time,
       MAX(l.wait_max_ns) AS block_max, MAX(l.hold_max_ns) AS lock_max,
       SUM(l.try_failed_count) AS try_failed
FROM shown s JOIN lock l ON l.run_id = s.run_id
WHERE l.mode = 'exclusive' AND l.kind IN ('ticket', 'recursive')
GROUP BY s.row, l.lock
ORDER BY s.row, block_time DESC, lock_cnt DESC, l.lock;

-- table: others
SELECT s.name, l.lock, l.kind, l.mode, MAX(l.below_vpci) AS below_vpci,
       SUM(l.instances) AS instances, SUM(l.acquire_count) AS acquire_count,
       SUM(l.wait_count) AS wait_count, SUM(l.wait_total_ns) AS wait_total_ns,
       MAX(l.wait_max_ns) AS wait_max_ns, SUM(l.hold_total_ns) AS hold_total_ns,
       MAX(l.hold_max_ns) AS hold_max_ns
FROM shown s JOIN lock l ON l.run_id = s.run_id
WHERE NOT (l.mode = 'exclusive' AND l.kind IN ('ticket', 'recursive'))
GROUP BY s.row, l.lock, l.mode
ORDER BY s.row, wait_total_ns DESC, l.lock, l.mode;

-- The ten pairs that waited most under each policy.
-- table: blockers
WITH pair AS (SELECT s.row, s.name, b.waiter, b.holder, b.lock,
                     SUM(b.wait_ns) AS wait_ns,
                     SUM(b.wait_ns) FILTER (WHERE b.cross_domain) AS cross_ns
              FROM shown s JOIN blocker b ON b.run_id = s.run_id
              GROUP BY s.row, b.waiter, b.holder, b.lock HAVING SUM(b.wait_ns) > 0),
ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY row ORDER BY wait_ns DESC, waiter, holder,
                                        lock) AS place,
                  SUM(wait_ns) OVER (PARTITION BY row) AS total_ns FROM pair)
SELECT name, waiter, holder, lock, wait_ns, COALESCE(cross_ns, 0) AS cross_ns,
       wait_ns * 1.0 / total_ns AS share
FROM ranked WHERE place <= 10 ORDER BY row, place;
