# SPDX-License-Identifier: GPL-2.0-only
"""Keeps what a restore could not do, so that the next save does not lose it.

An item is a whole object that could not be made, or some attributes and links of an object that exists. A
save adds the items that still hold: an object that is still absent; an attribute that still has the value
that it had when setting it failed; a link that is still absent. What the user has changed since is not
replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Optional

from targetctl import store
from targetctl import tree as tp
from targetctl.errors import NotFoundError, UsageError
from targetctl.model import optional_value, try_node
from targetctl.store import Entry
from targetctl.tree import Tree

FORMAT = "cst-pending"
VERSION = 1


@dataclass
class Item:
    """What is missing at one path. `seen` has the values when setting failed; None: it cannot be read."""

    entry: Entry
    absent: bool
    error: str
    seen: dict[str, Optional[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        result = self.entry.to_json()
        result.update({"absent": self.absent, "error": self.error, "seen": self.seen})
        return result


@dataclass
class Pending:
    """All items; and for directories in which the order of objects matters, their order in the file."""

    items: list[Item] = field(default_factory=list)
    sequence: dict[str, list[str]] = field(default_factory=dict)

    def outstanding(self, tree: Tree) -> list[Item]:
        """The items that still hold, without their parts that no longer do."""
        result = []
        absent = {item.entry.path for item in self.items if item.absent}
        for item in self.items:
            entry = item.entry
            if item.absent:
                # Do not wait for a part of an object that the user has removed since.
                owner = tp.owner(entry.path)
                if not tree.is_dir(entry.path) and (owner in absent or tree.is_dir(owner)):
                    result.append(item)
                continue
            node = try_node(tree, entry.path)
            # An attribute that the object does not have can never be set.
            attributes = {
                name: value
                for name, value in entry.attributes.items()
                if node is not None
                and name in node.files
                and name in item.seen
                and item.seen[name] in (None, optional_value(tree, tp.join(entry.path, name)))
            }
            links = {
                name: target for name, target in entry.links.items() if not _has_link(tree, entry.path, name)
            }
            if (attributes or links) and node is not None:
                result.append(Item(Entry(entry.path, attributes, links), False, item.error, item.seen))
        return result

    def forget(self, path: str, names: Optional[list[str]] = None) -> bool:
        """Drop all items at and below path; with names, only those attributes and links of path itself.

        Returns whether something was dropped.
        """
        before = self._size()
        if names is None:
            self.items = [item for item in self.items if not tp.is_below(item.entry.path, path)]
            return self._size() != before
        for item in self.items:
            if item.entry.path == path:
                for name in names:
                    item.entry.attributes.pop(name, None)
                    item.entry.links.pop(name, None)
        self.items = [
            item
            for item in self.items
            if item.entry.path != path or (not item.absent and (item.entry.attributes or item.entry.links))
        ]
        return self._size() != before

    def _size(self) -> int:
        return sum(1 + len(item.entry.attributes) + len(item.entry.links) for item in self.items)


def _has_link(tree: Tree, path: str, name: str) -> bool:
    try:
        tree.readlink(tp.join(path, name))
    except OSError:
        return False
    return True


def merge(entries: list[Entry], pending: Pending, tree: Tree) -> tuple[list[Entry], int]:
    """The entries with the outstanding items added, in an order to restore them; and the number of items."""
    by_path = {entry.path: Entry(entry.path, dict(entry.attributes), dict(entry.links)) for entry in entries}
    items = pending.outstanding(tree)
    if not items:
        return entries, 0
    for item in items:
        entry = by_path.setdefault(item.entry.path, Entry(item.entry.path))
        entry.attributes.update(item.entry.attributes)
        entry.links.update(item.entry.links)
    rank = _sibling_ranks(list(by_path), pending.sequence)

    def key(path: str) -> list[int]:
        above, result = "/", []
        for name in tp.parts(path):
            result.append(rank[above][name])
            above = tp.join(above, name)
        return result

    return [by_path[path] for path in sorted(by_path, key=key)], len(items)


def _sibling_ranks(paths: list[str], sequence: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    """The position of each child in its directory: the order of paths, adjusted to sequence."""
    children: dict[str, dict[str, None]] = {}
    for path in paths:
        above = "/"
        for name in tp.parts(path):
            children.setdefault(above, {})[name] = None
            above = tp.join(above, name)
    return {
        above: {name: index for index, name in enumerate(_adjusted(list(names), sequence.get(above, [])))}
        for above, names in children.items()
    }


def _adjusted(names: list[str], wanted: list[str]) -> list[str]:
    """names, of which those in wanted get its order. Each other name stays behind its predecessor."""
    place = {name: index for index, name in enumerate(wanted)}
    followers: dict[Optional[str], list[str]] = {}
    last: Optional[str] = None
    for name in names:
        if name in place:
            last = name
        else:
            followers.setdefault(last, []).append(name)
    result = list(followers.get(None, []))
    for name in sorted((name for name in names if name in place), key=lambda name: place[name]):
        result.append(name)
        result.extend(followers.get(name, []))
    return result


class PendingFile:
    """The file that keeps Pending between runs."""

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self) -> Pending:
        """The stored items; none if there is no file. A damaged file is an error, as it has configuration."""
        try:
            document = store.load_json(self.path, store.read_file(self.path))
        except NotFoundError:
            return Pending()
        if (
            not isinstance(document, dict)
            or document.get("format") != FORMAT
            or document.get("version") != VERSION
        ):
            raise UsageError(f"{self.path} is not a list of pending objects of this version", "move it away")
        items = []
        for index, raw in enumerate(document.get("objects", [])):
            where = f"{self.path}: objects[{index}]"
            entry = store.parse_entry(where, raw, ("absent", "error", "seen"))
            items.append(
                Item(entry, bool(raw.get("absent")), str(raw.get("error", "")), dict(raw.get("seen", {})))
            )
        return Pending(items, dict(document.get("sequence", {})))

    def store(self, pending: Pending) -> None:
        """Write the items, or remove the file when there are none."""
        if not pending.items:
            store.remove(self.path)
            return
        document: dict[str, Any] = {"format": FORMAT, "version": VERSION}
        document["objects"] = [item.to_json() for item in pending.items]
        document["sequence"] = pending.sequence
        own = os.path.dirname(os.path.realpath(self.path))
        store.write_atomic(self.path, store.to_bytes(document), (own,))

    def forget_all(self, paths: list[str]) -> None:
        """Drop all items at and below these paths: the user has decided about them."""
        if paths and os.path.exists(self.path):
            pending = self.load()
            forgotten = [path for path in paths if pending.forget(path)]
            if forgotten:
                self.store(pending)

    def forget(self, path: str, names: Optional[list[str]] = None) -> None:
        """Drop what Pending.forget() drops: the user has decided about it."""
        if os.path.exists(self.path):
            pending = self.load()
            if pending.forget(path, names):
                self.store(pending)
