#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when an include, a link or a call crosses the lines between the folders.

    layers.py ROOT [LINKS]

The lines are the tables below.  LINKS is build/<preset>/links.tsv, written by
CMake: folder, target, folder of what it links ("-" for a package), its name.
"""

import os
import re
import sys

STAGES = ("capture", "traces", "sim", "analysis")

# Folder -> the folders that it may use.  The longest matching folder counts on both
# sides, so that "traces" alone does not stand for traces/import.  A folder may always
# use itself, and its tests/ follow its line.
MAY_USE = {
    "capture": ["traces", "traces/base"],
    "traces": ["traces/base", "traces/import"],
    "traces/base": [],
    "traces/import": ["traces", "traces/base"],
    "sim": ["traces", "traces/base", "sim/model", "sim/policies", "sim/engine",
            "sim/engine/locks", "sim/check", "sim/store", "sim/validate", "sim/calibrate",
            "sim/threads"],
    "sim/model": ["traces", "traces/base"],
    "sim/policies": ["traces/base", "sim/model"],
    "sim/engine": ["traces/base", "sim/model", "sim/policies", "sim/engine/locks"],
    "sim/engine/locks": ["traces/base", "sim/policies", "sim/engine"],
    "sim/validate": ["traces/base", "sim/model", "sim/policies", "sim/engine"],
    "sim/calibrate": ["traces/base", "sim/engine"],
    "sim/threads": ["traces", "traces/base", "sim/model", "sim/policies", "sim/engine",
                    "sim/calibrate"],
    "sim/check": ["traces/base", "sim/model", "sim/policies"],
    "sim/store": ["traces/base", "sim/model", "sim/policies", "sim/engine"],
    "analysis": ["traces/base"],
}

# What a folder may use of another that it may not use as a whole: headers and targets.
# `vpci-capture xentrace` writes what `vpci-trace import` would, so it links the one decoder;
# the other importers stay out of a program that is to be small.
PARTS = {
    ("capture", "traces/import"): ["traces/import/import.h", "traces/import/to_trace.h",
                                   "traces/import/ecam.h", "vs_import_xentrace"],
}

# What tests and benchmarks of a folder may use besides: they read the captured logs.
TESTS_MAY_USE = {
    "sim": ["traces/import"],
    "sim/model": ["traces/import"],
}
TEST_FOLDERS = ("tests", "bench")
TEST_TARGETS = re.compile(r"^(test_|fuzz_|bench_|vs-.*-bench$)")

# A header of a package -> the only files that include it.  Everything else speaks to
# our own wrapper, so that replacing the package is work on one file.
ONLY_IN = {
    "sqlite3.h": ["sim/store/store.c", "analysis/query.c"],
    "jansson.h": ["traces/base/json.c"],
    "zstd.h": ["traces/compress.c"],
    "urcu-qsbr.h": ["sim/threads/rcu.c"],
    "ck_spinlock.h": ["sim/threads/lock.h"],
    "ck_rwlock.h": ["sim/threads/primitives.c"],
}

# A package -> the folders whose targets link it.
LINKED_IN = {
    "PkgConfig::SQLITE": ["sim/store", "analysis"],
    "PkgConfig::JANSSON": ["traces/base"],
    "PkgConfig::ZSTD": ["traces"],
    "PkgConfig::URCU": ["sim/threads"],
    "PkgConfig::LZMA": ["traces", "traces/import"],
    "PkgConfig::ZLIB": ["traces", "traces/import"],
}

# The files that print for a person and end the process; tests are free to.
CLI_FILES = re.compile(r"(^|/)(main|cmd_[a-z0-9_]+)\.c$|^traces/base/program\.c$|/(tests|bench)/")
CLI_WORDS = re.compile(
    r"(?<![\w.>])(?:(?P<call>v?printf|puts|putchar|perror|_?exit|_Exit|abort|v?errx?|v?warnx?)"
    r"\s*\(|(?P<stream>stdout|stderr)\b)")

# What #include "..." is searched in, after the file's own folder.
INCLUDE_ROOTS = ("traces", "sim", "analysis", "capture", "")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<open>["<])(?P<name>[^">]+)[">]', re.M)
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def room_of(folder):
    """The entry of MAY_USE that a folder belongs to, or None."""
    parts = folder.split("/")
    while parts and parts[-1] in TEST_FOLDERS:
        parts.pop()
    while parts:
        if "/".join(parts) in MAY_USE:
            return "/".join(parts)
        parts.pop()
    return None


def is_test(folder):
    return os.path.basename(folder) in TEST_FOLDERS


def sources(root):
    for stage in STAGES:
        for folder, _, names in os.walk(os.path.join(root, stage)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def without_comments_and_strings(text):
    """The same text with the same lines, blank where no code is."""
    return NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def resolve(root, path, name):
    folder = os.path.dirname(path)
    beside = (folder, os.path.dirname(folder)) if is_test(folder) else (folder,)
    for base in beside + INCLUDE_ROOTS:
        candidate = os.path.normpath(os.path.join(base, name))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def crossing(user, used, test, part):
    """Why a folder (a test in it) may not use a part (header or target) of another, or None."""
    user_room, used_room = room_of(user), room_of(used)
    parts = PARTS.get((user_room, used_room))
    if parts is not None:
        return None if part in parts else f"{user_room}/ may use of {used_room}/ only {parts}"
    if test and used_room in TESTS_MAY_USE.get(user_room, ()):
        return None
    if user_room is None or used_room is None:
        return f"{user if user_room is None else used} is in no line of MAY_USE"
    if user_room == used_room or used_room in MAY_USE[user_room]:
        return None
    return f"{user_room}/ may not use {used_room}/"


def check_includes(root, path, text):
    commentless = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    for match in INCLUDE.finditer(commentless):
        place = f"{path}:{line_of(text, match.start('name'))}"
        name = match["name"]
        if os.path.basename(name) in ONLY_IN and path not in ONLY_IN[os.path.basename(name)]:
            yield f"{place}: only {' and '.join(ONLY_IN[name])} may include {name}"
        if match["open"] == "<":
            continue
        used = resolve(root, path, name)
        if used is None:
            yield f"{place}: there is no \"{name}\" in the tree"
            continue
        folder = os.path.dirname(path)
        reason = crossing(folder, os.path.dirname(used), is_test(folder), used)
        if reason:
            yield f"{place}: includes {used}, but {reason}"


def check_calls(path, text):
    if CLI_FILES.search(path):
        return
    for match in CLI_WORDS.finditer(without_comments_and_strings(text)):
        yield (f"{path}:{line_of(text, match.start())}: {match['call'] or match['stream']} "
               "belongs in main.c or cmd_*.c: return an error or take a stream")


def check_links(path):
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            folder, target, used_folder, used = line.rstrip("\n").split("\t")
            if folder.split("/")[0] not in STAGES or used == "vs_build":
                continue
            if used_folder != "-":
                reason = crossing(folder, used_folder, bool(TEST_TARGETS.match(target)), used)
            elif used in LINKED_IN and room_of(folder) not in LINKED_IN[used]:
                reason = f"only {' and '.join(LINKED_IN[used])} may"
            else:
                reason = None
            if reason:
                yield f"{folder}/CMakeLists.txt: {target} links {used}, but {reason}"


def check(root, links=None):
    """Every crossing as one line of text."""
    found = []
    count = 0
    for path in sources(root):
        count += 1
        with open(os.path.join(root, path), encoding="utf-8") as stream:
            text = stream.read()
        found += check_includes(root, path, text)
        found += check_calls(path, text)
    if count == 0:
        found.append(f"{root}: no C files below {', '.join(STAGES)}")
    if links:
        found += check_links(links)
    return found


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    found = check(*arguments[1:])
    for line in found:
        print(line)
    print(f"{len(found)} crossing(s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
