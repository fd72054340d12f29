#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_validate.py KNOWN_MISSES: what `vpci-sim validate` finds, against the list.

Every row that is not listed must hold, every listed row must be out; both ways
round a change is news.  Then the comparison itself must fail on a wrong list,
and the command must exit as it says.
"""

import json
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
                           "saturated/ticket-6", "saturated/ticket-12",
                           "shapes/toyrcu-update-64"}:
        failures.append(f"rows that set parameters: {calibrated}")

    # The comparison sees a wrong list either way.
    held = next(row["row"] for row in rows if row["holds"])
    if not differences(rows, known | {held}) or (known and not differences(rows, set())):
        failures.append("a wrong list of known misses passes")

    for arguments, status, text in (
            (["ticket-line"], 0, "3 of 3 rows hold"),
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
