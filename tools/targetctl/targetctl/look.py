# SPDX-License-Identifier: GPL-2.0-only
"""Looks at paths that may be in a file system that does not answer.

Only child processes touch the paths, because a process hangs when it touches one that does not answer. As
long as a process hangs, its path is not looked at again, and other processes look at the other paths.
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

# A healthy file system answers sooner than this, in seconds.
ANSWER_S = 5.0
_STAT = ("/usr/bin/stat", "-L", "--printf", "%n\\0%d:%i:%s:%f:%t:%T\\0", "--")
# The answer of a process must fit into a pipe, because it is read after the process has ended.
_BATCH_BYTES = 32768
_ANSWER_BYTES = 128
# At most so many processes at a time look at a single path each.
_SINGLE = 100

# The state of each path, a text that is only good for comparing. None: the path does not exist.
Look = dict[str, Optional[str]]


@dataclass
class _Question:
    """A process that looks at some paths, and the time by which it has to answer."""

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
    """Looks at paths without waiting for those that do not answer."""

    hanging: list[_Question] = field(default_factory=list)

    def look(self, paths: list[str]) -> Look:
        """The state of the paths that answer. Takes at most twice ANSWER_S."""
        self.hanging = [question for question in self.hanging if question.process.poll() is None]
        silent = {path for question in self.hanging for path in question.paths}
        asked = [path for path in paths if path not in silent]
        result: Look = {}
        late: list[str] = []
        for question in [self._ask(batch) for batch in _batches(asked)]:
            late += self._collect(question, result)
        # In a batch that has not answered some path hangs. Give each of its paths to a process of its own, so
        # that the others answer. Of many paths take only some; the next look may take others.
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
        """Add the answer to result, or return the paths if there is none. A killed process may still hang."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            question.process.wait(max(question.until - time.monotonic(), 0))
        if question.process.returncode is None:
            question.process.kill()
            return question.paths
        result.update(question.answer())
        return []


def _batches(paths: list[str]) -> list[list[str]]:
    """Split paths into batches of which the answers are short enough."""
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
    """The values that look like absolute paths of this machine."""
    return {value for value in values if value.startswith("/") and "\n" not in value}
