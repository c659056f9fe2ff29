# SPDX-License-Identifier: GPL-2.0-only
"""Walks the tree, and collects what a configuration file needs so that a restore makes the same tree."""

from __future__ import annotations

from typing import Optional

from targetctl.errors import RefusedError
from targetctl.model import (
    CREATABLE,
    ENABLED,
    Node,
    in_kernel_order,
    kernel_makes_children,
    optional_value,
    try_node,
)
from targetctl.store import Entry
from targetctl.tree import Tree

# Parts of an object, in the order in which they are made: parts that others refer to come first. Parts that
# are not listed follow in natural order.
PART_ORDER = ("params", "portals", "auth", "luns", "ini_groups")
LAST_PARTS = ("sessions",)

_TRIES = 3


def part_rank(name: str) -> int:
    """The position of a part of an object among the other parts."""
    if name in PART_ORDER:
        return PART_ORDER.index(name)
    return len(PART_ORDER) + (1 + LAST_PARTS.index(name) if name in LAST_PARTS else 0)


def ordered_children(tree: Tree, node: Node) -> list[str]:
    """Names of child directories in the order to show and save them: parts by rank, objects by `order`."""
    names = in_kernel_order(tree, node)
    return sorted(names, key=part_rank) if node.is_described else names


def take(tree: Tree) -> tuple[list[Entry], bool]:
    """The whole configuration; and whether nothing has changed while it was read."""
    for _ in range(_TRIES):
        before = optional_value(tree, "/generation")
        entries: list[Entry] = []
        _walk(tree, Node(tree, "/"), False, entries)
        if before == optional_value(tree, "/generation"):
            return entries, True
    return entries, False


def _entry(tree: Tree, node: Node) -> Optional[Entry]:
    """The entry of one directory; None if the directory was removed while it was read."""
    try:
        return Entry(node.path, _attributes(node), {name: node.link_target(name) for name in node.links})
    except (RefusedError, OSError):
        if not tree.is_dir(node.path):
            return None
        raise


def _walk(tree: Tree, node: Node, made_by_user: bool, entries: list[Entry]) -> None:
    entry = _entry(tree, node)
    if entry is None:
        return
    if made_by_user or entry.attributes or entry.links:
        entries.append(entry)
    if kernel_makes_children(tree, node):
        return
    for name in ordered_children(tree, node):
        child = try_node(tree, node.child_path(name))
        if child is None:
            continue
        if CREATABLE not in node.files:
            _walk(tree, child, _is_made_by_user(node, child), entries)
            continue
        # A session that the user has made. The kernel makes what is inside it.
        session = _entry(tree, child)
        if session is not None:
            entries.append(session)


def _is_made_by_user(node: Node, child: Node) -> bool:
    """Did a user make child? A directory in an object with attributes is a part, unless it has `enabled`."""
    if node.path in ("/", "/handlers", "/targets"):
        return False
    return ENABLED in child.files or not node.is_described


def _attributes(node: Node) -> dict[str, str]:
    """The rw attributes that differ from their defaults, `enabled`, and those that no schema describes.

    An identity, such as a serial number, has no default, so it always differs.
    """
    result = {}
    for attribute in node.attributes():
        if attribute.access != "rw":
            continue
        value = node.read(attribute.name)
        if value != attribute.default or attribute.name == ENABLED or not attribute.described:
            result[attribute.name] = value
    return result
