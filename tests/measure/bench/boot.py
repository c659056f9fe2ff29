# SPDX-License-Identifier: GPL-2.0-only
"""Boots the guest for the benchmarks, and reads the lines that it reports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import hotspots
import report

here = Path(__file__).resolve().parent
top = here.parents[2]
build = Path(os.environ.get("CST_BUILD", top / "build"))


def die(text: str) -> NoReturn:
    print(f"bench: {text}", file=sys.stderr)
    sys.exit(2)


class Guest:
    """A boot of the guest, and the results that it reports line by line."""

    def __init__(self, name: str, script: str = "tests/measure/bench/guest", icount: bool = True) -> None:
        self.name = name
        self.script = script
        self.icount = icount
        self.cells: report.Cells = {}
        self.failed: list[str] = []
        # (row, workload, I/Os) of each window of the plug-in
        self.windows: list[tuple[str, str, int]] = []
        # {row: (all lock waits, those of the target's modules, I/Os)}
        self.contended: dict[str, tuple[int, int, int]] = {}
        # {case: {step: seconds}}
        self.times: dict[str, dict[str, float]] = {}
        self.idle: dict[str, tuple[int, float]] = {}
        self.out = build / "logs" / name

    def run(self, timeout: float, options: list[str], words: list[str]) -> int:
        command = [str(top / "tests/env/vm/run"), "--quiet", "--name", self.name]
        command += ["--icount"] if self.icount else []
        command += ["--timeout", str(int(timeout)), *options, "--", self.script, *words]
        started, row = time.monotonic(), None
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as proc:
            assert proc.stdout
            for text in proc.stdout:
                words = text.split()
                if words[:1] == ["row"]:
                    row = words[1]
                    print(f"{time.monotonic() - started:5.0f} s  {row}", file=sys.stderr)
                elif words[:1] == ["cell"] and len(words) == 5:
                    self.cell(*words[1:])
                elif words[:1] == ["ios"] and len(words) == 4:
                    self.windows.append((words[1], words[2], int(words[3])))
                elif words[:1] == ["idle"] and len(words) == 4:
                    self.idle[words[1]] = int(words[2]), float(words[3])
                elif words[:1] == ["contended"] and len(words) == 5:
                    self.contended[words[1]] = int(words[2]), int(words[3]), int(words[4])
                elif words[:1] == ["time"] and len(words) == 4:
                    self.times.setdefault(words[1], {})[words[2]] = float(words[3])
                    print(f"{time.monotonic() - started:5.0f} s  {' '.join(words[1:])}", file=sys.stderr)
                elif words[:1] == ["failed"]:
                    self.failed.append(words[1])
                    print(f"bench: {words[1]} FAILED", file=sys.stderr)
                else:
                    sys.stderr.write(text)
        if proc.returncode and row and not self.failed:
            self.failed.append(row)
        return proc.returncode

    def cell(self, row: str, workload: str, error: str, iops: str) -> None:
        if error != "0" or float(iops) <= 0:
            print(f"bench: {row} {workload}: fio reports error {error}", file=sys.stderr)
            self.failed.append(row)
            return
        self.cells.setdefault(row, {})[workload] = 1e6 / float(iops)

    def counts(self) -> report.Counts:
        counts: report.Counts = {}
        for path in sorted(self.out.glob("count-*")):
            row = path.name.removeprefix("count-").replace("-", "/")
            try:
                counts[row] = report.read_counts(row.split("/")[0], path.read_text())
            except ValueError as err:
                print(f"bench: {row}: {err}", file=sys.stderr)
                self.failed.append(row)
        return counts

    def wire(self) -> report.Counts:
        wire: report.Counts = {}
        for workload in report.WIRE_WORKLOADS:
            path = self.out / f"wire-{workload}"
            try:
                wire[workload] = report.read_wire(path.read_text())
            except (OSError, ValueError) as err:
                print(f"bench: {workload}: {err}", file=sys.stderr)
                self.failed.append(workload)
        return wire

    def profiles(self) -> Iterator[tuple[str, str, str, hotspots.Symbols, int]]:
        """Yield row, workload, blocks, symbols and I/Os of each window."""
        for number, (row, workload, ios) in enumerate(self.windows, 1):
            blocks = self.out.parent / f"{self.name}.blocks.{number}"
            symbols = hotspots.Symbols((self.out / f"kallsyms.{number}").read_text())
            yield row, workload, blocks.read_text(), symbols, ios

    def forget(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        for path in self.out.parent.glob(f"{self.name}.*"):
            path.unlink()
        for path in self.out.parent.glob(f"{self.name}-guest*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
