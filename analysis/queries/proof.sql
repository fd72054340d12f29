-- SPDX-License-Identifier: GPL-2.0-or-later
-- What check and hypotheses found: the latest answer to each question.

-- A policy's latest search of pairs and triples, or of scenarios where there is none.
-- table: checks
SELECT c.id, c.policy || CASE WHEN c.policy_rank >= 1000 THEN ' (own file)' ELSE '' END AS name,
       c.policy, c.policy_rank, c.model_of, c.version, c.created_at, c.explored, c.not_explored,
       c.verdict, c.order_inversion, c.pairs + c.triples AS combinations, c.skipped, c.cut,
       c.states, c.steps, c.peak_bytes, c.seconds,
       (SELECT COUNT(*) FROM check_finding f WHERE f.check_id = c.id) AS findings
FROM check_run c
WHERE c.verdict <> 'not-run'
  AND c.id = (SELECT MAX(l.id) FROM check_run l WHERE l.policy = c.policy
              AND l.policy_rank = c.policy_rank AND l.verdict <> 'not-run')
ORDER BY c.policy_rank, c.policy;

-- table: findings
SELECT f.check_id, f.violation, f.text, f.actors, f.length, f.shortest, f.schedule
FROM check_finding f ORDER BY f.check_id, f.length, f.violation;

-- table: policies
SELECT DISTINCT policy, policy_rank,
       policy || CASE WHEN policy_rank >= 1000 THEN ' (own file)' ELSE '' END AS name
FROM verdict_matrix ORDER BY policy_rank, policy;

-- table: scenarios
SELECT scenario, MIN(position) AS place, title, about, source FROM verdict_matrix
GROUP BY scenario ORDER BY place, scenario;

-- table: matrix
SELECT model_of, scenario, policy, policy_rank, verdict, expected, because, violation, text, length,
       states, schedule
FROM verdict_matrix;

-- table: hypotheses
SELECT h.id, h.name, h.title, h.claim, h.source, h.rule, h.verdict, h.because, h.tested_by, h.agree,
       h.agree + h.disagree + h.undecided + json_array_length(h.missing) AS parts,
       h.assumptions, h.missing, h.replaced, h.model_of
FROM hypothesis h
WHERE h.id = (SELECT MAX(l.id) FROM hypothesis l WHERE l.name = h.name AND l.replaced = h.replaced)
ORDER BY h.replaced <> '{}', CAST(substr(h.name, 2) AS INTEGER), h.name;

-- table: tests
SELECT t.hypothesis_id, t.position, t.says, t.control, t.kind, t.policy, t.outcome, t.text,
       t.command, t.setup, t.synthetic, t.schedule
FROM hypothesis_test t ORDER BY t.hypothesis_id, t.position;
