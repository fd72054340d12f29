#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The page's verdict matrix and hypotheses, from made-up rows.

    check_proof.py TOOL SOURCE_DIR SCHEMA.sql

SOURCE_DIR is analysis/tests.  No verdict in the fixture was searched for.
"""
import html.parser
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

TOOL, SOURCE, SCHEMA = sys.argv[1:4]
WORK = tempfile.TemporaryDirectory(prefix="vs-proof-")
FAILED = []
NASTY = '<script>alert(1)</script> & "x" \'y\'\t\n'


def expect(holds, text):
    if not holds:
        FAILED.append(text)
        print("FAILED:", text)


def insert(db, table, **row):
    db.execute("INSERT INTO %s (%s) VALUES (%s)" % (table, ",".join(row),
               ",".join("?" * len(row))), list(row.values()))
    return db.execute("SELECT last_insert_rowid()").fetchone()[0]


def schedule(words):
    return json.dumps({
        "policy": "pci-lock", "violation": "use-after-free", "text": "it ends " + words,
        "setup": {"actors": [{"domain": 0, "calls": [{"op": "read-hardware", "device": 0}]},
                             {"domain": 1, "calls": [{"op": "device-remove", "device": 1}]}]},
        "steps": [{"actor": 0, "step": "read-lock " + words, "locks": "pci_lock: v0 R"},
                  {"actor": 1, "step": "free pdev", "locks": ""}]})


def add_check(db, key, policy, rank, verdicts, words, verdict="violated"):
    check = insert(db, "check_run", check_key=key, created_at="2026-01-01T00:00:00Z",
                   version="0", model_of="abcdef0123", policy=policy, policy_source="s",
                   policy_text="{}", policy_rank=rank, explored="every pair " + words,
                   not_explored="the rest", actors=2, devices=2, domains=2, rounds=2,
                   state_limit=100, verdict=verdict, order_inversion="", programs=3, pairs=1000,
                   triples=234, skipped=0, cut=0, states=56789, steps=67890,
                   peak_bytes=3 * 1048576, seconds=1.5)
    for position, (scenario, outcome) in enumerate(verdicts):
        insert(db, "check_verdict", check_id=check, scenario=scenario, position=position,
               title="title " + words, about="about " + words, source="source",
               verdict=outcome, expected="", because="because " + words, violation="use-after-free",
               text="text", length=2, states=5, steps=6,
               schedule=schedule(words) if outcome == "violated" else "")
    if verdict == "violated":
        insert(db, "check_finding", check_id=check, violation="use-after-free", text="t", actors=2,
               length=2, shortest=1, schedule=schedule(words))


def add_hypothesis(db, key, name, verdict, words, replaced="{}"):
    hypothesis = insert(db, "hypothesis", hypothesis_key=key, created_at="2026-01-01T00:00:00Z",
                        version="0", model_of="abcdef0123", name=name, position=0,
                        title="title " + words, claim="claim " + words, source="who",
                        rule="rule", verdict=verdict, because="1 agrees", tested_by="both",
                        agree=1, disagree=0, undecided=0, assumptions=json.dumps(["as " + words]),
                        missing=json.dumps(["lacks " + words]), replaced=replaced, seconds=0.1)
    insert(db, "hypothesis_test", hypothesis_id=hypothesis, position=0, says="says " + words,
           control=0, kind="check", policy="pci-lock", outcome="agrees", text="came " + words,
           command="vpci-sim check --policy pci-lock", setup="synthetic: " + words, synthetic=0,
           value=0, bound="reached", schedule=schedule(words))


class Balance(html.parser.HTMLParser):
    """Elements that are opened are closed, in order; identifiers are unique; links lead there."""
    VOID = {"meta", "br", "link", "img", "hr", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.wrong = [], [], [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name == "href" and value.startswith("#"):
                self.links.append(value[1:])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("%s at %s" % (tag, self.getpos()))


def page_of(name, fill, scene="quiet"):
    database = os.path.join(WORK.name, name + ".db")
    subprocess.run([sys.executable, os.path.join(SOURCE, "make_db.py"), SCHEMA, database, scene],
                   check=True)
    with sqlite3.connect(database) as db:
        fill(db)
    out = os.path.join(WORK.name, name)
    done = subprocess.run([TOOL, database, "-o", out, "--json"], capture_output=True, text=True,
                          timeout=240)
    expect(done.returncode == 0, "%s: status %d: %s" % (name, done.returncode, done.stderr))
    with open(os.path.join(out, "index.html"), encoding="utf-8") as stream:
        page = stream.read()
    balance = Balance()
    balance.feed(page)
    expect(not balance.wrong and not balance.open, "%s: not balanced: %s" % (name, balance.wrong))
    expect(len(balance.ids) == len(set(balance.ids)), name + ": an identifier stands twice")
    missing = set(balance.links) - set(balance.ids)
    expect(not missing, "%s: links lead nowhere: %s" % (name, missing))
    return page, json.loads(done.stdout)


def check_nothing():
    page, said = page_of("nothing", lambda db: None)
    expect("Nothing was searched into this database" in page, "an empty matrix says so")
    expect("No claim was tested into this database" in page, "no hypotheses say so")
    expect("verdicts" not in said and "hypotheses" not in said, "nothing in the JSON either")


def check_filled():
    def fill(db):
        # The older answer must not show.
        add_check(db, "k0", "pci-lock", 6, [("S1", "violated"), ("S2", "violated")], "old")
        add_check(db, "k1", "pci-lock", 6, [("S1", "holds"), ("S2", "violated"),
                                            ("S3", "not-modelled"), ("S4", "unknown")], "new")
        add_check(db, "k2", "rcu", 10, [("S1", "holds"), ("S2", "holds")], "new", "ok")
        add_hypothesis(db, "h1", "H10", "refuted", "ten")
        add_hypothesis(db, "h2", "H2", "in part", "two")
        add_hypothesis(db, "h0", "H2", "confirmed", "replaced", '{"rcu": "./mine.json"}')

    page, said = page_of("unreplayed", fill, "empty")
    for text in ("Verdict matrix: policy x scenario", "Nothing was replayed into this database",
                 "title two"):
        expect(text in page, "the page without replays says '%s'" % text)
    for text in ("same traffic is replayed", 'id="load"', 'id="assumptions"'):
        expect(text not in page, "the page without replays has no '%s'" % text)
    expect(said["scenarios"] == [] and "verdicts" in said, "no replay in the JSON, but verdicts")

    page, said = page_of("filled", fill)
    expect("1 of 3 break" in page and "none of 2 breaks" in page,
           "the statistics say what the matrix says")
    for text in ("Verdict matrix: policy x scenario", "Hypotheses", "1,234", "56,789", "3.0 MiB",
                 "in this model of commit abcdef0123: a claim about a model until a Xen developer "
                 "confirms it", "v1, a vCPU of dom1", "read-lock new", "none within bounds",
                 "lacks two", "synthetic: ten", "policies replaced", "./mine.json"):
        expect(text in page, "the page says '%s'" % text)
    for text in ("about old", "read-lock old", "every pair old"):
        expect(text not in page, "'%s', an older answer, is gone" % text)
    expect(page.index("title two") < page.index("title ten"), "H2 stands before H10")
    expect(said["verdicts"]["pci-lock"] == {"S1": "holds", "S2": "violated", "S3": "not-modelled",
                                            "S4": "unknown"}, "the verdicts as JSON")
    expect([h["verdict"] for h in said["hypotheses"]] == ["in part", "refuted", "confirmed"],
           "the hypotheses as JSON")


def check_hostile():
    def fill(db):
        add_check(db, "k1", "pci-lock" + NASTY, 1000, [("S1" + NASTY, "violated")], NASTY)
        add_hypothesis(db, "h1", "H1" + NASTY, "refuted", NASTY)
        db.execute("UPDATE check_finding SET schedule = 'no json'")
        db.execute("UPDATE hypothesis SET missing = '[1, {}]'")

    page, _ = page_of("hostile", fill)
    expect("<script>alert" not in page, "markup from the database is escaped")
    expect("The stored schedule cannot be read." in page, "a damaged schedule is told")


for claim in (check_nothing, check_filled, check_hostile):
    claim()
print("%d failure(s)" % len(FAILED))
sys.exit(1 if FAILED else 0)
