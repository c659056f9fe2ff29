# SPDX-License-Identifier: GPL-2.0-only
"""Runs command lines of a file or of standard input, and a line that was typed in the shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from targetctl import commands, lexer
from targetctl.context import Context
from targetctl.errors import EXIT_OK, EXIT_PARTIAL, CtlError


def run_words(context: Context, words: list[str]) -> int:
    """Run one command. A path before it is the current object for this command only. A path alone is a cd."""
    if not words or words[0] in commands.COMMANDS or not _is_path(words[0]):
        return commands.execute(context, words) if words else EXIT_OK
    if len(words) == 1:
        return commands.execute(context, ["cd", words[0]])
    before = context.cwd
    commands.execute(context, ["cd", words[0]])
    inside = context.cwd
    try:
        return commands.execute(context, words[1:])
    finally:
        if context.cwd == inside:
            context.cwd = before


def _is_path(word: str) -> bool:
    return "/" in word or word in (".", "..")


def run_lines(context: Context, name: str, lines: Iterable[bytes], keep_going: bool) -> int:
    """Run all lines. Stops at the first error unless keep_going is set. Errors name file and line."""
    worst: Optional[int] = None
    for number, raw in enumerate(lines, 1):
        where = f"{name}:{number}"
        try:
            line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
            code = run_words(context, lexer.split(line))
        except EOFError:
            break
        except CtlError as error:
            context.report(error, where)
            code = error.code
        else:
            if code != EXIT_OK:
                context.warn(f"{where}: failed")
        if code != EXIT_OK:
            if not keep_going:
                return code
            worst = EXIT_PARTIAL
    return worst or EXIT_OK
