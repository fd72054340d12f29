#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a results database full of made-up rows: a FIXTURE for tests of vpci-report.

No number in it was measured or simulated.  The rows obey the schema (handed over
as the first argument) and are shaped so that each part of the report has
something to show, and something that it must refuse to show.

    make_db.py SCHEMA.sql OUT.db [scene]

Scenes: full (default), sweep (what is known to flip and what is known not to: see SWEEP), quiet (nobody waits, one speed, one domain), empty (no runs),
hostile (names and texts full of markup, quotes, tabs and line breaks).
"""
import json
import math
import os
import random
import sqlite3
import struct
import sys

POLICIES = [  # name, factor on waiting, hazards, share of waiting on locks below vPCI
    ("none", 0.0, [("use-after-free", 7), ("list-race", 3)], 1.0),
    ("pcidevs-spin", 9.0, [], 0.15),
    ("device-lock", 1.2, [("lock-after-free", 2)], 0.6),
    ("domain-rwlock", 1.8, [("use-after-free", 1)], 0.5),
    ("domain-rwlock-nested", 1.7, [], 0.5),
    ("pcidevs-rwlock", 3.5, [], 0.3),
    ("pci-lock", 2.6, [], 0.4),
    ("pci-lock-bars", 1.4, [], 0.6),
    ("refcount", 1.1, [], 0.8),
    ("rcu", 1.05, [], 0.85),
    ("pcidevs-percpu-rwlock", 1.3, [], 0.7),
]
OWN_LOCK = {
    "none": [], "pcidevs-spin": [("pcidevs_lock", "recursive", "")],
    "device-lock": [("vpci_lock", "ticket", "dev")],
    "domain-rwlock": [("vpci_rwlock", "rwlock", "dom"), ("vpci_lock", "ticket", "dev")],
    "domain-rwlock-nested": [("vpci_rwlock", "rwlock", "dom"), ("vpci_lock", "ticket", "dev")],
    "pcidevs-rwlock": [("pcidevs_rwlock", "rwlock", ""), ("vpci_lock", "ticket", "dev")],
    "pci-lock": [("pci_lock", "rwlock", "dom"), ("vpci_lock", "ticket", "dev")],
    "pci-lock-bars": [("pci_lock", "rwlock", "dom"), ("vpci_lock", "ticket", "dev")],
    "refcount": [("vpci_lock", "ticket", "dev")],
    "rcu": [("vpci_lock", "ticket", "dev")],
    "pcidevs-percpu-rwlock": [("pcidevs_rwlock", "percpu-rwlock", ""),
                              ("vpci_lock", "ticket", "dev")],
}
BELOW = [("pci_config_lock", "ticket", 0.8), ("p2m_lock", "rwlock", 0.15),
         ("event_lock", "ticket", 0.05)]
OPERATIONS = [  # name, label, share of accesses, share of waiting
    ("read-passthrough", "O2", 0.70, 0.30), ("write-passthrough", "O2", 0.05, 0.06),
    ("read-hardware", "O3", 0.12, 0.10), ("write-command", "O4a", 0.03, 0.08),
    ("toggle-decode", "O4b", 0.02, 0.22), ("write-bar", "O5a", 0.02, 0.05),
    ("msix-enable", "O8", 0.01, 0.12), ("msix-table-write", "O9", 0.04, 0.06),
    ("map-pending", "O12", 0.01, 0.01),
]
MACHINE = json.dumps({
    "name": "fixture-2s", "summary": "FIXTURE, no real machine", "sockets": 2,
    "work": {"conf1-cycle": {"ns": 1400, "source": "made up for the fixture", "assumption": True},
             "exit-port": {"ns": 1800, "source": "made up for the fixture", "assumption": True},
             "list-node": {"ns": 5, "source": "made up for the fixture"}}}, indent=2)


def floor_ns(i):
    return i if i < 64 else (32 + (i - 64) % 32) << ((i - 64) // 32 + 1)


def bucket(value):
    if value < 64:
        return int(value)
    k = int(value).bit_length() - 6
    return 64 + 32 * (k - 1) + ((int(value) >> k) - 32)


class Histogram:
    def __init__(self, values):
        self.counts, self.values = {}, sorted(int(v) for v in values)
        for v in self.values:
            self.counts[bucket(v)] = self.counts.get(bucket(v), 0) + 1

    def blob(self):
        return b"".join(struct.pack("<IQ", i, n) for i, n in sorted(self.counts.items()))

    def quantile(self, q):
        return floor_ns(bucket(self.values[min(len(self.values) - 1,
                                               math.ceil(q * len(self.values)) - 1)]))


def insert(db, table, row):
    db.execute("INSERT INTO %s (%s) VALUES (%s)" % (table, ",".join(row),
               ",".join("?" * len(row))), list(row.values()))


def add_run(db, rng, serial, scene, trace, policy, rank, speed, clones, rebase):
    name, factor, hazards, below_share = policy
    load = 0.0 if scene == "quiet" else min(speed * clones, 400) / 12.0
    accesses, vcpus, domains = 4000, 4 * clones, clones
    below_base = 350.0 * load
    waits = factor * below_base * 0.6 + (below_base if name != "none" else below_base * 0.9)
    values = []
    total_wait = 0
    for _ in range(accesses):
        work = 4200 + rng.lognormvariate(5.5, 0.6) + (0 if name == "none" else 60)
        wait = 0
        if waits and rng.random() < min(0.9, 0.04 + load / 30):
            wait = rng.expovariate(1 / waits) * (12 if rng.random() < 0.02 * factor else 1)
        total_wait += int(wait)
        values.append(work + wait)
    h = Histogram(values)
    span = int(30e9 / speed)
    makespan = span + total_wait // vcpus
    cross = int(total_wait * 0.4 * (1 if "pcidevs" in name else 0.3)) if clones > 1 else 0
    text = json.dumps({"name": name, "summary": "FIXTURE <b>text</b> & not a policy",
                       "operations": {}}, indent=2)
    deadlock = name == "domain-rwlock-nested" and load > 3
    buckets = 64 if scene == "quiet" else 256
    shape = [rng.random() ** 3 * (1 + 6 * (100 < i < 130)) for i in range(buckets)]
    width = makespan // buckets + 1
    what_if = []
    if speed != 1:
        what_if.append("think times divided by %g" % speed)
    if clones > 1:
        what_if.append("every domain with its devices replayed %d times" % clones)
    if rebase:
        what_if.append("every vCPU's stream started at time 0, so that streams overlap")
    locks = []
    own = OWN_LOCK[name]
    for lock, kind, per in own:
        share = (1 - below_share) / len(own)
        instances = {"": [""], "dom": ["d%d" % d for d in range(domains)],
                     "dev": ["0000:00:%02x.0" % d for d in range(3)]}[per]
        modes = ["read", "write"] if "rwlock" in kind else ["exclusive"]
        for instance in instances:
            for mode in modes:
                part = share / len(instances) / len(modes)
                locks.append((lock, kind, instance, mode, 0, part))
    for lock, kind, part in BELOW:
        for mode in (["read", "write"] if kind == "rwlock" else ["exclusive"]):
            locks.append((lock, kind, "", mode, 1, below_share * part / (2 if kind == "rwlock"
                                                                         else 1)))
    most = max(locks, key=lambda l: l[5])[0] if total_wait else ""
    cursor = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM run")
    run_id = cursor.fetchone()[0]
    insert(db, "run", dict(
        id=run_id, run_key="%032x" % serial, created_at="2020-01-01T00:00:00Z", version="0.1.0",
        trace_name=trace, trace_hash="fixture" + format(abs(sum(trace.encode())), "025x"),
        emulated=1, synthetic=int(clones > 1), what_if=json.dumps(what_if),
        notes=json.dumps(["FIXTURE: no number here was measured or simulated",
                          "sizes are inferred"]),
        records=accesses + 17, lost_records=0 if scene == "quiet" else 12, injected_calls=5,
        synthetic_calls=0 if clones == 1 else accesses * (clones - 1) // clones,
        guesses=json.dumps({"no-snapshot": 40, "decode-state": 3}), recorded_span_ns=span,
        domains=domains, vcpus=vcpus, devices=3 * clones, policy=name,
        policy_source="FIXTURE", policy_text=text, policy_rank=rank, machine="fixture-2s",
        machine_text=MACHINE, machine_assumptions=2, cpus=16, timing="closed", speed=speed,
        clones=clones, seed=1, rebase=rebase, max_think_ns=0,
        options=json.dumps({"speed": speed, "clone": clones}),
        outcome="deadlock" if deadlock else "done",
        outcome_text="d0v1 toggle-decode waits for vpci_lock 0000:00:01.0 held by d0v2\n"
                     "d0v2 toggle-decode waits for vpci_lock 0000:00:02.0 held by d0v1"
                     if deadlock else "",
        calls=accesses, deferred_maps=40, missed_calls=2, makespan_ns=makespan,
        floor_ns=sum(h.values) - total_wait, lock_wait_ns=total_wait, cpu_wait_ns=0,
        cross_domain_wait_ns=cross, throughput_per_s=accesses / (makespan / 1e9),
        p50_ns=h.quantile(.5), p90_ns=h.quantile(.9), p99_ns=h.quantile(.99),
        p999_ns=h.quantile(.999), max_ns=h.values[-1], histogram=h.blob(),
        hazards=sum(n for _, n in hazards), most_contended=most, grace_periods=0,
        grace_period_max_ns=0, little_error=0.0, time_error_ns=0, overlap_count=0,
        bucket_ns=width,
        buckets=b"".join(struct.pack("<QQQ", int(sum(h.values) * s / sum(shape)),
                                     int(total_wait * s / sum(shape)),
                                     int(accesses * s / sum(shape))) for s in shape)))
    for op, label, share, wait_share in OPERATIONS:
        count = int(accesses * share)
        insert(db, "operation_count", dict(run_id=run_id, operation=op, label=label, count=count))
        for d in range(domains):
            sample = Histogram(values[d::domains][:max(1, count // domains)])
            insert(db, "latency", dict(
                run_id=run_id, operation=op, label=label, domain="d%d" % d,
                count=len(sample.values), total_ns=sum(sample.values),
                wait_ns=int(total_wait * wait_share / domains), p50_ns=sample.quantile(.5),
                p90_ns=sample.quantile(.9), p99_ns=sample.quantile(.99),
                p999_ns=sample.quantile(.999), max_ns=sample.values[-1], histogram=sample.blob()))
    for lock, kind, instance, mode, below, part in locks:
        wait = int(total_wait * part)
        insert(db, "lock", dict(
            run_id=run_id, lock=lock, kind=kind, instance=instance, mode=mode, below_vpci=below,
            instances=1, acquire_count=accesses, try_count=0, try_failed_count=0,
            wait_count=accesses // 9 if wait else 0, wait_total_ns=wait, wait_max_ns=wait // 50,
            hold_count=accesses, hold_total_ns=accesses * 1500, hold_max_ns=90000,
            transfer_count=accesses // 3, cross_domain_wait_ns=int(cross * part)))
    if total_wait:
        for w, _, _, ws in OPERATIONS:
            for v, _, _, hs in OPERATIONS:
                if ws * hs < 0.004:
                    continue
                insert(db, "blocker", dict(run_id=run_id, waiter=w, holder=v, lock=most,
                                           cross_domain=0, wait_ns=int(total_wait * ws * hs)))
    for hazard, count in hazards:
        insert(db, "hazard", dict(
            run_id=run_id, hazard=hazard, count=count, first_ns=1234567,
            first_text="d0v1 read-passthrough 0000:00:03.0 after device-remove"))


# p99 in ns of each policy by speed and conf1-cycle; replicas lie up to 2 % around it.
#   rcu beats pci-lock everywhere; refcount beats rcu at 500 ns and loses from 2 us on,
#   whatever the speed; pcidevs-rwlock beats pci-lock at speed 4 alone, and is not told apart at speed 1.
#   device-lock is fast, but one replica of one group saw a hazard.
SWEEP_VALUES = (500, 1000, 2000, 4000)
SWEEP = {
    "none": lambda speed, value: 3000,
    "pcidevs-spin": lambda speed, value: 90000,
    "device-lock": lambda speed, value: 3500,
    "pcidevs-rwlock": lambda speed, value: 20000 if speed == 1 else 12000,
    "pci-lock": lambda speed, value: 20000,
    "refcount": lambda speed, value: {500: 5000, 1000: 8000, 2000: 11000,
                                        4000: 11500}[value],
    "rcu": lambda speed, value: 8000,
}


def sweep_machine(value):
    machine = json.loads(MACHINE)
    machine["work"]["conf1-cycle"] = {"ns": value, "source": "set by --vary", "assumption": True}
    return json.dumps(machine)


def add_sweep(db, rng):
    serial = 1000
    for speed in (1, 4):
        for value in SWEEP_VALUES:
            for rank, policy in enumerate(POLICIES):
                for replica in range(3 if policy[0] in SWEEP else 0):
                    serial += 1
                    add_run(db, rng, serial, "quiet", "fixture-host.vpt", (*policy[:2], [], policy[3]),
                            rank, float(speed), 1, 0)
                    p99 = SWEEP[policy[0]](speed, value) * (100 + replica - 1) // 100
                    bad = policy[0] == "none" or (policy[0], speed, value, replica) == (
                        "device-lock", 4, 1000, 2)
                    db.execute(
                        "UPDATE run SET replica = ?, jitter_percent = ?, machine_text = ?, "
                        "p99_ns = ?, hazards = ?, throughput_per_s = 1000, policy_faults = ? "
                        "WHERE id = (SELECT MAX(id) FROM run)",
                        (replica, 1.0 if replica else 0.0, sweep_machine(value), p99, int(bad),
                         "a window that the fixture states" if policy[0] == "rcu" else ""))
                    db.execute("INSERT INTO varied SELECT MAX(id), 'conf1-cycle', ? FROM run",
                               (float(value),))
    for place, (name, kept, broken, by) in enumerate((
            ("none", 64, None, ""), ("pcidevs-spin", None, 1, "latency"),
            ("domain-rwlock", 2, 4, "deadlock"), ("pci-lock", 10.5, 11, "latency"),
            ("rcu", 24, 25.2, "latency"))):
        insert(db, "saturation", dict(
            saturation_key="%032x" % place, created_at="2020-01-01T00:00:00Z", version="0.1.0",
            trace_name="fixture-host.vpt", trace_hash="fixture" + format(
                abs(sum("fixture-host.vpt".encode())), "025x"), machine="fixture-2s",
            machine_text=MACHINE, policy=name, policy_rank=[p[0] for p in POLICIES].index(name),
            policy_text="{}", load=json.dumps({"timing": "open", "cpus": 0, "clone": 1, "seed": 1,
                                               "rebase": True, "replicas": 3, "jitter": 1.0}),
            percentile="p99", bound_ns=50000, axis="speed", tolerance=0.05, lowest=1, highest=64,
            kept=kept, broken=broken, broken_by=by, kept_again=64 if name == "pci-lock" else None,
            hazard_probes=int(name == "none"), probes=7, what_if="[]", emulated=1, synthetic=0))


def main():
    schema, out = sys.argv[1], sys.argv[2]
    scene = sys.argv[3] if len(sys.argv) > 3 else "full"
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(out + suffix):
            os.remove(out + suffix)
    db = sqlite3.connect(out)
    with open(schema, encoding="utf-8") as f:
        db.executescript(f.read())
    db.execute("PRAGMA foreign_keys = ON")
    rng = random.Random(20200101)
    serial = 0
    loads = {"full": [(1, 1, 0), (4, 4, 1), (16, 4, 1), (64, 4, 1)], "quiet": [(1, 1, 0)],
             "hostile": [(16, 2, 1)], "empty": [], "sweep": []}[scene]
    trace = "<script>alert('x')</script>&\"q\".vpt" if scene == "hostile" else "fixture-host.vpt"
    for speed, clones, rebase in loads:
        for rank, policy in enumerate(POLICIES):
            serial += 1
            add_run(db, rng, serial, scene, trace, policy, rank, float(speed), clones, rebase)
    if scene == "sweep":
        add_sweep(db, rng)
    if scene == "hostile":
        db.execute("UPDATE run SET policy = 'it''s <b>\\me</b> \"%s\" `x` @1', policy_rank = 1000 "
                   "WHERE policy = 'rcu'")
        db.execute("UPDATE run SET outcome_text = 'a <i>\n\t& b', notes = ?, policy_source = ?",
                   (json.dumps(["</div><script>evil()</script>"]), "<a href='http://x'>"))
        db.execute("UPDATE hazard SET first_text = 'tab\there <img src=x>' || char(10) || 'two'")
        db.execute("UPDATE lock SET lock = '<u>&amp;lock' WHERE lock = 'vpci_lock'")
    db.commit()
    db.close()


main()
