#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench_cli.sh MAKE_TRACE: what `vpci-sim bench` prints; no time is judged.
set -u
export TMPDIR=$PWD
failures=0
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}
"$1" busy.vpt 200 || exit 1

vpci-sim bench --json -n 5000 busy.vpt >out.json || fail "status $?"
python3 - <<'END' || fail "the document"
import json
document = json.load(open("out.json"))
rows = {row["name"]: row for row in document["rows"]}
expected = {f"{kind}-{vcpus}-{load}" for kind in ("global", "domain") for vcpus in (4, 64, 512)
            for load in ("saturated", "medium", "low")}
assert expected < set(rows), expected - set(rows)
assert "busy.vpt:none" in rows and "busy.vpt:pci-lock" in rows, list(rows)
for name in expected:
    row = rows[name]
    assert row["accesses"] == 5000 and row["steps_per_access"] == 7, row
    assert row["access_ns_p10"] <= row["access_ns_p50"] and row["chunks"] > 0, row
    assert row["bytes_per_access"] >= 16 and row["prepare_ns_per_access"] >= 0, row
# The load is what it is called: whoever asks for a tenth takes about ten times as long.
for kind in ("global", "domain"):
    for vcpus in (64, 512):
        spans = [rows[f"{kind}-{vcpus}-{load}"]["makespan_ns"] for load in ("saturated", "low")]
        assert 4 < spans[1] / spans[0] < 25, (kind, vcpus, spans)
goals = {(goal["name"], goal["unit"]): goal for goal in document["goals"]}
for goal in goals.values(): # the verdict is what the numbers say
    limit, aim = goal.get("limit", 1e99), goal.get("goal", 1e99)
    expected = ("limit missed" if goal["measured"] > limit else "x goal" if goal["measured"] > aim
                and "goal" in goal else "goal reached" if "goal" in goal else "within limit")
    assert expected in goal["verdict"], goal
assert goals["global-64-saturated", "ns/access"]["limit"] == 120, goals
assert ("busy.vpt:pci-lock", "ns/step") in goals, goals
stored = {row["name"]: row for row in document["stored"]}
assert set(stored) == {f"store-{kind}-{n}" for kind in ("global", "domain") for n in (4, 64, 512)}
for name, row in stored.items():
    assert 0 < row["store_ns"] and row["replay_accesses"] == 1e7, row
    assert abs(row["share"] - row["store_ns"] / row["replay_ns"]) < 1e-9, row
    assert goals[name, "% of a replay"]["limit"] == 2, goals
assert [row["workers"] for row in document["workers"]] == [1, 2], document["workers"]
assert document["plain_read_ns_p10"] > 0 and document["peak_bytes"] > 0
END

vpci-sim bench -n 3000 --only 'domain-4-*' >table.txt || fail "table: status $?"
[ "$(sed '/^against/,$d' table.txt | grep -c '^domain-4-')" -eq 3 ] ||
    fail "three rows: $(cat table.txt)"
sed '1,/^against/d' table.txt | grep -q '^domain-4-low  *ns/access' || fail "no goals"
grep -q '^global' table.txt && fail "--only left a row that does not match"

vpci-sim bench -n 3000 --only 'store-domain-4' >table.txt || fail "store: status $?"
grep -q '^store-domain-4 .* ms to store a run' table.txt || fail "no store row: $(cat table.txt)"
ls "${TMPDIR:-/tmp}" | grep -q '^vpci-bench-' && fail "a database is left in TMPDIR"

vpci-sim bench --only nothing >out 2>err
[ $? -eq 2 ] && grep -q "no row's name matches 'nothing'" err || fail "no match: $(cat err)"
[ -s out ] && fail "no match: printed $(cat out)"
vpci-sim bench -n 0 >out 2>err
[ $? -eq 2 ] || fail "-n 0"
vpci-sim bench -n 1000 --only 'x*' missing.vpt >out 2>err
[ $? -eq 4 ] && [ ! -s out ] || fail "missing trace: $(cat out err)"
"$1" whole.vpt 40000
head -c 3000 whole.vpt >start.vpt
vpci-sim bench -n 1000 --only '*:none' start.vpt >out 2>err
[ $? -eq 3 ] && [ ! -s out ] && grep -q "no access in it" err || fail "no call: $(cat out err)"
[ "$failures" -eq 0 ]
