#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows layers.py failing: a made-up tree that is clean, then one fault at a time."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layers  # noqa: E402

CLEAN = {
    "traces/base/json.c": '#include <jansson.h>\n',
    "traces/base/error.h": '/* printf( and exit( in a comment */\n',
    "traces/base/program.c": '#include "error.h"\nint f(void) { printf("x"); exit(2); }\n',
    "traces/trace.h": '#include "base/error.h"\n',
    "traces/main.c": '#include "trace.h"\nint main(void) { return puts("x"); }\n',
    "traces/import/import.h": '#include "trace.h"\n',
    "traces/import/csv.h": '#include "import/import.h"\n',
    "capture/cmd_xentrace.c": '#include "import/import.h"\n',
    "sim/model/operation.h": '#include "trace.h"\n',
    "sim/model/operation.c": '#include "operation.h"\nconst char *s = "exit(1) stderr";\n',
    "sim/policies/policy.h": '#include "model/operation.h"\n',
    "sim/engine/engine.h": '#include "policies/policy.h"\n',
    "sim/engine/engine.c": 'void f(void *s) { fprintf(s, "x"); snprintf(s, 1, "x"); on_exit(1); }\n',
    "sim/store/store.c": '#include <sqlite3.h>\n#include "engine/engine.h"\n',
    "sim/cmd_replay.c": '#include "store/store.c"\nint f(void) { return printf("x"); }\n',
    "sim/model/tests/test_operation.c": '#include "model/operation.h"\nint f(void) { puts("x"); }\n',
    "analysis/query.c": '#include <sqlite3.h>\n#include "base/error.h"\n',
}

# What is added to the clean tree, and what must be said.
FAULTS = [
    ("traces/up.c", '\n#include "model/operation.h"\n',
     "traces/up.c:2: includes sim/model/operation.h, but traces/ may not use sim/model/"),
    ("traces/base/up.c", '#include "trace.h"\n', "traces/base/ may not use traces/"),
    ("capture/up.c", '#include "engine/engine.h"\n', "capture/ may not use sim/engine/"),
    ("capture/up2.c", '#include "import/csv.h"\n', "capture/ may use of traces/import/ only"),
    ("sim/model/up.c", '#include "../engine/engine.h"\n', "sim/model/ may not use sim/engine/"),
    ("sim/policies/up.c", '#include "trace.h"\n', "sim/policies/ may not use traces/"),
    ("sim/engine/up.c", '#include "trace.h"\n', "sim/engine/ may not use traces/"),
    ("sim/engine/tests/up.c", '#include "store/store.c"\n', "sim/engine/ may not use sim/store/"),
    ("analysis/up.c", '#include "store/store.c"\n', "analysis/ may not use sim/store/"),
    ("analysis/up2.c", '#include "trace.h"\n', "analysis/ may not use traces/"),
    ("sim/up.c", '#include "nowhere.h"\n', 'there is no "nowhere.h"'),
    ("sim/store/other.c", '#include <sqlite3.h>\n', "may include sqlite3.h"),
    ("sim/policies/other.c", '#  include <jansson.h>\n', "may include jansson.h"),
    ("traces/other.c", '#include <zstd.h>\n', "may include zstd.h"),
    ("traces/print.c", '/*\n*/ int f(void) { printf("x"); }\n', "traces/print.c:2: printf belongs"),
    ("sim/engine/end.c", 'void f(void) { exit (1); }\n', "exit belongs"),
    ("sim/engine/say.c", 'void f(void) { fputs("x", stderr); }\n', "stderr belongs"),
]

LINKS = [
    ("sim/store\tvs_store\t-\tPkgConfig::SQLITE", None),
    ("sim\tvpci-sim\tsim/store\tvs_store", None),
    ("sim/model\tvs_model\t.\tvs_build", None),
    ("capture\tvpci-capture\ttraces/import\tvs_import_xentrace", None),
    ("capture\tvpci-capture\ttraces/import\tvs_import", "capture/ may use of traces/import/ only"),
    ("analysis\tvpci-report\tsim/store\tvs_store", "analysis/ may not use sim/store/"),
    ("traces\tvs_trace\tsim/model\tvs_model", "traces/ may not use sim/model/"),
    ("sim\tvpci-sim\t-\tPkgConfig::SQLITE", "only sim/store and analysis may"),
    ("sim/policies\tvs_policies\t-\tPkgConfig::JANSSON", "only traces/base may"),
]


class Layers(unittest.TestCase):
    def tree(self, extra=()):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for path, text in list(CLEAN.items()) + list(extra):
            full = os.path.join(directory.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as stream:
                stream.write(text)
        return directory.name

    def links(self, line):
        path = os.path.join(self.tree(), "links.tsv")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(line + "\n")
        return list(layers.check_links(path))

    def test_a_clean_tree_passes(self):
        self.assertEqual(layers.check(self.tree()), [])
        self.assertEqual(layers.main(["layers.py", self.tree()]), 0)

    def test_every_fault_is_found_and_nothing_else(self):
        for path, text, expected in FAULTS:
            with self.subTest(path=path):
                found = layers.check(self.tree([(path, text)]))
                self.assertEqual(len(found), 1, found)
                self.assertIn(expected, found[0])

    def test_a_fault_is_exit_status_1(self):
        path, text, _ = FAULTS[0]
        self.assertEqual(layers.main(["layers.py", self.tree([(path, text)])]), 1)

    def test_links_that_cross_are_found(self):
        for line, expected in LINKS:
            with self.subTest(line=line):
                found = self.links(line)
                self.assertEqual(len(found), 1 if expected else 0, found)
                if expected:
                    self.assertIn(expected, found[0])

    def test_an_empty_tree_is_not_a_pass(self):
        with tempfile.TemporaryDirectory() as directory:
            self.assertEqual(len(layers.check(directory)), 1)


if __name__ == "__main__":
    unittest.main()
