#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the commands that the documentation shows.

    readme_commands.py [--write] ROOT BIN

With --write, what exact blocks show is replaced by what their commands print.  In
README.md at the root and every *.md in traces/, sim/, analysis/ and capture/:

    ```console run      each "$ " line is run, and must end with status 0
    ```console exact    the same, and prints exactly what follows it (stdout and stderr)
    ```console          is not run (a command that installs, or needs another machine)

A line that ends in a backslash goes on in the next.  To show a command that fails,
write `command || echo "exit status $?"`.  The blocks of one file run in order in one
scratch directory, which has the tools in PATH and below build/release/bin, and traces/,
sim/ and analysis/ of the source tree as they stand.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

STAGES = ("traces", "sim", "analysis", "capture")
BLOCK = re.compile(r"^```console[ \t]*(?P<mark>[a-z]*)[ \t]*\n(?P<body>.*?)^```[ \t]*$", re.M | re.S)
MARKS = ("", "run", "exact")
COMMAND_TIMEOUT_S = 600


def documents(root):
    readme = os.path.join(root, "README.md")
    if os.path.isfile(readme):
        yield readme
    for stage in STAGES:
        for folder, _, names in sorted(os.walk(os.path.join(root, stage))):
            for name in sorted(names):
                if name.endswith(".md"):
                    yield os.path.join(folder, name)


def commands(body):
    """(line within the body, command, output shown below it)."""
    found = []
    more = False
    for number, line in enumerate(body.splitlines(), 1):
        if more:
            found[-1][1] += "\n" + line
        elif line.startswith("$ "):
            found.append([number, line[2:], ""])
        elif found:
            found[-1][2] += line + "\n"
            continue
        else:
            raise ValueError(f"a console block begins with '{line}', not with '$ '")
        more = line.endswith("\\")
    return found


def scratch(root, bin_directory):
    directory = tempfile.mkdtemp(prefix="vpcisim-readme-")
    for stage in STAGES:
        if os.path.isdir(os.path.join(root, stage)):
            os.symlink(os.path.join(root, stage), os.path.join(directory, stage))
    os.makedirs(os.path.join(directory, "build", "release"))
    os.symlink(bin_directory, os.path.join(directory, "build", "release", "bin"))
    return directory


def run(command, directory, bin_directory):
    environment = dict(os.environ, LC_ALL="C.UTF-8",
                       PATH=bin_directory + os.pathsep + os.environ["PATH"])
    try:
        done = subprocess.run(["bash", "-c", command], cwd=directory, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=COMMAND_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, f"(still running after {COMMAND_TIMEOUT_S} s)\n"
    return done.returncode, done.stdout.decode("utf-8", "replace")


def check_document(path, root, bin_directory, write=False):
    """(number of commands run, failures as text); with write, exact blocks are made true."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    name = os.path.relpath(path, root)
    directory = scratch(root, bin_directory)
    failures = []
    count = 0
    written, written_to = "", 0
    try:
        for block in BLOCK.finditer(text):
            mark = block["mark"]
            first_line = text.count("\n", 0, block.start("body"))
            if mark not in MARKS:
                failures.append(f"{name}:{first_line}: unknown mark '{mark}'; expected run or exact")
            if mark not in ("run", "exact"):
                continue
            try:
                lines = commands(block["body"])
            except ValueError as problem:
                failures.append(f"{name}:{first_line}: {problem}")
                continue
            body = ""
            for number, command, shown in lines:
                place = f"{name}:{first_line + number}"
                status, output = run(command, directory, bin_directory)
                count += 1
                print(f"{place}: $ {command}", flush=True)
                body += f"$ {command}\n{output}"
                if status != 0:
                    failures.append(f"{place}: '{command}' ended with status {status}:\n{output}")
                elif mark == "exact" and output != shown and not write:
                    failures.append(f"{place}: '{command}' shows\n{shown}but prints\n{output}")
            if mark == "exact":
                written += text[written_to:block.start("body")] + body
                written_to = block.end("body")
    finally:
        shutil.rmtree(directory)
    if write and not failures:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(written + text[written_to:])
    return count, failures


def check(root, bin_directory, write=False):
    count = 0
    failures = []
    for path in documents(root):
        more, found = check_document(path, root, bin_directory, write)
        count += more
        failures += found
    return count, failures


def main(arguments):
    write = arguments[1:2] == ["--write"]
    paths = arguments[2:] if write else arguments[1:]
    if len(paths) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    count, failures = check(os.path.abspath(paths[0]), os.path.abspath(paths[1]), write)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{count} command(s) run, {len(failures)} failure(s)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
