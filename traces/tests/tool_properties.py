#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What merge, slice, inject and generate promise, checked on their output's CSV."""

import csv
import io
import json
import subprocess
import sys
from collections import Counter, defaultdict

failures = []


def run(*arguments):
    return subprocess.run(("vpci-trace",) + arguments, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def rows(path):
    return list(csv.DictReader(io.StringIO(run("dump", "--format", "csv", path))))


def meta(path):
    return json.loads(run("info", "--json", path))[0]["meta"]


def check(claim, good):
    print(("ok      " if good else "FAILED  ") + claim)
    if not good:
        failures.append(claim)


def generate(path, *arguments):
    run("generate", "--force", "-o", path, *arguments)
    return rows(path)


def check_generate():
    a = generate("a.vpt", "--seed", "1", "--domains", "2", "-n", "20000",
                 "--phases", "boot,poll,hotplug")
    check("generate: the same seed gives the same file",
          generate("a2.vpt", "--seed", "1", "--domains", "2", "-n", "20000",
                   "--phases", "boot,poll,hotplug") == a
          and open("a.vpt", "rb").read() == open("a2.vpt", "rb").read())
    check("generate: another seed gives another",
          generate("a3.vpt", "--seed", "2", "--domains", "2", "-n", "20000",
                   "--phases", "boot,poll,hotplug") != a)
    check("generate: every record is synthetic", all("synthetic" in r["flags"] for r in a))
    check("generate: the metadata says so", meta("a.vpt")["synthetic"])
    check("generate: -n is kept", len(a) == 20000)
    kinds = Counter(r["kind"] for r in generate(
        "f.vpt", "--domains", "2", "-n", "40000", "--phases", "boot,hotplug"))
    wanted = {"cfg-read", "cfg-write", "msix-read", "msix-write", "mmio", "device-add",
              "device-remove", "device-assign", "device-deassign", "device-reset", "dump",
              "mmcfg-reserved"}
    check(f"generate: kinds {sorted(wanted)} all occur", wanted <= set(kinds))
    written = {(int(r["reg"], 16), r["size"]) for r in a if r["kind"] == "cfg-write"}
    for what, place in (("command", (0x04, "2")), ("BAR", (0x10, "4")), ("ROM", (0x30, "4")),
                        ("MSI control", (0x52, "2")), ("MSI data", (0x5c, "2")),
                        ("MSI mask", (0x60, "4")), ("MSI-X control", (0xb2, "2")),
                        ("resizable BAR", (0x208, "4")), ("SR-IOV", (0x168, "2")),
                        ("status", (0x06, "2"))):
        check(f"generate: {what} is written", place in written)
    duration = generate("d.vpt", "--duration", "50ms", "--phases", "poll")
    check("generate: --duration is kept", 0 < int(duration[-1]["time_ns"]) < 50_000_000)
    expected = 4 * 50 * 10  # vCPUs x ms x accesses per ms
    check("generate: the rate is met within a tenth",
          abs(len(duration) - expected) < expected / 10)
    bursty = generate("e.vpt", "--duration", "500ms", "--phases", "poll", "--arrivals", "bursty")
    check("generate: bursty keeps the mean within a fifth",
          abs(len(bursty) - 10 * expected) < 2 * expected)
    sizing = [r for r in a if r["reg"] == "0x010" and r["size"] == "4"]
    answers = [y for x, y in zip(sizing, sizing[1:]) if x["value"] == "0xffffffff"
               and x["kind"] == "cfg-write" and y["kind"] == "cfg-read"
               and x["sbdf"] == y["sbdf"]]
    check("generate: a BAR answers ones with its size mask",
          answers and all(int(r["value"], 16) & 0xffffc000 == int(r["value"], 16) & ~0xf
                          for r in answers))


def check_slice(a):
    run("slice", "--force", "a.vpt", "-o", "s.vpt", "--from", "20ms", "--to", "70ms")
    check("slice: is exactly the records of the time",
          rows("s.vpt") == [r for r in a if 20_000_000 <= int(r["time_ns"]) < 70_000_000])
    run("slice", "--force", "a.vpt", "-o", "t.vpt", "--sbdf", "0000:01:01.0", "--domain", "0")
    check("slice: is exactly the records of device and domain",
          rows("t.vpt") == [r for r in a if r["sbdf"] == "0000:01:01.0" and r["domain"] == "0"])
    check("slice: by device is a what-if", any("sliced" in w for w in meta("t.vpt")["what_if"]))
    check("slice: keeps the device's snapshot only",
          [d["sbdf"] for d in meta("t.vpt")["devices"]] == ["0000:01:01.0"])


def check_merge(a):
    b = generate("b.vpt", "--seed", "7", "--domains", "2", "--vcpus", "2", "-n", "3000")
    run("merge", "--force", "a.vpt", "b.vpt", "-o", "m.vpt", "--offset", "0s", "--offset", "5ms")
    m = rows("m.vpt")
    check("merge: nothing is lost", len(m) == len(a) + len(b))
    times = [int(r["time_ns"]) for r in m]
    check("merge: in order of time", times == sorted(times))
    first = [r for r in m if r["domain"] in ("0", "1")]
    second = [r for r in m if r["domain"] in ("2", "3")]
    check("merge: the first input keeps its numbers",
          [dict(r, time_ns="") for r in first] == [dict(r, time_ns="") for r in a])

    def mapped(r):
        value = r["value"]
        if r["kind"] in ("device-assign", "device-deassign"):
            value = hex(int(value, 16) + 2)
        return dict(r, time_ns=str(int(r["time_ns"]) - int(b[0]["time_ns"]) + 5_000_000),
                    domain=str(int(r["domain"]) + 2), pcpu=str(int(r["pcpu"]) + 8), value=value,
                    sbdf=r["sbdf"] and "0001" + r["sbdf"][4:])
    check("merge: the second is renumbered and moved, and nothing else",
          second == [mapped(r) for r in b])
    merged = meta("m.vpt")
    sbdfs = [d["sbdf"] for d in merged["devices"]]
    check("merge: device addresses are unique", len(set(sbdfs)) == len(sbdfs) == 16)
    check("merge: one hardware domain",
          [d["id"] for d in merged["domains"] if d["hardware_domain"]] == [0])
    check("merge: says what it is",
          any("did not run together" in w for w in merged["what_if"]) and merged["synthetic"])
    run("merge", "--force", "a.vpt", "a.vpt", "b.vpt", "-o", "h.vpt", "--as", "hosts")
    check("merge: hosts keep their hardware domains",
          [d["id"] for d in meta("h.vpt")["domains"] if d["hardware_domain"]] == [0, 2, 4])


def injected_only(r):
    return "injected" in r["flags"].split("|")


def check_inject():
    b = generate("c.vpt", "--seed", "8", "-n", "40000", "--phases", "poll", "--mix",
                 "poll=1,caps=0")
    arguments = ("--remove", "50/s", "--assign", "50/s", "--hotplug", "50/s", "--toggle", "200/s",
                 "--toggle-gap", "100us", "--seed", "3")
    run("inject", "--force", "c.vpt", "-o", "i.vpt", *arguments)
    i = rows("i.vpt")
    check("inject: the captured records are all there, unchanged",
          [r for r in i if not injected_only(r)] == b)
    run("inject", "--force", "c.vpt", "-o", "i2.vpt", *arguments)
    check("inject: the same seed gives the same events", rows("i2.vpt") == i)
    new = [r for r in i if injected_only(r)]
    kinds = Counter(r["kind"] for r in new)
    check("inject: removals and additions balance", kinds["device-add"] == kinds["device-remove"])
    check("inject: assignments and returns balance",
          kinds["device-assign"] == kinds["device-deassign"] > 0)
    check("inject: decoding goes over and back",
          kinds["cfg-write"] % 2 == 0 and kinds["cfg-write"] > 0)
    seconds = int(b[-1]["time_ns"]) / 1e9
    check("inject: 200 toggles a second, within a quarter",
          abs(kinds["cfg-write"] / 2 / seconds - 200) < 50)
    away, state, good = set(), defaultdict(lambda: None), True
    known = {d["sbdf"] for d in meta("c.vpt")["devices"]}
    for r in new:
        kind, sbdf = r["kind"], r["sbdf"]
        if kind == "device-remove":
            good &= sbdf not in away and (sbdf in known or state[sbdf] == "plugged")
            away.add(sbdf)
            state[sbdf] = None
        elif kind == "device-add":
            good &= sbdf in away or sbdf not in known
            state[sbdf] = "plugged" if sbdf not in known else None
            away.discard(sbdf)
        elif kind == "device-assign":
            good &= state[sbdf] is None and sbdf not in away
            state[sbdf] = r["value"]
        elif kind == "device-deassign":
            good &= state[sbdf] == r["value"]
            state[sbdf] = None
    check("inject: events are well formed", good and not away & known)
    commands, good = {}, True
    for r in i:
        if r["reg"] != "0x004" or r["size"] != "2" or r["kind"] not in ("cfg-read", "cfg-write"):
            continue
        if injected_only(r) and r["sbdf"] in commands:
            good &= int(r["value"], 16) & ~2 == commands[r["sbdf"]] & ~2
        else:
            commands[r["sbdf"]] = int(r["value"], 16)
    check("inject: toggles change the memory bit of the last command seen, and no other", good)
    whatif = meta("i.vpt")["what_if"]
    check("inject: says what it did, with rates and seed",
          sum("injected" in w and "seed 3" in w for w in whatif) == 4)
    run("inject", "--force", "c.vpt", "-o", "j.vpt", "--remove", "50/s", "--seed", "3")
    check("inject: one rate does not move another's events",
          [r["time_ns"] for r in rows("j.vpt") if r["kind"] == "device-remove"][0]
          == [r["time_ns"] for r in new if r["kind"] == "device-remove" and r["sbdf"] in known][0])


def check_slice_of_a_mix():
    """A genuine capture beside a generated one: what is cut out again is called what it is."""
    # As an importer makes it: the same records without the mark.
    text = run("dump", "--format", "csv", "b.vpt").replace("|synthetic", "").replace(
        "synthetic", "")
    with open("genuine.csv", "w", encoding="utf-8") as out:
        out.write(text)
    run("import", "--force", "--from", "csv", "genuine.csv", "-o", "genuine.vpt")
    run("merge", "--force", "genuine.vpt", "a.vpt", "-o", "mix.vpt")
    check("merge: with a generated trace it is synthetic", meta("mix.vpt")["synthetic"]
          and not meta("genuine.vpt")["synthetic"])
    check("info: says that it is so in part", "SYNTHETIC in part" in run("info", "mix.vpt"))
    run("slice", "--force", "mix.vpt", "-o", "part.vpt", "--domain", "0")
    check("slice: captured records cut out of a mix are not called synthetic",
          len(rows("part.vpt")) > 100 and not meta("part.vpt")["synthetic"])
    run("slice", "--force", "mix.vpt", "-o", "part.vpt", "--domain", "2")
    check("slice: generated ones are", meta("part.vpt")["synthetic"])


def missed_calls(path):
    text = subprocess.run(("vpci-sim", "replay", path, "-p", "pci-lock", "--json"), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
    return json.loads(text)["runs"][0]["result"]["missed_calls"]


def follow_owners(before, events):
    """Who owns each device after the events, None while it is removed; and whether each event
    is one that the hypervisor would not refuse."""
    owner, good = dict(before), True
    for r in events:
        sbdf, kind = r["sbdf"], r["kind"]
        if kind == "device-remove":
            good &= owner[sbdf] is not None
            owner[sbdf] = None
        elif kind == "device-add":
            good &= owner[sbdf] is None
            owner[sbdf] = 0
        elif kind == "device-assign":
            good &= owner[sbdf] == 0
            owner[sbdf] = int(r["value"], 16)
        elif kind == "device-deassign":
            good &= owner[sbdf] == int(r["value"], 16) != 0
            owner[sbdf] = 0
    return owner, good


def check_generate_gives_back():
    g = generate("f.vpt", "--domains", "3", "-n", "40000", "--phases", "poll,hotplug")
    before = {d["sbdf"]: d["domain"] for d in meta("f.vpt")["devices"]}
    owner, good = follow_owners(before, g)
    moved = {r["sbdf"] for r in g if r["kind"] == "device-assign"}
    # The last event may be cut off by the end of the trace.
    check("generate: guests' devices come back to their guests",
          good and sum(owner[d] != before[d] for d in before) <= 1
          and len({before[d] for d in moved}) == 3)


def check_inject_gives_back():
    """Follow who owns each device: at the end it is where it was, and no event between is one
    that the hypervisor would refuse."""
    g = generate("g.vpt", "--seed", "3", "--domains", "3", "--vcpus", "2", "--duration", "2s")
    before = {d["sbdf"]: d["domain"] for d in meta("g.vpt")["devices"]}
    calls_per_s = len(g) / (int(g[-1]["time_ns"]) / 1e9)
    base = missed_calls("g.vpt")
    for what, away_option in (("remove", "--downtime"), ("assign", "--assigned")):
        run("inject", "--force", "g.vpt", "-o", "k.vpt", "--" + what, "10/s", away_option, "50ms",
            "--seed", "2")
        events = [r for r in rows("k.vpt") if injected_only(r)]
        owner, good = follow_owners(before, events)
        guests = {r["sbdf"] for r in events if before[r["sbdf"]] != 0}
        check(f"inject: {what} gives guests' devices back to their guests",
              good and owner == before and len(guests) > 1)
        times = len([r for r in events if before[r["sbdf"]] == 0 and r["kind"] == "device-assign"]
                    + [r for r in events if r["kind"] == "device-deassign"
                       and before[r["sbdf"]] == int(r["value"], 16)]
                    if what == "assign" else [r for r in events if r["kind"] == "device-remove"])
        share = times * 0.05 * calls_per_s / len(before)
        grown = missed_calls("k.vpt") - base
        check(f"inject: {what} costs the calls of the time away ({grown} of about {share:.0f})",
              share / 2 < grown < 2 * share)


check_generate()
check_generate_gives_back()
check_slice(rows("a.vpt"))
check_merge(rows("a.vpt"))
check_slice_of_a_mix()
check_inject()
check_inject_gives_back()
sys.exit(1 if failures else 0)
