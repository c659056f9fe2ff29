# SPDX-License-Identifier: GPL-2.0-only
"""Brings up what a restore had to leave pending, as soon as its backing, mount or device is there.

It looks at the paths that pending objects name in their attributes, every two seconds and whenever a file
system is mounted, and restores again what is pending when one of them has changed; without any change, too,
now and then, because not everything that is missing has a path. It ends when nothing is pending.

A path may lie in a file system that does not answer. Only a process of its own ever touches it, which may
then hang; all others are asked by another one. An object whose path does not answer is left alone until it
does.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import time
from dataclasses import dataclass, field
from typing import Callable, Optional

from targetctl import tree as tp
from targetctl.edit import Editor
from targetctl.errors import CtlError
from targetctl.lock import Lock
from targetctl.model import optional_value, try_node
from targetctl.pending import Item, Pending, PendingFile
from targetctl.restore import Restorer
from targetctl.store import Entry
from targetctl.tree import Tree

LOOK_S = 2.0
AGAIN_S = 30.0
# What a healthy file system takes to tell of a file, with room to spare.
ANSWER_S = 5.0
_STAT = ("/usr/bin/stat", "-L", "--printf", "%n\\0%d:%i:%s:%f:%t:%T\\0", "--")
_MOUNTS = "/proc/self/mountinfo"
# An answer must fit into a pipe: nobody reads before its end.
_BATCH = 50

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
        for question in [self._ask(asked[at : at + _BATCH]) for at in range(0, len(asked), _BATCH)]:
            late += self._collect(question, result)
        # One of them hangs: each is asked by itself, so that the others are heard.
        for question in [self._ask([path]) for path in late]:
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


def paths_of(tree: Tree, item: Item) -> list[str]:
    """Absolute paths of this machine in the attributes that an item sets, or that its object has."""
    values = list(item.entry.attributes.values())
    node = None if item.absent else try_node(tree, item.entry.path)
    if node is not None:
        values += [
            optional_value(tree, node.child_path(attribute.name)) or ""
            for attribute in node.attributes()
            if attribute.type == "string" and attribute.readable
        ]
    return sorted({value for value in values if value.startswith("/") and "\n" not in value})


class Watcher:
    """Watches what is pending in one tree.

    say gets a line for each change of the state of affairs.
    """

    def __init__(
        self,
        tree: Tree,
        lock: Lock,
        file: PendingFile,
        editor: Callable[[], Editor],
        say: Callable[[str], None],
        look: Optional[Callable[[list[str]], Look]] = None,
    ) -> None:
        self.tree = tree
        self.lock = lock
        self.file = file
        self.editor = editor
        self.say = say
        self.look = look or Looker().look
        self.seen: Look = {}
        self.tried = 0.0
        self.said: list[str] = []

    def run(self) -> None:
        """Until nothing is pending."""
        with open(_MOUNTS, "rb") as mounts:
            poll = select.poll()
            # A change of the mounts is an error condition of this file: proc(5).
            poll.register(mounts, select.POLLERR | select.POLLPRI)
            while self.step():
                poll.poll(LOOK_S * 1000)

    def step(self) -> bool:
        """Look, and restore again what may have come. False when nothing is pending any more."""
        items = self.file.load().outstanding(self.tree)
        if not items:
            return False
        wanted = {item.entry.path: paths_of(self.tree, item) for item in items}
        look = self.look(sorted({path for paths in wanted.values() for path in paths}))
        if look == self.seen and time.monotonic() < self.tried + AGAIN_S:
            return True
        try:
            with self.lock.held():
                self._retry({name for name, paths in wanted.items() if all(path in look for path in paths)})
        except CtlError as error:
            # Somebody else changes the configuration: it is looked at again.
            self._report([error])
            return True
        self.seen, self.tried = look, time.monotonic()
        return bool(self.file.load().items)

    def _retry(self, answering: set[str]) -> None:
        pending = self.file.load()
        items = pending.outstanding(self.tree)
        # Nor is anything enabled without a part of it that has to wait.
        silent = [item.entry.path for item in items if item.entry.path not in answering]
        waits = {i.entry.path for i in items if any(tp.is_below(path, i.entry.path) for path in silent)}
        tried = [item for item in items if item.entry.path not in waits]
        entries = [
            Entry(item.entry.path, dict(item.entry.attributes), dict(item.entry.links)) for item in tried
        ]
        result = Restorer(self.editor(), entries, False).run()
        left = result.pending.items + [item for item in items if item.entry.path in waits]
        containers = {tp.parent(item.entry.path) for item in left}
        sequence = {name: order for name, order in pending.sequence.items() if name in containers}
        self.file.store(Pending(left, sequence))
        if result.changes:
            self.say(f"{result.changes} changes, {len(left)} objects still pending")
        self._report(result.errors)

    def _report(self, errors: list[CtlError]) -> None:
        """Each time the same errors are no news."""
        lines = [line for error in errors for line in error.lines()]
        if lines != self.said:
            for line in lines:
                self.say(line)
        self.said = lines
