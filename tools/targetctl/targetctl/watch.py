# SPDX-License-Identifier: GPL-2.0-only
"""Restores what a restore has left pending, as soon as its backing, mount or device is there.

It looks at the paths in the attributes of pending objects, every LOOK_S seconds and when a file system is
mounted. If one of the paths has changed, it restores what is pending again. It also does so every AGAIN_S
seconds without a change, because not everything that may be missing has a path. It ends when nothing is
pending.

An object whose path does not answer is left alone until it does.
"""

from __future__ import annotations

import select
import time
from typing import Callable, Optional

from targetctl import tree as tp
from targetctl.edit import Editor
from targetctl.errors import CtlError
from targetctl.lock import Lock
from targetctl.look import Look, Looker, paths_in
from targetctl.model import optional_value, try_node
from targetctl.pending import DamagedError, Item, Pending, PendingFile
from targetctl.restore import restore
from targetctl.store import Entry
from targetctl.tree import Tree

LOOK_S = 2.0
AGAIN_S = 30.0
_MOUNTS = "/proc/self/mountinfo"

def paths_of(tree: Tree, item: Item) -> list[str]:
    """Absolute paths of this machine in the attributes of an item, and in those of its object."""
    values = list(item.entry.attributes.values())
    node = None if item.absent else try_node(tree, item.entry.path)
    if node is not None:
        values += [
            optional_value(tree, node.child_path(attribute.name)) or ""
            for attribute in node.attributes()
            if attribute.type == "string" and attribute.readable
        ]
    return sorted(paths_in(values))


class Watcher:
    """Watches what is pending in one tree.

    say is called with each line of news: changes that were made, and errors that are new.
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
        """Watch until nothing is pending."""
        with open(_MOUNTS, "rb") as mounts:
            poll = select.poll()
            # poll() reports a change of the mounts as an error of this file: proc(5).
            poll.register(mounts, select.POLLERR | select.POLLPRI)
            while self.step():
                poll.poll(LOOK_S * 1000)

    def step(self) -> bool:
        """Look once, and restore again if something has changed. False if nothing is pending any more."""
        try:
            items = self.file.load().outstanding(self.tree)
        except DamagedError:
            with self.lock.held():
                items = self.file.take().outstanding(self.tree)
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
            # Somebody else changes the configuration, and holds the lock: try again after the next look.
            self._report([error])
            return True
        self.seen, self.tried = look, time.monotonic()
        return bool(self.file.load().items)

    def _retry(self, answering: set[str]) -> None:
        pending = self.file.take()
        items = pending.outstanding(self.tree)
        # An object of which a part has to wait waits as well: it must not be enabled without that part.
        silent = [item.entry.path for item in items if item.entry.path not in answering]
        waits = {i.entry.path for i in items if any(tp.is_below(path, i.entry.path) for path in silent)}
        tried = [item for item in items if item.entry.path not in waits]
        entries = [
            Entry(item.entry.path, dict(item.entry.attributes), dict(item.entry.links)) for item in tried
        ]

        def with_waiting(some: Pending) -> Pending:
            left = some.items + [item for item in items if item.entry.path in waits]
            containers = {tp.parent(item.entry.path) for item in left}
            sequence = {name: order for name, order in pending.sequence.items() if name in containers}
            return Pending(left, sequence)

        result = restore(self.editor(), entries, False, self.file, with_waiting)
        if result.changes:
            self.say(f"{result.changes} changes, {len(result.pending.items)} objects still pending")
        self._report(result.errors)

    def _report(self, errors: list[CtlError]) -> None:
        """Say the errors, unless they are the same as the last time."""
        lines = [line for error in errors for line in error.lines()]
        if lines != self.said:
            for line in lines:
                self.say(line)
        self.said = lines
