#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run vpci-report on fixture databases and check what it writes and says.

    check_report.py CLAIM TOOL SOURCE_DIR SCHEMA.sql

CLAIM names one of the functions below without its "check_".
SOURCE_DIR is analysis/tests.  With VS_GOLDEN_WRITE=1 golden files are written anew.
"""
import hashlib
import html.parser
import json
import os
import random
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import xml.dom.minidom
import zlib

CLAIM, TOOL, SOURCE, SCHEMA = sys.argv[1:5]
WORK = tempfile.TemporaryDirectory(prefix="vs-report-")
FAILED = []
# Drawn from runs of a sweep and from answers of saturate: see check_sensitivity.
ASSUMED_PLOTS = ("vary", "saturation")


def expect(holds, text):
    if not holds:
        FAILED.append(text)
        print("FAILED:", text)


def path(name):
    return os.path.join(WORK.name, name)


def make_db(scene, name=None):
    out = path(name or scene + ".db")
    subprocess.run([sys.executable, os.path.join(SOURCE, "make_db.py"), SCHEMA, out, scene],
                   check=True)
    return out


def report(*arguments, environment=None):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True,
                          env=environment, timeout=240)


def read(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def digest(name):
    with open(name, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def golden(name, text):
    place = os.path.join(SOURCE, "golden", name)
    if os.environ.get("VS_GOLDEN_WRITE"):
        with open(place, "w", encoding="utf-8") as f:
            f.write(text)
    expect(read(place) == text, "golden file %s differs" % name)


def png_facts(data):
    """Width, height and the number of distinct bytes in the decompressed rows: one or
    two for a blank picture, whatever the filter."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, idat, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length:
                                                                   at + 12 + length])[0]
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        elif kind == b"IDAT":
            idat += body
        at += 12 + length
    return size[0], size[1], len(set(zlib.decompress(idat)))


def blank_png(width, height):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))
    rows = (b"\0" + b"\xff" * 3 * width) * height
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def text_of(node):
    if node.nodeType == node.TEXT_NODE:
        return node.data
    return "".join(text_of(child) for child in node.childNodes)


def check_svg(name, caption):
    dom = xml.dom.minidom.parse(name)
    texts = [text_of(t) for t in dom.getElementsByTagName("text")]
    joined = re.sub(r"\s+", " ", " ".join(t.strip() for t in texts))
    # The caption is broken into lines, each a text of its own.
    words = re.sub(r"\s+", " ", caption)
    expect(words in joined, "%s lacks its caption %r" % (name, words))
    root = dom.documentElement
    return int(root.getAttribute("width")), int(root.getAttribute("height"))


# ------------------------------------------------------------------------- claims

def check_pictures():
    """Each plot is a well-formed SVG with its caption and a PNG of the right size."""
    expect(png_facts(blank_png(40, 30))[2] <= 2, "the check for blank pictures is blind")
    database = make_db("full")
    before = digest(database)
    run = report(database, "-o", path("out"), "--json")
    expect(run.returncode == 0, "exit status %d: %s" % (run.returncode, run.stderr))
    expect(run.stderr == "", "gnuplot or the tool complained: %s" % run.stderr)
    expect(digest(database) == before, "the database was changed")
    expect(sorted(os.listdir(WORK.name)) == ["full.db", "out"], "files were left beside it")
    said = json.loads(run.stdout)
    drawn = [p for s in said["scenarios"] for p in s["plots"]] + said["against_load"]
    names = {p["plot"] for p in drawn if p["svg"]} | set(ASSUMED_PLOTS)
    # The registry, the files and the pictures agree.
    files = os.listdir(os.path.join(SOURCE, "..", "plots"))
    queries = {f[:-4] for f in files if f.endswith(".sql")}
    expect(names == queries, "drawn are %s, queries are %s" % (names, queries))
    expect({f[:-3] for f in files if f.endswith(".gp")} == queries | {"common", "legend"},
           "scripts and queries do not come in pairs: %s" % files)
    check_drawn(drawn, "out")
    for series in ("none (floor)", "pcidevs-spin (ceiling)"):
        for plot in drawn:
            if plot["svg"] and plot["plot"] != "blockers":
                expect(series in read(path("out/" + plot["svg"])),
                       "%s lacks %s" % (plot["svg"], series))


def check_drawn(drawn, directory):
    for plot in drawn:
        if not plot["svg"]:
            expect(len(plot["not_drawn"]) > 20, "no reason given for %s" % plot["plot"])
            continue
        width, height = check_svg(path("%s/%s" % (directory, plot["svg"])), plot["caption"])
        with open(path("%s/%s" % (directory, plot["png"])), "rb") as f:
            png_width, png_height, colours = png_facts(f.read())
        expect(abs(png_width - 1.5 * width) <= 1 and abs(png_height - 1.5 * height) <= 1,
               "%s is %dx%d" % (plot["png"], png_width, png_height))
        expect(colours > 30, "%s is blank" % plot["png"])


def check_redraw():
    """The scripts and data that are left behind draw the same picture again."""
    run = report(make_db("quiet"), "-o", path("out"))
    expect(run.returncode == 0, run.stderr)
    pictures = [n for n in os.listdir(path("out")) if n.endswith(".svg")]
    expect(len(pictures) == 1, "expected one picture, found %s" % pictures)
    for name in pictures:
        before = digest(path("out/" + name))
        os.remove(path("out/" + name))
        subprocess.run(["gnuplot", "-d", "plots/" + name[:-4] + ".gp"], cwd=path("out"),
                       check=True)
        expect(digest(path("out/" + name)) == before, "%s came out different" % name)


def check_sensitivity():
    """What is known to survive survives, what is known to flip flips where it does."""
    run = report(make_db("sweep"), "-o", path("out"), "--json")
    expect(run.returncode == 0 and run.stderr == "", "exit status %d: %s" % (run.returncode,
                                                                             run.stderr))
    said = json.loads(run.stdout)
    expect(len(said["survives_assumptions"]) == 1, "not one trace")
    one = said["survives_assumptions"][0]
    expect(len(one["groups"]) == 8 and one["groups_with_replicas"] == 8, "groups: %s"
           % one["groups"])
    policies = {p["policy"]: p for p in one["policies"]}
    ranked = sorted(p for p in policies if policies[p]["ranked"])
    expect(ranked == ["pci-lock", "pcidevs-rwlock", "rcu", "refcount"], "ranked are %s" % ranked)
    expect(policies["device-lock"]["something_wrong_in"] == 1, "a hazard of one replica is lost")
    expect(policies["rcu"]["stated_to_leave_open"] == "a window that the fixture states"
           and policies["refcount"]["stated_to_leave_open"] is None, "stated windows")

    def pair(a, b):
        found = [p for p in one["by_p99"] if (p["policy"], p["against"]) == (a, b)]
        expect(len(found) == 1, "%s against %s: %s" % (a, b, found))
        return found[0]

    holds = pair("rcu", "pci-lock")
    expect((holds["verdict"], holds["better_in"], holds["flips"]) == ("holds", 8, []), holds)
    weak = pair("pcidevs-rwlock", "pci-lock")
    expect((weak["verdict"], weak["better_in"], weak["not_told_apart_in"])
           == ("never worse", 4, 4), weak)
    # 500 ns: 5 against 8 us; 1 us: alike; 2 us: 11 against 8; 4 us: still.  Once a speed, between
    # neighbours that have a verdict; not from one speed at 500 ns to the other at 2 us.
    flips = [p for p in one["by_p99"] if {p["policy"], p["against"]} == {"rcu", "refcount"}][0]
    expect(flips["verdict"] == "flips" and {flips["better_in"], flips["worse_in"]} == {2, 4}, flips)
    low, high = ("better_at", "worse_at") if flips["policy"] == "refcount" else ("worse_at",
                                                                                 "better_at")
    expect([(f["axis"], f[low], f[high]) for f in flips["flips"]]
           == [("conf1-cycle", {"speed": s, "conf1-cycle": 500}, {"speed": s, "conf1-cycle": 2000})
               for s in (1, 4)], flips["flips"])
    expect(sum(p["verdict"] == "flips" for p in one["by_p99"]) == 1, "others flip, too")
    expect({p["verdict"] for p in one["by_throughput"]} == {"not told apart"}, "throughput")
    expect([p for p in policies if policies[p]["unbeaten_by_p99"]] == [], "somebody is unbeaten")
    says = "\n".join(one["says"])
    for part in ("8 groups of replays", "speed 1 and 4", "conf1-cycle 500 ns, 1.00 µs, 2.00 µs and 4.00 µs",
                 "device-lock (in 1 of 8 groups)", "rcu (a window that the fixture states)",
                 "In all of them",
                 "Survives everything, by p99: refcount beats pcidevs-rwlock and pci-lock; "
                 "rcu beats pcidevs-rwlock and pci-lock.",
                 "better at conf1-cycle 2.00 µs, worse at 500 ns (speed 1)",
                 "By throughput no two of them are told apart"):
        expect(part in says, "not said: %r in %s" % (part, says))
    # A ranking within one group goes by the replicas, too: 3 % apart is apart when measured.
    expect(any("Numbers are medians over replicas" in f for s in said["scenarios"]
               for f in s["findings"]), "findings do not go by replicas")
    expect(len(said["scenarios"]) == 8 and all(len(s["runs"]) == 7 for s in said["scenarios"]),
           "replicas stand beside each other as if they were policies")
    drawn = said["against_assumptions"]
    expect([p["plot"] for p in drawn] == ["vary", "vary", "saturation"], drawn)
    check_drawn(drawn, "out")
    for plot in drawn:
        picture = read(path("out/" + plot["svg"]))
        for series in ("none (floor) †", "pcidevs-spin (ceiling)",
                       "pci-lock ‡" if plot["plot"] == "saturation" else "device-lock"):
            expect(series in picture, "%s lacks %s" % (plot["svg"], series))
    text = check_page_is(path("out/index.html"), 0)
    for part in ("What survives the assumptions", "8 of 8", "p99 over replicas",
                 "hazards in 1 of 3 replicas", 'class="n flips"'):
        expect(part in text, "the page lacks %r" % part)
    # Another report into the same directory takes them away again.
    expect(report(make_db("quiet"), "-o", path("out")).returncode == 0, "second report")
    expect(not [n for n in os.listdir(path("out")) if n.startswith(ASSUMED_PLOTS)],
           "pictures of an earlier report were left")
    one = json.loads(report(make_db("quiet"), "-o", path("out"), "--json").stdout)
    expect("Nothing was varied" in one["survives_assumptions"][0]["says"][0],
           "one group is compared with itself")


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.ids, self.references, self.open = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "br", "line", "path", "rect", "circle", "use", "polygon"):
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src", "srcset", "data", "action"):
                self.references.append(value)
            expect(not name.startswith("on"), "an event handler: %s" % name)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open and self.open.pop() != tag:
                pass


def check_page_is(name, allowed_http):
    text = read(name)
    page = Page()
    page.feed(text)
    expect(page.open == [], "unclosed tags: %s" % page.open)
    expect(len(page.ids) == len(set(page.ids)), "identifiers are not unique")
    for reference in page.references:
        expect(reference.startswith("#") and reference[1:] in page.ids,
               "a reference out of the page or to nothing: %s" % reference)
    for tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form"):
        expect(tag not in page.tags, "a <%s> in the page" % tag)
    expect(text.count("http") == allowed_http, "%d times http" % text.count("http"))
    expect("@import" not in text and "url(http" not in text, "the style fetches something")
    return text


def check_page():
    """The page is self-contained, and its table says what the view says."""
    database = make_db("full")
    expect(report(database, "-o", path("out"), "--format", "svg").returncode == 0, "failed")
    text = check_page_is(path("out/index.html"), 0)
    tables = re.findall(r'<table class="comparison">.*?</table>', text, re.S)
    db = sqlite3.connect(database)
    rows = db.execute("SELECT policy, hazard_seen, most_contended FROM policy_comparison "
                      "ORDER BY speed, clones").fetchall()
    expect(len(tables) == 4, "%d comparison tables" % len(tables))
    expect(sum(t.count("</tr>") for t in tables) - 4 == len(rows), "rows differ from the view's")
    expect(sum(t.count("deadlock") for t in tables)
           == sum(r[1] == "deadlock" for r in rows), "deadlocks differ from the view's")
    for part in ("WHAT-IF: think times divided by 64", "Captured under emulation: fixture-host.vpt.",
                 "prefers-color-scheme: dark", "d0v1 toggle-decode waits for vpci_lock",
                 "lock_cnt", "block_time", "work.conf1-cycle: ns 1400",
                 "no-snapshot 40, decode-state 3", "after device-remove"):
        expect(part in text, "the page lacks %r" % part)


def check_golden():
    """The sentences and the comparison table, to the byte."""
    run = report(make_db("full"), "-o", path("full"), "--json", "--format", "svg")
    golden("full.json", run.stdout)
    run = report(make_db("quiet"), "-o", path("quiet"), "--title", "A & B")
    golden("quiet.out", run.stdout.replace(WORK.name, "WORK"))
    text = read(path("quiet/index.html"))
    golden("quiet.table.html", re.search(r'<div class="wide"><table class="comparison">.*?</div>',
                                         text, re.S).group(0) + "\n")
    expect("<h1>A &amp; B</h1>" in text, "the title is not there")
    run = report("--help")
    golden("help.out", run.stdout)
    expect(max(len(line) for line in run.stdout.splitlines()) <= 80, "help is wider than 80")


def check_hostile():
    """Names full of markup stay text in page, pictures and scripts."""
    run = report(make_db("hostile"), "-o", path("out"))
    expect(run.returncode == 0, run.stderr)
    expect(run.stderr == "", run.stderr)
    # policy_source holds "http://x" once per distinct policy, as text.
    text = check_page_is(path("out/index.html"), 11)
    for part in ("<script>", "<img", "<u>", "<b>\\me", "<a href='http"):
        expect(part not in text, "markup from the database: %s" % part)
    for part in ("&lt;script&gt;alert(&#39;x&#39;)", "it&#39;s &lt;b&gt;\\me&lt;/b&gt;"):
        expect(part in text, "lost from the page: %s" % part)
    for name in os.listdir(path("out")):
        if name.endswith(".svg"):
            xml.dom.minidom.parse(path("out/" + name))
    expect(not os.path.exists(path("out/me")), "a name became a command")


def refused(what, status, parts, arguments, environment=None):
    run = report(*arguments, environment=environment)
    expect(run.returncode == status, "%s: exit status %d, expected %d (%s)"
           % (what, run.returncode, status, run.stderr))
    for part in parts:
        expect(part in run.stderr, "%s: %r not in %r" % (what, part, run.stderr))
    expect(run.stdout == "", "%s: wrote %r" % (what, run.stdout))


def check_bad_input():
    """Every wrong file and host trouble ends in a sentence and the right exit status."""
    good = make_db("quiet")
    out = ["-o", path("out")]

    def other(name, content):
        with open(path(name), "wb") as f:
            f.write(content)
        return path(name)

    def changed(name, *statements):
        with open(good, "rb") as f:
            other(name, f.read())
        db = sqlite3.connect(path(name))
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()
        return path(name)

    with open(good, "rb") as f:
        whole = f.read()
    refused("no file", 4, ["none.db: ", "No such file"], [path("none.db"), *out])
    refused("directory", 3, ["found a directory"], [WORK.name, *out])
    refused("text", 3, ["text.db: expected a database", "another file"],
            [other("text.db", b"policy,p99\nnone,1\n" * 100), *out])
    refused("empty file", 3, ["found an empty file"], [other("nil.db", b""), *out])
    refused("truncated", 3, ["cut.db: "], [other("cut.db", whole[:len(whole) // 3]), *out])
    refused("no runs", 3, ["holds no run, search or hypothesis"], [make_db("empty"), *out])
    threads = make_db("empty", "threads.db")
    with sqlite3.connect(threads) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(measured)")]
        values = {"id": 1, "engine": "threads", "timing": "closed", "outcome": "done"}
        db.execute("INSERT INTO measured VALUES (%s)" % ",".join("?" * len(columns)),
                   [values.get(column, 0) for column in columns])
    refused("threads alone", 3, ["holds 1 measurement of real threads"], [threads, *out])
    refused("other version", 3, ["expected schema version 2, found 7"],
            [changed("v7.db", "PRAGMA user_version = 7"), *out])
    refused("other program", 3, ["another program's", "0x2a"],
            [changed("app.db", "PRAGMA application_id = 42"), *out])
    refused("a table gone", 3, ["schema is incomplete: 5 of 6 tables"],
            [changed("gone.db", "DROP TABLE blocker"), *out])
    refused("a column gone", 3, ["col.db: cannot be read: no such column"],
            [changed("col.db", "ALTER TABLE latency RENAME COLUMN wait_ns TO w"), *out])
    refused("file in the way", 4, [os.path.basename(good), "Not a directory"],
            [good, "-o", good + "/report"])
    refused("unwritable", 4, ["cannot be made a directory"], [good, "-o", "/proc/vpci-report"])
    refused("no directory given", 2, ["give -o DIR"], [good])
    refused("unknown option", 2, ["--format?"], [good, *out, "--fromat", "svg"])
    refused("unknown format", 2, ["svg, png, both"], [good, *out, "--format", "gif"])
    refused("unknown trace", 2, ["trace none.vpt", "there is: fixture-host.vpt on fixture-2s"],
            [good, *out, "--trace", "none.vpt"])
    refused("unknown machine", 2, ["no run has machine tiny"], [good, *out, "--machine", "tiny"])
    os.mkdir(path("bin"))
    bare = {"PATH": path("bin")}
    refused("no gnuplot", 4, ["gnuplot is not installed", "apt-get install gnuplot-nox"],
            [good, *out], environment=bare)
    for content, parts in (("echo gnuplot 4.6 patchlevel 0", ["5.2 or later", "found 4.6"]),
                           ("test $1 = --version && echo gnuplot 5.4 && exit; echo broken pen >&2; "
                            "exit 3", ["gnuplot failed: broken pen"])):
        with open(path("bin/gnuplot"), "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + content + "\n")
        os.chmod(path("bin/gnuplot"), 0o755)
        refused("gnuplot that does " + content, 4, parts, [good, *out],
                environment={"PATH": path("bin") + ":" + os.environ["PATH"]})


def check_stale():
    """A report removes what an earlier one in its directory drew, and nothing else."""
    full, out = make_db("full"), path("out")
    expect(report(full, "-o", out).returncode == 0, "failed")
    for name in ("latency.mine.png", "notes.txt", "data/latency.mine.tsv"):
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            f.write("the user's")
    with open(path("outside.svg"), "w", encoding="utf-8") as f:
        f.write("the user's")
    # A list that somebody meddled with: names that no report writes are left alone.
    with open(os.path.join(out, "vpci-report.files"), "a", encoding="utf-8") as f:
        f.write("notes.txt\n../outside.svg\nlatency.x/../../outside.svg\n%s\nindex.html\n"
                "plots/latency.gp\ndata\n\n" % path("outside.svg"))
    run = report(make_db("quiet"), "-o", out, "--format", "png")
    expect(run.returncode == 0, run.stderr)
    left = {os.path.relpath(os.path.join(d, n), out) for d, _, names in os.walk(out)
            for n in names}
    drawn = "latency.fixture-host-vpt.as-recorded"
    expect({n for n in left if n.endswith((".svg", ".png", ".tsv"))}
           == {drawn + ".png", "data/" + drawn + ".tsv", "latency.mine.png",
               "data/latency.mine.tsv"}, "left are %s" % sorted(left))
    expect({"notes.txt", "index.html", "plots/latency.gp", "plots/" + drawn + ".gp"} <= left,
           "too much was removed: %s" % sorted(left))
    expect(os.path.exists(path("outside.svg")), "a file outside was removed")


def check_own_policy():
    """The user's policy named like one that ships is another one, on the page and in plots."""
    database = make_db("full")
    db = sqlite3.connect(database)
    # Speed 64: the user's own "none" waits most of all.
    columns = [c[1] for c in db.execute("PRAGMA table_info(run)") if c[1] != "id"]
    values = ", ".join({"run_key": "'own'", "policy": "'none'", "policy_rank": "1000",
                        "lock_wait_ns": "lock_wait_ns * 2"}.get(c, c) for c in columns)
    theirs = db.execute("SELECT id FROM run WHERE policy = 'rcu' AND speed = 64").fetchone()[0]
    own = db.execute("INSERT INTO run (%s) SELECT %s FROM run WHERE id = ?"
                     % (", ".join(columns), values), (theirs,)).lastrowid
    db.execute("UPDATE run SET lock_wait_ns = (SELECT MAX(lock_wait_ns) * 9 FROM run) WHERE id = ?",
               (own,))
    for table in ("lock", "latency", "blocker", "operation_count"):
        columns = [c[1] for c in db.execute("PRAGMA table_info(%s)" % table) if c[1] != "run_id"]
        db.execute("INSERT INTO %s (run_id, %s) SELECT %d, %s FROM %s WHERE run_id = %d"
                   % (table, ", ".join(columns), own, ", ".join(columns), table, theirs))
    # What-ifs whose trace comes first by name.
    db.execute("UPDATE run SET trace_name = 'a.vpt' WHERE speed > 1")
    # vCPUs share pCPUs there, too.
    db.execute("UPDATE run SET cpu_wait_ns = 1234567 WHERE id = ?", (own,))
    db.commit()
    run = report(database, "-o", path("out"), "--format", "svg", "--json")
    expect(run.returncode == 0 and run.stderr == "", run.stderr)
    said = json.loads(run.stdout)
    last = said["scenarios"][-1]
    expect([r["policy"] for r in last["runs"]].count("none") == 1
           and [r["policy"] for r in last["runs"]].count("none (own file)") == 1,
           "policies are %s" % [r["policy"] for r in last["runs"]])
    titles = {p["plot"]: p["title"] for p in last["plots"]}
    expect(titles["blockers"] == "Who blocks whom under none (own file), the policy with the "
           "most waiting here", titles["blockers"])
    text = read(path("out/index.html"))
    table = re.findall(r'<table class="comparison">.*?</table>', text, re.S)[-1]
    expect(table.count("<small>floor</small>") == 1, "two floors")
    expect("waited for a pCPU" in table and "1.23 ms" in table, "no waiting for pCPUs")
    stopped = [r for r in table.split("<tr") if "domain-rwlock-nested" in r][0]
    expect(stopped.count(">–<") == 11, "a deadlock with numbers: %s" % stopped)
    colours = [re.search('stroke="(#[0-9a-f]+)"', r).group(1) for r in table.split("<tr")[2:]]
    expect(len(set(colours)) == len(colours), "two policies of one colour: %s" % colours)
    order = [s["as_recorded"] for s in said["scenarios"]]
    expect(order == [True, False, False, False], "what-ifs before what was recorded")


def check_live_database():
    """A database that a replay is still writing: what is committed is seen, and answers
    that may not belong together are not given."""
    database = make_db("quiet")
    writer = sqlite3.connect(database)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE run SET machine = 'in-the-log'")
    writer.commit()
    expect(os.path.getsize(database + "-wal") > 0, "nothing is pending: the test tests nothing")
    run = report(database, "-o", path("out"), "--format", "svg")
    expect(run.returncode == 0 and "on in-the-log" in run.stdout,
           "committed runs were not seen: %s%s" % (run.stdout, run.stderr))
    writer.close()
    expect(not os.path.exists(database + "-wal"), "the writer left its log")
    os.mkdir(path("bin"))
    with open(path("bin/gnuplot"), "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n[ $1 = --version ] && touch -d 2001-01-01 %s\n"
                "PATH=%s exec gnuplot \"$@\"\n" % (database, os.environ["PATH"]))
    os.chmod(path("bin/gnuplot"), 0o755)
    refused("a write while reading", 4, ["was written to while it was read"],
            [database, "-o", path("out")],
            environment=dict(os.environ, PATH=path("bin") + ":" + os.environ["PATH"]))


def check_mutations():
    """Thousands of changed bytes never crash the reader: 200 files, about 20 changes each."""
    os.mkdir(path("bin"))
    # Drawing is not what is under test: a gnuplot that makes the empty pictures asked for.
    with open(path("bin/gnuplot"), "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nif [ $1 = --version ]; then echo gnuplot 5.4; exit; fi\n"
                "sed -n \"s/^set output '\\(.*\\)'/\\1/p\" \"$2\" | while read -r n; do "
                "echo '<svg></svg>' > \"$n\"; done\n")
    os.chmod(path("bin/gnuplot"), 0o755)
    environment = dict(os.environ, PATH=path("bin") + ":" + os.environ["PATH"])
    with open(make_db("quiet"), "rb") as f:
        whole = f.read()
    rng = random.Random(1)
    statuses = {}
    for _ in range(200):
        data = bytearray(whole)
        # Half of the files stay readable: changes past the schema's pages only.
        first = 0 if rng.random() < 0.5 else 24576
        for _ in range(rng.randrange(1, 40)):
            data[rng.randrange(first, len(data))] = rng.randrange(256)
        with open(path("m.db"), "wb") as f:
            f.write(data)
        run = subprocess.run([TOOL, path("m.db"), "-o", path("out")], capture_output=True,
                             env=environment, timeout=60)
        statuses[run.returncode] = statuses.get(run.returncode, 0) + 1
        expect(run.returncode in (0, 3, 4), "exit status %d: %s"
               % (run.returncode, run.stderr[-800:]))
        expect(run.returncode == 0 or run.stderr, "failed without a word")
    print("exit statuses:", statuses)
    expect(statuses.get(0, 0) > 10 and statuses.get(3, 0) > 10,
           "the mutations are all alike: %s" % statuses)


globals()["check_" + CLAIM.replace("-", "_")]()
WORK.cleanup()
sys.exit(1 if FAILED else 0)
