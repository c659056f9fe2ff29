# SPDX-License-Identifier: GPL-2.0-only
"""Splits a command line into words.

White space separates words. '...' is literal. "..." has the escapes \\" and \\\\. Outside quotes a backslash
makes the next character literal. # at the start of a word begins a comment. Every other character, ASCII or
not, is literal: nothing is expanded. A line that cannot be split is an error with a column, and never a
shorter value.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from targetctl.errors import UsageError

_SPACE = " \t\r\n"


class LexError(UsageError):
    """A line that cannot be split. Columns are counted from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


class Word(NamedTuple):
    """One word: its value, and the start and end of its raw form in the line."""

    text: str
    start: int
    end: int


class Cursor(NamedTuple):
    """The unfinished word at the end of a line, for completion."""

    text: str
    start: int
    quote: str


class _Scanner:
    """One pass over a line; `quote` is the open quote character or empty."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.words: list[Word] = []
        self.text: Optional[list[str]] = None
        self.start = 0
        self.quote = ""
        self.quote_column = 0
        self.escape = False
        self.comment = False

    def _begin(self, index: int) -> list[str]:
        if self.text is None:
            self.text = []
            self.start = index
        return self.text

    def _finish(self, index: int) -> None:
        if self.text is not None:
            self.words.append(Word("".join(self.text), self.start, index))
            self.text = None

    def scan(self) -> None:
        for index, char in enumerate(self.line):
            if char == "\0":
                raise LexError("NUL character", index + 1)
            if self.escape:
                self._escaped(index, char)
            elif self.quote:
                self._quoted(index, char)
            elif char in _SPACE:
                self._finish(index)
            elif char == "#" and self.text is None:
                self.comment = True
                return
            elif char in "'\"":
                self._begin(index)
                self.quote = char
                self.quote_column = index + 1
            elif char == "\\":
                self._begin(index)
                self.escape = True
            else:
                self._begin(index).append(char)

    def _escaped(self, index: int, char: str) -> None:
        text = self._begin(index)
        if self.quote and char not in '"\\':
            text.append("\\")
        text.append(char)
        self.escape = False

    def _quoted(self, index: int, char: str) -> None:
        if char == self.quote:
            self.quote = ""
        elif char == "\\" and self.quote == '"':
            self.escape = True
        else:
            self._begin(index).append(char)


def scan_words(line: str) -> list[Word]:
    """All words of a complete line."""
    scanner = _Scanner(line)
    scanner.scan()
    if scanner.comment:
        return scanner.words
    if scanner.escape:
        raise LexError("backslash at the end of the line", len(line))
    if scanner.quote:
        raise LexError(f"quote {scanner.quote} is not closed", scanner.quote_column)
    scanner._finish(len(line))
    return scanner.words


def split(line: str) -> list[str]:
    """The values of all words of a complete line."""
    return [word.text for word in scan_words(line)]


def split_partial(line: str) -> Optional[tuple[list[str], Cursor]]:
    """The words of an unfinished line before its last word, and the last word. None inside a comment."""
    scanner = _Scanner(line)
    scanner.scan()
    if scanner.comment:
        return None
    words = [word.text for word in scanner.words]
    if scanner.text is None:
        return words, Cursor("", len(line), "")
    return words, Cursor("".join(scanner.text), scanner.start, scanner.quote)


def _is_plain(text: str) -> bool:
    return bool(text) and text[0] != "#" and not any(char in "'\"\\" or char in _SPACE for char in text)


def quote(text: str) -> str:
    """Quote text so that split() reads it as one word."""
    if _is_plain(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quote_like(text: str, open_quote: str) -> str:
    """Quote text like a user who has typed open_quote (' or " or none). An open quote is not closed."""
    if open_quote == "'":
        # A ' in the text: close the quotes, write it escaped, and open the quotes again.
        return "'" + text.replace("'", "'\\''")
    if open_quote == '"':
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join("\\" + char if char in "'\"\\" or char in _SPACE else char for char in text)
    return "\\" + escaped if escaped.startswith("#") else escaped
