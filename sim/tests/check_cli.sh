#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vpci-sim check as a user sees it: what it prints, in full where it is short, and
# its exit status; a schedule goes out as JSON and comes back through --replay.
set -u
failures=0

# expect STATUS ARGUMENT...: stdout into out, stderr into err.
expect() {
    local status=$1
    shift
    vpci-sim check "$@" >out 2>err
    local got=$?
    if [ $got -ne "$status" ]; then
        echo "FAILED: vpci-sim check $*: status $got, expected $status"
        sed 's/^/    /' err
        failures=$((failures + 1))
    fi
}
# says FILE TEXT: a line of it contains the text.
says() {
    if ! grep -qF -- "$2" "$1"; then
        echo "FAILED: $1 does not say '$2':"
        sed 's/^/    /' "$1" | head -40
        failures=$((failures + 1))
    fi
}

# The schedule of a whole finding, to the letter.
expect 1 --policy domain-rwlock-nested --ops toggle-decode:0,toggle-decode:1
cp out nested.txt
if ! diff -u "$VS_SOURCE_DIR/sim/tests/golden/check-nested.txt" nested.txt; then
    echo "FAILED: the schedule is another one"
    failures=$((failures + 1))
fi
says err "policy domain-rwlock-nested breaks a rule"

# The answer: yes, no, as the scenarios expect.
expect 0 --policy refcount --scenario S14
expect 1 --policy pci-lock --scenario S14
says out "in this model of commit c447b7308b"
expect 0 --scenario S14 --scenario S16
says out "pending slot outlives the device"
expect 0 --policy pci-lock-fixed --scenario S14 --scenario S16 --scenario S23 --scenario S26 --scenario S28
expect 0 --policy pci-lock-fixed --ops read-hardware,device-remove,toggle-decode:1
# A smaller search than was asked for says so: what is not decided is no "yes".
expect 1 --policy pci-lock-fixed --ops toggle-decode,device-remove --limit 20
says out "?  the search stopped at its limit"
says err "not decided within --limit: policy pci-lock-fixed in scenario ops"
expect 1 --scenario S1 --limit 5
expect 1 --policy pci-lock-fixed --actors 2 --limit 20
says out "cut short"

# A table that says "ok" says of what, and what breaks besides.
expect 0 --actors 2 --jobs 2
says out "scenarios    pairs, triples"
if ! grep -qE '^pci-lock-fixed +none breaks +ok ' out; then
    echo "FAILED: pci-lock-fixed is another one in the table"
    failures=$((failures + 1))
fi
expect 1 --actors 2 --policy "$VS_SOURCE_DIR/sim/tests/broken/stale-decision.json"
says out "no pair or triple breaks a rule, but scenarios S12, S13 do"
expect 0 --actors 2 --json
python3 - <<'PY' || failures=$((failures + 1))
import json
for policy in json.load(open("out"))["policies"]:
    broken = [cell for cell in policy["scenarios"] if cell["verdict"] == "violated"]
    assert policy["scenarios-violated"] == len(broken), policy["name"]
    assert policy["scenarios-undecided"] == 0, policy["name"]
PY

# What may fail does where that is asked for, and a schedule says so.
expect 0 --policy device-lock --ops toggle-decode:0,read-hardware:0
expect 1 --policy device-lock --failures --ops toggle-decode:0,read-hardware:0
says out "... fails"
expect 1 --policy pci-lock --scenario S25
says out "[dom_xen]"
expect 0 --policy pci-lock-fixed --scenario S3 --scenario S18 --scenario S19 --scenario S21 --scenario S25

# Who starves: the way round once, marked, and it comes back as it went out.
broken=$VS_SOURCE_DIR/sim/tests/broken
expect 0 --liveness
says out "a writer among readers"
expect 0 --liveness --policy pci-lock --ops read-hardware:0,read-hardware:1,write-bar:0
expect 1 --liveness --policy "$broken/try-forever.json" --ops read-hardware:0,read-hardware:1
says out "for ever:"
says out "tries again and again, and never gets through"
expect 1 --liveness --policy "$broken/try-forever.json" --ops read-hardware:0,read-hardware:1 --json
python3 -c 'import json
json.dump(json.load(open("out"))["policies"][0]["scenarios"][0]["schedule"], open("circle.json", "w"))'
expect 0 --replay circle.json
expect 3 --replay circle.json --policy pcidevs-spin
expect 1 --policy device-lock --scenario S3 --json
python3 -c 'import json
json.dump(json.load(open("out"))["policies"][0]["scenarios"][0]["schedule"], open("failed.json", "w"))'
expect 0 --replay failed.json
says out "... fails"
expect 3 --replay failed.json --policy pci-lock
expect 2 --liveness --scenario S1

# A scenario of one's own, whose expectation is wrong.
sed 's/"holds": \[/"holds": ["none", /; s/"violated": \["none", /"violated": [/' \
    "$VS_SOURCE_DIR/sim/scenarios/s1.json" >wrong.json
expect 1 --scenario ./wrong.json
says out "X!"
says err "another verdict than scenario S1 expects"

# A schedule as JSON, and back.
expect 1 --policy device-lock --scenario S4 --json
python3 - <<'PY' || failures=$((failures + 1))
import json
out = json.load(open("out"))
cell = out["policies"][0]["scenarios"][0]
assert cell["verdict"] == "violated" and cell["as-expected"] and "deadlock" in cell["found"], cell
assert cell["schedule"]["violation"] == "deadlock" and cell["schedule"]["shortest"]
json.dump(cell["schedule"], open("schedule.json", "w"))
del cell["schedule"]["steps"][3]
json.dump(cell["schedule"], open("damaged.json", "w"))
PY
expect 0 --replay schedule.json
says out "closes a circle of waiting"
says out "Policy device-lock: deadlock, as the schedule says."
expect 3 --replay schedule.json --policy refcount
expect 3 --replay damaged.json
expect 4 --replay absent.json

# All of the output where it holds one schedule; else which one to cut out is said.
expect 1 --policy device-lock --scenario S4 --json
mv out one.json
expect 0 --replay one.json
says out "Policy device-lock: deadlock, as the schedule says."
expect 1 --policy device-lock --scenario S4 --scenario S5 --policy none --json
mv out many.json
expect 3 --replay many.json
says err "cut one out, as with jq '.policies[0].scenarios[0].schedule' many.json"
expect 0 --policy pci-lock-fixed --scenario S14 --json
mv out safe.json
expect 3 --replay safe.json
says err "holds no schedule"
for other in --json "--db results.db" "--scenario S1" "--ops read-hardware" --liveness --failures \
    "--actors 2" "--limit 7" "--policy rcu --policy none"; do
    expect 2 --replay schedule.json $other
    says err "--replay"
    if [ -e results.db ]; then
        echo "FAILED: a refused command made a database"
        failures=$((failures + 1))
    fi
done
expect 2 --ops read-hardware --actors 2
expect 2 --scenario S1 --devices 3
says err "--devices and --domains are for pairs"
expect 0 --policy pci-lock-fixed --ops read-hardware --devices 3

# Models for SPIN: a file each, that says what it is of, and nothing overwritten.
rm -rf models failing
expect 0 --policy pci-lock --policy refcount --scenario S14 --scenario L1 --promela models
says out "2 models in models"
says out "L1 has none: its vCPUs go on for ever"
says models/pci-lock.S14.pml "/* 1: work exit-hypercall */"
says models/pci-lock.S14.pml "write_lock(pci_lock[pci_lock_taken])"
says models/refcount.S14.pml "put_reference(ref0"
expect 2 --policy pci-lock --scenario S14 --promela models
says err "not empty"
expect 0 --policy rcu --ops read-hardware,device-remove --promela models/more
says models/more/rcu.ops.pml "run rcu_callback(1)"
expect 0 --policy device-lock --failures --ops msi-address:0,read-hardware:1 --promela failing
says failing/device-lock.ops.pml "in this copy of the program it fails"
says failing/device-lock.ops.pml "fail do, as well as not"
for other in --json --liveness "--db results.db" "--replay schedule.json"; do
    expect 2 --promela more $other
    says err "--promela writes models and searches nothing"
done
expect 2 --promela more --failures
says err "--failures is for --ops"
expect 2 --scenario S3 --failures
expect 2 --liveness --failures
expect 4 --promela absent/models

# Stopped: what was searched by then is kept, whole, and said.  With one thread the policy that
# stands last comes first.
rm -f stopped.db
vpci-sim check --jobs 1 --policy rcu-fixed --policy none --db stopped.db >out 2>err &
child=$!
while kill -0 $child 2>/dev/null && ! [ -e stopped.db ]; do sleep 0.1; done
sleep 2
kill -TERM $child 2>/dev/null
wait $child
status=$?
if [ $status -ne 4 ] || [ -s out ]; then
    echo "FAILED: a check that was stopped: status $status"
    cat out err
    failures=$((failures + 1))
fi
said=$(sed -n 's/.*stopped by SIGTERM; \([0-9]*\) of 2 policies had been searched.*/\1/p' err)
stored=$(python3 -c 'import sqlite3
print(sqlite3.connect("stopped.db").execute("SELECT COUNT(*) FROM check_run").fetchone()[0])')
if [ -z "$said" ] || [ "$said" != "$stored" ]; then
    echo "FAILED: '$said' policies are said to be stored, $stored are: $(cat err)"
    failures=$((failures + 1))
fi

# Wrong command lines.
expect 2 --ops toggle-decoed:0
says err 'did you mean "toggle-decode"?'
expect 2 --ops read-hardware:9
expect 2 --ops dom9/read-hardware
expect 2 --ops device-remove::
expect 2 --ops map-pending
expect 2 --ops read-hardware --scenario S1
expect 2 --scenario S99
expect 2 --policy no-such-policy
expect 2 --actors 5
expect 2 --limit 0

exit $((failures > 0))
