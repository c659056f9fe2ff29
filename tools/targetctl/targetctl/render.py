# SPDX-License-Identifier: GPL-2.0-only
"""Text for the terminal: trees, tables, and the short summary of an object."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any, Optional, TextIO

from targetctl import lexer
from targetctl import tree as tp
from targetctl.errors import NotFoundError, RefusedError
from targetctl.model import (
    CREATABLE,
    ENABLED,
    SESSIONS,
    Node,
    optional_link,
    short_target,
    try_node,
    unless_gone,
)
from targetctl.secret import MASK
from targetctl.snapshot import ordered_children
from targetctl.tree import Tree

_VALUE_WIDTH = 48
_GREEN, _RED, _BOLD, _RESET = "\033[32m", "\033[31m", "\033[1m", "\033[0m"


def visible(text: str) -> str:
    """Escape what a terminal would take for a command, because names come from initiators."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode("ascii")
        for char in text
    )


def width() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def use_colour(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"


def open_output(stream: TextIO) -> None:
    """Make the stream write names and values unchanged that are not UTF-8."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        utf8 = (getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8"
        reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table. Each column is padded to its widest cell, but not the last one."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(size) for cell, size in zip(row, widths)).rstrip() for row in rows]


def _shorten(text: str) -> str:
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 3] + "..."


def _counted(number: int, noun: str) -> str:
    if number == 1 and noun.endswith("s"):
        noun = noun[:-1]
    return f"{number} {noun.replace('_', ' ')}"


class TreeView:
    """Draws a part of the tree, or makes JSON data of it."""

    def __init__(
        self, tree: Tree, depth: Optional[int], everything: bool, show_secrets: bool, colour: bool
    ) -> None:
        self.tree = tree
        self.depth = depth
        self.everything = everything
        self.show_secrets = show_secrets
        self.colour = colour
        self.width = width()

    def value(self, node: Node, name: str) -> Optional[str]:
        """The value to show; None if it is secret and secrets are not shown."""
        if not self.show_secrets and node.is_secret(name):
            return None
        return node.read(name)

    def lines(self, path: str, note: str = "") -> Iterator[str]:
        """The lines that draw the tree at and below path."""
        node = Node(self.tree, path)
        yield from self._lines(node, Node(self.tree, tp.parent(path)), "", "", self.depth, note)

    def _lines(
        self, node: Node, above: Node, margin: str, below: str, depth: Optional[int], note: str = ""
    ) -> Iterator[str]:
        name = visible(node.name)
        try:
            summary = self._summary(node, above)
        except (RefusedError, NotFoundError):
            return
        if note:
            summary.append(note)
        yield self._line(margin, name, summary)
        if depth == 0:
            return
        children = self._shown_children(node)
        for index, child in enumerate(children):
            last = index == len(children) - 1
            left = None if depth is None else depth - 1
            yield from self._lines(child, node, below + "o- ", below + ("  " if last else "| "), left)

    def _shown_children(self, node: Node) -> list[Node]:
        result = []
        for name in ordered_children(self.tree, node):
            child = try_node(self.tree, node.child_path(name))
            if child is not None and (self.everything or not self._is_detail(node, child)):
                result.append(child)
        return result

    @staticmethod
    def _is_detail(node: Node, child: Node) -> bool:
        """Is child a part of an object that has only values to read, such as counters?"""
        if not node.is_described or not child.is_described or child.dirs or child.links:
            return False
        return not any(attribute.writable for attribute in child.attributes())

    def _line(self, margin: str, name: str, summary: list[str]) -> str:
        head = margin + name
        if not summary:
            return head
        text = summary[0]
        for part in summary[1:]:
            if len(head) + len(text) + len(part) + 6 <= self.width:
                text += ", " + part
        dots = "." * max(self.width - len(head) - len(text) - 4, 3)
        if self.colour:
            for word, colour in (("enabled", _GREEN), ("disabled", _RED)):
                if text == word or text.startswith(word + ","):
                    text = colour + word + _RESET + text[len(word) :]
            head = margin + _BOLD + name + _RESET
        return f"{head} {dots} [{text}]"

    def _summary(self, node: Node, above: Node) -> list[str]:
        parts = []
        enabled = node.enabled()
        if enabled is not None:
            parts.append("enabled" if enabled else "disabled")
        for name in node.links:
            target = visible(short_target(node.link_target(name)))
            parts.append(f"-> {target}" if len(node.links) == 1 else f"{name} -> {target}")
        if SESSIONS in node.dirs:
            sessions = try_node(self.tree, node.child_path(SESSIONS))
            if sessions is not None and sessions.dirs:
                parts.append(_counted(len(sessions.dirs), SESSIONS))
        if self._is_container(node, above):
            return parts + self._counts(node) + (self._settings(node) if CREATABLE not in node.files else [])
        return parts + self._settings(node)

    @staticmethod
    def _is_container(node: Node, above: Node) -> bool:
        """Does the directory exist for the objects in it, as luns, sessions, a handler or a fabric does?"""
        if CREATABLE in node.files or above.path in ("/handlers", "/targets"):
            return True
        return not node.files and bool(above.files)

    def _settings(self, node: Node) -> list[str]:
        """The rw attributes that differ from their defaults; the ro ones of an object that has no rw ones."""
        attributes = sorted(node.attributes(), key=lambda attribute: attribute.is_generated)
        writable = any(attribute.access == "rw" for attribute in attributes)
        result = []
        for attribute in attributes:
            if attribute.name == ENABLED or not attribute.readable or not attribute.described:
                continue
            if writable and attribute.access != "rw":
                continue
            value = node.read(attribute.name)
            if writable and value == attribute.default:
                continue
            if self.value(node, attribute.name) is None:
                result.append(f"{attribute.name}={MASK}")
            else:
                result.append(f"{attribute.name}={_shorten(lexer.quote(visible(value)))}")
        return result

    def _counts(self, node: Node) -> list[str]:
        if node.path == "/targets":
            fabrics = (try_node(self.tree, node.child_path(name)) for name in node.dirs)
            return [_counted(sum(len(fabric.dirs) for fabric in fabrics if fabric is not None), "targets")]
        # A handler has devices, and a fabric has targets. Other directories are named after what they have.
        above = tp.base(tp.parent(node.path))
        noun = {"handlers": "devices", "targets": "targets"}.get(above, node.name)
        return [_counted(len(node.dirs), noun)]

    def data(self, path: str) -> dict[str, Any]:
        """The tree at and below path as JSON data."""
        return self._data(Node(self.tree, path), self.depth)

    def _data(self, node: Node, depth: Optional[int]) -> dict[str, Any]:
        children = []
        if depth != 0:
            for name in ordered_children(self.tree, node):
                child = try_node(self.tree, node.child_path(name))
                if child is not None:
                    with unless_gone(self.tree, child.path):
                        children.append(self._data(child, None if depth is None else depth - 1))
        links = {name: optional_link(self.tree, node.child_path(name)) for name in node.links}
        return {
            "path": node.path,
            "name": tp.base(node.path),
            "enabled": node.enabled(),
            "attributes": {a.name: self.value(node, a.name) for a in node.attributes() if a.readable},
            "links": {name: target for name, target in links.items() if target is not None},
            "children": children,
        }
