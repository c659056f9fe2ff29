# SPDX-License-Identifier: GPL-2.0-only
"""Merges the counts of gcov and Python's coverage, and lists the lines that no test reached.

Called by tests/measure/coverage/run.  A source line counts as reached when any build of it
was reached: in the guest, in a unit test, in the daemon's tests.  A line of the reasons file
is `path<TAB>what<TAB>reason`, where what is `function()` or the text of a line.  It explains
why these lines are not reached.  A reason that no longer explains any line is an error,
unless it begins with `now and then`: some runs reach such a line.
"""

from __future__ import annotations

import argparse
import collections
import glob
import json
import os
import shutil
import subprocess
import sys
from typing import Any

# Every line in these folders that no test reaches needs a reason.
STRICT = ("src/core/", "src/scsi/", "src/fabrics/iscsi/")
LENIENT = ("src/fabrics/iscsi/daemon/",)
# Examples and test modules, and the code for other kernels than the one measured.
LEFT_OUT = ("src/fabrics/template/", "src/handlers/echo/", "src/handlers/hardirq/", "src/compat/")


class File:
    def __init__(self) -> None:
        self.counts: dict[int, int] = collections.defaultdict(int)
        self.function: dict[int, str] = {}


Files = dict[str, File]


def gcov(directory: str) -> list[dict[str, Any]]:
    """Run gcov on every .gcda below the directory; the .gcno is beside it."""
    data = sorted(glob.glob(directory + "/**/*.gcda", recursive=True))
    found = []
    for path in data:
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", path],
            cwd=os.path.dirname(path), capture_output=True, text=True, check=False,
        )
        found += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not done.stdout:
            raise RuntimeError(f"gcov {path}: {done.stderr}")
        if "stamp mismatch" in done.stderr:
            raise RuntimeError(f"{path} is of another build: {done.stderr}")
    return found


def add(files: Files, results: list[dict[str, Any]], roots: list[str]) -> None:
    for result in results:
        cwd = result.get("current_working_directory", "/")
        for entry in result["files"]:
            path = os.path.normpath(os.path.join(cwd, entry["file"]))
            for root in roots:
                if path.startswith(root + "/"):
                    path = path[len(root) + 1:]
                    break
            else:
                continue
            if not path.startswith("src/") or path.startswith(LEFT_OUT) or "/tests/" in path:
                continue
            file = files.setdefault(path, File())
            for line in entry["lines"]:
                number = line["line_number"]
                file.counts[number] += line["count"]
                if "function_name" in line:
                    file.function[number] = line["function_name"].split(".")[0]


def collect_guest(guest: str, modules: str, daemon: str, work: str) -> None:
    """Puts the counters that a guest left beside the compiler's notes."""
    gathered = 0
    for source, notes in ((guest + "/gcov", "/"), (guest + "/gcov-user", "/")):
        for path in glob.glob(source + "/**/*.gcda", recursive=True):
            built = notes + os.path.relpath(path, source)
            if not built.startswith((modules + "/", daemon + "/")):
                continue
            target = work + built
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(path, target)
            note = built[: -len(".gcda")] + ".gcno"
            shutil.copy(note, target[: -len(".gcda")] + ".gcno")
            gathered += 1
    if not gathered:
        raise RuntimeError(f"{guest}: no counters")


def python_lines(files: Files, top: str, data: str, guests: list[str]) -> None:
    parts = glob.glob(data + "/data.*")
    for guest in guests:
        parts += glob.glob(guest + "/gcov-python/*")
    if not parts:
        raise RuntimeError("targetctl's tests left no data")
    rc = data + "/combine.rc"
    with open(rc, "w", encoding="utf-8") as out:
        out.write(
            f"[run]\ndata_file = {data}/combined\n[paths]\nsource =\n  {top}/tools/targetctl/targetctl\n"
            "  /usr/local/lib/targetctl/targetctl\n"
        )
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run(
        [*coverage, "combine", "--keep", "--rcfile", rc, *parts],
        check=True, stdout=subprocess.DEVNULL,
    )
    subprocess.run(
        [*coverage, "json", "--rcfile", rc, "-o", data + "/json", "--include", top + "/tools/*"],
        check=True, stdout=subprocess.DEVNULL,
    )
    with open(data + "/json", encoding="utf-8") as stream:
        for path, entry in json.load(stream)["files"].items():
            name = os.path.relpath(os.path.join(os.getcwd(), path), top)
            if "/tests/" in name:
                continue
            file = files.setdefault(name, File())
            for line in entry["executed_lines"]:
                file.counts[line] += 1
            for line in entry["missing_lines"]:
                file.counts[line] += 0


def read_reasons(path: str) -> list[list[str]]:
    reasons = []
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            fields = line.split("\t")
            if len(fields) != 3 or not all(fields):
                raise RuntimeError(f"{path}:{number}: not path<TAB>what<TAB>reason")
            reasons.append(fields)
    return reasons


def explained(files: Files, top: str, reasons: list[list[str]]) -> tuple[dict[str, set[int]], list[str]]:
    """Returns the unreached lines that a reason covers, and the reasons that cover none."""
    covered: dict[str, set[int]] = collections.defaultdict(set)
    stale = []
    for path, what, why in reasons:
        hits = set()
        if path in files:
            source = source_lines(top, path)
            for number, count in files[path].counts.items():
                if count:
                    continue
                if what.endswith("()"):
                    if files[path].function.get(number) == what[:-2]:
                        hits.add(number)
                elif number <= len(source) and source[number - 1].strip().replace("\t", " ") == what:
                    hits.add(number)
        if not hits and not why.startswith("now and then"):
            stale.append(f"{path}: {what}")
        covered[path] |= hits
    return covered, stale


def source_lines(top: str, path: str) -> list[str]:
    with open(os.path.join(top, path), encoding="utf-8") as stream:
        return stream.read().splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("top", "tree", "out", "unit", "modules", "python", "reasons"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--guests", nargs="*", default=[])
    args = parser.parse_args()

    files: Files = {}
    roots = [args.tree, args.modules, args.top]
    daemon = args.tree + "/src/fabrics/iscsi/daemon"
    work = args.out + "/work"
    shutil.rmtree(work, ignore_errors=True)
    add(files, gcov(args.unit), roots)
    add(files, gcov(daemon + "/build/san"), roots)
    # A file whose module no guest loaded counts, too: all its lines are unreached.
    for note in glob.glob(args.modules + "/src/**/*.gcno", recursive=True):
        target = work + "/notes/" + os.path.relpath(note, args.modules)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(note, target)
    guests = [guest.rstrip("/") for guest in args.guests if os.path.isdir(guest)]
    for number, guest in enumerate(guests):
        collect_guest(guest, args.modules, daemon, f"{work}/{number}")
        add(files, gcov(f"{work}/{number}"), roots)
    notes = []
    for note in glob.glob(work + "/notes/**/*.gcno", recursive=True):
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", note],
            cwd=os.path.dirname(note), capture_output=True, text=True, check=True,
        )
        notes += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    add(files, notes, roots)
    python_lines(files, args.top, args.python, guests)

    covered, stale = explained(files, args.top, read_reasons(args.reasons))
    owed = report(files, args.top, args.out, covered)
    for line in stale:
        print(f"a reason that explains no line any more: {line}")
    return 1 if stale or owed else 0


def report(files: Files, top: str, out: str, covered: dict[str, set[int]]) -> int:
    """Writes the three files; returns the number of lines that lack a reason."""
    owed = 0
    areas: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    rows = []
    with open(out + "/unreached", "w", encoding="utf-8") as unreached, \
            open(out + "/coverage.info", "w", encoding="utf-8") as info:
        for path in sorted(files):
            file = files[path]
            missing = sorted(n for n, c in file.counts.items() if not c)
            reasoned = len(covered[path])
            rows.append((path, len(file.counts), len(missing), reasoned))
            area = areas[os.path.dirname(path)]
            area[0] += len(file.counts)
            area[1] += len(missing)
            area[2] += reasoned
            bare = [n for n in missing if n not in covered[path]]
            if path.startswith(STRICT) and not path.startswith(LENIENT):
                owed += len(bare)
            source = source_lines(top, path)
            for number in bare:
                text = source[number - 1].strip() if number <= len(source) else ""
                unreached.write(f"{path}:{number}\t{file.function.get(number, '')}\t{text}\n")
            info.write(f"SF:{os.path.join(top, path)}\n")
            for number in sorted(file.counts):
                info.write(f"DA:{number},{file.counts[number]}\n")
            info.write("end_of_record\n")
    with open(out + "/report.txt", "w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(line_of(*row))
        stream.write("\n")
        for name in sorted(areas):
            stream.write(line_of(name + "/", *areas[name]))
    for name in sorted(areas):
        print(line_of(name + "/", *areas[name]), end="")
    print(f"{owed} lines of core and iSCSI that no test reaches lack a reason; see {out}/unreached")
    return owed


def line_of(name: str, total: int, missing: int, reasoned: int) -> str:
    percent = 100.0 * (total - missing) / total if total else 100.0
    reached = f"{name:<44} {total:6} lines {percent:6.1f} % reached"
    return f"{reached}, {missing:5} not, {reasoned:5} of them explained\n"


if __name__ == "__main__":
    sys.exit(main())
