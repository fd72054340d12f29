#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sweep_cli.py CLAIM MAKE_TRACE: what vpci-sim sweep and replay --replicas promise.

CLAIM names one of the functions below without its "check_".
"""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

CLAIM, MAKE_TRACE = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="vs-sweep-")
os.chdir(WORK.name)
FAILED = []
# All that a run row says but when and in which order it was stored.
RUN_COLUMNS = """run_key, policy, machine, machine_text, speed, clones, seed, replica, jitter_percent,
    outcome, calls, makespan_ns, lock_wait_ns, p50_ns, p99_ns, p999_ns, max_ns, hazards,
    hex(histogram), hex(buckets), throughput_per_s, options, what_if"""


def expect(holds, text):
    if not holds:
        FAILED.append(text)
        print("FAILED:", text)


def make_trace(name, rounds):
    subprocess.run([MAKE_TRACE, name, str(rounds)], check=True)


def sim(*arguments):
    return subprocess.run(["vpci-sim", *arguments], capture_output=True, text=True, timeout=200)


def sweep(*arguments, status=0):
    run = sim("sweep", *arguments)
    expect(run.returncode in (status, 1), "%s: status %d: %s" % (arguments, run.returncode,
                                                                  run.stderr))
    return run


def rows(name, sql="SELECT %s FROM run ORDER BY run_key" % RUN_COLUMNS):
    with sqlite3.connect(name) as db:
        return db.execute(sql).fetchall()


def everything(name):
    """Every table of a database, without ids and times."""
    found = [rows(name)]
    for table, columns in (("varied", "v.parameter, v.value_ns"),
                           ("hazard", "v.hazard, v.count, v.first_ns, v.first_text"),
                           ("lock", "v.lock, v.instance, v.mode, v.acquire_count, v.wait_total_ns"),
                           ("latency", "v.operation, v.domain, v.count, v.total_ns, v.p99_ns"),
                           ("blocker", "v.waiter, v.holder, v.lock, v.cross_domain, v.wait_ns")):
        found.append(sorted(rows(name, "SELECT r.run_key, %s FROM run r JOIN %s v ON "
                                       "v.run_id = r.id" % (columns, table))))
    return found


# ------------------------------------------------------------------------- claims

def check_count():
    """The cross product is run, once each, and told before."""
    make_trace("t.vpt", 60)
    options = ["t.vpt", "--db", "s.db", "--policy", "none", "--policy", "rcu", "--policy",
               "pci-lock", "-m", "ryzen-7950x", "-m", "xeon-x5550", "--speed", "1,4", "--speed",
               "16", "--clone", "1,2", "--vary", "config-cycle=500ns,2us", "--vary",
               "atomic=6.2ns,12ns", "--replicas", "2"]
    dry = sweep(*options, "--dry-run")
    total = 3 * 2 * 3 * 2 * 2 * 2 * 2
    said = ("3 policies x 2 machines x 3 speeds x 2 clone counts x 2 values of config-cycle x "
            "2 values of atomic x 2 replicas = %d runs" % total)
    expect(said in dry.stderr and dry.stdout == "", "not told: %s" % dry.stderr)
    expect(not os.path.exists("s.db"), "a dry run left a database")
    run = sweep(*options)
    expect(said in run.stderr, "not told when it ran: %s" % run.stderr)
    found = rows("s.db", """SELECT COUNT(*), COUNT(DISTINCT run_key), COUNT(DISTINCT policy),
        COUNT(DISTINCT machine), COUNT(DISTINCT machine_text), COUNT(DISTINCT speed),
        COUNT(DISTINCT clones), COUNT(DISTINCT replica) FROM run""")
    expect(found == [(total, total, 3, 2, 8, 3, 2, 2)], "stored is %s" % found)
    # What was varied can be asked for, and is what the machine was.
    found = rows("s.db", """SELECT v.parameter, v.value_ns, COUNT(*) FROM varied v
        JOIN run r ON r.id = v.run_id GROUP BY 1, 2 ORDER BY 1, 2""")
    expect(found == [(p, v, total // 2) for p, v in (("atomic", 6.2), ("atomic", 12.0),
                                                     ("config-cycle", 500.0),
                                                     ("config-cycle", 2000.0))],
           "varied is %s" % found)
    for text, value in rows("s.db", """SELECT DISTINCT machine_text, value_ns FROM run r
            JOIN varied v ON v.run_id = r.id AND v.parameter = 'config-cycle'"""):
        work = json.loads(text)["work"]
        expect(work["conf1-cycle"]["ns"] == value and work["ecam-cycle"]["ns"] == value
               and work["conf1-cycle"]["assumption"] and "--vary" in work["ecam-cycle"]["source"],
               "the profile of %g ns says %s" % (value, work["conf1-cycle"]))
    # Costs matter: otherwise the runs were all of one machine.
    low, high = rows("s.db", """SELECT MIN(p50_ns) FROM run r JOIN varied v ON v.run_id = r.id
        WHERE v.parameter = 'config-cycle' AND policy = 'none' AND speed = 1 AND clones = 1
        GROUP BY v.value_ns ORDER BY v.value_ns""")
    expect(high[0] > low[0] + 1000, "p50 is %s at 500 ns and %s at 2 us" % (low, high))
    again = sweep(*options)
    expect("%d already stored in s.db, 0 to go" % total in again.stderr,
           "nothing was skipped: %s" % again.stderr)
    expect(again.stdout.split("runs: ")[0] == run.stdout.split("runs: ")[0],
           "what is stored is printed otherwise than what was run")
    # A run is a run: replay finds the unjittered one of them.
    sweep("t.vpt", "--db", "p.db", "--policy", "rcu", "--replicas", "3")
    replayed = sim("replay", "t.vpt", "--db", "p.db", "--policy", "rcu")
    expect("1 of 1 runs: already stored" in replayed.stdout, "replay did not find replica 0")


def check_resume():
    """A sweep that was interrupted or killed goes on; the union is what one sweep stores."""
    options = ["--speed", "1,3", "--vary", "conf1-cycle=1us,3us", "--replicas", "2", "--jobs", "2",
               "--policy", "none", "--policy", "pci-lock", "--policy", "refcount"]
    for rounds in (4000, 16000, 64000):
        make_trace("t.vpt", rounds)
        if os.path.exists("cut.db"):
            os.remove("cut.db")
        codes = []
        for kind in (signal.SIGINT, signal.SIGKILL):
            begun = count_runs("cut.db")
            child = subprocess.Popen(["vpci-sim", "sweep", "t.vpt", "--db", "cut.db", *options],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while child.poll() is None and count_runs("cut.db") == begun:
                time.sleep(0.01)
            child.send_signal(kind)
            out, err = child.communicate(timeout=100)
            codes.append(child.returncode)
            if kind == signal.SIGINT and child.returncode == 4:
                expect("stopped by SIGINT" in err and "stored in cut.db" in err and out == "",
                       "what happened is not said: %r %r" % (out, err))
        if codes == [4, -signal.SIGKILL]:
            break
    expect(codes == [4, -signal.SIGKILL], "it was never stopped midway: %s" % codes)
    kept = count_runs("cut.db")
    expect(2 <= kept < 24, "%d of 24 runs were kept" % kept)
    rest = sweep("t.vpt", "--db", "cut.db", *options)
    expect("%d already stored in cut.db, %d to go" % (kept, 24 - kept) in rest.stderr,
           "not said what was skipped: %s" % rest.stderr)
    expect("24 runs: %d run now" % (24 - kept) in rest.stdout, "not summed up")
    sweep("t.vpt", "--db", "whole.db", *options)
    expect(everything("cut.db") == everything("whole.db"), "the union differs from one sweep")
    expect(count_runs("cut.db") == 24, "%d runs are stored" % count_runs("cut.db"))


def count_runs(name):
    try:
        with sqlite3.connect("file:%s?mode=ro" % name, uri=True, timeout=5) as db:
            return db.execute("SELECT COUNT(*) FROM run").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def check_jobs():
    """Every byte is the same whatever --jobs is, wherever and whenever it runs."""
    make_trace("t.vpt", 150)
    options = ["t.vpt", "--speed", "1,8", "--clone", "2,1", "--vary", "service=5ns,40ns",
               "--replicas", "3", "--jitter", "2.5", "--seed", "77", "--policy", "none", "--policy",
               "domain-rwlock", "--policy", "pci-lock"]
    one = sweep(*options, "--db", "one.db", "--jobs", "1", "--json")
    for jobs in ("2", "7"):
        more = sweep(*options, "--db", jobs + ".db", "--jobs", jobs, "--json")
        expect(one.stdout == more.stdout, "--jobs %s prints other bytes" % jobs)
        expect(everything("one.db") == everything(jobs + ".db"), "--jobs %s stores others" % jobs)
    text = sweep(*options, "--db", "one.db")
    expect(text.stdout.split("runs: ")[0] ==
           sweep(*options, "--db", "t.db").stdout.split("runs: ")[0], "tables differ")


def check_bad():
    """A wrong command line is one clear error and leaves no database."""
    make_trace("t.vpt", 20)
    cases = [
        (["--vary", "config-cycl=1us"], ["no cost 'config-cycl'", "conf1-cycle", "ecam-cycle",
                                         "transfer_other_socket", "iommu-detach"]),
        (["--vary", "transfer_far_socket=1us"], ["no cost 'transfer_far_socket'"]),
        (["--vary", "conf1-cycle=500"], ["with its unit", "'500'"]),
        (["--vary", "conf1-cycle=1us,"], ["with its unit", "''"]),
        (["--vary", "conf1-cycle=1us,-1us"], ["'-1us'"]),
        (["--vary", "conf1-cycle=2s"], ["up to 1s"]),
        (["--vary", "conf1-cycle=1us,1000ns"], ["given twice"]),
        (["--vary", "conf1-cycle"], ["NAME=VALUE"]),
        (["--vary", "=1us"], ["NAME=VALUE"]),
        (["--vary", "atomic=1ns", "--vary", "atomic=2ns"], ["given twice"]),
        (["--vary", "config-cycle=1us", "--vary", "ecam-cycle=2us"], ["together"]),
        (["--speed", "1,,2"], ["--speed", "''"]),
        (["--speed", "1,0"], ["--speed", "'0'"]),
        (["--speed", "1,1.0"], ["given twice"]),
        (["--clone", "1,1.5"], ["--clone", "'1.5'"]),
        (["--clone", "5000"], ["--clone", "4096"]),
        (["--policy", "rcu", "--policy", "rcu"], ["given twice"]),
        (["-m", "ryzen-7950x", "-m", "ryzen-7950x"], ["given twice"]),
        (["-m", "ryzen-795x"], ["ryzen-7950x"]),
        (["--replicas", "0"], ["--replicas"]),
        (["--replicas", "3", "--jitter", "0"], ["all the same"]),
        (["--jitter", "50"], ["--replicas"]),
        (["--jitter", "101"], ["--jitter"]),
        (["--speed", ",".join(map(str, range(1, 400))), "--clone",
          ",".join(map(str, range(1, 400)))], ["runs are more than"]),
    ]
    for arguments, texts in cases:
        run = sim("sweep", "t.vpt", "--db", "left.db", *arguments)
        expect(run.returncode == 2, "%s: status %d" % (arguments, run.returncode))
        for text in texts:
            expect(text in run.stderr, "%s: no %r in %s" % (arguments, text, run.stderr))
        expect(not os.path.exists("left.db"), "%s left a database" % arguments)
    expect(sim("sweep", "t.vpt").returncode == 2, "a sweep without a database ran")
    expect(sim("sweep", "-", "--db", "left.db").returncode == 2, "standard input was taken")
    help_text = sim("sweep", "--help").stdout
    expect(all(len(line) <= 80 for line in help_text.split("\n")), "help is wider than 80")


def check_replicas():
    """Replicas differ from each other, are the same for a seed, and are summed up rightly."""
    make_trace("t.vpt", 400)
    options = ["replay", "t.vpt", "--policy", "pci-lock", "--policy", "device-lock", "--replicas",
               "5", "--speed", "0.1", "--json"]
    first, second = sim(*options), sim(*options, "--jobs", "1")
    expect(first.stdout == second.stdout and first.stdout, "the same seed gives other bytes")
    expect(sim(*options, "--seed", "2").stdout != first.stdout, "the seed changes nothing")
    expect(sim(*options, "--jitter", "5").stdout != first.stdout, "the jitter changes nothing")
    alone = json.loads(sim("replay", "t.vpt", "--policy", "pci-lock", "--speed", "0.1",
                           "--json").stdout)["runs"][0]
    for group in json.loads(first.stdout)["groups"]:
        runs, result = group["runs"], group["result"]
        expect([r["replica"] for r in runs] == [0, 1, 2, 3, 4], "replicas are not 0 to 4")
        expect(len({r["makespan_ns"] for r in runs}) > 1, "replicas are all alike")
        if group["policy"] == "pci-lock":
            expect(runs[0]["run_key"] == alone["run_key"], "replica 0 is not the plain replay")
        for name in ("p99_ns", "throughput_per_s", "lock_wait_ns"):
            values = sorted(r[name] for r in runs if r["outcome"] == "done")
            middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
            expect(result[name] == {"low": values[0], "median": middle, "high": values[-1]},
                   "%s is %s of %s" % (name, result[name], values))
        expect(result["with_hazards"] == sum(1 for r in runs if r["hazards"]),
               "hazards in %s, runs say %s" % (result["with_hazards"],
                                               [r["hazards"] for r in runs]))
    table = sim("replay", "t.vpt", "--policy", "device-lock", "--replicas", "5").stdout
    expect(" of 5" in table and ".." in table, "no spread in %s" % table)


def check_machines():
    """Every profile that ships is listed with what its file says of itself."""
    source = os.path.join(os.environ["VS_SOURCE_DIR"], "sim", "engine", "machines")
    listed = {m["name"]: m for m in json.loads(sim("machines", "--json").stdout)}
    files = [f[:-5] for f in os.listdir(source) if f.endswith(".json")]
    expect(sorted(listed) == sorted(files), "listed are %s" % sorted(listed))
    table = sim("machines").stdout
    for name in files:
        with open(os.path.join(source, name + ".json"), encoding="utf-8") as f:
            profile = json.load(f)
        numbers = list(profile["lines"].values()) + list(profile["work"].values())
        assumed = sum(bool(n.get("assumption")) for n in numbers)
        said, topology = listed.get(name, {}), profile["topology"]
        expect((said.get("numbers"), said.get("assumed")) == (len(numbers), assumed),
               "%s: %s of %s" % (name, assumed, len(numbers)))
        expect(all(said.get(k) == topology[k] for k in ("sockets", "cores_per_socket",
                                                        "threads_per_core")), "%s: %s" % (name,
                                                                                          said))
        expect(name in table, "%s is not in the table" % name)
    expect("(default)" in table and table.count("(default)") == 1, "no default, or several")
    one = sim("machines", "rizen-7950x")
    expect(one.returncode == 2 and "ryzen-7950x" in one.stderr, one.stderr)


globals()["check_" + CLAIM]()
sys.exit(1 if FAILED else 0)
