#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fentry and kprobe on stock Debian kernels, in a guest of our own.

    test_guest.py SERIES

Every config access that the guest's kernel makes between two marks must be in the captured
trace, and no other: QEMU's log of the same guest is the witness.  The parts whose number is
known beforehand are counted, too."""

import re
import subprocess
import sys

import guest
from capture_test import account, ensure, records, split

DEVICES = ["-device", "pcie-root-port,id=port1,chassis=1", "-device", "e1000e,bus=port1",
           "-device", "virtio-rng-pci,addr=5", "-device", "edu,addr=6"]

READS = 3    # of 64 dwords, 64 words and 64 bytes each, on each CPU
STORM = 20   # reads of all 256 bytes in a row, on each CPU: 64 dwords each
ROUNDS = 20  # of the storm at most: until one has made a CPU wait for a lock
READ_DEVICES = ("0000:00:05.0", "0000:00:06.0", "0000:00:1f.0", "0000:00:1f.2")
BACKENDS = ("fentry", "kprobe")

SCRIPT = guest.PRELUDE + r"""
reads() { # CPU DEVICE
    for i in $(seq """ + str(READS) + r"""); do
        for size in 4 2 1; do
            taskset -c $1 dd if=$D/$2/config bs=$size count=64 status=none
        done
    done >/dev/null
}
cat /proc/uptime
uname -r
vpci-capture check
for backend in """ + " ".join(BACKENDS) + r"""; do
    start $backend /tmp/$backend.vpt
    mark
    echo "setpci: $(setpci -s 00:06.0 COMMAND)"
    mark
    strace -y -e trace=pread64 -o /tmp/strace-$backend lspci -xxxx >/dev/null
    mark
    readers=
    cpu=0
    for device in """ + " ".join(READ_DEVICES) + r"""; do
        reads $cpu $device & readers="$readers $!"
        cpu=$((cpu + 1))
    done
    wait $readers
    mark
    count_waits
    rounds=0
    while [ $rounds -lt """ + str(ROUNDS) + r""" ] && [ $(waits) -eq 0 ]; do
        readers=
        cpu=0
        for device in """ + " ".join(READ_DEVICES) + r"""; do
            taskset -c $cpu cat $(yes $D/$device/config | head -n """ + str(STORM) + r""") >/dev/null &
            readers="$readers $!"
            cpu=$((cpu + 1))
        done
        wait $readers
        rounds=$((rounds + 1))
    done
    end_waits
    echo "$backend storm: $rounds rounds, $(waits) waits"
    mark
    echo 1 >$D/0000:01:00.0/remove
    echo 1 >/sys/bus/pci/rescan
    mark
    port=$(basename $(dirname $(readlink -f $D/0000:01:00.0)))
    echo $port >/sys/bus/pci/drivers/pcieport/unbind
    echo $port >/sys/bus/pci/drivers/pcieport/bind
    echo 1 >$D/0000:01:00.0/reset
    mark
    stop /tmp/$backend.vpt
    send strace-$backend /tmp/strace-$backend
    cat /proc/uptime
done
echo "all done"
poweroff -f
"""

MARK = ("0000:00:00.0", "cfg-read", 0x2d, 1)
MARK_READS = 3
PARTS = ("setpci", "lspci", "reads", "storm", "rescan", "driver")


def accesses_of(rows):
    return [row for row in rows if row["kind"].startswith("cfg-") and row["kind"] != "cfg-block"]


def short(row):
    return (row["sbdf"], row["kind"], int(row["reg"], 0), int(row["size"]))


def events(rows, kind):
    return [row["sbdf"] for row in rows if row["kind"] == kind]


def parts(name, rows, count):
    """What lies between the marks, in order: a list for each of PARTS, count times over; and
    of each time all from the first mark to the last."""
    marks = [at for at, row in enumerate(rows) if short(row) == MARK]
    each = MARK_READS * (len(PARTS) + 1)
    if len(marks) != each * count:
        for at in marks:
            print(f"{name}, row {at}: {rows[at]}")
        ensure(False, f"{name}: {len(marks)} reads of marks, expected {each * count}")
    times = [marks[first:first + each] for first in range(0, len(marks), each)]
    return [([rows[time[at - 1] + 1:time[at]] for at in range(MARK_READS, each, MARK_READS)],
             rows[time[0]:time[-1] + 1]) for time in times]


def by_device(rows):
    """Device -> its accesses in order."""
    streams = {}
    for row in accesses_of(rows):
        streams.setdefault(row["sbdf"], []).append((*short(row)[1:], int(row["value"], 0)))
    return streams


def compare(name, captured, witnessed):
    captured, witnessed = by_device(captured), by_device(witnessed)
    ensure(sorted(captured) == sorted(witnessed),
           f"{name}: devices {sorted(captured)}, witnessed {sorted(witnessed)}")
    for device, accesses in witnessed.items():
        for at, (ours, theirs) in enumerate(zip(captured[device], accesses)):
            ensure(ours == theirs,
                   f"{name}, {device}, access {at}: captured {ours}, witnessed {theirs}")
        ensure(len(captured[device]) == len(accesses),
               f"{name}, {device}: {len(captured[device])} captured, {len(accesses)} witnessed")


def strace_accesses(text):
    total = 0
    for match in re.finditer(r"^pread64\([0-9]+<[^>]*/config>.*, \d+, (\d+)\)\s*= (\d+)$", text, re.M):
        total += len(list(split(int(match[1]), bytes(int(match[2])))))
    return total


def check_counts(name, found, strace, rounds):
    expected = {"setpci": 1, "lspci": strace_accesses(strace),
                "reads": len(READ_DEVICES) * READS * 3 * 64,
                "storm": len(READ_DEVICES) * STORM * 64 * rounds}
    for part, count in expected.items():
        captured = len(accesses_of(found[part]))
        ensure(captured == count, f"{name}, {part}: {captured} captured of {count}")
    for size in ("4", "2", "1"):
        ensure(sum(row["size"] == size for row in found["reads"]) == len(READ_DEVICES) * READS * 64,
               f"{name}: not as many reads of {size} bytes as were made")
    ensure(any(row["kind"] == "cfg-write" for row in found["rescan"]),
           f"{name}: no write at the rescan")


def check_waits(name, found, witnessed, missed):
    """Each wait for a lock while four CPUs read at one time, as the kernel's tracing counted."""
    waits = [row for row in found["storm"] if row["kind"] == "lock-contended"]
    ensure(witnessed - missed <= len(waits) <= witnessed,
           f"{name}: {len(waits)} waits, the kernel counted {witnessed}, {missed} went unseen")
    for row in waits:
        ensure(int(row["value"], 0) in (1, 2) and int(row["duration_ns"]) > 0, f"{name}: {row}")
    return f"{len(waits)} waits for a lock" if witnessed else "NO WAIT FOR A LOCK CAME ABOUT"


def check_events(name, found):
    """What the script did, once each."""
    card, port = "0000:01:00.0", "0000:00:01.0"
    ensure(events(found["rescan"], "device-remove") == [card], f"{name}: removed devices")
    ensure(events(found["rescan"], "device-add") == [card], f"{name}: added devices")
    ensure(events(found["driver"], "driver-unbind") == [port], f"{name}: unbound drivers")
    ensure(events(found["driver"], "driver-bind") == [port], f"{name}: bound drivers")
    vectors = [(row["sbdf"], int(row["value"], 0) > 0) for row in found["driver"]
               if row["kind"] == "msi-enable"]
    ensure(vectors == [(port, True)], f"{name}: MSI enabled {vectors}")
    blocks = [row for row in found["driver"]
              if row["kind"] == "cfg-block" and row["sbdf"] == card]
    # A reset of the bus lasts 1 ms at least (Trst, PCI Local Bus 3.0, 4.3.2).
    ensure(len(blocks) == 1 and int(blocks[0]["duration_ns"]) >= 1000000,
           f"{name}: blocked config access {blocks}")


def main(series):
    console, sent = guest.run(guest.kernel(series), SCRIPT, DEVICES)
    print(console)
    ensure("all done" in console, "the guest's script did not end")
    subprocess.run(["vpci-trace", "import", "--from", "qemu-log", "qemu.log", "-o", "witness.vpt",
                    "--force"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    witnessed = parts("QEMU's log", records("witness.vpt"), len(BACKENDS))
    for backend, (_, theirs) in zip(BACKENDS, witnessed):
        trace = f"{backend}.vpt"
        with open(trace, "wb") as stream:
            stream.write(sent[trace])
        counts = account(trace)
        ensure(counts["lost"] == 0 and counts["missed-runs"] == 0 and counts["unpaired"] == 0,
               f"{backend}: {counts}")
        captured, ours = parts(trace, records(trace), 1)[0]
        found = dict(zip(PARTS, captured))
        compare(backend, ours, theirs)
        storm = re.search(rf"^{backend} storm: (\d+) rounds, (\d+) waits", console, re.M)
        ensure(storm, f"{backend}: the script did not tell its rounds")
        check_counts(backend, found, sent[f"strace-{backend}"].decode(), int(storm[1]))
        check_events(backend, found)
        waits = check_waits(backend, found, int(storm[2]), counts["missed-waits"])
        print(f"{series}, {backend}: "
              + ", ".join(f"{part} {len(accesses_of(rows))}" for part, rows in found.items())
              + f": all as QEMU saw them, 0 lost; {waits}")


if __name__ == "__main__":
    main(sys.argv[1])
