-- SPDX-License-Identifier: GPL-2.0-or-later
-- How much load each policy carries: shown.run_id is saturation.id here.

-- table: title
SELECT 'Highest ' || CASE axis WHEN 'clone' THEN 'number of clones' ELSE 'speed' END
       || ' with ' || percentile || ' at most ' || duration(bound_ns)
FROM saturation a JOIN shown s ON s.run_id = a.id LIMIT 1;

-- table: series
SELECT s.row, s.legend AS name, shipped_policy(a.policy, a.policy_rank) AS policy,
       CASE WHEN a.kept IS NULL THEN 'not at ' || printf('%.4g', a.lowest)
            WHEN a.broken IS NULL THEN '≥ ' || printf('%.4g', a.kept)
            ELSE printf('%.4g', a.kept) END AS label,
       CASE WHEN a.broken IS NULL THEN '' WHEN a.broken_by = 'deadlock' THEN 'deadlock'
            WHEN a.kept IS NULL THEN '' ELSE printf('%.4g', a.broken) END AS label2
FROM shown s JOIN saturation a ON a.id = s.run_id
ORDER BY s.row;

-- Column 3: 0 when not even the lowest load kept the bound.
-- table: data
SELECT s.row, s.row + 1 AS place, COALESCE(a.kept, 0) AS kept, a.broken, a.lowest, a.highest,
       a.broken IS NULL AS open, a.axis, s.name
FROM shown s JOIN saturation a ON a.id = s.run_id
ORDER BY s.row;
