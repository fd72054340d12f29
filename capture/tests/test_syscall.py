#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The syscall backend on this machine, by reads of its own config space only.

    test_syscall.py CASE

Skips, with the kernel's reason, where the backend does not work."""

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys

from capture_test import (Capture, DEVICES, PROCFS, Reader, account, cpus, ensure, need_backend,
                          need_devices, records, skip, wait_for_size)

TRACE = "capture.vpt"


def start_readers(calls, **options):
    if len(cpus()) < 2:
        skip("two CPUs are needed")
    return [Reader(cpu, calls, **options) for cpu in cpus()]


def pid_options(readers):
    return [word for reader in readers for word in ("--pid", str(reader.pid))]


def remove(path):
    if os.path.exists(path):
        os.remove(path)


def by_cpu(trace_records):
    """CPU -> its records in order, as (sbdf, register, size, value) or ("lost", count)."""
    streams = {}
    for record in trace_records:
        cpu = int(record["pcpu"])
        if record["kind"] == "lost":
            streams.setdefault(cpu, []).append(("lost", int(record["value"], 0)))
        else:
            ensure(record["kind"] == "cfg-read", f"a {record['kind']} among the reads")
            streams.setdefault(cpu, []).append(
                (record["sbdf"], int(record["reg"], 0), int(record["size"]),
                 int(record["value"], 0)))
    return streams


def compare(expected, captured, cpu):
    """Every access issued is captured, in order, or within a loss at just that place."""
    at = 0
    for entry in captured:
        if entry[0] == "lost":
            at += entry[1]
            continue
        ensure(at < len(expected), f"CPU {cpu}: more captured than was issued")
        ensure(entry == expected[at], f"CPU {cpu}, access {at}: issued {expected[at]}, "
               f"captured {entry}")
        at += 1
    return at


def exact():
    readers = start_readers(50000)
    capture = Capture("--backend", "syscall", "--force", "-o", TRACE, *pid_options(readers))
    for reader in readers:
        reader.go()
    expected = {reader.cpu: reader.accesses() for reader in readers}
    capture.stop()
    found = by_cpu(records(TRACE))
    for cpu, accesses in expected.items():
        ensure(compare(accesses, found[cpu], cpu) == len(accesses),
               f"CPU {cpu}: {len(found[cpu])} captured of {len(accesses)}")
    counts = account(TRACE)
    ensure(counts["lost"] == 0 and counts["missed-runs"] == 0, f"losses: {counts}")
    total = sum(map(len, expected.values()))
    ensure(counts["written"] == total, f"{counts['written']} written of {total}")
    print(f"100000 system calls, {total} accesses: all captured, in order, 0 lost")


def procfs():
    """The same through /proc/bus/pci, beside reads of other files of /proc."""
    if not os.path.isdir(PROCFS):
        skip(f"there is no {PROCFS}")
    readers = start_readers(2000, procfs=True, sizes=(1, 2, 4, 3, 7, 64))
    capture = Capture("--backend", "syscall", "--force", "-o", TRACE, "--pid", str(os.getpid()),
                      *pid_options(readers))
    for reader in readers:
        reader.go()
    for path in ("/proc/bus/pci/devices", "/proc/self/stat", "/proc/sys/kernel/ostype"):
        with open(path, "rb") as stream:
            stream.read()
    expected = {reader.cpu: reader.accesses() for reader in readers}
    capture.stop()
    found = by_cpu(records(TRACE))
    for cpu, accesses in expected.items():
        ensure(compare(accesses, found[cpu], cpu) == len(accesses),
               f"CPU {cpu}: {len(found[cpu])} captured of {len(accesses)}")
    counts = account(TRACE)
    total = sum(map(len, expected.values()))
    ensure(counts["written"] == total and counts["lost"] == 0, f"{counts}, {total} issued")
    print(f"4000 system calls on {PROCFS}, {total} accesses: all captured, in order, 0 lost")


def overflow():
    readers = start_readers(5000, sizes=(1, 4, 64))
    capture = Capture("--backend", "syscall", "--force", "--buffer", "4KiB", "-o", TRACE,
                      *pid_options(readers))
    capture.signal(signal.SIGSTOP)
    for reader in readers[:1]:
        reader.go()
    expected = {readers[0].cpu: readers[0].accesses()}
    capture.signal(signal.SIGCONT)
    readers[1].go()
    expected[readers[1].cpu] = readers[1].accesses()
    capture.stop()
    counts = account(TRACE)
    found = by_cpu(records(TRACE))
    for cpu, accesses in expected.items():
        reached = compare(accesses, found.get(cpu, []), cpu)
        ensure(reached == len(accesses), f"CPU {cpu}: {reached} captured or lost of {len(accesses)}")
    total = sum(map(len, expected.values()))
    ensure(counts["lost"] > 0, "nothing was lost: the test tests nothing")
    ensure(counts["written"] + counts["lost"] == total, f"{counts}, {total} issued")
    print(f"{total} issued = {counts['written']} captured + {counts['lost']} lost")
    lost_in_results(counts["lost"])


def lost_in_results(lost):
    """The replay's output, the report and its plots' captions say how many were lost."""
    replay = ["vpci-sim", "replay", TRACE, "--policy", "none"]
    remove("results.db")
    shutil.rmtree("report", ignore_errors=True)
    for command, expected in (([*replay, "--json"], f'"{lost}"|{lost}\\b'),
                              ([*replay, "--db", "results.db"], f"{lost:,} records"),
                              (["vpci-report", "results.db", "-o", "report"], "")):
        result = subprocess.run(command, capture_output=True, text=True)
        ensure(result.returncode == 0, f"{command}: {result.stderr}")
        ensure(re.search(expected, result.stdout), f"{command}: no {expected}: {result.stdout}")
    plots = [f"report/{name}" for name in os.listdir("report") if name.endswith(".svg")]
    ensure(plots, "no plots")
    for path in plots:
        with open(path, encoding="utf-8") as stream:
            ensure(f"{lost:,} lost records" in stream.read(), f"{path}: no caption of the losses")


def planned(reader_options, cpu, rounds):
    """The accesses of an endless Reader without their values."""
    rng = random.Random(reader_options["seed"] * 1000 + cpu)
    names = need_devices()
    plan = []
    for _ in range(reader_options["calls"]):
        size = rng.choice(reader_options["sizes"])
        plan.append((rng.choice(names), size, rng.randrange(0, 64 - min(size, 63))))
    from capture_test import split
    once = [(name, register, part) for name, size, offset in plan
            for register, part, _ in split(offset, bytes(size))]
    return once * rounds


FLOOD = {"calls": 2000, "sizes": (1, 2, 4, 7), "seed": 7}


def flood(stop_signal):
    """Readers that do not end; the capture does.  Returns the exit status."""
    remove(TRACE)
    readers = start_readers(endless=True, **FLOOD)
    capture = Capture("--backend", "syscall", "-o", TRACE, *pid_options(readers))
    for reader in readers:
        reader.go()
    wait_for_size(TRACE, 100000)
    capture.signal(stop_signal)
    status = capture.wait()
    for reader in readers:
        reader.kill()
    total = 0
    for cpu, found in by_cpu(records(TRACE)).items():
        once = planned(FLOOD, cpu, 1)
        plan = once * (len(found) // len(once) + 1)
        for at, entry in enumerate(found):
            ensure(entry[:3] == plan[at], f"CPU {cpu}, access {at}: issued {plan[at]}, "
                   f"captured {entry}")
        total += len(found)
    return status, total, capture.text


def terminate():
    status, total, text = flood(signal.SIGTERM)
    ensure(status == 0, f"exit status {status}: {text}")
    counts = account(TRACE)
    ensure(counts["lost"] == 0, f"losses: {counts}")
    ensure(counts["produced"] == counts["received"] == total + counts["own"],
           f"{counts}, {total} in the trace")
    ensure("SIGTERM" in text, text)
    print(f"SIGTERM amid a flood: {total} captured, the account closes")


def kill():
    status, total, _ = flood(signal.SIGKILL)
    ensure(status == -signal.SIGKILL, f"exit status {status}")
    result = subprocess.run(["vpci-trace", "verify", TRACE], capture_output=True, text=True)
    print(f"after SIGKILL: {total} readable; {result.stdout.strip()}{result.stderr.strip()}")
    ensure(total > 0, "nothing is readable")


def counts_in(text):
    seen, written, lost = map(
        int, re.search(r"(\d+) records seen: (\d+) written, (\d+) lost", text).groups())
    unwritten = re.search(r"(\d+) were captured but could not be written", text)
    return seen, written, lost, int(unwritten[1]) if unwritten else 0


def check_refused(capture, status, reason):
    ensure(status == 4, f"exit status {status}: {capture.text}")
    ensure(reason in capture.text, f"no '{reason}': {capture.text}")
    seen, written, lost, unwritten = counts_in(capture.text)
    ensure(unwritten > 0, f"everything was written: {capture.text}")
    ensure(seen == written + lost + unwritten, capture.text)
    print(f"{seen} seen = {written} written + {lost} lost + {unwritten} unwritten")
    return written


def full_disk():
    remove(TRACE)
    limit = 256 << 10
    readers = start_readers(endless=True, **FLOOD)
    capture = Capture("--backend", "syscall", "-o", TRACE, *pid_options(readers),
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    for reader in readers:
        reader.go()
    status = capture.wait()
    for reader in readers:
        reader.kill()
    written = check_refused(capture, status, "File too large")
    readable = len(records_of_damaged(TRACE))
    ensure(readable == written, f"{written} said to be written, {readable} readable")


def records_of_damaged(trace):
    """Records up to a block cut short: dump prints them, then reports the cut."""
    result = subprocess.run(["vpci-trace", "dump", "--format", "csv", trace], capture_output=True,
                            text=True)
    return result.stdout.splitlines()[1:]


def dev_full():
    result = subprocess.run(["vpci-capture", "ebpf", "--backend", "syscall", "-o", "/dev/full"],
                            capture_output=True, text=True)
    ensure(result.returncode == 4, f"exit status {result.returncode}: {result.stderr}")
    ensure("No space left on device" in result.stderr, result.stderr)


def closed_pipe():
    readers = start_readers(endless=True, **FLOOD)
    capture = Capture("--backend", "syscall", "-o", "-", *pid_options(readers),
                      stdout=subprocess.PIPE)
    for reader in readers:
        reader.go()
    capture.process.stdout.buffer.read(100000)
    capture.process.stdout.close()
    status = capture.wait()
    for reader in readers:
        reader.kill()
    check_refused(capture, status, "the output takes no more")


def count_and_time():
    readers = start_readers(endless=True, **FLOOD)
    for reader in readers:
        reader.go()
    capture = Capture("--backend", "syscall", "--force", "-n", "1234", "-o", TRACE,
                      *pid_options(readers))
    ensure(capture.wait() == 0, capture.text)
    ensure(account(TRACE)["written"] == 1234 and len(records(TRACE)) == 1234, capture.text)
    capture = Capture("--backend", "syscall", "--force", "-d", "0.5", "-o", TRACE,
                      *pid_options(readers))
    ensure(capture.wait() == 0 and "the time is over" in capture.text, capture.text)
    ensure(account(TRACE)["written"] > 0, capture.text)
    for reader in readers:
        reader.kill()


def device_filter():
    names = need_devices()
    readers = start_readers(2000)
    capture = Capture("--backend", "syscall", "--force", "--snapshot", "-o", TRACE, "--device",
                      names[-1], *pid_options(readers))
    for reader in readers:
        reader.go()
    expected = sum(access[0] == names[-1] for reader in readers for access in reader.accesses())
    capture.stop()
    found = records(TRACE)
    ensure({record["sbdf"] for record in found} == {names[-1]}, "another device was captured")
    ensure(len(found) == expected, f"{len(found)} captured of {expected}")
    identity = open(f"{DEVICES}/{names[-1]}/config", "rb").read(4)
    result = subprocess.run(["vpci-trace", "info", TRACE], capture_output=True, text=True)
    known = f"{identity[1]:02x}{identity[0]:02x}:{identity[3]:02x}{identity[2]:02x}"
    ensure(known in result.stdout, f"no snapshot with {known}: {result.stdout}")


def capabilities():
    """CAP_BPF and CAP_PERFMON are enough, but for the estimate of the cost."""
    estimate = "of what the events cost: [1-9][0-9]* ns each"
    if os.geteuid() == 0:
        capture = Capture("--backend", "syscall", "--force", "-o", TRACE)
        capture.stop()
        ensure(re.search(estimate, capture.text), f"no estimate: {capture.text}")
        ensure(account(TRACE)["event-cost-ns-estimate"] > 0, "no estimate in the account")
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        skip("not root, or no setpriv")
    caps = "-all,+bpf,+perfmon"
    result = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={caps}",
         f"--ambient-caps={caps}", f"--bounding-set={caps}",
         "vpci-capture", "ebpf", "--backend", "syscall", "-d", "0.2", "-o", "-"],
        capture_output=True)
    text = result.stderr.decode()
    if "failed to execute" in text:
        skip(f"nobody cannot run it: {text}")
    ensure(result.returncode == 0, f"exit status {result.returncode}: {text}")
    ensure("cost was not measured" in text, text)
    with open(TRACE, "wb") as stream:
        stream.write(result.stdout)
    ensure("event-cost-ns-estimate" not in account(TRACE), "an estimate from nothing")
    print("CAP_BPF and CAP_PERFMON were enough")


CASES = {"capabilities": capabilities, "exact": exact, "procfs": procfs, "overflow": overflow, "terminate": terminate, "kill": kill,
         "full-disk": full_disk, "dev-full": dev_full, "closed-pipe": closed_pipe,
         "count-and-time": count_and_time, "device-filter": device_filter}

if __name__ == "__main__":
    need_backend("syscall")
    need_devices()
    CASES[sys.argv[1]]()
