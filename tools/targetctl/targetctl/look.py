# SPDX-License-Identifier: GPL-2.0-only
"""Looks at paths that may lie in a file system that does not answer.

Only a process of its own ever touches them, which may then hang; all others are asked by another one.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Optional

from targetctl import tree as tp

# What a healthy file system takes to tell of a file, with room to spare.
ANSWER_S = 5.0
_STAT = ("/usr/bin/stat", "-L", "--printf", "%n\\0%d:%i:%s:%f:%t:%T\\0", "--")
# An answer must fit into a pipe: nobody reads before its end.
_BATCH_BYTES = 32768
_ANSWER_BYTES = 128
# So many processes at a time for one path each.
_SINGLE = 100

# What a path is like: nothing tells more than that it is another than before. None: it is not there.
Look = dict[str, Optional[str]]


@dataclass
class _Question:
    """A process that looks at some paths, and until when it should have answered."""

    process: subprocess.Popen[bytes]
    paths: list[str]
    until: float

    def answer(self) -> Look:
        assert self.process.stdout is not None
        words = [tp.decode(word) for word in self.process.stdout.read().split(b"\0")]
        self.process.stdout.close()
        found = dict(zip(words[0::2], words[1::2]))
        return {path: found.get(path) for path in self.paths}


@dataclass
class Looker:
    """Looks at paths without ever waiting for one that does not answer."""

    hanging: list[_Question] = field(default_factory=list)

    def look(self, paths: list[str]) -> Look:
        """What the paths are like, of those that answer; takes twice ANSWER_S at most."""
        self.hanging = [question for question in self.hanging if question.process.poll() is None]
        silent = {path for question in self.hanging for path in question.paths}
        asked = [path for path in paths if path not in silent]
        result: Look = {}
        late: list[str] = []
        for question in [self._ask(batch) for batch in _batches(asked)]:
            late += self._collect(question, result)
        # One of them hangs: each is asked by itself, so that the others are heard; some of
        # them, when there are many, and others the next time.
        for question in [self._ask([path]) for path in random.sample(late, min(len(late), _SINGLE))]:
            if self._collect(question, result):
                self.hanging.append(question)
        return result

    @staticmethod
    def _ask(paths: list[str]) -> _Question:
        process = subprocess.Popen(
            [*_STAT, *(tp.encode(path) for path in paths)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return _Question(process, paths, time.monotonic() + ANSWER_S)

    @staticmethod
    def _collect(question: _Question, result: Look) -> list[str]:
        """Adds an answer to result; the paths when there is none. A killed process may hang all the same."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            question.process.wait(max(question.until - time.monotonic(), 0))
        if question.process.returncode is None:
            question.process.kill()
            return question.paths
        result.update(question.answer())
        return []


def _batches(paths: list[str]) -> list[list[str]]:
    """paths in as few lists as have short enough answers."""
    result: list[list[str]] = []
    room = 0
    for path in paths:
        need = len(tp.encode(path)) + _ANSWER_BYTES
        if need > room:
            result.append([])
            room = _BATCH_BYTES
        result[-1].append(path)
        room -= need
    return result


def paths_in(values: Iterable[str]) -> set[str]:
    """Those of the values that are absolute paths of this machine."""
    return {value for value in values if value.startswith("/") and "\n" not in value}
