#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vpci-sim hypotheses as a user sees it; what it says can be seen again with the commands that
# it prints; and its answers, and check's, are in the database, once.
set -u
failures=0

# expect STATUS COMMAND ARGUMENT...: stdout into out, stderr into err.
expect() {
    local status=$1
    shift
    vpci-sim "$@" >out 2>err
    local got=$?
    if [ $got -ne "$status" ]; then
        echo "FAILED: vpci-sim $*: status $got, expected $status"
        sed 's/^/    /' err
        failures=$((failures + 1))
    fi
}
says() {
    if ! grep -qF -- "$2" "$1"; then
        echo "FAILED: $1 does not say '$2':"
        sed 's/^/    /' "$1" | head -40
        failures=$((failures + 1))
    fi
}
same() {
    if [ "$2" != "$3" ]; then
        echo "FAILED: $1: '$2', expected '$3'"
        failures=$((failures + 1))
    fi
}

expect 0 hypotheses --brief
same "lines of hypotheses" "$(grep -c '^H[0-9]' out)" 20
expect 0 hypotheses --only H2,H18
says out "closes a circle of waiting"
says out "lock vpci_lock of other: waits" # the schedule itself
says out "synthetic: vectors"
says out "tests are parts of the claim"

# Another policy, another verdict.
expect 0 hypotheses --brief --only H2 \
    --replace "domain-rwlock-nested=$VS_SOURCE_DIR/sim/policies/pcidevs-rwlock.json"
says out "H2   refuted"

# Every command that is printed shows what it is printed for: status 1 where a violation was
# reached, 0 where none is there.  Commands name files as they lie in the source tree.
expect 0 hypotheses --json
python3 - <<'PY' || failures=$((failures + 1))
import json, os, subprocess, sys
bad = 0
count = 0
for hypothesis in json.load(open("out"))["hypotheses"]:
    assert hypothesis["rule"] and hypothesis["source"] and hypothesis["claim"]
    for test in hypothesis["tests"]:
        if test["kind"] == "replay":
            assert test["setup"].startswith("synthetic: ") and test["replay"]["synthetic"], test
        if "schedule" in test:
            json.dump(test["schedule"], open("schedule.json", "w"))
        if not (test.get("command") or "").startswith("vpci-sim check"):
            continue
        status = subprocess.run(test["command"].split(), cwd=os.environ["VS_SOURCE_DIR"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        count += 1
        if status != (1 if test["text"].startswith("reached") else 0):
            print(f"{test['command']}: status {status}, but: {test['text']}")
            bad += 1
assert count > 40, count
sys.exit(bad > 0)
PY

# A claim of one's own.
cat >own.json <<'JSON'
{"name": "mine", "title": "a claim of my own", "claim": "c", "source": "me", "rule": "always",
 "tests": [{"says": "upstream is safe", "check": {"policy": "pci-lock", "scenario": "S14"},
            "expect": "absent"}]}
JSON
expect 0 hypotheses --only ./own.json
says out "mine refuted"

# Wrong command lines and files.
expect 2 hypotheses --only H99
expect 2 hypotheses --replace pci-lock
expect 2 hypotheses --only H19 --replace pci-lock=absent.json
# A replacement is looked at whether or not a test uses it, and one that none uses is refused.
expect 2 hypotheses --only H2 --replace nope=rcu
says err 'no policy "nope"'
expect 2 hypotheses --only H2 --replace rcu=./absent.json
says err 'absent.json'
echo '{"name": 7}' >no-policy.json
expect 3 hypotheses --only H2 --replace domain-rwlock-nested=./no-policy.json
expect 2 hypotheses --only H2 --replace refcount=rcu
says err "no hypothesis that is run names policy refcount"
expect 2 hypotheses --only H2 --replace domain-rwlock-nested=rcu --replace domain-rwlock-nested=none
says err "replaced twice"
sed -i 's/"absent"/"perhaps"/' own.json
expect 3 hypotheses --only ./own.json
says err "expected reached or absent"

# The database holds every answer once, however often it was asked.
query() {
    sqlite3 results.db "$1"
}
rm -f results.db
for _ in 1 2; do
    expect 0 check --actors 2 --db results.db
    expect 0 hypotheses --brief --db results.db
done
if command -v sqlite3 >/dev/null; then
    policies=$(vpci-sim policies --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')
    same "policies checked" "$(query 'SELECT COUNT(*) FROM check_run')" "$policies"
    same "hypotheses stored" "$(query 'SELECT COUNT(*) FROM hypothesis')" 20
    same "orphans" "$(query 'SELECT COUNT(*) FROM hypothesis_test WHERE hypothesis_id NOT IN (SELECT id FROM hypothesis)')" 0
    same "S14 under pci-lock" \
        "$(query "SELECT verdict || ' ' || violation FROM verdict_matrix WHERE policy = 'pci-lock' AND scenario = 'S14'")" \
        "violated dangling-pending"
    # A schedule out of the database is one that --replay takes.
    query "SELECT schedule FROM verdict_matrix WHERE policy = 'pci-lock' AND scenario = 'S14'" >s14.json
    expect 0 check --replay s14.json
    # Another question beside it: another row.
    expect 1 check --policy pci-lock --scenario S14 --db results.db
    same "rows" "$(query 'SELECT COUNT(*) FROM check_run')" $((policies + 1))
fi
echo "no database" >text.db
expect 3 check --policy rcu --scenario S1 --db text.db

# As many threads as you like: the same answers.
few="--actors 2 --policy none --policy pci-lock --policy pci-lock-fixed --json"
expect 1 check --jobs 1 $few
sed '/"seconds"/d' out >one.json
expect 1 check --jobs 3 $few
sed '/"seconds"/d' out >three.json
cmp one.json three.json || failures=$((failures + 1))

exit $((failures > 0))
