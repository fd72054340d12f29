-- SPDX-License-Identifier: GPL-2.0-or-later
-- Distribution of the latency of accesses, from the histogram of each run.

-- table: nothing
SELECT 'No replay came to its end with an access completed, so there is no latency to show.'
WHERE NOT EXISTS (SELECT 1 FROM shown s JOIN run r ON r.id = s.run_id
                  WHERE length(r.histogram) >= 12 AND r.outcome = 'done');

-- Slowest tail first, as the curves lie on the right.  What a replay did before it ended
-- in a deadlock is no distribution to compare: named, not drawn.
-- table: series
SELECT s.row, s.legend AS name, shipped_policy(r.policy, r.policy_rank) AS policy,
       CASE WHEN r.outcome = 'done' THEN duration(r.p99_ns) ELSE 'deadlock' END AS label,
       CASE WHEN r.outcome = 'done' THEN duration(r.p999_ns) ELSE '' END AS label2
FROM shown s JOIN run r ON r.id = s.run_id
WHERE length(r.histogram) >= 12
ORDER BY r.outcome <> 'done', r.p99_ns DESC, r.p999_ns DESC, s.row;

-- table: data
WITH RECURSIVE
source AS (SELECT s.row, s.name, r.histogram, r.max_ns, length(r.histogram) / 12 AS slots
           FROM shown s JOIN run r ON r.id = s.run_id WHERE r.outcome = 'done'),
slot (row, k) AS (SELECT row, 0 FROM source WHERE slots > 0
                  UNION ALL
                  SELECT slot.row, k + 1 FROM slot JOIN source USING (row) WHERE k + 1 < slots),
entry AS (SELECT row, name, max_ns, k, bucket_floor_ns(u32le(histogram, 12 * k)) AS latency_ns,
                 u64le(histogram, 12 * k + 4) AS count
          FROM slot JOIN source USING (row)),
summed AS (SELECT *, SUM(count) OVER (PARTITION BY row ORDER BY k) AS up_to,
                  SUM(count) OVER (PARTITION BY row) AS total
           FROM entry)
-- Two points at each bucket, before and after its step; the last step ends at the maximum.
SELECT row, latency_ns, (up_to - count * (1 - side)) * 1.0 / total AS share_at_most,
       MAX(total - up_to + count * (1 - side), 1) * 1.0 / total AS share_at_least, name
FROM (SELECT row, k, latency_ns, up_to, total, count, name FROM summed
      UNION ALL
      SELECT row, 1000000, max_ns, total, total, 0, name FROM summed GROUP BY row)
     JOIN (SELECT 0 AS side UNION ALL SELECT 1)
ORDER BY row, k, side;
