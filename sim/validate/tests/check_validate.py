#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_validate.py KNOWN_MISSES DOCUMENT...: what `vpci-sim validate` finds.

Every row that is not listed must hold, every listed row must be out; both ways
round a change is news.  Every row and every experiment's line that a document
shows must be what the command prints.  Then the comparisons themselves must fail
on a wrong list and on a wrong document, and the command must exit as it says.
"""

import json
import re
import subprocess
import sys


def run(*arguments):
    return subprocess.run(["vpci-sim", "validate", *arguments], capture_output=True, text=True)


def differences(rows, known):
    out = {row["row"] for row in rows if not row["holds"]}
    names = {row["row"] for row in rows}
    return ([f"{name}: out of its tolerance, and not listed" for name in sorted(out - known)]
            + [f"{name}: listed, but it holds" for name in sorted((known - out) & names)]
            + [f"{name}: listed, but there is no such row" for name in sorted(known - names)])


def number(value):
    return f"{value:.0f}" if value >= 10000 else f"{value:.4g}"


def words_of_row(row):
    if row["published"]:
        error, within = f"{100 * row['error']:+.1f} %", f"{100 * row['tolerance']:.0f} %"
    else:
        error, within = f"{row['error']:+.2g}", f"{row['tolerance']:.2g}"
    return (f"{row['row']} {row['machine']} {row['role']} {number(row['published'])} "
            f"{number(row['simulated'])} {row['unit']} {error} {within} "
            f"{'holds' if row['holds'] else 'OUT'}").split()


def words_of_group(group):
    counts = [group[role] for role in ("prediction", "calibrate", "exact")]
    predicted = f"{counts[0]['hold']} of {counts[0]['rows']}" if counts[0]["rows"] else "-"
    return (f"{group['group']} {group['what']} {sum(c['hold'] for c in counts)} of "
            f"{sum(c['rows'] for c in counts)} {predicted}").split()


def stale_lines(text, report):
    """Lines of a document that show a row or an experiment otherwise than it is."""
    rows = {row["row"]: row for row in report["rows"]}
    groups = {group["group"]: group for group in report["groups"]}
    stale = []
    for line in text.splitlines():
        words = line.split()
        if re.match(r"[a-z0-9-]+/[a-z0-9-]+ +[a-z0-9-]+ +(prediction|calibrate|exact) ", line):
            row = rows.get(words[0])
            if not row or words[:len(words_of_row(row))] != words_of_row(row):
                stale.append(line)
        elif words and words[0] in groups and re.search(r" \d+ of \d+ +(\d+ of \d+|-) ", line):
            expected = words_of_group(groups[words[0]])
            if words[:len(expected)] != expected:
                stale.append(line)
        elif re.match(r"\d+ of \d+ rows hold: ", line):
            if not line.startswith(f"{report['row_count'] - report['out_count']} of "
                                   f"{report['row_count']} rows hold: "):
                stale.append(line)
    return stale


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    known = {line for line in lines if line and not line.startswith("#")}
    failures = []

    result = run("--json")
    report = json.loads(result.stdout)
    rows = report["rows"]
    failures += differences(rows, known)
    if result.returncode != (1 if report["out_count"] else 0):
        failures.append(f"exit status {result.returncode} with {report['out_count']} rows out")
    if report["row_count"] != len(rows) or len({row["row"] for row in rows}) != len(rows):
        failures.append("rows are missing or named twice")
    for row in rows:
        error = row["simulated"] - row["published"]
        error /= abs(row["published"]) if row["published"] else 1
        if (abs(error) <= row["tolerance"]) != row["holds"]:
            failures.append(f"{row['row']}: judged wrongly")
        if not row["source"] or not row["what"]:
            failures.append(f"{row['row']}: no source")
    calibrated = [row["row"] for row in rows if row["role"] == "calibrate"]
    if set(calibrated) != {"readers/rwlock-28", "readers/rcu-28", "readers/srcu-28",
                           "saturated/ticket-6", "saturated/ticket-12", "saturated/mcs-6"}:
        failures.append(f"rows that set parameters: {calibrated}")
    for group in report["groups"]:
        if not group["what"]:
            failures.append(f"{group['group']}: what it is, is not said")

    # Documents show what the command prints, row for row.
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        failures += [f"{path}: stale: {line}" for line in stale_lines(text, report)]

    for line in ("readers/rwlock-48 xeon-8176-8s prediction 1770 1749 ns -1.3 % 18 % holds [3]",
                 "readers/gone xeon-8176-8s prediction 1 1 ns +0.0 % 18 % holds [3]",
                 "md1 open queue, constant holds 2 of 3 - -0.2 % wait",
                 "999 of 1000 rows hold: all."):
        if not stale_lines(line, report):
            failures.append(f"a wrong line of a document passes: {line}")

    # The comparison sees a wrong list either way.
    held = next(row["row"] for row in rows if row["holds"])
    if not differences(rows, known | {held}) or (known and not differences(rows, set())):
        failures.append("a wrong list of known misses passes")

    for arguments, status, text in (
            (["ticket-line"], 0, "3 of 3 rows hold"),
            (["ticket-line"], 0, "    [1] 1/X = s + c (N-1) / 2"),
            (["ticket-line", "--summary"], 0, "ticket-line  saturated ticket lock"),
            (["uncontended/ticket-2400"], 1, "1 of 1 rows are out"),
            (["ticket-lin"], 2, "no row or group"),
            (["ticket-line/3"], 2, 'did you mean "ticket-line/2"?'),
    ):
        result = run(*arguments)
        if result.returncode != status or text not in result.stdout + result.stderr:
            failures.append(f"{arguments}: status {result.returncode}\n{result.stdout}"
                            f"{result.stderr}")
    if run("ticket-line", "shapes", "--json").stdout != run("ticket-line", "shapes",
                                                            "--json").stdout:
        failures.append("two runs differ")

    print("\n".join(failures) or f"{len(rows)} rows, {len(known)} known misses")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
