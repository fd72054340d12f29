#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows readme_commands.py failing on a made-up tree."""

import os
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readme_commands  # noqa: E402

TOOL = "#!/bin/sh\necho \"tool $*\"\n"

# Text of README.md, number of commands run, what the only failure says (or None).
CASES = [
    ("```console run\n$ tool a\nanything\n$ build/release/bin/tool b\n```\n", 2, None),
    ("```console exact\n$ tool a\ntool a\n$ tool b \\\n    c\ntool b c\n```\n", 2, None),
    ("```console exact\n$ echo 1 > f\n```\n\n```console exact\n$ cat f\n1\n```\n", 2, None),
    ("```console exact\n$ cat traces/data\ndata\n```\n", 1, None),
    ("```console exact\n$ echo out; echo err >&2\nout\nerr\n```\n", 1, None),
    ("```console\n$ false\n```\n```sh\n$ false\n```\n", 0, None),
    ("```console run\n$ false\n```\n", 1, "README.md:2: 'false' ended with status 1"),
    ("x\n\n```console run\n$ true\n$ no-such-tool\n```\n", 2, "README.md:5: 'no-such-tool' ended"),
    ("```console exact\n$ tool a\ntool b\n```\n", 1, "README.md:2: 'tool a' shows"),
    ("```console exact\n$ tool a\n```\n", 1, "but prints\ntool a"),
    ("```console exact\n$ tool a\ntool a\n\n```\n", 1, "'tool a' shows"),
    ("```console exactly\n$ tool a\n```\n", 0, "unknown mark 'exactly'"),
    ("```console run\ntool a\n```\n", 0, "begins with 'tool a'"),
]


class ReadmeCommands(unittest.TestCase):
    def tree(self, readme):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        root = directory.name
        os.makedirs(os.path.join(root, "bin"))
        os.makedirs(os.path.join(root, "traces"))
        tool = os.path.join(root, "bin", "tool")
        for path, text in ((tool, TOOL), (os.path.join(root, "README.md"), readme),
                           (os.path.join(root, "traces", "data"), "data\n")):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        os.chmod(tool, stat.S_IRWXU)
        return root, os.path.join(root, "bin")

    def test_each_case(self):
        for readme, expected_count, expected_failure in CASES:
            with self.subTest(readme=readme):
                count, failures = readme_commands.check(*self.tree(readme))
                self.assertEqual(count, expected_count)
                self.assertEqual(len(failures), 1 if expected_failure else 0, failures)
                if expected_failure:
                    self.assertIn(expected_failure, failures[0])

    def test_a_failure_is_exit_status_1(self):
        root, tools = self.tree(CASES[6][0])
        self.assertEqual(readme_commands.main(["x", root, tools]), 1)
        root, tools = self.tree(CASES[0][0])
        self.assertEqual(readme_commands.main(["x", root, tools]), 0)

    def test_documents_of_the_stages_count(self):
        root, tools = self.tree("")
        with open(os.path.join(root, "traces", "FORMAT.md"), "w", encoding="utf-8") as stream:
            stream.write("```console run\n$ false\n```\n")
        self.assertEqual(len(readme_commands.check(root, tools)[1]), 1)


if __name__ == "__main__":
    unittest.main()
