#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vpci-trace among other commands: in pipes, stopped, called wrongly.
set -u
failures=0

check() { # check CLAIM COMMAND...
    local claim=$1
    shift
    if "$@"; then
        echo "ok      $claim"
    else
        echo "FAILED  $claim"
        failures=$((failures + 1))
    fi
}

# status STATUS TEXT COMMAND...: exits with STATUS and says TEXT on stderr.
status() {
    local expected=$1 text=$2 got
    shift 2
    "$@" > out.txt 2> err.txt
    got=$?
    [ "$got" = "$expected" ] && grep -qF -- "$text" err.txt && return
    echo "  expected status $expected and '$text'; got $got and:"
    cat err.txt
    return 1
}

rm -rf ./*
vpci-trace generate -o a.vpt --seed 3 --domains 2 -n 5000

# Traces through pipes.
through_pipes() {
    set -o pipefail
    vpci-trace generate -o - --seed 3 --domains 2 -n 5000 |
        vpci-trace inject - -o - --remove 20/s --downtime 1ms 2> err.txt |
        vpci-trace verify - > out.txt
}
check "a trace goes through generate, inject and verify by pipes" through_pipes
check "inject says on standard error what it did" grep -q '^remove: [1-9][0-9]* events$' err.txt
check "verify finds it complete" grep -q '^-: good, complete' out.txt

# A signal: the pipe stays open, so that the command waits for more of the trace.
stopped_by() {
    local signal=$1 number=$2
    mkfifo "$signal.fifo"
    # Not in the background: a shell without job control has those ignore SIGINT.
    (
        head -c 30000 a.vpt
        for _ in $(seq 200); do
            ls ./*.part > /dev/null 2>&1 && break
            sleep 0.05
        done
        ls ./*.part > parts.txt 2>&1
        kill -"$signal" "$(cat pid.txt)"
        sleep 1
    ) > "$signal.fifo" &
    sh -c 'echo $$ > pid.txt; exec vpci-trace slice - -o "$1"' sh "$signal.vpt" < "$signal.fifo"
    local got=$?
    wait
    [ "$got" = $((128 + number)) ] && grep -q part parts.txt &&
        [ "$(ls "$signal".vpt* 2> /dev/null)" = "" ]
}
check "SIGTERM leaves no temporary file" stopped_by TERM 15
check "SIGINT leaves no temporary file" stopped_by INT 2
check "SIGHUP leaves no temporary file" stopped_by HUP 1

exit $((failures > 0))
