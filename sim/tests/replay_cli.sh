#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# replay_cli.sh MAKE_TRACE: what `vpci-sim replay` prints and how it exits.
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

work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
"$make_trace" busy.vpt 200 || exit 1

# The command line.
expect 2 "TRACE" vpci-sim replay
expect 2 "did you mean --policy?" vpci-sim replay --polcy none busy.vpt
expect 2 'did you mean "pci-lock"?' vpci-sim replay --policy pci-lok busy.vpt
expect 2 "--speed" vpci-sim replay --speed 0 busy.vpt
expect 2 "--speed" vpci-sim replay --speed 2x busy.vpt
expect 2 "--clone" vpci-sim replay --clone 0 busy.vpt
expect 2 "--max-think" vpci-sim replay --max-think 5 busy.vpt
expect 2 "closed" vpci-sim replay --timing sideways busy.vpt
expect 2 "--replicas" vpci-sim replay --jitter 50 busy.vpt
expect 2 "--replicas" vpci-sim replay --jitter 0 busy.vpt
expect 2 "--db FILE" vpci-sim replay --force busy.vpt
expect 2 "given twice" vpci-sim replay --policy none --policy none busy.vpt
expect 2 "no-such-machine" vpci-sim replay --machine no-such-machine busy.vpt
expect 0 "Examples" vpci-sim replay --help
check "help fits 80 columns" test "$(vpci-sim replay --help | awk 'length > 80' | wc -l)" = 0

# Wrong files.  None leaves a database behind.
expect 4 "absent.vpt" vpci-sim replay absent.vpt --db left.db
echo "no trace" >text
expect 3 "text" vpci-sim replay text --db left.db
: >empty
expect 3 "empty" vpci-sim replay empty --db left.db
echo '{ "name": ' >broken.json
expect 3 "broken.json" vpci-sim replay busy.vpt --policy ./broken.json --db left.db
expect 3 "broken.json" vpci-sim replay busy.vpt --machine ./broken.json --db left.db
check "no database is left by a wrong command" test ! -e left.db

# A trace that was cut off says so everywhere; one without a call is no replay.
"$make_trace" whole.vpt 40000
head -c "$(($(stat -c %s whole.vpt) / 2))" whole.vpt >cut.vpt
incomplete="incomplete: the capture was cut off, "
expect 0 "note: $incomplete" vpci-sim replay cut.vpt --policy none --db cut.db
expect 0 "$incomplete" vpci-sim replay cut.vpt --policy none --json
expect 0 "$incomplete" vpci-sim replay - --policy none --json <cut.vpt
expect 0 "note: $incomplete" vpci-sim replay cut.vpt --policy none --replicas 2
expect 0 "incomplete: the capture cut.vpt was cut off, " \
    vpci-sim replay busy.vpt cut.vpt --policy none
expect 0 "note: $incomplete" vpci-sim sweep cut.vpt --policy none --db cut.db
expect 0 "note: $incomplete" vpci-sim saturate cut.vpt --policy none --p99 1s --to 2
check "the database says so" python3 -c "
import sqlite3
rows = sqlite3.connect('cut.db').execute('SELECT notes FROM run').fetchall()
assert rows and all('$incomplete' in row[0] for row in rows), rows"
check "a whole trace is not called incomplete" \
    test -z "$(vpci-sim replay whole.vpt --policy none | grep incomplete)"
head -c 3000 whole.vpt >start.vpt
for command in "replay" "sweep" "saturate --p99 1s"; do
    expect 3 "no access in it" vpci-sim $command start.vpt --policy none --db left.db
    check "$command prints no table of nothing" test ! -s out
done

# Wrong databases.
expect 3 "not a SQLite database" vpci-sim replay busy.vpt --policy none --db text
check "a text file is left alone" test "$(cat text)" = "no trace"
expect 4 "No such file or directory" vpci-sim replay busy.vpt --policy none --db absent/x.db
expect 4 "" vpci-sim replay busy.vpt --policy none --db .

# A run, the same from the database, and again by force.
some="--policy none --policy pcidevs-spin --policy pci-lock"
expect 0 "pcidevs-spin" vpci-sim replay busy.vpt $some --db results.db
cp out first
check "no line is wider than 120" test "$(awk 'length > 120' first | wc -l)" = 0
check "what-ifs are named" grep -q "^what-if: made up by a test" first
check "there is a row per policy" test "$(grep -cE '^(none|pcidevs-spin|pci-lock) ' first)" = 3
expect 0 "3 of 3 runs: already stored; --force to run again." \
    vpci-sim replay busy.vpt $some --db results.db
check "stored runs print as they did" diff first <(grep -v "already stored" out)
expect 0 "pci-lock" vpci-sim replay busy.vpt $some --db results.db --force
check "repeated runs print as they did" diff first out
expect 0 "none" vpci-sim replay busy.vpt $some
check "without a database the table is the same" diff first out

# A command of which the database has a part.
expect 0 "2 of 3 runs: already stored" \
    vpci-sim replay busy.vpt --policy none --policy pci-lock --policy device-lock --db results.db
check "the new run stands with the stored ones" test \
    "$(grep -cE '^(none|pci-lock|device-lock) ' out)" = 3
if command -v sqlite3 >sqlite3.path; then
    check "one run per policy and key" test \
        "$(sqlite3 results.db "SELECT COUNT(*) || '/' || COUNT(DISTINCT policy) FROM run")" = 4/4
    check "the database is sound" test "$(sqlite3 results.db "PRAGMA integrity_check")" = ok
fi

# Stopping for want of space.
(
    # Room for SQLite's 32 KiB of shared memory, not for a run.
    ulimit -f 40
    expect 4 "the database is unchanged" \
        vpci-sim replay busy.vpt --policy none --seed 9 --db results.db
    exit $failures
) || failures=$((failures + 1))
if [ -s sqlite3.path ]; then
    check "the database is sound after that" test \
        "$(sqlite3 results.db "PRAGMA integrity_check")" = ok
    check "nothing was added by it" test \
        "$(sqlite3 results.db "SELECT COUNT(*) FROM run WHERE seed = 9")" = 0
fi

# JSON, with and without a database: always computed, always the same.
expect 0 '"runs"' vpci-sim replay busy.vpt $some --json
cp out computed.json
expect 0 '"runs"' vpci-sim replay busy.vpt $some --json --db results.db
check "--json does not depend on what is stored" cmp computed.json out
check "--json is JSON" python3 -c "
import json, sys
document = json.load(open('computed.json'))
assert [run['policy'] for run in document['runs']] == ['none', 'pcidevs-spin', 'pci-lock']
assert all(run['result'] and len(run['run_key']) == 32 for run in document['runs'])
assert document['options']['speed'] == 1 and document['workload'] and document['machine']['name']
"
# A deadlock is an answer, status 1, and stored as such.  Which seed meets one depends on
# the machine profile; this policy ships to deadlock.
"$make_trace" big.vpt 5000
nested="--policy none --policy domain-rwlock-nested --clone 6 --db deadlock.db"
for seed in 1 2 3 4 5 6 7 8; do
    vpci-sim replay big.vpt $nested --seed $seed >out 2>err && continue
    break
done
expect 1 "policy domain-rwlock-nested deadlocked" vpci-sim replay big.vpt $nested --seed $seed
check "who waits for whom is said" grep -qE "^ +d[0-9]+v[0-9]+ in .* waits for .* held by d" out
check "the other policy was replayed all the same" grep -qE "^none +.*us" out
check "it came from the database" grep -q "2 of 2 runs: already stored" out
expect 1 '"deadlock"' vpci-sim replay big.vpt $nested --seed $seed --json
exit $((failures > 0))
