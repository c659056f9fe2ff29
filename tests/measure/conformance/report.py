# SPDX-License-Identifier: GPL-2.0-only
"""Reads the results of the conformance run, judges those of cst by the reasons, prints tables."""

from __future__ import annotations

import fnmatch
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

SUITES = ("libiscsi", "sg3-utils", "filesystems", "kernel")
TARGETS = ("cst", "lio", "tgt")
# blockio: the unit of this name, over iSCSI
FABRICS = ("loop", "iscsi", "blockio")
VERDICTS = ("pass", "skip", "fail")


@dataclass
class Row:
    """The result of one item of a suite with one target."""

    suite: str
    target: str
    fabric: str
    item: str
    verdict: str
    remark: str = ""


@dataclass
class Results:
    rows: list[Row] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        for line in path.read_text(errors="replace").splitlines():
            words = line.split("\t")
            if words[0] == "state":
                self.states[words[1]] = words[2]
            else:
                self.rows.append(Row(*words))

    def of(self, target: str, suite: str, fabric: str | None = None) -> list[Row]:
        return [
            r for r in self.rows
            if r.target == target and r.suite == suite and fabric in (None, r.fabric)
        ]

    def as_json(self) -> dict[str, object]:
        return {"states": self.states, "results": [asdict(r) for r in self.rows]}


@dataclass
class Reason:
    """A line `PATTERN VERDICT TEXT`: matching items must have this verdict; TEXT says why."""

    where: str
    pattern: str
    verdict: str
    text: str
    used: bool = False

    def covers(self, row: Row) -> bool:
        return any(
            fnmatch.fnmatchcase(name, self.pattern) for name in (row.item, f"{row.fabric}:{row.item}")
        )


def read_reasons(path: Path) -> list[Reason]:
    reasons = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(None, 2)
        if len(words) != 3 or words[1] not in ("skip", "fail"):
            raise SystemExit(f"{path}:{number}: not `PATTERN skip|fail TEXT`")
        reasons.append(Reason(f"{path.name}:{number}", words[0], words[1], words[2]))
    return reasons


class Judge:
    """Compares the results of cst with the reasons."""

    def __init__(self, results: Results, suites: list[str], folder: Path) -> None:
        self.results = results
        self.suites = suites
        self.reasons = {s: read_reasons(folder / s) for s in suites}
        self.passed = self.failed = self.skipped = 0
        self.lines: list[tuple[str, str, str]] = []
        self.why: Counter[tuple[str, str]] = Counter()

    def fail(self, what: str, text: str) -> None:
        self.failed += 1
        self.lines.append(("FAIL", what, text))

    def judge(self) -> None:
        for suite in self.suites:
            rows = self.results.of("cst", suite)
            if not rows:
                self.fail(suite, "no results")
            for row in rows:
                self.judge_row(row)
            for reason in self.reasons[suite]:
                if not reason.used:
                    self.fail(reason.where, f"no {reason.verdict} of {reason.pattern}: not needed any more")

    def judge_row(self, row: Row) -> None:
        what = f"{row.suite}/{row.fabric}/{row.item}"
        covering = [r for r in self.reasons[row.suite] if r.covers(row)]
        for reason in covering:
            if reason.verdict == row.verdict:
                reason.used = True
                self.skipped += 1
                self.why[(row.suite, reason.text)] += 1
                self.lines.append(("skip", what, f"{row.verdict}: {reason.text} ({row.remark})"))
                return
        if covering:
            said = f"{covering[0].where} says {covering[0].verdict}"
            self.fail(what, f"{row.verdict}, but {said} ({row.remark})")
        elif row.verdict == "pass":
            self.passed += 1
            self.lines.append(("ok", what, ""))
        else:
            self.fail(what, f"{row.verdict} without a reason on file: {row.remark}")


def cell(rows: list[Row]) -> str:
    counts = Counter(r.verdict for r in rows)
    return "/".join(str(counts[v]) for v in VERDICTS) if rows else "-"


def table(results: Results, suites: list[str], targets: list[str]) -> list[str]:
    """Return a table with passed/skipped/failed of each suite over each fabric."""
    lines = [f"{'passed/skipped/failed':24}" + "".join(f"{t:>14}" for t in targets)]
    for suite in suites:
        for fabric in FABRICS:
            cells = [cell(results.of(t, suite, fabric)) for t in targets]
            if any(c != "-" for c in cells):
                lines.append(f"{suite + ' ' + fabric:24}" + "".join(f"{c:>14}" for c in cells))
    return lines


def differences(results: Results, suites: list[str], targets: list[str]) -> list[str]:
    """List the items on which the targets differ, or which no target passes."""
    lines = []
    for suite in suites:
        verdicts: dict[tuple[str, str], dict[str, str]] = {}
        for row in (r for t in targets for r in results.of(t, suite)):
            verdicts.setdefault((row.fabric, row.item), {})[row.target] = row.verdict
        for (fabric, item), by in sorted(verdicts.items()):
            if any(v != "pass" for v in by.values()):
                cells = "".join(f"{by.get(t, '-'):>6}" for t in targets)
                lines.append(f"{suite + ' ' + fabric:20} {item:36}{cells}")
    return lines


def write(judge: Judge, targets: list[str], verbose: bool) -> None:
    results = judge.results
    for verdict, what, remark in judge.lines:
        if verbose or verdict != "ok":
            print(f"{verdict:4} {what}{'  ' if remark else ''}{remark}")
    if judge.why:
        print("\nskipped or failed with a reason:")
        for (suite, text), n in judge.why.most_common():
            print(f"{n:5}  {suite}: {text}")
    if len(targets) > 1:
        print("\nnot passed by all:" + " " * 39 + "".join(f"{t:>6}" for t in targets))
        print("\n".join(differences(results, judge.suites, targets)))
    print()
    print("\n".join(table(results, judge.suites, targets)))
    for target in targets:
        state = results.states.get(target, "not reached")
        if state != "done":
            print(f"{target} was not measured to its end: {state}")
    for line in (line for line in judge.lines if line[0] == "FAIL"):
        print("failed:", line[1])
