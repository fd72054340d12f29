#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# compare_cli.sh MAKE_TRACE: what `vpci-sim compare-engines` and `replay --engine threads`
# print and how they exit.  No number that a host decides is looked at.
set -u
make_trace=$1
command -v vpci-sim >/dev/null || { echo 'FAILED: no vpci-sim in PATH'; exit 1; }
failures=0

# expect STATUS TEXT COMMAND...: exit status, and a line of stderr or stdout with TEXT.
expect() {
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

check() { # check WHAT COMMAND...
    local what=$1
    shift
    if ! "$@"; then
        echo "FAILED: $what"
        failures=$((failures + 1))
    fi
}

absent() { ! grep -qF -- "$1" "$2"; }

# JSON_FILE EXPRESSION: a Python expression over d.
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$@"; }

work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
"$make_trace" busy.vpt 50 || exit 1

# The command lines.
expect 2 "did you mean --policy?" vpci-sim compare-engines --polcy none
expect 2 'did you mean "pci-lock"?' vpci-sim compare-engines --policy pci-lok
expect 2 "--rounds" vpci-sim compare-engines --rounds 0
expect 2 "--gap" vpci-sim compare-engines --gap 8
expect 2 "more threads than" vpci-sim compare-engines --threads 1000
expect 2 "part of the" vpci-sim compare-engines --writes 10 --toggles 50
expect 2 "no-such-machine" vpci-sim compare-engines --machine no-such-machine
expect 4 "absent.vpt" vpci-sim compare-engines absent.vpt
expect 0 "Examples" vpci-sim compare-engines --help
check "help fits 80 columns" test "$(vpci-sim compare-engines --help | awk 'length > 80' | wc -l)" = 0
expect 2 "virtual" vpci-sim replay --engine real busy.vpt

# A comparison says first what it is and what it cannot tell.
small=(--machine dual-xeon-gold-6242 --threads 1 --rounds 2 --calls 50 --policy none --policy rcu)
expect 0 "synthetic: 50 calls" vpci-sim compare-engines "${small[@]}"
check "the first line names the host and its CPUs" \
    grep -q "^This is one host, .* with [0-9]* CPU" <(head -1 out)
check "what it cannot tell" grep -qF "What this cannot tell" out
check "a row for each policy" test "$(grep -cE '^(none|rcu) +1 ' out)" = 2
check "no line is wider than 120" test "$(awk 'length > 120' out | wc -l)" = 0
expect 0 '"rows"' vpci-sim compare-engines "${small[@]}" --json
check "JSON has both sides" json out 'all(r["mean_ns"]["simulated"] > 0 and
    r["mean_ns"]["measured_least"] <= r["mean_ns"]["measured_median"] <= r["mean_ns"]["measured_most"]
    for r in d["rows"]) and len(d["rows"]) == 2 and d["synthetic"] is True'
expect 0 "busy.vpt" vpci-sim compare-engines busy.vpt --machine dual-xeon-gold-6242 --threads 1 \
    --rounds 1 --policy pci-lock

# A replay by threads is called measured, and leaves out what threads do not measure.
expect 0 "measured on this host, not simulated" vpci-sim replay --engine threads --policy none busy.vpt
expect 0 '"engine": "threads"' vpci-sim replay --engine threads --policy pci-lock --json busy.vpt
for name in blockers bucket_ns identities hold_total_ns transfer_count cross_domain_wait_ns \
    grace_periods; do
    check "$name is absent" absent "\"$name\"" out
done
cp out threads.json
vpci-sim replay --policy pci-lock --json busy.vpt >virtual.json
check "both engines complete every call" json threads.json \
    'd["runs"][0]["result"]["calls"] == d["workload"]["calls"]'
check "a simulated result has them" grep -qF '"identities"' virtual.json
check "the run key names the engine" test "$(grep run_key threads.json)" != "$(grep run_key virtual.json)"

# Every measurement is kept, apart from simulated runs.
expect 0 "measured on this host" vpci-sim replay --engine threads --policy none --db r.db busy.vpt
expect 0 "measured on this host" vpci-sim replay --engine threads --policy none --db r.db busy.vpt
expect 0 "none" vpci-sim replay --policy none --db r.db busy.vpt
query() { python3 -c 'import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' r.db "$1"; }
check "two measurements" test "$(query "SELECT COUNT(*) FROM measured WHERE engine = 'threads'")" = 2
check "of one key" test "$(query 'SELECT COUNT(DISTINCT run_key) FROM measured')" = 1
check "one simulated run, of another key" \
    test "$(query 'SELECT COUNT(*) FROM run WHERE run_key NOT IN (SELECT run_key FROM measured)')" = 1
check "the whole result" test "$(query "SELECT result LIKE '%\"measured_by\"%' FROM measured")" = 1

# A lock taken twice deadlocks for real, and the program ends all the same.
cat >twice.json <<'END'
{
  "name": "twice",
  "summary": "takes a lock that it holds: meant to deadlock",
  "source": "a test",
  "based-on": "none",
  "allow": ["self-deadlock"],
  "locks": {"big": {"kind": "mcs", "per": "global", "source": "a test"}},
  "fragments": {"access": ["lock big", "lock big", "do find-device", "deref vpci", "body",
      "unlock big", "unlock big", "do trailing-cycles"]}
}
END
if vpci-sim show ./twice.json >/dev/null 2>err; then
    expect 1 "deadlock" vpci-sim replay --engine threads --policy ./twice.json busy.vpt
    check "who waits for whom" grep -qF "held by itself" out
else
    echo "FAILED: the test's own policy"
    cat err
    failures=$((failures + 1))
fi

[ $failures -eq 0 ] && echo "compare-engines: all as expected"
exit $((failures > 0))
