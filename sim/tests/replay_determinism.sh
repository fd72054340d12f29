#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# replay_determinism.sh MAKE_TRACE: the same inputs give the same bytes, whatever
# the number of threads, the directory and the run.
set -u
make_trace=$1
command -v vpci-sim >/dev/null || { echo 'FAILED: no vpci-sim in PATH'; exit 1; }
work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
mkdir elsewhere
"$make_trace" busy.vpt 400 && cp busy.vpt elsewhere/ || exit 1

# Every policy that ships; a deadlock of one of them (status 1) is a result like others.
for options in "" "--clone 3 --speed 4 --rebase" "--timing open --max-think 1us"; do
    # shellcheck disable=SC2086
    vpci-sim replay busy.vpt $options --json --jobs 1 >one.json
    status=$?
    [ $status -le 1 ] || exit 1
    for jobs in 2 7; do
        # shellcheck disable=SC2086
        (cd elsewhere && vpci-sim replay busy.vpt $options --json --jobs $jobs >../more.json)
        if [ $? -ne $status ] || ! cmp one.json more.json; then
            echo "FAILED: '$options' with $jobs jobs differs"
            exit 1
        fi
    done
done

# A check of the check: another load gives other bytes.
vpci-sim replay busy.vpt --json >plain.json
vpci-sim replay busy.vpt --json --speed 2 >faster.json
if cmp -s plain.json faster.json; then
    echo "FAILED: --speed changes nothing"
    exit 1
fi
exit 0
