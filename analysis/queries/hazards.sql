-- SPDX-License-Identifier: GPL-2.0-or-later
-- Hazards of the shown runs with their first occurrence, by policy.
-- table: hazards
SELECT h.run_id, s.name, h.hazard, h.count, h.first_ns, h.first_text
FROM shown s JOIN hazard h ON h.run_id = s.run_id
WHERE h.count > 0
ORDER BY s.row, h.count DESC, h.hazard;
