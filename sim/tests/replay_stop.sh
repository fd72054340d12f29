#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# replay_stop.sh MAKE_TRACE: a replay that is interrupted keeps what it finished,
# and the same command goes on with the rest.
set -u
make_trace=$1
command -v vpci-sim >/dev/null || { echo 'FAILED: no vpci-sim in PATH'; exit 1; }
work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
command -v sqlite3 >sqlite3.path || { echo "skipped: needs the sqlite3 program"; exit 77; }

fail() {
    echo "FAILED: $*"
    exit 1
}

sound() {
    [ "$(sqlite3 results.db "PRAGMA integrity_check; PRAGMA foreign_key_check;")" = ok ] ||
        fail "the database is not sound after $1"
    # The run row comes first: each must have what hangs off it.
    [ "$(sqlite3 results.db "SELECT COUNT(*) FROM run WHERE id NOT IN
        (SELECT run_id FROM operation_count)")" = 0 ] || fail "half a run is stored after $1"
}

# One at a time, until the first is stored.
stop_by() {
    vpci-sim replay long.vpt --jobs 1 --db results.db >out 2>err &
    local child=$! before
    before=$(stored)
    while kill -0 $child 2>/dev/null && [ "$(stored)" = "$before" ]; do
        sleep 0.05
    done
    kill -"$1" $child 2>/dev/null
    wait $child
}

stored() {
    sqlite3 results.db "SELECT COUNT(*) FROM run" 2>/dev/null || echo 0
}

# A fast host may end before the signal comes: then a longer trace.
for rounds in 60000 240000 960000; do
    rm -f results.db
    "$make_trace" long.vpt $rounds || exit 1
    stop_by INT
    status=$?
    [ $status -gt 1 ] && break
done
[ $status -eq 4 ] || fail "SIGINT ended it with status $status: $(cat err)"
grep -q "stopped by SIGINT; .* runs had ended and are stored in results.db" err ||
    fail "what happened is not said: $(cat err)"
[ -s out ] && fail "an interrupted replay printed a result"
sound SIGINT
after_int=$(stored)
[ "$after_int" -ge 1 ] || fail "no run was kept"

stop_by KILL
sound SIGKILL
[ "$(stored)" -ge "$after_int" ] || fail "SIGKILL lost runs"

vpci-sim replay long.vpt --db results.db >out 2>err
status=$?
[ $status -le 1 ] || fail "going on ended with status $status: $(cat err)"
grep -q "already stored" out || fail "nothing was skipped"
sound "the end"
[ "$(stored)" = "$(sqlite3 results.db "SELECT COUNT(DISTINCT policy) FROM run")" ] ||
    fail "a policy is stored twice"
# Measured runs are not taken from the database: that is said, and nothing else promised.
measured() {
    sqlite3 measured.db "SELECT COUNT(*) FROM measured" 2>/dev/null || echo 0
}
vpci-sim replay long.vpt --engine threads --db measured.db >out 2>err &
child=$!
while kill -0 $child 2>/dev/null && [ "$(measured)" = 0 ]; do
    sleep 0.05
done
kill -TERM $child 2>/dev/null
wait $child
status=$?
if [ $status -eq 4 ]; then
    grep -q "measures them again" err || fail "a stopped measurement said: $(cat err)"
elif [ $status -gt 1 ]; then
    fail "SIGTERM ended a measurement with status $status: $(cat err)"
fi
exit 0
