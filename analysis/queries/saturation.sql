-- SPDX-License-Identifier: GPL-2.0-or-later
-- Answers of vpci-sim saturate, those that may be compared under one set_id.
-- table: answers
SELECT id, trace_name, trace_hash, machine, policy, policy_rank, load, bound_ns, axis, what_if,
       COALESCE((SELECT r.notes FROM run r WHERE r.trace_hash = saturation.trace_hash
                 ORDER BY r.id DESC LIMIT 1), '[]') AS notes, -- every probe is a run
       emulated, synthetic, hazard_probes, tolerance, kept_again IS NOT NULL AS turns,
       broken_by = 'deadlock' AS deadlocks,
       DENSE_RANK() OVER (ORDER BY trace_name, trace_hash, machine, machine_text, axis, bound_ns,
                          lowest, highest, tolerance, load, version) AS set_id
FROM saturation
ORDER BY set_id, policy_rank, policy, id;
