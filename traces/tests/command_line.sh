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
vpci-trace generate -o a.vpt --seed 3 --domains 2 -n 5000 --zstd 0 # more than 30000 bytes

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

# Several files at once.
cp a.vpt b.vpt
printf '\xff' | dd of=b.vpt bs=1 seek=2000 conv=notrunc status=none
check "verify goes on after a damaged file" status 3 "b.vpt" vpci-trace verify a.vpt b.vpt a.vpt
check "verify told both good ones" [ "$(grep -c '^a.vpt: good' out.txt)" = 2 ]
check "the worst status wins" status 4 "no.vpt" vpci-trace verify b.vpt no.vpt b.vpt a.vpt
check "verify told every bad one" [ "$(grep -c '^vpci-trace: \(no\|b\).vpt' err.txt)" = 3 ]

# Usage.
check "merge refuses standard input" status 2 "reads each input twice" \
    vpci-trace merge - a.vpt -o m.vpt
check "merge refuses another pipe" status 4 "pipe" \
    vpci-trace merge <(cat a.vpt) a.vpt -o m.vpt
check "generate refuses no accesses" status 2 "accesses" vpci-trace generate -o n.vpt -n 0
for command in "merge a.vpt" "slice a.vpt" "inject a.vpt --remove 1/s" "generate -n 10"; do
    # shellcheck disable=SC2086
    check "$command does not replace" status 4 "--force" vpci-trace $command -o b.vpt
    # shellcheck disable=SC2086
    check "$command -f replaces" vpci-trace $command -f -o b.vpt
done 2> /dev/null

# A reader that leaves, while far more is to come than a pipe holds.
reader_leaves() {
    local states
    "$@" 2> err.txt | head -c 10 > /dev/null
    states=("${PIPESTATUS[@]}")
    [ "${states[0]}" = 4 ] && [ ! -s err.txt ] && return
    echo "  status ${states[0]} and:"
    cat err.txt
    return 1
}
check "dump | head ends without a message, with status 4" reader_leaves vpci-trace dump a.vpt
check "a trace that is cut short so is told" [ "$(
    vpci-trace generate -o - -n 200000 2>&1 > >(head -c 10 > /dev/null)
)" = "vpci-trace: -: cannot write: Broken pipe" ]

# A signal: the pipe stays open, so that the command waits for more of the trace.
stopped_by() {
    local signal=$1 number=$2
    mkfifo "$signal.fifo"
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
    # Whoever runs the tests may have had SIGINT or SIGHUP ignored: nohup, a shell's &.
    sh -c 'echo $$ > pid.txt; exec env --default-signal=INT,HUP vpci-trace slice - -o "$1"' \
        sh "$signal.vpt" < "$signal.fifo"
    local got=$?
    wait
    [ "$got" = $((128 + number)) ] && grep -q part parts.txt &&
        [ "$(ls "$signal".vpt* 2> /dev/null)" = "" ]
}
check "SIGTERM leaves no temporary file" stopped_by TERM 15
check "SIGINT leaves no temporary file" stopped_by INT 2
check "SIGHUP leaves no temporary file" stopped_by HUP 1

exit $((failures > 0))
