# SPDX-License-Identifier: GPL-2.0-only
"""Completes the last word of a command from the live tree, for the shell and for bash."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from typing import NamedTuple, Optional

from targetctl import lexer
from targetctl import tree as tp
from targetctl.commands import COMMANDS, DEVICE, Command
from targetctl.context import Context
from targetctl.errors import CtlError
from targetctl.lexer import LexError
from targetctl.model import Node, sessions, try_node
from targetctl.schema import Attribute


class Candidate(NamedTuple):
    """What the last word can become; `final` when the word is complete then."""

    text: str
    final: bool


def candidates(context: Context, before: Sequence[str], text: str, in_shell: bool) -> list[Candidate]:
    """What the last word, which begins with text, can become after the words before it. Never fails."""
    try:
        return _candidates(context, before, text, in_shell)
    except (CtlError, OSError):
        return []


def _candidates(context: Context, before: Sequence[str], text: str, in_shell: bool) -> list[Candidate]:
    cwd = context.cwd
    if in_shell and before and before[0] not in COMMANDS and "/" in before[0]:
        cwd = context.resolve(before[0])
        before = before[1:]
    if not before:
        names = [name for name, command in COMMANDS.items() if in_shell or not command.shell_only]
        found = _matching(names, text)
        if in_shell and ("/" in text or text.startswith(".")):
            found.extend(_paths(context, cwd, text))
        return found
    command = COMMANDS.get(before[0])
    if command is None:
        return []
    if text.startswith("-"):
        return _matching([f"--{option.name}" for option in command.options], text)
    arguments = [word for word in before[1:] if not word.startswith("-")]
    if not command.words:
        return []
    kind = command.words[min(len(arguments), len(command.words) - 1)]
    return _of_kind(context, cwd, command, kind, arguments, text)


def _of_kind(
    context: Context, cwd: str, command: Command, kind: str, arguments: list[str], text: str
) -> list[Candidate]:
    if kind == "path":
        found = _paths(context, cwd, text)
        if command.name == "set" and not arguments:
            found.extend(_assignments(context, cwd, command, text))
        return found
    where = tp.resolve(cwd, arguments[0]) if arguments else cwd
    if kind == "assign":
        if command.name == "set" and arguments and "=" in arguments[0] and not arguments[0].startswith("/"):
            where = cwd
        return _assignments(context, where, command, text)
    if kind == "attr":
        return _matching([a.name for a in Node(context.tree, where).attributes() if a.readable], text)
    if kind == "device":
        return _matching(_devices(context), text)
    if kind == "command":
        return _matching(list(COMMANDS), text)
    if kind == "session":
        if arguments[:1] == ["kill"]:
            return _matching([session.node.path for session in sessions(context.tree)], text)
        return _matching(["kill"], text)
    if kind == "file":
        return [
            Candidate(name + "/" if os.path.isdir(name) else name, not os.path.isdir(name))
            for name in _files(text)
        ]
    return []


def _files(text: str) -> list[str]:
    return sorted(glob.glob(glob.escape(text) + "*"))


def _matching(names: Sequence[str], text: str) -> list[Candidate]:
    return [Candidate(name, True) for name in names if name.startswith(text)]


def _paths(context: Context, cwd: str, text: str) -> list[Candidate]:
    """Directories whose path begins with text. The head of the path stays as the user has written it."""
    head, slash, prefix = text.rpartition("/")
    node = Node(context.tree, tp.resolve(cwd, head + slash))
    names = [name for name in node.sorted_dirs() if name.startswith(prefix)]
    if len(names) == 1:
        child = try_node(context.tree, node.child_path(names[0]))
        if child is None or not child.dirs:
            return [Candidate(head + slash + names[0], True)]
    return [Candidate(head + slash + name + "/", False) for name in names]


def _devices(context: Context) -> list[str]:
    top = try_node(context.tree, "/handlers")
    found: list[str] = []
    for handler in top.sorted_dirs() if top else []:
        node = try_node(context.tree, tp.join("/handlers", handler))
        found.extend(f"{handler}/{name}" for name in (node.sorted_dirs() if node else []))
    return found


def _schema_source(context: Context, path: str, create: bool) -> Optional[Node]:
    """The node whose schema has the attributes of path. For an object to be made: an object beside it."""
    if not create:
        return try_node(context.tree, path)
    above = try_node(context.tree, tp.parent(path))
    if above is None:
        return None
    for name in above.dirs:
        sibling = try_node(context.tree, above.child_path(name))
        if sibling is not None and sibling.is_described:
            return sibling
    return above


def _assignments(context: Context, path: str, command: Command, text: str) -> list[Candidate]:
    create = command.name == "create"
    node = _schema_source(context, path, create)
    if node is None:
        return []
    # The schema of a handler describes its devices, whose attributes have no file in the handler's directory.
    # So for an object to be made all lines of the schema count, not only those with a file.
    known = [a for a in (node.schema.values() if create else node.attributes()) if a.writable]
    name, sign, value = text.partition("=")
    if sign:
        choices = _values(context, node, known, name, create)
        return [Candidate(f"{name}={choice}", True) for choice in choices if choice.startswith(value)]
    names = [attribute.name for attribute in known]
    if create and tp.base(tp.parent(path)) == "luns":
        names.append(DEVICE)
    return [Candidate(f"{name}=", False) for name in names if name.startswith(text)]


def _values(context: Context, node: Node, known: list[Attribute], name: str, create: bool) -> list[str]:
    """The choices of an enum or bool; of other types the present value, for the user to edit."""
    for attribute in known:
        if attribute.name == name:
            if attribute.choices():
                return attribute.choices()
            if not create and attribute.readable and not node.is_secret(name):
                return [node.read(name)]
            return [attribute.default] if attribute.default else []
    if create and name == DEVICE:
        return _devices(context)
    return []


def complete_line(context: Context, line: str, start: int, in_shell: bool) -> list[str]:
    """For readline: texts that replace line from start on, with the quotes that the user has begun with."""
    try:
        split = lexer.split_partial(line)
    except LexError:
        return []
    if split is None:
        return []
    before, cursor = split
    skip = max(start - cursor.start, 0)
    typed = line[cursor.start : cursor.start + skip]
    results = []
    for candidate in candidates(context, before, cursor.text, in_shell):
        raw = lexer.quote_like(candidate.text, cursor.quote)
        if candidate.final:
            raw += cursor.quote + " "
        if raw.startswith(typed):
            results.append(raw[skip:])
    return results


def complete_bash(context: Context, line: str, breaks: str) -> list[str]:
    """For bash: texts that replace the last word behind the last of its characters that is in breaks."""
    try:
        split = lexer.split_partial(line)
    except LexError:
        return []
    if split is None or not split[0]:
        return []
    before, cursor = split
    words = _without_globals(before[1:])
    cut = max((cursor.text.rfind(char) + 1 for char in breaks if char in ":="), default=0)
    results = []
    for candidate in candidates(context, words, cursor.text, False):
        raw = candidate.text[cut:]
        if not cursor.quote:
            raw = lexer.quote_like(raw, "")
        results.append(raw + " " if candidate.final else raw)
    return results


def _without_globals(words: list[str]) -> list[str]:
    """The words without the global options: the command and its arguments."""
    takes_value = ("--root", "--lock-timeout", "--file", "-f")
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
        elif word in takes_value:
            skip = True
        elif not word.startswith("-"):
            return words[index:]
    return []
