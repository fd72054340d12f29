-- SPDX-License-Identifier: GPL-2.0-or-later
-- How many vCPUs wait for locks, over the time of the replay.

-- table: nothing
SELECT CASE WHEN COALESCE(wait, 0) = 0 THEN 'No vCPU waited for any lock at any time under any policy.'
            ELSE 'There is next to no waiting at this load, ' || percent(wait * 1.0 / work)
                 || ' of the time at work at most: what there is comes from a handful of collisions, and a curve of it would show chance.' END
FROM (SELECT MAX(r.lock_wait_ns) AS wait, MAX(r.floor_ns) AS work
      FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done')
WHERE COALESCE(wait, 0) = 0 OR wait < negligible_wait() * work;

-- table: series
WITH RECURSIVE
source AS (SELECT s.row, s.legend AS name, shipped_policy(r.policy, r.policy_rank) AS policy,
                  r.outcome, r.buckets, r.bucket_ns,
                  length(r.buckets) / 24 AS slots
           FROM shown s JOIN run r ON r.id = s.run_id),
slot (row, k) AS (SELECT row, 0 FROM source WHERE slots > 0
                  UNION ALL
                  SELECT slot.row, k + 1 FROM slot JOIN source USING (row) WHERE k + 1 < slots)
-- Below a tenth of a vCPU the share says little: then as waiting per second.
SELECT row, name, policy,
       CASE WHEN outcome <> 'done' THEN 'deadlock'
            WHEN MAX(peak) FILTER (WHERE outcome = 'done') OVER () < 0.1 THEN duration(peak * 1e9) || '/s'
            ELSE CAST(ROUND(peak, 2) AS TEXT) END AS label,
       '' AS label2
FROM (SELECT row, name, policy, outcome,
             COALESCE(MAX(u64le(buckets, 24 * k + 8)) * 1.0 / NULLIF(bucket_ns, 0), 0) AS peak
      FROM slot JOIN source USING (row) GROUP BY row)
ORDER BY row;

-- table: data
WITH RECURSIVE
source AS (SELECT s.row, s.name, r.buckets, r.bucket_ns, length(r.buckets) / 24 AS slots
           FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done'),
slot (row, k) AS (SELECT row, 0 FROM source WHERE slots > 0 AND bucket_ns > 0
                  UNION ALL
                  SELECT slot.row, k + 1 FROM slot JOIN source USING (row) WHERE k + 1 < slots)
SELECT row, (k + 0.5) * bucket_ns / 1e9 AS time_s,
       u64le(buckets, 24 * k + 8) * 1.0 / bucket_ns AS waiting,
       u64le(buckets, 24 * k) * 1.0 / bucket_ns AS inside, name
FROM slot JOIN source USING (row)
ORDER BY row, k;
