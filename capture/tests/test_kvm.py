#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kvm backend against QEMU's own log of the same guests, access by access, and from
there to the report.

    test_kvm.py CASE

Skips, with the reason, where /dev/kvm runs no guest."""

import os
import shutil
import subprocess
import sys
import time

from capture_test import Capture, account, ensure, info, need_backend, records, skip

ECAM = "0xb0000000:0:0-255"  # where SeaBIOS puts it on QEMU's q35
EVENTS = ("pci_cfg_read", "pci_cfg_write", "memory_region_ops_read", "memory_region_ops_write")
TRACE = "guests.vpt"

DEVICES = (
    ["-device", "pcie-root-port,id=port1", "-device", "e1000e,bus=port1,netdev=n0",
     "-netdev", "hubport,id=n0,hubid=0",
     "-device", "pci-bridge,id=bridge1,chassis_nr=2", "-device", "pci-testdev,bus=bridge1,addr=3",
     "-device", "virtio-rng-pci", "-device", "qemu-xhci"],
    ["-device", "pcie-root-port,id=port1", "-device", "virtio-rng-pci,bus=port1",
     "-device", "pcie-root-port,id=port2,chassis=2", "-device", "pci-testdev",
     "-device", "ich9-ahci", "-device", "pcie-pci-bridge,id=bridge1,bus=port2",
     "-device", "edu,bus=bridge1,addr=5"],
)


class Guest:
    """SeaBIOS on q35 with an own set of devices; nothing to boot."""

    def __init__(self, number):
        self.log = f"guest-{number}.log"
        with open("events", "w", encoding="ascii") as stream:
            stream.write("".join(f"{event}\n" for event in EVENTS))
        if os.path.exists(self.log):
            os.remove(self.log)
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35,accel=kvm", "-smp", "2", "-m", "64",
             "-display", "none", "-nodefaults", "-no-user-config",
             "-name", f"guest-{number},debug-threads=on", *DEVICES[number],
             "-msg", "timestamp=on", "-trace", "events=events", "-D", self.log],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def wait_until_quiet(self):
        """Two seconds without a config access, after some."""
        quiet_since, size = time.monotonic(), -1
        deadline = quiet_since + 120
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                skip(f"QEMU ended by itself: {self.process.stderr.read().strip()}")
            now = self.config_lines()
            if now != size:
                quiet_since, size = time.monotonic(), now
            elif size > 0 and time.monotonic() - quiet_since > 2:
                return
            time.sleep(0.2)
        sys.exit("failed: the guest's firmware did not come to rest in two minutes")

    def config_lines(self):
        if not os.path.exists(self.log):
            return 0
        with open(self.log, encoding="utf-8", errors="replace") as stream:
            return sum("pci_cfg_" in line for line in stream)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def witnessed(self):
        """vCPU -> accesses in order, by QEMU's log."""
        trace = self.log.replace(".log", ".vpt")
        subprocess.run(["vpci-trace", "import", "--from", "qemu-log", self.log, "-o", trace,
                        "--force"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return by_vcpu(records(trace))


def by_vcpu(rows):
    streams = {}
    for row in rows:
        bus_address = row["sbdf"].split(":", 1)[1]  # segments differ: one guest or one of many
        flags = sorted(set(row["flags"].split("|")) & {"port", "ecam", "absent", "second-half"})
        streams.setdefault(int(row["vcpu"]), []).append(
            (row["kind"], bus_address, row["reg"], row["size"], row["value"], *flags))
    return streams


def need_guests():
    if not shutil.which("qemu-system-x86_64"):
        skip("qemu-system-x86_64 is not installed")
    if not os.path.exists("/dev/kvm"):
        skip("there is no /dev/kvm")
    need_backend("kvm")


def run_guests(numbers, arguments):
    capture = Capture("--backend", "kvm", "--ecam", ECAM, "--force", "-o", TRACE, *arguments)
    guests = [Guest(number) for number in numbers]
    for guest in guests:
        guest.wait_until_quiet()
    for guest in guests:
        guest.stop()
    capture.stop()
    return guests


def compare(guest, captured, witnessed):
    ensure(sorted(captured) == sorted(witnessed),
           f"{guest.log}: vCPUs {sorted(captured)}, witnessed {sorted(witnessed)}")
    total = 0
    for vcpu, accesses in witnessed.items():
        for at, (ours, theirs) in enumerate(zip(captured[vcpu], accesses)):
            ensure(ours == theirs, f"{guest.log}, vCPU {vcpu}, access {at}: captured {ours}, "
                   f"witnessed {theirs}")
        ensure(len(captured[vcpu]) == len(accesses),
               f"{guest.log}, vCPU {vcpu}: {len(captured[vcpu])} captured, {len(accesses)} "
               "witnessed")
        total += len(accesses)
    ensure(total > 300, f"{guest.log}: {total} accesses are too few for a boot")
    return total


def witness():
    need_guests()
    guests = run_guests((0, 1), [])
    rows = records(TRACE)
    domains = sorted({int(row["domain"]) for row in rows})
    ensure(domains == [1, 2], f"domains {domains}")
    segments = {row["domain"]: row["sbdf"].split(":")[0] for row in rows}
    ensure(segments == {"1": "0000", "2": "0001"}, f"segments {segments}")
    ensure(account(TRACE)["lost"] == 0, "losses")
    text = subprocess.run(["vpci-trace", "info", TRACE], check=True, capture_output=True,
                          text=True).stdout
    for guest in guests:
        line = next(line for line in text.splitlines() if line.endswith(f" {guest.pid}"))
        domain = line.split()[0]
        captured = by_vcpu(row for row in rows if row["domain"] == domain)
        total = compare(guest, captured, guest.witnessed())
        print(f"{guest.log}: {total} accesses agree in order, device, register, size, direction "
              "and value")


def no_window():
    """Without --ecam it is said what is not seen, and ports are seen all the same."""
    need_guests()
    capture = Capture("--backend", "kvm", "--force", "-o", TRACE)
    ensure("without --ecam only accesses through ports" in capture.text, capture.text)
    guest = Guest(0)
    guest.wait_until_quiet()
    guest.stop()
    capture.stop()
    ports = {vcpu: [access for access in accesses if "ecam" not in access]
             for vcpu, accesses in guest.witnessed().items()}
    captured = by_vcpu(records(TRACE))
    for vcpu, accesses in ports.items():
        ensure(captured.get(vcpu, []) == accesses,
               f"vCPU {vcpu}: {len(captured.get(vcpu, []))} captured, {len(accesses)} by ports")
    print(f"{sum(map(len, ports.values()))} accesses by ports agree")


def end_to_end():
    """Capture a boot, look at it, replay it, report it: the sequence of capture/README.md."""
    need_guests()
    run_guests((0,), [])
    summary = info(TRACE)
    ensure(summary[0]["trace"]["complete"], "the trace is not complete")
    shutil.rmtree("report", ignore_errors=True)
    for path in ("results.db", "results.db-wal", "results.db-shm"):
        if os.path.exists(path):
            os.remove(path)
    for command in (["vpci-sim", "replay", TRACE, "--db", "results.db"],
                    ["vpci-report", "results.db", "-o", "report"]):
        result = subprocess.run(command, capture_output=True, text=True)
        ensure(result.returncode == 0, f"{command[0]}: {result.returncode}: {result.stderr}")
    files = [name for _, _, names in os.walk("report") for name in names]
    ensure(any(name.endswith(".html") for name in files), f"no page: {files}")
    ensure(any(name.endswith((".svg", ".png")) for name in files), f"no picture: {files}")
    print(f"{summary[0]['trace']['records']} records replayed and reported in {len(files)} files")


CASES = {"witness": witness, "no-window": no_window, "end-to-end": end_to_end}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
