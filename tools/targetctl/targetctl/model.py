# SPDX-License-Identifier: GPL-2.0-only
"""Reads objects from the tree: attributes, links, children.

The only names known here are conventions of the tree's structure: the files `schema`, `enabled`,
`last_error`, `creatable`, `order`, `initiator_name`, and the directories `handlers`, `targets`,
`sessions`, `connections`, `luns`.
"""

from __future__ import annotations

import errno
import fnmatch
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Optional

from targetctl import tree as tp
from targetctl.errors import CtlError, NotFoundError, RefusedError
from targetctl.schema import Attribute, Schema, parse_schema, undescribed
from targetctl.tree import Tree

SCHEMA = "schema"
ENABLED = "enabled"
LAST_ERROR = "last_error"
CREATABLE = "creatable"
ORDER = "order"
SESSIONS = "sessions"
LUNS = "luns"
INITIATOR_NAME = "initiator_name"
GONE = (errno.ENOENT, errno.ENODEV, errno.ENOTDIR)


class Node:
    """One directory of the tree. It is listed when the Node is made, and not again."""

    __slots__ = ("_schema", "dirs", "files", "links", "path", "tree")

    def __init__(self, tree: Tree, path: str) -> None:
        try:
            listing = tree.listing(path)
        except OSError as error:
            if error.errno in GONE:
                raise missing(tree, path) from error
            raise RefusedError("get", path, error.errno or errno.EIO) from error
        self.tree = tree
        self.path = path
        self.dirs = listing.dirs
        self.files = frozenset(listing.files)
        self.links = sorted(listing.links)
        self._schema: Optional[Schema] = None

    @property
    def name(self) -> str:
        return tp.base(self.path) or "/"

    @property
    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = parse_schema(self.read(SCHEMA)) if SCHEMA in self.files else {}
        return self._schema

    @property
    def is_described(self) -> bool:
        return SCHEMA in self.files

    def child_path(self, name: str) -> str:
        return tp.join(self.path, name)

    def sorted_dirs(self) -> list[str]:
        return sorted(self.dirs, key=tp.natural_key)

    def attributes(self) -> list[Attribute]:
        """The attributes that have a file: in the order of the schema, then those that it does not list."""
        found = [attribute for attribute in self.schema.values() if attribute.name in self.files]
        rest = self.files.difference(self.schema, (SCHEMA,))
        found.extend(undescribed(name, self.mode(name)) for name in sorted(rest))
        return found

    def attribute(self, name: str) -> Attribute:
        if name not in self.files or name == SCHEMA:
            raise NotFoundError(
                f"{self.path} has no attribute {name!r}",
                "attributes here: " + (", ".join(a.name for a in self.attributes()) or "none"),
            )
        known = self.schema.get(name)
        return known or undescribed(name, self.mode(name))

    def mode(self, name: str) -> int:
        """The permissions of the file of an attribute."""
        try:
            return self.tree.mode(self.child_path(name))
        except OSError as error:
            raise RefusedError("get", self.path, error.errno or errno.EIO, name) from error

    def read(self, name: str) -> str:
        try:
            return self.tree.read(self.child_path(name))
        except OSError as error:
            raise RefusedError("get", self.path, error.errno or errno.EIO, name) from error

    def enabled(self) -> Optional[bool]:
        """Whether the object is enabled; None when it has no such attribute."""
        if ENABLED not in self.files:
            return None
        return self.read(ENABLED) == "1"

    def is_secret(self, name: str) -> bool:
        """Is the attribute readable, but by its owner only, or a text that can only be written?"""
        mode = self.mode(name)
        if mode & 0o444:
            return not mode & 0o077
        return self.attribute(name).type == "string"

    def link_target(self, name: str) -> str:
        try:
            return self.tree.readlink(self.child_path(name))
        except OSError as error:
            raise RefusedError("get", self.path, error.errno or errno.EIO, name) from error


def missing(tree: Tree, path: str) -> NotFoundError:
    """The error for a path that does not exist. It names the part of the path that does."""
    if not tree.is_dir("/"):
        return NotFoundError(f"{tree.root} does not exist", "is the module loaded? modprobe cst")
    existing = tp.parent(path)
    while not tree.is_dir(existing):
        existing = tp.parent(existing)
    return NotFoundError(f"no such object: {path} (there is {existing})")


def try_node(tree: Tree, path: str) -> Optional[Node]:
    """The node, or None if it is not there: sessions come and go while the tree is read."""
    try:
        return Node(tree, path)
    except NotFoundError:
        return None


@contextmanager
def unless_gone(tree: Tree, path: str) -> Iterator[None]:
    """Look at the object at path. Errors are ignored if it does not exist any more."""
    try:
        yield
    except (CtlError, OSError):
        if tree.is_dir(path):
            raise


def optional_link(tree: Tree, path: str) -> Optional[str]:
    """The target of a link; None if the link is not there."""
    try:
        return tree.readlink(path)
    except OSError as error:
        if error.errno not in GONE:
            raise RefusedError("get", tp.parent(path), error.errno or errno.EIO, tp.base(path)) from error
        return None


def in_kernel_order(tree: Tree, node: Node) -> list[str]:
    """Names of child directories, by their `order` attribute if all have one, else in natural order."""
    names = node.sorted_dirs()
    orders: dict[str, int] = {}
    for name in names:
        value = optional_value(tree, tp.join(node.child_path(name), ORDER))
        if value is None or not value.isdecimal():
            return names
        orders[name] = int(value)
    return sorted(names, key=lambda name: orders[name])


def optional_value(tree: Tree, path: str) -> Optional[str]:
    """The value of an attribute; None if it cannot be read."""
    try:
        return tree.read(path)
    except OSError:
        return None


def in_other_case(tree: Tree, path: str) -> str:
    """Replace the name of the target in path by the name in the tree that differs only in letter case."""
    names = tp.parts(path)
    if names[:1] != ["targets"] or len(names) < 3:
        return path
    fabric = "/" + "/".join(names[:2])
    if tree.is_dir(tp.join(fabric, names[2])):
        return path
    try:
        found = [name for name in tree.listing(fabric).dirs if name.lower() == names[2].lower()]
    except OSError:
        return path
    return "/" + "/".join([*names[:2], found[0], *names[3:]]) if len(found) == 1 else path


def takes_objects(node: Node) -> bool:
    """May a user make objects in this directory? Not in an object: its parts are made by the kernel."""
    if CREATABLE in node.files or tp.parent(node.path) in ("/handlers", "/targets"):
        return True
    return not node.is_described and node.path not in ("/", "/handlers", "/targets")


def kernel_makes_children(tree: Tree, node: Node) -> bool:
    """Does only the kernel make objects in this directory? Nobody does in one that is gone."""
    if CREATABLE not in node.files:
        return node.name == SESSIONS
    with unless_gone(tree, node.path):
        return node.read(CREATABLE) != "1"
    return True


def handler_path(value: str) -> str:
    """The path of a device given as handler/device or handlers/handler/device, or with a slash first."""
    names = tp.parts(value)
    if names[:1] != ["handlers"]:
        names.insert(0, "handlers")
    return "/" + "/".join(names)


def short_target(path: str) -> str:
    """A link target as it is shown: devices without the leading /handlers/."""
    prefix = "/handlers/"
    return path[len(prefix) :] if path.startswith(prefix) else path


def as_kernel_prints(text: str) -> str:
    """text as last_error has it: bytes that are not printable ASCII become \\xNN."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in tp.encode(text))


def _error_line(tree: Tree) -> tuple[int, str]:
    """The kernel's last_error: number of the refusal, and its text with the path in the form used here."""
    sequence, _, rest = (optional_value(tree, "/" + LAST_ERROR) or "").partition(" ")
    text = rest.partition(" ")[2]
    if not sequence.isdecimal():
        return 0, ""
    return int(sequence), "/" + text[1:] if text.startswith(".: ") else "/" + text


def errors_said(tree: Tree) -> int:
    """How many refusals the kernel has explained so far. Callers of last_error() need it from before."""
    return _error_line(tree)[0]


def last_error(tree: Tree, before: int, path: str, attribute: Optional[str] = None) -> Optional[str]:
    """The kernel's explanation of the write or mkdir that has just failed; None if there is none.

    before is what errors_said() returned before the operation: an older explanation does not count, nor does
    one of another operation. That of a write names object and attribute. That of mkdir, for which attribute
    is None, names directory and new object. Only enabling can fail because of other attributes, or of objects
    inside; then the explanation names those.
    """
    sequence, text = _error_line(tree)
    if sequence <= before:
        return None
    if attribute is None:
        path, attribute = tp.parent(path), tp.base(path)
    path = as_kernel_prints(path)
    if attribute == ENABLED and tp.is_below(text.partition(": ")[0], path):
        return text.removeprefix(path + ": ").removeprefix(ENABLED + ": ")
    head = f"{path}: {as_kernel_prints(attribute)}: "
    return text[len(head) :] if text.startswith(head) else None


def link_error(tree: Tree, before: int, path: str) -> Optional[str]:
    """The kernel's explanation of the symlink in path that has just failed: it names no attribute."""
    sequence, text = _error_line(tree)
    head = as_kernel_prints(path) + ": "
    if sequence <= before or not text.startswith(head):
        return None
    rest = text[len(head) :]
    node = try_node(tree, path)
    return None if node is None or rest.partition(": ")[0] in node.files else rest


@dataclass
class Session:
    """A session of any fabric, as its directories describe it."""

    fabric: str
    target: str
    node: Node
    luns: list[tuple[str, Optional[str]]]
    connections: list[Node]

    @property
    def initiator(self) -> str:
        """The initiator's name. The directory's name may differ: a second session has a number behind it."""
        return optional_value(self.node.tree, self.node.child_path(INITIATOR_NAME)) or self.node.name

    def matches(self, pattern: str) -> bool:
        wanted = pattern.lower()
        subjects = (self.initiator, self.node.name, self.target, self.fabric, self.node.path)
        return any(fnmatch.fnmatchcase(subject.lower(), wanted) for subject in subjects)


def _children(tree: Tree, path: str) -> list[str]:
    node = try_node(tree, path)
    return [node.child_path(name) for name in node.sorted_dirs()] if node else []


def _lun_map(node: Node) -> str:
    """The directory with the LUNs of a session: the one that its attribute names, else its own."""
    if LUNS in node.files:
        return tp.resolve("/", optional_value(node.tree, node.child_path(LUNS)) or "/" + LUNS)
    return node.child_path(LUNS)


def _session(tree: Tree, path: str) -> Optional[Session]:
    node = try_node(tree, path)
    if node is None:
        return None
    _, fabric, target = tp.parts(path)[:3]
    luns: list[tuple[str, Optional[str]]] = []
    for lun_path in _children(tree, _lun_map(node)):
        lun = try_node(tree, lun_path)
        if lun is None:
            continue
        device = optional_link(tree, lun.child_path(lun.links[0])) if lun.links else None
        # A LUN is removed after its link.
        if device is not None or not lun.links or tree.is_dir(lun_path):
            luns.append((lun.name, device))
    found = (try_node(tree, connection) for connection in _children(tree, node.child_path("connections")))
    return Session(fabric, target, node, luns, [connection for connection in found if connection is not None])


def sessions(tree: Tree) -> Iterator[Session]:
    """Every session of every target of every fabric."""
    for fabric in _children(tree, "/targets"):
        for target in _children(tree, fabric):
            for path in _children(tree, tp.join(target, SESSIONS)):
                session = _session(tree, path)
                if session is not None:
                    yield session


class Users:
    """Finds the links that point to an object. All links are collected once, for many questions."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._links: Optional[dict[str, list[str]]] = None

    def of(self, path: str) -> list[str]:
        """Paths of the links outside path that point to it or into it, and are still there."""
        if self._links is None:
            self._links = self._collect()
        whole = len(tp.parts(path)) > 2
        targets = [path] if whole else [target for target in self._links if tp.is_below(target, path)]
        found = [
            link
            for target in targets
            for link in self._links.get(target, [])
            if not tp.is_below(link, path) and optional_link(self.tree, link) == target
        ]
        return sorted(found, key=tp.natural_key)

    def _collect(self) -> dict[str, list[str]]:
        result: dict[str, list[str]] = {}
        top = Node(self.tree, "/")
        stack = [top.child_path(name) for name in top.dirs]
        while stack:
            node = try_node(self.tree, stack.pop())
            if node is None or kernel_makes_children(self.tree, node):
                continue
            for link in map(node.child_path, node.links):
                target = optional_link(self.tree, link)
                if target is not None:
                    result.setdefault(target, []).append(link)
            stack.extend(node.child_path(name) for name in node.dirs)
        return result
