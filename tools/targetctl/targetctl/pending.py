# SPDX-License-Identifier: GPL-2.0-only
"""Keeps what a restore could not do, so that the next save does not lose it.

An item is a whole object that could not be made, or some attributes and links of an object that exists. A
save adds the items that still hold: an object that is still absent; an attribute that still has the value
that it had when setting it failed; a link that is still absent. What the user has changed since is not
replaced.

A restore may be interrupted at any time, and nobody knows then how far it has come. So it writes all that it
is going to do before it changes anything, as items that are begun. Such an item holds in all that differs
from it, also when the object exists: the restore has made it. What the user does with targetctl counts more.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from targetctl import store
from targetctl import tree as tp
from targetctl.errors import EXIT_DENIED, CtlError, NotFoundError, UsageError
from targetctl.model import Node, optional_link, optional_value, try_node
from targetctl.store import Entry
from targetctl.tree import Tree

FORMAT = "cst-pending"
VERSION = 1


@dataclass
class Item:
    """What is missing at one path. `seen` has the values when setting failed; None: it cannot be read.

    An item that is begun belongs to a restore that has not ended. `absent` is then from before the restore.
    """

    entry: Entry
    absent: bool
    error: str
    seen: dict[str, Optional[str]] = field(default_factory=dict)
    begun: bool = False

    def to_json(self) -> dict[str, Any]:
        result = self.entry.to_json()
        result.update({"absent": self.absent, "error": self.error, "seen": self.seen})
        if self.begun:
            result["begun"] = True
        return result

    def still_sets(self, node: Node, name: str) -> bool:
        """Is the attribute of that name still to be set? One that the object does not have can never be."""
        if name not in node.files:
            return False
        current = optional_value(node.tree, node.child_path(name))
        if self.begun:
            value = self.entry.attributes[name]
            return current not in (value, node.attribute(name).canonical(value))
        return name in self.seen and self.seen[name] in (None, current)

    def still_links(self, node: Node, name: str) -> bool:
        """Is the link of that name still to be made?"""
        current = optional_link(node.tree, node.child_path(name))
        return current is None or (self.begun and current != self.entry.links[name])


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
            path = item.entry.path
            if item.absent and not tree.is_dir(path):
                # Do not wait for a part of an object that the user has removed since.
                owner = tp.owner(path)
                if owner in absent or tree.is_dir(owner):
                    result.append(item)
                continue
            node = None if item.absent and not item.begun else try_node(tree, path)
            if node is None:
                continue
            attributes = {n: value for n, value in item.entry.attributes.items() if item.still_sets(node, n)}
            links = {n: target for n, target in item.entry.links.items() if item.still_links(node, n)}
            if attributes or links:
                result.append(Item(Entry(path, attributes, links), False, item.error, item.seen, item.begun))
        return result

    def forget(self, path: str, names: Optional[list[str]] = None) -> bool:
        """Drop all items at and below path; with names, only those attributes and links of path itself.

        path itself exists when names are given. Returns whether something was dropped.
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
            if item.entry.path != path
            or ((item.begun or not item.absent) and (item.entry.attributes or item.entry.links))
        ]
        return self._size() != before

    def forget_objects(self, paths: list[str]) -> bool:
        """Drop the items of these paths, but not those of their parts. Returns whether one was dropped."""
        before = self._size()
        self.items = [item for item in self.items if item.entry.path not in paths]
        return self._size() != before

    def _size(self) -> int:
        return sum(1 + len(item.entry.attributes) + len(item.entry.links) for item in self.items)


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


class DamagedError(UsageError):
    """The list of pending objects is not as this program writes it."""


def _named(where: str, raw: object) -> dict[str, object]:
    """Check that raw is a JSON object."""
    if not isinstance(raw, dict):
        raise UsageError(f"{where} must be an object")
    return raw


def _parse_item(where: str, raw: object) -> Item:
    entry = store.parse_entry(where, raw, ("absent", "error", "seen", "begun"))
    known = _named(where, raw)
    absent, error, begun = known.get("absent"), known.get("error"), known.get("begun", False)
    if not isinstance(absent, bool) or not isinstance(begun, bool) or not isinstance(error, str):
        raise UsageError(f"{where}: absent and begun must be true or false, and error a string")
    seen: dict[str, Optional[str]] = {}
    for name, value in _named(f"{where}.seen", known.get("seen")).items():
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{where}.seen.{name} must be a string or null")
        seen[name] = value
    return Item(entry, absent, error, seen, begun)


def _parse_sequence(where: str, raw: object) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for container, names in _named(where, raw).items():
        store.parse_path(where, container)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError(f"{where}.{container} must be a list of names")
        result[container] = names
    return result


def parse(where: str, document: object) -> Pending:
    """The items in a decoded file. The whole document is checked: a damaged one is not used in part."""
    known = _named(where, document)
    if known.get("format") != FORMAT or known.get("version") != VERSION:
        raise UsageError(f"{where} is not a list of pending objects of this version")
    unknown = set(known) - {"format", "version", "objects", "sequence"}
    objects = known.get("objects")
    if unknown or not isinstance(objects, list):
        raise UsageError(f"{where}: there must be a list of objects, a sequence, and nothing else")
    items = [_parse_item(f"{where}: objects[{index}]", raw) for index, raw in enumerate(objects)]
    return Pending(items, _parse_sequence(f"{where}: sequence", known.get("sequence")))


class PendingFile:
    """The file that keeps Pending between runs. tell is called with what the user has to know."""

    def __init__(self, path: str, tell: Callable[[CtlError], None]) -> None:
        self.path = path
        self.tell = tell

    def load(self) -> Pending:
        """The stored items; none if there is no file."""
        try:
            return parse(self.path, store.load_json(self.path, store.read_file(self.path)))
        except NotFoundError:
            return Pending()
        except UsageError as error:
            raise DamagedError(error.message, "the next change moves it aside") from error

    def take(self) -> Pending:
        """The stored items, for a change. A damaged file is told, and moved aside, as it has configuration.

        The caller holds the lock.
        """
        try:
            return self.load()
        except DamagedError as error:
            aside = store.move_aside(self.path)
            error.hint = f"it is now {aside}; what it has may be missing in the tree"
            self.tell(error)
            return Pending()

    def check_aside(self) -> None:
        """Refuse if a damaged file was moved aside, and nobody has decided about it yet."""
        for path in store.moved_aside(self.path):
            raise CtlError(
                EXIT_DENIED,
                f"not saving: {path}, which is damaged, may have objects that could not be restored",
                "remove it when the tree has all that is in it; --force saves without",
            )

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
            pending = self.take()
            forgotten = [path for path in paths if pending.forget(path)]
            if forgotten:
                self.store(pending)

    def forget_objects(self, paths: list[str]) -> None:
        """Drop what Pending.forget_objects() drops: the user has made these objects."""
        if os.path.exists(self.path):
            pending = self.take()
            if pending.forget_objects(paths):
                self.store(pending)

    def forget(self, path: str, names: Optional[list[str]] = None) -> None:
        """Drop what Pending.forget() drops: the user has decided about it."""
        if os.path.exists(self.path):
            pending = self.take()
            if pending.forget(path, names):
                self.store(pending)
