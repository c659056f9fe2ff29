# SPDX-License-Identifier: GPL-2.0-only
"""Not tested: reading lines from a terminal (test_shell)."""

from __future__ import annotations

import os
import random
import shlex
import string
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from targetctl import lexer
from targetctl.lexer import LexError

NASTY = [
    "a b",
    'say "hi"',
    "it's",
    "back\\slash",
    "s3cr^et",
    "{x}",
    "a|b",
    "`cmd`",
    "$HOME",
    "ümläut €",
    "日本",
    "",
    "#no",
    "a#b",
    "tab\there",
    "''",
    '"',
    "\\",
    "\\\\",
    " lead",
    "trail ",
    "a=b=c",
    "nbsp\u00a0x",
    "\udcff",
    "*?[]",
    "new\nline",
]


class SplitTest(unittest.TestCase):
    def test_plain_words(self) -> None:
        self.assertEqual(lexer.split("  set /a/b  x=1\ty=2 \n"), ["set", "/a/b", "x=1", "y=2"])

    def test_nothing(self) -> None:
        for line in ("", "   ", "# comment", "  # comment 'with quote"):
            self.assertEqual(lexer.split(line), [])

    def test_comment_only_at_word_start(self) -> None:
        self.assertEqual(lexer.split("a #b"), ["a"])
        self.assertEqual(lexer.split("a#b '#c' \\#d"), ["a#b", "#c", "#d"])

    def test_quotes(self) -> None:
        self.assertEqual(lexer.split("""x='a b' y="c 'd'" z='e "f"'"""), ["x=a b", "y=c 'd'", 'z=e "f"'])
        self.assertEqual(lexer.split("a''b \"\" ''"), ["ab", "", ""])

    def test_escapes(self) -> None:
        self.assertEqual(lexer.split(r'a\ b \"q \\ "\"\\ \n"'), ["a b", '"q', "\\", '"\\ \\n'])
        self.assertEqual(lexer.split(r"'a\b'"), ["a\\b"])

    def test_values_that_configshell_cuts(self) -> None:
        for value in ("s3cr^et", "a{b}", "a|b", "ümläut", "a`b", "100%", "a\\\\b"):
            self.assertEqual(lexer.split("set x=" + value), ["set", "x=" + value.replace("\\\\", "\\")])

    def test_unicode_space_does_not_separate(self) -> None:
        self.assertEqual(lexer.split("a\u00a0b\u3000c"), ["a\u00a0b\u3000c"])

    def test_errors_name_the_column(self) -> None:
        for line, column in (("a 'b", 3), ('a "b\\"', 3), ("ab\\", 3), ("a\0b", 2), ("x='a' y=\"b", 9)):
            with self.assertRaises(LexError) as caught:
                lexer.split(line)
            self.assertEqual(caught.exception.column, column, line)

    def test_positions(self) -> None:
        words = lexer.scan_words("ab 'c d' e")
        self.assertEqual([(word.start, word.end) for word in words], [(0, 2), (3, 8), (9, 10)])


class QuoteTest(unittest.TestCase):
    def test_nasty_words_survive(self) -> None:
        for word in NASTY:
            self.assertEqual(lexer.split(lexer.quote(word)), [word])
            self.assertEqual(lexer.split(lexer.quote_like(word, "") or "''"), [word])
            self.assertEqual(lexer.split(lexer.quote_like(word, '"') + '"'), [word])
            if "'" not in word:
                self.assertEqual(lexer.split(lexer.quote_like(word, "'") + "'"), [word])

    def test_plain_stays_plain(self) -> None:
        for word in ("/a/b", "iqn.2026-01.example:t1", "x=1", "a|b", "ü"):
            self.assertEqual(lexer.quote(word), word)


class FuzzTest(unittest.TestCase):
    """Random lines: split returns words or raises LexError, and no character is lost."""

    ALPHABET = "ab=/ \t'\"\\#|^{}ü€" + string.punctuation

    def setUp(self) -> None:
        self.random = random.Random(20260101)

    def line(self) -> str:
        return "".join(self.random.choice(self.ALPHABET) for _ in range(self.random.randrange(24)))

    def test_random_lines(self) -> None:
        errors = 0
        for _ in range(20000):
            line = self.line()
            try:
                words = lexer.split(line)
            except LexError as error:
                errors += 1
                self.assertTrue(1 <= error.column <= len(line))
                continue
            again = " ".join(lexer.quote(word) for word in words)
            self.assertEqual(lexer.split(again), words)
        self.assertGreater(errors, 1000)

    def test_same_as_posix_shell(self) -> None:
        """Python's shlex follows POSIX; where both read a line, they agree."""
        for _ in range(20000):
            line = self.line()
            reader = shlex.shlex(line, posix=True, punctuation_chars=False)
            reader.whitespace_split = True
            reader.whitespace = " \t\r\n"
            reader.commenters = ""
            if "#" in line:
                continue
            try:
                theirs = list(reader)
            except ValueError:
                with self.assertRaises(LexError):
                    lexer.split(line)
                continue
            self.assertEqual(lexer.split(line), theirs, line)

    def test_random_words_survive_quoting(self) -> None:
        for _ in range(5000):
            words = [self.line() for _ in range(self.random.randrange(1, 5))]
            self.assertEqual(lexer.split(" ".join(lexer.quote(word) for word in words)), words)

    def test_partial_agrees_with_complete(self) -> None:
        """Wherever a line is cut, the finished words before the cut are those of the whole line."""
        for _ in range(5000):
            line = self.line()
            try:
                whole = lexer.split(line)
            except LexError:
                continue
            cut = self.random.randrange(len(line) + 1)
            partial = lexer.split_partial(line[:cut])
            if partial is not None:
                before, cursor = partial
                self.assertEqual(whole[: len(before)], before)
                self.assertTrue(0 <= cursor.start <= cut)


if __name__ == "__main__":
    unittest.main()
