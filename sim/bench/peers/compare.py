#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference workload, saturated, on our engine and on its peers, side by side.

Totals (makespan, time waited for locks) must be equal to the nanosecond.  Programs
take turns, and the fastest of each one's rounds counts: what else runs on the host
only ever adds.  SimGrid's
model is compiled here (Debian: libsimgrid-dev); without it that column is empty.

usage: compare.py DUMP [--accesses N] [--rounds N] [--heapq-only]      exit 1: totals differ
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIGURATIONS = [(kind, vcpus) for kind in ("global", "domain") for vcpus in ("4", "64", "512")]


def last_json(command):
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True)
    return json.loads(run.stdout.splitlines()[-1])


def build_simgrid(directory):
    program = os.path.join(directory, "simgrid-model")
    command = ["c++", "-O2", "-o", program, os.path.join(HERE, "simgrid_model.cpp"), "-lsimgrid"]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return program


def peers_of(arguments, directory):
    peers = {"heapq": [sys.executable, os.path.join(HERE, "heapq_model.py")]}
    simgrid = None if arguments.heapq_only else build_simgrid(directory)
    if simgrid:
        peers["SimGrid"] = [simgrid]
    elif not arguments.heapq_only:
        print("SimGrid's model does not compile here: left out (Debian: libsimgrid-dev)")
    return peers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("--accesses", default="50000")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--heapq-only", action="store_true")
    arguments = parser.parse_args()
    differ = 0
    with tempfile.TemporaryDirectory() as directory:
        peers = peers_of(arguments, directory)
        trace = os.path.join(directory, "reference.txt")
        print(f"{'ns per access':<14}{'ours':>10}" + "".join(f"{name:>10}{'ratio':>8}"
                                                            for name in peers))
        for kind, vcpus in CONFIGURATIONS:
            runs = {name: [] for name in ["ours", *peers]}
            for _ in range(arguments.rounds):
                runs["ours"].append(
                    last_json([arguments.dump, kind, vcpus, arguments.accesses, trace]))
                for name, command in peers.items():
                    runs[name].append(last_json(command + [kind, trace]))
            fastest = {name: min(run["ns_per_access"] for run in done)
                       for name, done in runs.items()}
            ours = runs["ours"][0]
            line = f"{kind + '-' + vcpus:<14}{fastest['ours']:>10.1f}"
            for name in peers:
                line += f"{fastest[name]:>10.1f}{fastest[name] / fastest['ours']:>8.1f}"
                for peer in runs[name] + runs["ours"]:
                    for total in ("makespan", "wait"):
                        if peer[total] != ours[total]:
                            differ += 1
                            line += f"  {name}: {total} {peer[total]}, ours {ours[total]}"
            print(line, flush=True)
    print("totals differ" if differ else "totals are equal")
    return 1 if differ else 0


sys.exit(main())
