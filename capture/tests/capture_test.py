# SPDX-License-Identifier: GPL-2.0-or-later
"""What the capture tests share: starting and stopping vpci-capture, reading its trace,
and config-space reads whose accesses are known beforehand.  Only ever reads."""

import csv
import ctypes
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

DEVICES = "/sys/bus/pci/devices"
PROCFS = "/proc/bus/pci"


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def need_backend(name):
    result = subprocess.run(["vpci-capture", "check", "--json"], capture_output=True, text=True)
    if result.returncode not in (0, 1):
        sys.exit(f"vpci-capture check: {result.returncode}: {result.stderr}")
    for entry in json.loads(result.stdout)["backends"]:
        if entry["backend"] == name and not entry["works"]:
            skip(f"backend {name}: {entry['reason']}")


def need_devices():
    names = sorted(os.listdir(DEVICES)) if os.path.isdir(DEVICES) else []
    names = [name for name in names if re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{2}:.*", name)]
    if not names:
        skip(f"no device in {DEVICES}")
    return names


def ensure(condition, text):
    if not condition:
        sys.exit(f"failed: {text}")


class Capture:
    """vpci-capture ebpf, started and attached."""

    def __init__(self, *arguments, stdout=subprocess.DEVNULL, preexec_fn=None):
        self.process = subprocess.Popen(["vpci-capture", "ebpf", *arguments], stdout=stdout,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=preexec_fn)
        self.text = ""
        for line in self.process.stderr:
            self.text += line
            if line.startswith("Capturing"):
                return
        sys.exit(f"vpci-capture did not start: {self.process.wait()}: {self.text}")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        self.text += self.process.stderr.read()
        return self.process.wait(timeout=120)

    def stop(self, expected=0):
        self.signal(signal.SIGINT)
        status = self.wait()
        ensure(status == expected, f"exit status {status}, expected {expected}:\n{self.text}")


def info(trace):
    return json.loads(subprocess.run(["vpci-trace", "info", "--json", trace], check=True,
                                     capture_output=True, text=True).stdout)


def account(trace):
    """The account that the capture stored in the trace."""
    return info(trace)[0]["meta"]["import"]


def records(trace):
    """Every record as a dictionary of its CSV columns."""
    text = subprocess.run(["vpci-trace", "dump", "--format", "csv", trace], check=True,
                          capture_output=True, text=True).stdout
    return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))


def split(offset, data):
    """The accesses of one system call: (register, size, value), as drivers/pci/pci-sysfs.c
    makes them: up to alignment, dwords, the rest."""
    at, end = offset, offset + len(data)
    sizes = []
    if at & 1 and at < end:
        sizes.append(1)
        at += 1
    if at & 3 and end - at > 2:
        sizes.append(2)
        at += 2
    while end - at > 3:
        sizes.append(4)
        at += 4
    if end - at >= 2:
        sizes.append(2)
        at += 2
    if end - at > 0:
        sizes.append(1)
    at = 0
    for size in sizes:
        yield offset + at, size, int.from_bytes(data[at:at + size], "little")
        at += size


class Reader:
    """A child on one CPU that reads config space when told, and tells what it read."""

    def __init__(self, cpu, calls, sizes=(1, 2, 4, 1, 2, 4, 3, 7, 8, 16), seed=1, endless=False,
                 procfs=False):
        self.go_read, self.go_write = os.pipe()
        self.tell_read, self.tell_write = os.pipe()
        self.cpu = cpu
        self.procfs = procfs
        self.pid = os.fork()
        if self.pid == 0:
            # A test that fails leaves nobody reading.
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, linux/prctl.h
            os.close(self.tell_read)
            os.close(self.go_write)
            try:
                self.work(calls, sizes, random.Random(seed * 1000 + cpu), endless)
            finally:
                os._exit(0)
        os.close(self.go_read)
        os.close(self.tell_write)

    def work(self, calls, sizes, rng, endless):
        os.sched_setaffinity(0, {self.cpu})
        files = [(name, os.open(self.path(name), os.O_RDONLY)) for name in need_devices()]
        plan = []
        for _ in range(calls):
            size = rng.choice(sizes)
            plan.append((rng.choice(files), size, rng.randrange(0, 64 - min(size, 63))))
        os.read(self.go_read, 1)
        if endless:
            while True:
                for (_, file), size, offset in plan:
                    os.pread(file, size, offset)
        done = [(name, offset, os.pread(file, size, offset))
                for (name, file), size, offset in plan]
        with os.fdopen(self.tell_write, "w") as stream:
            for name, offset, data in done:
                stream.write(f"{name} {offset} {data.hex()}\n")

    def path(self, name):
        """Of its config space in sysfs, or in /proc/bus/pci, which names domain 0 by the bus."""
        if not self.procfs:
            return f"{DEVICES}/{name}/config"
        domain, bus, function = name.split(":")
        folder = bus if domain == "0000" else f"{domain}:{bus}"
        return f"{PROCFS}/{folder}/{function}"

    def go(self):
        os.write(self.go_write, b"x")

    def accesses(self):
        """What the child's calls must have become, in order."""
        with os.fdopen(self.tell_read) as stream:
            calls = [line.split() for line in stream]
        os.waitpid(self.pid, 0)
        return [(name, *access) for name, offset, data in calls
                for access in split(int(offset), bytes.fromhex(data))]

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def cpus():
    return sorted(os.sched_getaffinity(0))[:2]


def wait_for_size(path, size_bytes):
    for _ in range(600):
        if os.path.exists(path) and os.path.getsize(path) >= size_bytes:
            return
        time.sleep(0.1)
    sys.exit(f"failed: {path} did not grow to {size_bytes} bytes")
