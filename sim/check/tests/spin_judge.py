#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPIN and the checker reach the same kinds of violation, deadlock among them: for every
policy that ships and every broken one in every scenario, where broken ones break, where
steps fail, and where the two once disagreed.  And the comparison can fail: models that are
wrong on purpose are noticed."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Order inversion comes from the graph of all orders in which locks are taken, not from a
# state: SPIN does not judge it.
NOT_JUDGED = {"order-inversion"}

# States of the checker's search beyond which a model is not judged: SPIN, without any
# reduction and with every lock, has some twenty times as many, of 300 to 600 bytes.
STATES_BOUND = 20000

# clang takes half the time of gcc for a model, and time is nearly all compiling.
COMPILER = next((name for name in ("clang", "cc") if shutil.which(name)), None)

BROKEN = os.path.join(os.environ["VS_SOURCE_DIR"], "sim", "tests", "broken")

# Operations where test_broken.c refutes policies that are wrong in one way each, and setups
# in which the checker and SPIN once disagreed, or might.
OTHERS = [
    ("wrong-order", ["--ops", "msi-unmap:0,device-remove:0"]),
    ("early-publish", ["--ops", "device-reset:0,read-hardware:0"]),
    ("stuck-lock", ["--ops", "msi-address:0,msi-address:0"]),
    ("double-free", ["--ops", "device-remove:0,device-remove:0"]),
    ("device-lock", ["--failures", "--ops", "msi-address:0+msi-address:0,toggle-decode:1"]),
    ("refcount", ["--failures", "--ops", "toggle-decode:0,toggle-rom:0"]),
    ("none", ["--failures", "--ops", "toggle-decode:0,toggle-decode:0"]),
    ("try-forever", ["--ops", "read-hardware:0,device-remove:0+device-add:0"]),
    ("refcount", ["--rounds", "1", "--ops",
                  "read-hardware:0,device-remove:0+device-add:0,read-hardware:0"]),
    ("domain-rwlock-nested", ["--rounds", "1", "--ops", "dom1/toggle-decode:0,device-deassign:0"]),
    ("rcu", ["--rounds", "1", "--ops",
             "read-hardware:0,device-remove:0+device-add:0,device-remove:0"]),
]

# A model, a change to it that makes it wrong, and what the comparison must then miss (-)
# or find too much (+).
WRONG = [
    ("nested-read.S9", "#define READ_TRY(l) (l.writer == me || (l.writer == NONE && !l.waiting))",
     "#define READ_TRY(l) (l.writer == me || l.writer == NONE)", "-deadlock"),
    ("pci-lock.S1", "    write_lock(pci_lock[pci_lock_taken])", "    write_lock(pci_lock[0])",
     "+use-after-free"),
    ("pci-lock.S14", "        pdevs[p].alive = false;", "        skip;", "-dangling-pending"),
    ("pci-lock-bars.S7", "    write_lock(pci_lock[0]);", "    skip;", "+bar-race"),
    ("rcu.S1", "        callbacks[found].readers = SECTIONS", "        skip", "+use-after-free"),
    ("global-lookup.S18", "pcidevs_lock.owner == me", "pcidevs_lock.owner != me", "-assertion"),
    ("no-softirq.S21", "slot_unraised = true", "slot_unraised = false", "-entered-pending"),
    ("device-lock.S19", "fatal(HELD_AT_END)", "skip", "-held-at-end"),
    ("pcidevs-spin.S25", "head[LIST(MSIX_TABLES, 0)] = 0 * PDEV_LIVES",
     "head[LIST(MSIX_TABLES, 0)] = 1 * PDEV_LIVES", "-use-after-free"),
    ("refcount-fixed.S27", "missing = (owner[", "missing = (false && owner[", "+former-owner"),
]


class Failure(Exception):
    """Something that should have run did not."""


def run(arguments, folder=None, statuses=(0,)):
    done = subprocess.run(arguments, cwd=folder, text=True, capture_output=True, check=False)
    if done.returncode not in statuses:
        raise Failure(f"{' '.join(arguments)}: status {done.returncode}\n"
                      f"{done.stdout}{done.stderr}")
    return done.stdout


def checked(arguments):
    """What the checker says: a dictionary of its cells by (policy, scenario)."""
    out = json.loads(run(["vpci-sim", "check", "--json"] + arguments, statuses=(0, 1)))
    return {(policy["name"], cell["scenario"]): cell for policy in out["policies"]
            for cell in policy["scenarios"] if cell["verdict"] != "not-modelled"}


def kinds_by_number(path):
    with open(path, encoding="utf-8") as file:
        head = file.read().split("#define NOTHING_WRONG", 1)[1].split("#define OUT_OF_BOUNDS")[0]
    return {number: name.lower().replace("_", "-")
            for name, number in re.findall(r"#define ([A-Z_]+) (\d+)", head)}


def judged(path):
    """What SPIN says: the set of kinds, and the number of states."""
    kinds = kinds_by_number(path)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        run(["spin", "-a", os.path.abspath(path)], folder)
        run([COMPILER, "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-DVECTORSZ=4096", "-o", "pan",
             "pan.c"], folder)
        out = run(["./pan", "-c0", "-w18", "-m100000"], folder)
    states = re.search(r"^\s*([\d.e+]+) states, stored", out, re.M)
    if not states or "max search depth too small" in out or "Search not completed" in out:
        raise Failure(f"{path}: no complete search:\n{out}")
    found = set()
    for text in re.findall(r"^pan:\d+: (.*) \(at depth \d+\)", out, re.M):
        number = re.fullmatch(r"assertion violated \(verdict!=(\d+)\)", text)
        if text == "invalid end state":
            found.add("deadlock")
        elif number and number[1] in kinds:
            found.add(kinds[number[1]])
        else:
            raise Failure(f"{path}: {text}")
    return found, int(float(states[1]))


def difference(cell, found):
    """What SPIN finds too much (+) and misses (-), of what it judges."""
    known = set(cell["found"]) - NOT_JUDGED
    return sorted("+" + kind for kind in found - known) + \
        sorted("-" + kind for kind in known - found)


def program_of(path):
    """What a model says but for its comments: policies often agree on what they do."""
    with open(path, encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


class Round:
    """Models to judge, what they say, and what is wrong with that."""

    def __init__(self, pool):
        self.pool, self.jobs, self.skipped, self.models = pool, [], [], {}
        self.searches = {}
        self.states = self.violated = self.failures = 0

    def add(self, directory, key, cell, arguments):
        if cell["verdict"] == "unknown" or cell["states"] > STATES_BOUND:
            self.skipped.append(f"{key[0]} {key[1]} ({cell['states']} states)")
            return
        path = os.path.join(directory, f"{key[0]}.{key[1]}.pml")
        self.models[f"{key[0]}.{key[1]}"] = path, cell
        program = program_of(path)
        if program not in self.searches:
            self.searches[program] = self.pool.submit(judged, path)
        self.jobs.append((key, cell, arguments, self.searches[program]))

    def finish(self):
        for key, cell, arguments, job in self.jobs:
            try:
                found, states = job.result()
            except Failure as failure:
                print(f"FAILED: {failure}")
                self.failures += 1
                continue
            self.states += states
            self.violated += bool(found)
            differs = difference(cell, found)
            if differs:
                print(f"FAILED: {key[0]} in {key[1]} ({' '.join(arguments)}): SPIN against the "
                      f"checker: {' '.join(differs)}; in common: "
                      f"{' '.join(sorted(found & set(cell['found']))) or 'nothing'}")
                self.failures += 1


def judge_scenarios(work, directory, policies):
    """Policies, by default those that ship, in every scenario."""
    arguments = policies + [word for n in range(1, 29) for word in ("--scenario", f"S{n}")]
    cells = checked(arguments)
    print(run(["vpci-sim", "check", "--promela", directory] + arguments).splitlines()[0])
    for key, cell in cells.items():
        work.add(directory, key, cell, ["--policy", key[0], "--scenario", key[1]])


def judge_everything(work):
    broken = sorted(name for name in os.listdir(BROKEN) if name.endswith(".json"))
    judge_scenarios(work, "models", [])
    judge_scenarios(work, "broken",
                    [word for name in broken for word in ("--policy", os.path.join(BROKEN, name))])
    for number, (policy, arguments) in enumerate(OTHERS):
        file = os.path.join(BROKEN, policy + ".json")
        arguments = ["--policy", file if os.path.exists(file) else policy] + arguments
        run(["vpci-sim", "check", "--promela", f"others-{number}"] + arguments)
        for key, cell in checked(arguments).items():
            work.add(f"others-{number}", key, cell, arguments)


def notice_wrong_models(models):
    """Every wrong model must be found out, by the difference that is expected."""
    failures = 0
    for name, text, other, expected in WRONG:
        path, cell = models[name]
        with open(path, encoding="utf-8") as file:
            model = file.read()
        if text not in model:
            print(f"FAILED: {name} does not contain: {text}")
            failures += 1
            continue
        path = f"wrong-{name}.pml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(model.replace(text, other))
        differs = difference(cell, judged(path)[0])
        if expected not in differs:
            print(f"FAILED: {name} with '{other.strip()}' goes unnoticed: expected {expected}, "
                  f"found {differs}")
            failures += 1
    return failures


def main():
    if not shutil.which("spin") or not COMPILER:
        print("SKIPPED: no spin or no C compiler here (Debian: apt install spin gcc): "
              "nothing was judged")
        return 77
    for name in os.listdir("."):  # of an earlier run, in this test's own directory
        if os.path.isdir(name):
            shutil.rmtree(name)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = Round(pool)
        judge_everything(work)
        work.finish()
        failures = work.failures + notice_wrong_models(work.models)
    print(f"{len(work.jobs)} models judged, {len(work.searches)} of them different, "
          f"{work.states} states; in {work.violated} of them a "
          f"rule is broken; {work.failures} on which SPIN and the checker differ; "
          f"{len(WRONG)} wrong models tried")
    print(f"Not judged, for more than {STATES_BOUND} states: {', '.join(work.skipped) or 'none'}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
