#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPIN and the checker agree: for every policy in every scenario, and every broken
policy in its own, the same kinds of violation are reached, deadlock among them."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

# What cannot be told apart from outside: a deadlock's forms are found when a vCPU
# begins to wait, by the checker and by the model alike, all but a circle, for which
# the model has to come to rest.
NOT_JUDGED = {"order-inversion"}
BOUND = 60000  # states of our search; with no reduction SPIN has some ten times as many


def run(arguments, **options):
    return subprocess.run(arguments, text=True, capture_output=True, **options)


def ours(arguments):
    """{(policy, scenario): (kinds found, states, complete)} and the not modelled ones."""
    out = run(["vpci-sim", "check", "--json"] + arguments)
    if out.returncode not in (0, 1):
        sys.exit(f"vpci-sim check {arguments}: {out.stderr}")
    cells = {}
    for policy in json.loads(out.stdout)["policies"]:
        for cell in policy["scenarios"]:
            if cell["verdict"] != "not-modelled":
                cells[policy["name"], cell["scenario"]] = cell
    return cells


def judge(path):
    """The kinds that SPIN finds in a model."""
    with open(path) as file:
        head = file.read().split("NOTHING_WRONG", 1)[1].split("OUT_OF_BOUNDS", 1)[0]
    numbers = dict((int(number), name.lower().replace("_", "-")) for name, number in
                   re.findall(r"^#define ([A-Z_]+) (\d+)", head, re.M))
    folder = tempfile.mkdtemp(dir=".")
    try:
        made = run(["spin", "-a", os.path.abspath(path)], cwd=folder)
        if made.returncode != 0 or "Error" in made.stdout + made.stderr:
            return None, "spin -a: " + made.stdout + made.stderr
        made = run(["cc", "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-DVECTORSZ=4096", "-o", "pan",
                    "pan.c"], cwd=folder)
        if made.returncode != 0:
            return None, "cc: " + made.stderr
        out = run(["./pan", "-c0", "-w18", "-m1000000"], cwd=folder).stdout
        if "errors:" not in out or "max search depth too small" in out or "out of" in out:
            return None, "pan: " + out
        kinds = set()
        for line in re.findall(r"^pan:\d+: (.*) \(at depth \d+\)", out, re.M):
            number = re.fullmatch(r"assertion violated \(verdict!=(\d+)\)", line)
            if line == "invalid end state":
                kinds.add("deadlock")
            elif number and number[1] != "100":
                kinds.add(numbers[int(number[1])])
            else:
                return None, "pan: " + line
        states = int(float(re.search(r"([\d.e+]+) states, stored", out)[1]))
        return kinds, states
    finally:
        shutil.rmtree(folder)
