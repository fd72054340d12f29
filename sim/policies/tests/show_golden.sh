#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vpci-sim policies and show: exact output, status and error text.
# VS_GOLDEN_WRITE=1 writes the expected files anew.
set -u
golden=$VS_SOURCE_DIR/sim/policies/tests/golden
failed=0

# check STATUS NAME ARGUMENT...: stdout in golden/NAME.txt, stderr in golden/NAME.err or empty.
check() {
    local status=$1 name=$2
    shift 2
    vpci-sim "$@" >out 2>err
    local got=$?
    if [ -n "${VS_GOLDEN_WRITE:-}" ]; then
        cp out "$golden/$name.txt"
        if [ -s err ]; then cp err "$golden/$name.err"; fi
    fi
    if [ $got -ne "$status" ]; then
        echo "vpci-sim $*: status $got, expected $status"
        failed=1
    fi
    diff -u "$golden/$name.txt" out || failed=1
    if [ -e "$golden/$name.err" ]; then
        diff -u "$golden/$name.err" err || failed=1
    elif [ -s err ]; then
        echo "vpci-sim $*: unexpected on stderr:"
        cat err
        failed=1
    fi
}

check 0 policies policies
check 0 pci-lock show pci-lock
check 0 pci-lock-toggle-decode show pci-lock toggle-decode
check 0 pci-lock-device-remove show pci-lock device-remove
check 0 pci-lock-map-pending show pci-lock O12
check 0 pci-lock-bars-write-rom show pci-lock-bars write-rom
check 0 domain-rwlock-msi-enable show domain-rwlock msi-enable
check 0 pcidevs-rwlock-toggle-rom show pcidevs-rwlock toggle-rom
check 0 refcount-device-remove show refcount device-remove
check 0 rcu-map-pending show rcu map-pending
check 0 rcu-dump-json show rcu dump --json
check 2 unknown-policy show pci-lok
check 2 unknown-operation show pci-lock toggle-decod
check 2 too-many show pci-lock dump twice
check 2 none-given show
cp "$VS_SOURCE_DIR/sim/policies/tests/refused/self-deadlock.json" .
check 3 refused show self-deadlock.json

# As JSON: whole, and every policy in the order of the list.
names=$(vpci-sim policies --json |
    python3 -c 'import json,sys; print(*[p["name"] for p in json.load(sys.stdin)])')
listed=$(vpci-sim policies | grep -v '^ ' | tr '\n' ' ')
if [ "$names " != "$listed" ]; then
    echo "policies --json says: $names; policies says: $listed"
    failed=1
fi
for policy in $names; do
    vpci-sim show "$policy" --json | python3 -c '
import json, sys
operations = json.load(sys.stdin)["operations"]
assert len(operations) == 44 and len(set(operations)) == 44' || failed=1
done
# A full disk is an error, never silence.
if [ -e /dev/full ]; then
    vpci-sim show pci-lock >/dev/full 2>err
    if [ $? -ne 4 ]; then
        echo "show >/dev/full: expected status 4"
        failed=1
    fi
fi
exit $failed
