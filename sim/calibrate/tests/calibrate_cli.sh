#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# calibrate_cli.sh: `vpci-sim calibrate` writes a profile that replay and validate's
# loader take, with a source and a spread for each number; no time is asserted.
set -u
failures=0

expect() { # expect STATUS TEXT COMMAND...
    local status=$1 text=$2 got
    shift 2
    "$@" >out 2>err
    got=$?
    if [ $got -ne "$status" ] || ! cat out err | grep -qF -- "$text"; then
        echo "FAILED: $*"
        echo "  expected status $status and '$text'; got status $got and:"
        cat out err | sed 's/^/    /' | head -40
        failures=$((failures + 1))
    fi
}

cd "$(mktemp -d)" || exit 1
expect 2 "--repeats" vpci-sim calibrate --repeats 0
expect 2 "no-such-machine" vpci-sim calibrate --machine no-such-machine
expect 0 "Examples" vpci-sim calibrate --help
expect 4 "only one" taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')" \
    vpci-sim calibrate --repeats 1
if [ "$(nproc)" -lt 2 ]; then
    [ $failures = 0 ] && echo "SKIPPED: one CPU moves no line" && exit 77
    exit 1
fi
expect 4 "cannot be written" vpci-sim calibrate --repeats 1 -o missing/profile.json
expect 0 "service of a busy line" vpci-sim calibrate --repeats 3 --name lab -o ./profile.json
expect 0 '"name": "this-host"' vpci-sim calibrate --repeats 1

python3 - <<'EOF' || failures=$((failures + 1))
import json, re, sys
with open("profile.json", encoding="utf-8") as file:
    profile = json.load(file)
wrong = []
if profile["name"] != "lab":
    wrong.append("name")
shape = profile["topology"]
for name, cost in profile["lines"].items():
    if not cost["ns"] >= 0 or (name != "rcu_section" and not cost["ns"] > 0):
        wrong.append(f"{name}: {cost['ns']}")
    spread = re.search(r"median of \d+ runs.*, ([\d.]+) to ([\d.]+) ns", cost["source"])
    if spread and not float(spread[1]) - 0.01 <= cost["ns"] <= float(spread[2]) + 0.01:
        wrong.append(f"{name}: {cost['ns']} outside of its spread {spread[0]}")
    if not spread and not re.search("never used|taken over", cost["source"]):
        wrong.append(f"{name}: no spread in its source")
if not any("ping-pong" in cost["source"] for cost in profile["lines"].values()):
    wrong.append("no distance was measured")
primitives = profile["primitives"]
for name in ("xen-ticket", "ck-mcs", "ck-rwlock-read", "urcu-read-section", "urcu-synchronize"):
    for side in ("alone", "two"):
        cost = primitives[name][side]
        if not cost["ns"] >= 0 or not re.search(r"median of 3 runs, [\d.]+ to [\d.]+ ns", cost["source"]):
            wrong.append(f"{name} {side}: {cost}")
if "pci" in shape or len(profile["work"]) < 20:
    wrong.append("work costs are missing")
print("\n".join(wrong), end="")
sys.exit(bool(wrong))
EOF

# The engine takes it.
vpci-trace generate -o small.vpt --seed 1 --domains 1 --vcpus 2 --devices 2 --accesses 200 \
    >/dev/null 2>&1
expect 0 "lab" vpci-sim replay small.vpt --policy none --machine ./profile.json

[ $failures = 0 ] && echo "passed"
exit $((failures > 0))
