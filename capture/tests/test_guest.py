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

READS = 40   # of 64 dwords, 64 words and 64 bytes each, on each CPU
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
    reads 0 0000:00:05.0 & first=$!
    reads 1 0000:00:06.0
    wait $first
    mark
    echo 1 >$D/0000:01:00.0/remove
    echo 1 >/sys/bus/pci/rescan
    mark
    stop /tmp/$backend.vpt
    send strace-$backend /tmp/strace-$backend
    cat /proc/uptime
done
echo "all done"
poweroff -f
"""

MARK = ("0000:00:00.0", "cfg-read", 0x2d, 1)
PARTS = ("setpci", "lspci", "reads", "rescan")


def short(row):
    return (row["sbdf"], row["kind"], int(row["reg"], 0), int(row["size"]))


def parts(rows, source):
    """What lies between the marks, in order: a list for each of PARTS."""
    marks = [at for at in range(len(rows) - 2)
             if all(short(row) == MARK for row in rows[at:at + 3])]
    return marks, [rows[marks[at] + 3:marks[at + 1]] for at in range(len(marks) - 1)], source


def by_device(rows):
    streams = {}
    for row in rows:
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


def check_counts(name, found, strace):
    expected = {"setpci": 1, "lspci": strace_accesses(strace), "reads": 2 * READS * 3 * 64}
    for part, count in expected.items():
        ensure(len(found[part]) == count, f"{name}, {part}: {len(found[part])} captured of {count}")
    for size in ("4", "2", "1"):
        ensure(sum(row["size"] == size for row in found["reads"]) == 2 * READS * 64,
               f"{name}: not as many reads of {size} bytes as were made")
    ensure(any(row["kind"] == "cfg-write" for row in found["rescan"]),
           f"{name}: no write at the rescan")


def main(series):
    console, sent = guest.run(guest.kernel(series), SCRIPT, DEVICES)
    print(console)
    ensure("all done" in console, "the guest's script did not end")
    subprocess.run(["vpci-trace", "import", "--from", "qemu-log", "qemu.log", "-o", "witness.vpt",
                    "--force"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    marks, witnessed, _ = parts(records("witness.vpt"), "QEMU's log")
    each = len(PARTS) + 1
    ensure(len(marks) == each * len(BACKENDS), f"{len(marks)} marks in QEMU's log")
    for number, backend in enumerate(BACKENDS):
        trace = f"{backend}.vpt"
        with open(trace, "wb") as stream:
            stream.write(sent[trace])
        marks, captured, _ = parts(records(trace), trace)
        ensure(len(marks) == each, f"{len(marks)} marks in {trace}")
        first = number * each
        for part, ours, theirs in zip(PARTS, captured, witnessed[first:first + len(PARTS)]):
            compare(f"{backend}, {part}", ours, theirs)
        check_counts(backend, dict(zip(PARTS, captured)), sent[f"strace-{backend}"].decode())
        counts = account(trace)
        ensure(counts["lost"] == 0 and counts["missed-runs"] == 0 and counts["unpaired"] == 0,
               f"{backend}: {counts}")
        print(f"{series}, {backend}: "
              + ", ".join(f"{part} {len(rows)}" for part, rows in zip(PARTS, captured))
              + ": all as QEMU saw them, 0 lost")


if __name__ == "__main__":
    main(sys.argv[1])
