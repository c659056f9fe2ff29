# SPDX-License-Identifier: GPL-2.0-only
"""Brings up what a restore had to leave pending, as soon as its backing, mount or device is there.

It looks at the paths that pending objects name in their attributes, every two seconds and whenever a file
system is mounted, and restores again what is pending when one of them has changed; without any change, too,
now and then, because not everything that is missing has a path. It ends when nothing is pending.

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
from targetctl.pending import Item, Pending, PendingFile
from targetctl.restore import Restorer
from targetctl.store import Entry
from targetctl.tree import Tree

LOOK_S = 2.0
AGAIN_S = 30.0
_MOUNTS = "/proc/self/mountinfo"

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
    return sorted(paths_in(values))


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
