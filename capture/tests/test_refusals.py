#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What vpci-capture refuses, with which words and exit status.  Loads nothing, but for the
cases without capabilities, which the kernel refuses."""

import json
import os
import shutil
import subprocess
import sys

from capture_test import ensure


def run(arguments, prefix=()):
    return subprocess.run([*prefix, "vpci-capture", *arguments], capture_output=True, text=True)


def refused(status, words, arguments, prefix=()):
    result = run(arguments, prefix)
    ensure(result.returncode == status,
           f"{arguments}: exit status {result.returncode}, expected {status}: {result.stderr}")
    for word in words:
        ensure(word in result.stderr, f"{arguments}: no '{word}' in: {result.stderr}")
    ensure(result.stdout == "", f"{arguments}: standard output: {result.stdout}")


USAGE = (
    (["--output"], ["ebpf"]),
    (["standard output"], ["ebpf", "-o", "-", "--json", "--backend", "kvm"]),
    (["power of two"], ["ebpf", "-o", "x", "--buffer", "5000B"]),
    (["power of two"], ["ebpf", "-o", "x", "--buffer", "2KiB"]),
    (["power of two"], ["ebpf", "-o", "x", "--buffer", "2GiB"]),
    (["--backend"], ["ebpf", "-o", "x", "--backend", "ebpf"]),
    (["--device"], ["ebpf", "-o", "x", "--device", "nic"]),
    (["--pid"], ["ebpf", "-o", "x", "--pid", "self"]),
    (["--ecam", "0xb0000000:0:0-255"], ["ebpf", "-o", "x", "--backend", "kvm", "--ecam", "mmio"]),
    (["--ecam", "syscall"],
     ["ebpf", "-o", "x", "--backend", "syscall", "--ecam", "0xb0000000:0:0-1"]),
    (["--snapshot", "kvm"], ["ebpf", "-o", "x", "--backend", "kvm", "--snapshot"]),
    (["16 times"], ["ebpf", "-o", "x"] + ["--pid", "1"] * 17),
    (["unknown option"], ["ebpf", "-o", "x", "--bufer", "4KiB"]),
    (["check"], ["chek"]),
)


def backends_are_one_list():
    """The choices of --backend are those of check, in its order."""
    names = [entry["backend"] for entry in json.loads(run(["check", "--json"]).stdout)["backends"]]
    text = " ".join(run(["ebpf", "--help"]).stdout.split())
    ensure(f"(one of auto, {', '.join(names)})" in text, f"{names} are not the choices in: {text}")


def kinds_agree_with_backends():
    """A backend works only where each kind of program that it needs does."""
    answer = json.loads(run(["check", "--json"]).stdout)
    kinds = {kind["kind"]: kind["works"] for kind in answer["kinds"]}
    works = {entry["backend"]: entry["works"] for entry in answer["backends"]}
    for name, needs in (("fentry", ["fentry", "fexit"]), ("kprobe", ["kprobe", "kretprobe"]),
                        ("kvm", ["tp_btf-kvm"]), ("syscall", ["tp_btf", "bpf_loop"])):
        needs = [*needs, "ring-buffer"]
        ensure(not works[name] or all(kinds[kind] for kind in needs), f"{name}: {answer}")
    for kind in answer["kinds"]:
        ensure(kind["works"] == (kind["reason"] is None), f"{kind}")


def main():
    backends_are_one_list()
    kinds_agree_with_backends()
    for words, arguments in USAGE:
        refused(2, words, arguments)
    ensure(not os.path.exists("x"), "a refused command made its output")
    if os.geteuid() == 0 and shutil.which("setpriv"):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                  "--inh-caps=-all", "--bounding-set=-all"]
        for backend in ("kvm", "syscall"):
            refused(4, ["CAP_BPF and CAP_PERFMON", backend],
                    ["ebpf", "-o", "/dev/null", "--backend", backend], nobody)
        result = run(["check", "--json"], nobody)
        ensure(result.returncode == 1, f"check: exit status {result.returncode}")
        ensure(all("CAP_BPF" in entry["reason"] for group in json.loads(result.stdout).values()
                   for entry in group), result.stdout)
        with open("exists.vpt", "w", encoding="ascii") as stream:
            stream.write("precious")
        result = run(["ebpf", "-o", "exists.vpt", "--backend", "syscall", "-d", "0.1"])
        ensure(result.returncode == 4, f"exit status {result.returncode}")
        with open("exists.vpt", encoding="ascii") as stream:
            ensure(stream.read() == "precious", "an existing file was replaced")
    else:
        print("not root, or no setpriv: the capability cases were left out")


if __name__ == "__main__":
    sys.exit(main())
