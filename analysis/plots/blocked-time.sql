-- SPDX-License-Identifier: GPL-2.0-or-later
-- How many vCPUs wait for locks, over the time of the replay.

-- table: nothing
SELECT 'No vCPU waited for any lock at any time under any policy.'
WHERE NOT EXISTS (SELECT 1 FROM shown s JOIN run r ON r.id = s.run_id WHERE r.lock_wait_ns > 0);

-- table: series
WITH RECURSIVE
source AS (SELECT s.row, s.legend AS name, r.policy, r.buckets, r.bucket_ns,
                  length(r.buckets) / 24 AS slots
           FROM shown s JOIN run r ON r.id = s.run_id),
slot (row, k) AS (SELECT row, 0 FROM source WHERE slots > 0
                  UNION ALL
                  SELECT slot.row, k + 1 FROM slot JOIN source USING (row) WHERE k + 1 < slots)
-- Below a tenth of a vCPU the share says little: then as waiting per second.
SELECT row, name, policy,
       CASE WHEN MAX(peak) OVER () < 0.1 THEN duration(peak * 1e9) || '/s'
            ELSE CAST(ROUND(peak, 2) AS TEXT) END AS label,
       '' AS label2
FROM (SELECT row, name, policy,
             COALESCE(MAX(u64le(buckets, 24 * k + 8)) * 1.0 / NULLIF(bucket_ns, 0), 0) AS peak
      FROM slot JOIN source USING (row) GROUP BY row)
ORDER BY row;

-- table: data
WITH RECURSIVE
source AS (SELECT s.row, s.name, r.buckets, r.bucket_ns, length(r.buckets) / 24 AS slots
           FROM shown s JOIN run r ON r.id = s.run_id),
slot (row, k) AS (SELECT row, 0 FROM source WHERE slots > 0 AND bucket_ns > 0
                  UNION ALL
                  SELECT slot.row, k + 1 FROM slot JOIN source USING (row) WHERE k + 1 < slots)
SELECT row, (k + 0.5) * bucket_ns / 1e9 AS time_s,
       u64le(buckets, 24 * k + 8) * 1.0 / bucket_ns AS waiting,
       u64le(buckets, 24 * k) * 1.0 / bucket_ns AS inside, name
FROM slot JOIN source USING (row)
ORDER BY row, k;
