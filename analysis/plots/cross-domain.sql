-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a policy makes other domains wait: lock wait while another domain held the lock.

-- table: nothing
SELECT CASE WHEN MAX(r.domains) < 2
            THEN 'One domain only: there is nobody else who could be made to wait.'
            WHEN COALESCE(SUM(r.cross_domain_wait_ns) FILTER (WHERE r.outcome = 'done'), 0) = 0
            THEN 'No domain waited for a lock that another domain held, under any policy.'
            ELSE 'There is next to no waiting at this load: what one domain makes another wait is a handful of collisions.' END
FROM shown s JOIN run r ON r.id = s.run_id
HAVING COALESCE(SUM(r.cross_domain_wait_ns) FILTER (WHERE r.outcome = 'done'), 0) = 0
    OR MAX(r.lock_wait_ns) FILTER (WHERE r.outcome = 'done')
       < negligible_wait() * MAX(r.floor_ns) FILTER (WHERE r.outcome = 'done');

-- table: series
SELECT s.row, s.legend AS name, shipped_policy(r.policy, r.policy_rank) AS policy,
       CASE WHEN r.outcome <> 'done' THEN 'deadlock' WHEN r.cross_domain_wait_ns = 0 THEN 'none'
            ELSE duration(r.cross_domain_wait_ns) END AS label,
       CASE WHEN r.outcome <> 'done' OR r.cross_domain_wait_ns = 0 OR r.lock_wait_ns = 0 THEN ''
            ELSE percent(r.cross_domain_wait_ns * 1.0 / r.lock_wait_ns) END AS label2
FROM shown s JOIN run r ON r.id = s.run_id
ORDER BY s.row;

-- table: data
SELECT s.row, s.row + 1 AS place,
       COALESCE(SUM(l.cross_domain_wait_ns) FILTER (WHERE NOT l.below_vpci), 0) / 1e9 AS vpci_s,
       COALESCE(SUM(l.cross_domain_wait_ns) FILTER (WHERE l.below_vpci), 0) / 1e9 AS below_s, s.name
FROM shown s JOIN run r ON r.id = s.run_id LEFT JOIN lock l ON l.run_id = s.run_id
WHERE r.outcome = 'done'
GROUP BY s.row ORDER BY s.row;
