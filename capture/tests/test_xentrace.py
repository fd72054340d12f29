#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vpci-capture xentrace, with a made-up xentrace and xl in PATH that play the logs of
traces/samples: its trace is what `vpci-trace import` makes of the same bytes.

    test_xentrace.py CASE"""

import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time

from capture_test import DEVICES, ensure, info, records, wait_for_size

SAMPLES = os.path.join(os.environ["VS_SOURCE_DIR"], "traces/samples")
NAMES = ("xen-4.17-pvh-dom0-reads", "xen-4.17-pvh-dom0-decode-toggles")
MCFG = "/sys/firmware/acpi/tables/MCFG"
HZ = ["--tsc-hz", "1GHz", "--emulated"]

# Plays FAKE_LOG, FAKE_PART bytes at a time, and at its end waits as long as tracing would go on;
# SIGTERM ends it as it does xentrace: the rest is written, and tracing turned off.
FAKE_XENTRACE = r'''#!/usr/bin/env python3
import os, signal, sys, time
with open("arguments", "w") as stream:
    stream.write(" ".join(sys.argv[1:]))
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
print("change evtmask to 0xaf000", file=sys.stderr, flush=True)
if os.environ.get("FAKE_FAIL"):
    print("xencall: error: Could not obtain handle on privileged command interface",
          file=sys.stderr)
    sys.exit(1)
log = open(os.environ["FAKE_LOG"], "rb").read()
part = int(os.environ.get("FAKE_PART", len(log)))
deaf = bool(os.environ.get("FAKE_DEAF"))
for at in range(0, len(log), part):
    rest = log[at:] if asked and not deaf else log[at:at + part]
    os.write(1, rest)
    if asked and not deaf:
        break
    time.sleep(0.02)
    if os.environ.get("FAKE_DIE") and at > len(log) // 2:
        print("ERROR: Failed to write trace data", file=sys.stderr)
        sys.exit(3)
while os.environ.get("FAKE_WAIT") and not asked:
    time.sleep(0.02)
open("tracing-is-off", "w").close()
'''
FAKE_XL = '#!/bin/sh\nprintf "xen_version            : 4.17.7\\ncpu_mhz                : 1000.000\\n"\n'


def program(name, text):
    with open(f"bin/{name}", "w", encoding="ascii") as stream:
        stream.write(text)
    os.chmod(f"bin/{name}", stat.S_IRWXU)


def prepare(name=NAMES[1]):
    """A clean directory with the plain log of a sample."""
    for path in os.listdir("."):
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    os.mkdir("bin")
    program("xentrace", FAKE_XENTRACE)
    os.environ["PATH"] = f"{os.getcwd()}/bin:{os.environ['PATH']}"
    with open("log", "wb") as stream:
        subprocess.run(["unpack_input", f"{SAMPLES}/{name}/trace.bin.zst"], stdout=stream,
                       check=True)
    os.environ["FAKE_LOG"] = "log"
    return ["--iomem", f"{SAMPLES}/{name}/iomem.txt"]


def start(*arguments, environment=None, **streams):
    return subprocess.Popen(["vpci-capture", "xentrace", *arguments],
                            env={**os.environ, **(environment or {})}, stderr=subprocess.PIPE,
                            **{"stdout": subprocess.DEVNULL, **streams})


def finish(process, status, *words):
    text = process.communicate(timeout=120)[1].decode()
    ensure(process.returncode == status, f"exit status {process.returncode}, not {status}: {text}")
    for word in words:
        ensure(word in text, f"no '{word}' in: {text}")
    return text


def imported(log, *arguments):
    subprocess.run(["vpci-trace", "import", "--from", "xentrace", "--force", log, "-o",
                    "imported.vpt", *arguments], check=True, stderr=subprocess.DEVNULL)
    return "imported.vpt"


def facts(trace):
    """The header but for what tells how the log came: names, notes of the capture."""
    meta = info(trace)[0]["meta"]
    for key in ("origin", "import", "notes"):
        meta.pop(key, None)
    return meta


def same(ours, theirs):
    """Records, header facts, and the account of what was inferred and lost."""
    mine, other = records(ours), records(theirs)
    ensure(len(other) > 0, f"{theirs} is empty")
    ensure(len(mine) == len(other), f"{len(mine)} records, imported {len(other)}")
    for at, (left, right) in enumerate(zip(mine, other)):
        ensure(left == right, f"record {at}: {left}, imported {right}")
    ensure(facts(ours) == facts(theirs), f"headers: {facts(ours)} and {facts(theirs)}")
    reports = [info(trace)[0]["meta"]["import"]["report"] for trace in (ours, theirs)]
    ensure(reports[0] == reports[1], f"reports: {reports}")
    notes = [info(trace)[0]["meta"].get("notes", []) for trace in (ours, theirs)]
    ensure(set(notes[1]) <= set(notes[0]), f"notes: {notes}")
    return len(mine)


def both_ends(name):
    """Through the program, through a pipe and from a file: one trace."""
    windows = prepare(name)
    theirs = imported("log", *HZ, *windows)
    finish(start(*HZ, *windows, "-o", "run.vpt"), 0, "the log ended")
    with open("arguments", encoding="ascii") as stream:
        ensure(stream.read() == "-D -e 0x000af000", "arguments of xentrace")
    ensure(not os.path.exists("run.vpt.xentrace"), "the log was left behind")
    count = same("run.vpt", theirs)
    with subprocess.Popen(["cat", "log"], stdout=subprocess.PIPE) as cat:
        finish(start(*HZ, *windows, "--from", "-", "-o", "pipe.vpt", stdin=cat.stdout), 0)
    same("pipe.vpt", theirs)
    finish(start(*HZ, *windows, "--from", "log", "-o", "file.vpt"), 0)
    same("file.vpt", theirs)
    with open("log", "rb") as log:
        finish(start(*HZ, *windows, "--from", "-", "-o", "stdin.vpt", stdin=log), 0)
    same("stdin.vpt", theirs)
    with open("stdout.vpt", "wb") as out:
        finish(start(*HZ, *windows, "-o", "-", stdout=out), 0)
    same("stdout.vpt", theirs)
    print(f"{name}: {count} records by five ways as imported")


def reads():
    both_ends(NAMES[0])


def decode_toggles():
    both_ends(NAMES[1])


def asks_xl():
    windows = prepare()
    program("xl", FAKE_XL)
    with open("xl.txt", "w", encoding="ascii") as stream:
        subprocess.run(["bin/xl", "info"], stdout=stream, check=True)
    theirs = imported("log", "--xl-info", "xl.txt", *windows)
    finish(start(*windows, "--pages", "64", "-e", "0x8f000", "-o", "run.vpt"), 0)
    same("run.vpt", theirs)
    with open("arguments", encoding="ascii") as stream:
        ensure(stream.read() == "-D -e 0x8f000 -S 64", "arguments of xentrace")
    program("xl", "#!/bin/sh\nexit 1\n")
    finish(start(*windows, "-o", "none.vpt"), 4, "--tsc-hz", "exit status 1")
    os.remove("bin/xl")
    os.environ["PATH"] = ":".join(path for path in os.environ["PATH"].split(":")
                                  if not os.path.exists(f"{path}/xl"))
    finish(start(*windows, "-o", "none.vpt"), 4, "--tsc-hz", "No such file")
    ensure(not os.path.exists("none.vpt"), "a trace of nothing")


def this_host():
    """What is asked of the host itself: where ECAM lies, and its devices."""
    prepare()
    finish(start(*HZ, "--snapshot", "-o", "run.vpt"), 0)
    meta = info("run.vpt")[0]["meta"]
    if os.access(MCFG, os.R_OK):
        with open(MCFG, "rb") as stream:
            table = stream.read()
        entries = [struct.unpack_from("<QHBB", table, at) for at in range(44, len(table), 16)]
        found = [(int(str(window["base"]), 0), window["segment"], window["bus_first"],
                  window["bus_last"]) for window in meta["ecam"]]
        ensure(found == entries, f"{found}, the firmware says {entries}")
    else:
        print(f"{MCFG} cannot be read: the window was not compared")
    devices = os.listdir(DEVICES) if os.path.isdir(DEVICES) else []
    ensure(len(meta.get("devices", [])) == len(devices), f"devices: {meta.get('devices')}")
    # A log from elsewhere is not of this host.
    finish(start(*HZ, "--from", "log", "-o", "file.vpt"), 0)
    ensure(not info("file.vpt")[0]["meta"].get("ecam"), "this host's window for another's log")


def truncated():
    """Cut anywhere, a log is good up to its last whole record."""
    windows = prepare()
    with open("log", "rb") as stream:
        log = stream.read()
    for length in (len(log) // 2 + 1, len(log) - 7, 5000, 20):
        with open("cut", "wb") as stream:
            stream.write(log[:length])
        theirs = imported("cut", *HZ, *windows)
        os.environ["FAKE_LOG"] = "cut"
        finish(start(*HZ, *windows, "--force", "-o", "run.vpt"), 0, "ends within a window")
        if length > 5000:  # shorter ones hold no access
            same("run.vpt", theirs)
        finish(start(*HZ, *windows, "--force", "--from", "-", "-o", "pipe.vpt",
                     stdin=open("cut", "rb")), 0)


def stopped(number, name):
    windows = prepare()
    process = start(*HZ, *windows, "--keep-log", "-o", "run.vpt",
                    environment={"FAKE_PART": "20000", "FAKE_WAIT": "1"})
    wait_for_size("run.vpt.xentrace", 100000)
    process.send_signal(number)
    finish(process, 0, name, "The log is kept")
    ensure(os.path.exists("tracing-is-off"), "xentrace did not end as it should")
    same("run.vpt", imported("run.vpt.xentrace", *HZ, *windows))


def terminated():
    stopped(signal.SIGTERM, "SIGTERM")
    stopped(signal.SIGINT, "SIGINT")
    # A pipe's writer is not ours to end: what has come is kept.
    windows = prepare()
    with subprocess.Popen(["bash", "-c", "cat log; sleep 100"], stdout=subprocess.PIPE,
                          start_new_session=True) as writer:
        process = start(*HZ, *windows, "--keep-log", "--from", "-", "-o", "run.vpt",
                        stdin=writer.stdout)
        wait_for_size("run.vpt.xentrace", os.path.getsize("log"))
        process.send_signal(signal.SIGTERM)
        finish(process, 0, "SIGTERM")
        os.killpg(writer.pid, signal.SIGKILL)
    same("run.vpt", imported("log", *HZ, *windows))


def limits():
    windows = prepare()
    endless = {"FAKE_PART": "20000", "FAKE_WAIT": "1"}
    finish(start(*HZ, *windows, "-d", "0.5", "-o", "time.vpt", environment=endless), 0,
           "the time is over")
    ensure(os.path.exists("tracing-is-off"), "xentrace did not end as it should")
    finish(start(*HZ, *windows, "--log-max", "1MiB", "-o", "size.vpt", environment=endless), 0,
           "--log-max", "note: the capture ended when its log had")


def killed():
    """The log stays, and xentrace turns tracing off."""
    windows = prepare()
    process = start(*HZ, *windows, "-o", "run.vpt",
                    environment={"FAKE_PART": "20000", "FAKE_WAIT": "1"})
    wait_for_size("run.vpt.xentrace", 100000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for _ in range(600):
        if os.path.exists("tracing-is-off"):
            break
        time.sleep(0.05)
    ensure(os.path.exists("tracing-is-off"), "xentrace was not ended")
    ensure(not os.path.exists("run.vpt"), "a trace before it was decoded")
    finish(start(*HZ, *windows, "--from", "run.vpt.xentrace", "-o", "run.vpt"), 0)
    same("run.vpt", imported("run.vpt.xentrace", *HZ, *windows))


def fails():
    windows = prepare()
    finish(start(*HZ, *windows, "-o", "run.vpt", environment={"FAKE_FAIL": "1"}), 4,
           "xentrace ended with exit status 1: xencall: error: Could not obtain handle")
    ensure(sorted(os.listdir(".")) == ["arguments", "bin", "log"], f"left: {os.listdir('.')}")
    # After half of the log: that half is a trace, and the exit status says that it is not all.
    finish(start(*HZ, *windows, "--keep-log", "-o", "half.vpt",
                 environment={"FAKE_PART": "20000", "FAKE_DIE": "1"}), 4,
           "exit status 3: ERROR: Failed to write trace data", "what came before is in the trace")
    same("half.vpt", imported("half.vpt.xentrace", *HZ, *windows))
    os.remove("bin/xentrace")
    os.environ["PATH"] = ":".join(path for path in os.environ["PATH"].split(":")
                                  if not os.path.exists(f"{path}/xentrace"))
    text = finish(start(*HZ, "-o", "run.vpt"), 4, "there is no xentrace in PATH", "--from")
    ensure(text.startswith("vpci-capture: ") and len(text.splitlines()) == 1, f"errors: {text}")
    ensure(not os.path.exists("run.vpt.xentrace"), "the log was left behind")


def garbage():
    windows = prepare()
    with open("junk", "wb") as stream:
        stream.write(b"this is not what xentrace writes\n" * 100)
    os.environ["FAKE_LOG"] = "junk"
    finish(start(*HZ, *windows, "-o", "run.vpt"), 3, "this is no xentrace log")
    with subprocess.Popen(["cat", "junk"], stdout=subprocess.PIPE) as cat:
        finish(start(*HZ, *windows, "--from", "-", "-o", "run.vpt", stdin=cat.stdout), 3,
               "this is no xentrace log")
    finish(start(*HZ, *windows, "--from", "junk", "-o", "run.vpt"), 3, "this is no xentrace log")
    ensure(not os.path.exists("run.vpt") and not os.path.exists("run.vpt.xentrace"), "files left")
    # Damage in the middle: an error that keeps the log, or, if asked, what came before.
    with open("log", "rb") as stream:
        log = bytearray(stream.read())
    at = 0
    while at < len(log) // 2:
        at += 12 + int.from_bytes(log[at + 8:at + 12], "little")
    log[at:at + 4] = b"\xff" * 4  # where a window begins
    with open("damaged", "wb") as stream:
        stream.write(log)
    os.environ["FAKE_LOG"] = "damaged"
    finish(start(*HZ, *windows, "-o", "run.vpt"), 3, "The log is kept: run.vpt.xentrace")
    finish(start(*HZ, *windows, "--from", "run.vpt.xentrace", "--tolerate", "-o", "run.vpt"), 0,
           "stopped-at-damage")
    same("run.vpt", imported("damaged", *HZ, *windows, "--tolerate"))


def usage():
    prepare()
    for words, arguments in (
            (["--output"], HZ),
            (["standard output"], [*HZ, "--json", "-o", "-"]),
            (["--keep-log"], [*HZ, "--keep-log", "-o", "-"]),
            (["--event-mask"], [*HZ, "-e", "", "-o", "x"]),
            (["--tsc-hz"], ["--from", "log", "-o", "x"]),
            (["--snapshot"], [*HZ, "--from", "log", "--snapshot", "-o", "x"]),
            (["--pages"], [*HZ, "--from", "log", "--pages", "1", "-o", "x"]),
            (["--log-max"], [*HZ, "--log-max", "0B", "-o", "x"]),
            (["--vendor"], [*HZ, "--vendor", "amd", "-o", "x"]),
    ):
        finish(start(*arguments), 2, *words)
    with open("there", "w", encoding="ascii"):
        pass
    finish(start(*HZ, "-o", "there"), 4, "the file exists")
    ensure(not os.path.exists("arguments"), "xentrace was run")
    finish(start(*HZ, "-o", "no/where"), 4, "No such file")
    finish(start(*HZ, "--from", "nothing", "-o", "x"), 4, "No such file")
    result = subprocess.run(["vpci-capture", "xentrace", *HZ, "--json", "-o", "x"],
                            capture_output=True, text=True)
    ensure(json.loads(result.stdout)["capture"]["log-bytes"] == os.path.getsize("log"),
           f"account: {result.stdout}")


CASES = {"this-host": this_host, "reads": reads, "decode-toggles": decode_toggles, "xl": asks_xl, "truncated": truncated,
         "terminated": terminated, "limits": limits, "killed": killed, "fails": fails,
         "garbage": garbage, "usage": usage}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
