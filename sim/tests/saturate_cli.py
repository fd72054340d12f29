#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""saturate_cli.py CLAIM: vpci-sim saturate against a queue whose answer is known.

One vCPU reads one function in an open loop: a queue with one server, Poisson arrivals
and a service time that is the same for every call (M/D/1).  Its waiting times follow
Lindley's recursion w' = max(0, w + s - a) exactly, so the saturation speed can be
computed without the simulator, up to the step of the latency histogram.
"""
import json
import math
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

CLAIM = sys.argv[1]
WORK = tempfile.TemporaryDirectory(prefix="vs-saturate-")
os.chdir(WORK.name)
FAILED = []
CALLS = 20000
MEAN_GAP_NS = 60000


def expect(holds, text):
    if not holds:
        FAILED.append(text)
        print("FAILED:", text)


def sim(*arguments):
    return subprocess.run(["vpci-sim", *arguments], capture_output=True, text=True, timeout=200)


def make_trace(name, times):
    with open("rows.csv", "w", encoding="utf-8") as f:
        f.write("time_ns,kind,domain,vcpu,pcpu,sbdf,reg,size,value\n")
        for t in times:
            f.write("%d,cfg-read,0,0,0,0000:00:03.0,0x40,4,0\n" % t)
    subprocess.run(["vpci-trace", "import", "--from", "csv", "rows.csv", "-o", name], check=True,
                   capture_output=True)


def poisson():
    rng, at, times = random.Random(7), 0.0, []
    for _ in range(CALLS):
        times.append(int(at))
        at += rng.expovariate(1 / MEAN_GAP_NS)
    return times


def bucket_floor(value):
    """The latency histogram's resolution, as schema.sql states it."""
    if value < 64:
        return value
    shift = value.bit_length() - 6
    return (value >> shift) << shift


def lindley_p99(times, service_ns, speed):
    arrivals = [int(t / speed) for t in times]
    waits, wait = [], 0
    for i, arrival in enumerate(arrivals):
        if i:
            wait = max(0, wait + service_ns - (arrival - arrivals[i - 1]))
        waits.append(wait + service_ns)
    waits.sort()
    return bucket_floor(waits[math.ceil(0.99 * len(waits)) - 1])


def saturate(*arguments):
    run = sim("saturate", *arguments, "--json")
    expect(run.returncode == 0, "%s: status %d: %s" % (arguments, run.returncode, run.stderr))
    return json.loads(run.stdout)


# ------------------------------------------------------------------------- claims

def check_known():
    """The answer is the queue's, within the tolerance, and every probe is Lindley's."""
    times = poisson()
    make_trace("md1.vpt", times)
    alone = json.loads(sim("replay", "md1.vpt", "-p", "none", "--speed", "0.001", "--json").stdout)
    service = alone["runs"][0]["result"]["latency"]["max_ns"]
    expect(2000 < service < 20000, "a call takes %d ns" % service)
    bound = 4 * service
    said = saturate("md1.vpt", "-p", "none", "--timing", "open", "--p99", "%dns" % bound,
                    "--tolerance", "1", "--db", "s.db")
    answer = said["answers"][0]
    for probe in answer["probes"]:
        exact = lindley_p99(times, service, probe["load"])
        expect(abs(probe["highest_p99_ns"] - exact) <= exact / 32 + 1,
               "speed %g: p99 %d, Lindley %d" % (probe["load"], probe["highest_p99_ns"], exact))
    low, high = 1.0, 1024.0
    while high / low > 1.0005:
        middle = math.sqrt(low * high)
        low, high = ((middle, high) if lindley_p99(times, service, middle) <= bound
                     else (low, middle))
    # One step of the histogram is 3 % of p99; p99 here grows faster than the speed.
    expect(low / 1.03 <= answer["kept"] <= high * 1.01 and answer["broken"] >= low / 1.02,
           "kept %s, broken %s; computed %g" % (answer["kept"], answer["broken"], low))
    expect(answer["broken"] / answer["kept"] <= 1.01, "not within the tolerance: %s" % answer)
    expect(answer["monotone"] and answer["broken_by"] == "latency", "%s" % answer)
    expect(answer["broken"] < MEAN_GAP_NS / service * 1.1, "beyond the server's capacity")
    with sqlite3.connect("s.db") as db:
        runs = db.execute("SELECT speed FROM run ORDER BY speed").fetchall()
        expect([r[0] for r in runs] == [p["load"] for p in answer["probes"]],
               "the probes are not the runs")
        expect(db.execute("SELECT policy, axis, bound_ns, kept, broken, broken_by, kept_again, "
                          "probes FROM saturation").fetchall()
               == [("none", "speed", bound, answer["kept"], answer["broken"], "latency", None,
                    len(runs))], "the answer is not stored")
    # Again: nothing is run, the answer is the same, and there is one row of it.
    again = saturate("md1.vpt", "-p", "none", "--timing", "open", "--p99", "%dns" % bound,
                     "--tolerance", "1", "--db", "s.db")
    expect(again == said, "asked again it answers otherwise")
    with sqlite3.connect("s.db") as db:
        expect(db.execute("SELECT COUNT(*) FROM saturation").fetchone() == (1,), "stored twice")


def check_edges():
    """Bounds that nothing breaks, that everything breaks, deadlocks, and p99 that falls."""
    make_trace("t.vpt", poisson()[:2000])
    never = saturate("t.vpt", "-p", "rcu", "--p99", "1s", "--to", "100")["answers"][0]
    expect(never["kept"] == 100 and never["broken"] is None and never["broken_by"] == "",
           "never: %s" % never)
    always = saturate("t.vpt", "-p", "rcu", "--p99", "100ns")["answers"][0]
    expect(always["kept"] is None and always["broken"] == 1 and always["monotone"],
           "always: %s" % always)
    copies = saturate("t.vpt", "-p", "pcidevs-spin", "--by", "clone", "--to", "8", "--p99", "1s")
    expect(copies["by"] == "clone" and copies["answers"][0]["kept"] == 8, "clones: %s" % copies)
    for arguments, text in (([], "--p99"), (["--p99", "5"], "--p99"),
                            (["--p99", "5us", "--from", "4", "--to", "2"], "not below"),
                            (["--p99", "5us", "--by", "clone", "--to", "2.5"], "whole numbers"),
                            (["--p99", "5us", "--by", "clone", "--clone", "2"], "raised"),
                            (["--p99", "5us", "--speed", "2"], "raised"),
                            (["--p99", "5us", "--replicas", "2", "--jitter", "0"], "all the same"),
                            (["--p99", "5us", "--jitter", "50"], "--replicas"),
                            (["--p99", "5us", "--force"], "--db"),
                            (["--p99", "5us", "--tolerance", "0"], "--tolerance")):
        run = sim("saturate", "t.vpt", *arguments)
        expect(run.returncode == 2 and text in run.stderr, "%s: %d %s" % (arguments,
                                                                          run.returncode,
                                                                          run.stderr))
    expect(sim("saturate", "-", "--p99", "5us").returncode == 2, "standard input was taken")


globals()["check_" + CLAIM]()
sys.exit(1 if FAILED else 0)
