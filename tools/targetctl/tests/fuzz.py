#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fuzzes what targetctl reads: command lines, scripts, configuration files, schemas.

Usage: fuzz.py [--time SECONDS] [--seed N] [--keep FOLDER] [TARGET...]
       fuzz.py --replay FILE...

Inputs are mutated. An input that reaches a new line of targetctl, or a line a new number of times, is mutated
further. With any input the function of a target must return: an exception or an assertion of its own is a
failure. The input is then written to FOLDER/crash-targetctl-TARGET-NUMBER. Each target prints one line; the
last line is `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import sys
import tempfile
import time
import traceback
from types import FrameType
from typing import Any, Callable, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from targetctl import cli, lexer, schema, store
from targetctl.errors import CtlError, UsageError

from tests.faketree import FakeTree

PACKAGE = os.path.join(os.path.dirname(HERE), "targetctl") + os.sep
CORPUS = os.path.join(HERE, "corpus")
LENGTH_MAX = 4096

# --- the targets ---


def fuzz_lexer(data: bytes) -> None:
    """Splitting is exact: a quoted word is read back, and positions are within the line."""
    line = data.decode("utf-8", "surrogateescape").replace("\n", " ")
    try:
        words = lexer.scan_words(line)
    except lexer.LexError as error:
        assert 1 <= error.column <= len(line), f"column {error.column} of {len(line)}"
        words = []
    end = 0
    for word in words:
        assert end <= word.start < word.end <= len(line), "positions of a word"
        end = word.end
        if "\0" not in word.text:
            assert lexer.split(lexer.quote(word.text)) == [word.text], f"quoted {word.text!r}"
    if words:
        joined = " ".join(lexer.quote(word.text) for word in words)
        assert lexer.split(joined) == [word.text for word in words], "all words quoted"
    try:
        partial = lexer.split_partial(line)
    except lexer.LexError:
        return
    if partial is not None:
        before, cursor = partial
        assert 0 <= cursor.start <= len(line) and cursor.quote in ("", "'", '"'), "the cursor"
        # When the last word is completed, the words before it stay the same.
        if "\0" not in cursor.text:
            typed = line[: cursor.start] + lexer.quote_like(cursor.text, cursor.quote) + cursor.quote
            assert lexer.split(typed)[: len(before)] == before, f"completed to {typed!r}"


def fuzz_config(data: bytes) -> None:
    """A file is read, or refused with a reason. What was read can be written, and is the same when read."""
    try:
        entries = store.parse("fuzz.json", data)
    except UsageError as error:
        assert str(error), "refused without a reason"
        return
    again = store.parse("again.json", store.dump(entries, {}))
    assert again == entries, "written and read back"


def fuzz_schema(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for name, attribute in schema.parse_schema(text).items():
        assert attribute.name == name
        attribute.choices()
        for value in ("", "0", "1K", " 007 ", text[:40]):
            once = attribute.canonical(value)
            assert attribute.canonical(once) == once, f"canonical form of {value!r}"


def _run(tree: FakeTree, *argv: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    code = cli.run(argv, out, err, tree)
    assert 0 <= code <= 8, f"exit code {code}"
    assert code == 0 or err.getvalue() or out.getvalue(), f"{argv}: failed without a word"
    return code, out.getvalue()


def fuzz_script(data: bytes) -> None:
    """Any script runs on a tree, and the tree can be saved afterwards."""
    tree = FakeTree()
    path = os.path.join(os.environ["HOME"], "script")
    config = os.path.join(os.environ["HOME"], "config.json")
    # Leave out scripts that may name files: the fuzzer must not choose a file.
    if any(word in data for word in (b"save", b"restore", b"/dev", b"--file", b"log", b"shell", b"kill")):
        return
    with open(path, "wb") as stream:
        stream.write(data)
    _run(tree, "--keep-going", "-f", path)
    code, _ = _run(tree, "save", "--force", config)
    assert code == 0, "the tree cannot be saved"


def fuzz_restore(data: bytes) -> None:
    """Any file is restored, as a whole, in part or not at all, and the tree can be saved afterwards."""
    config = os.path.join(os.environ["HOME"], "config.json")
    with open(config, "wb") as stream:
        stream.write(data)
    tree = FakeTree()
    _run(tree, "restore", config)
    code, _ = _run(tree, "save", "--force", config)
    assert code == 0, "the tree cannot be saved"


TARGETS: dict[str, Callable[[bytes], None]] = {
    "lexer": fuzz_lexer, "config": fuzz_config, "schema": fuzz_schema, "script": fuzz_script,
    "restore": fuzz_restore,
}

# --- coverage ---


class Coverage:
    """The lines of the package that calls reach, and how often, in powers of two."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, int, int]] = set()
        self.hits: dict[tuple[int, int], int] = {}

    def _local(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            key = (id(frame.f_code), frame.f_lineno)
            self.hits[key] = self.hits.get(key, 0) + 1
        return self._local

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._local if frame.f_code.co_filename.startswith(PACKAGE) else None

    def run(self, fn: Callable[[bytes], None], data: bytes) -> bool:
        """Call fn. Returns whether the call has reached something new."""
        self.hits.clear()
        sys.settrace(self._call)
        try:
            fn(data)
        finally:
            sys.settrace(None)
        new = {(code, line, min(count.bit_length(), 5)) for (code, line), count in self.hits.items()}
        new -= self.seen
        self.seen |= new
        return bool(new)

    def lines(self) -> int:
        return len({(code, line) for code, line, _ in self.seen})


# --- mutation ---

DICTIONARY = [
    b"'", b'"', b"\\", b"#", b" ", b"\t", b"\n", b"\0", b"=", b"/", b"..", b"../", b"{", b"}", b"[",
    b"]", b",", b":", b"null", b"true", b"1e999", b"-0", b"NaN", b"9" * 5000, b'"\\ud800"', b"\xff",
    b"\xc3\xa9", b"\xed\xa0\x80", b'"path"', b'"attributes"', b'"links"', b'"objects"', b'"format"',
    b'"cst-config"', b'"version"', b"/handlers", b"/targets/loop/t1",
    b"/targets/iscsi/iqn.2026-01.example:t1", b"vdisk_fileio", b"vdisk_nullio/null1", b"enabled=1",
    b"enabled", b"create", b"delete", b"set", b"get", b"ls", b"cd", b"link", b"unlink", b"enable",
    b"disable", b"clear", b"pwd", b"--json", b"--recursive", b"-r", b"--help", b"--", b"luns/0",
    b"device=", b"size=1M", b"uint", b"0..10", b"bytes", b"rw", b"always", b"[" * 2000,
]


def mutate(data: bytes, pool: list[bytes], rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(1 << rng.randrange(4)):
        at = rng.randrange(len(out) + 1)
        step = rng.randrange(8)
        if step == 0 and out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        elif step == 1:
            out[at:at] = bytes([rng.randrange(256)])
        elif step == 2:
            del out[at:at + rng.randrange(1, 9)]
        elif step in (3, 4):
            out[at:at] = rng.choice(DICTIONARY)
        elif step == 5:
            other = rng.choice(pool)
            begin = rng.randrange(len(other) + 1)
            out[at:at + rng.randrange(20)] = other[begin:begin + rng.randrange(1, 64)]
        elif step == 6:
            piece = out[at:at + rng.randrange(1, 64)]
            out[at:at] = piece
        elif out:
            out[at % len(out)] = rng.choice(b"0123456789abcdefIN\"'\\/{}[],:= \n")
    return bytes(out[:LENGTH_MAX]) if rng.random() < 0.95 else bytes(out)


# --- one target ---


def problem(error: BaseException) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {os.path.basename(where.filename)}:{where.lineno}: {error}"[:200]


def seeds(name: str) -> list[bytes]:
    folder = os.path.join(CORPUS, name)
    found = []
    for entry in sorted(os.listdir(folder)):
        with open(os.path.join(folder, entry), "rb") as stream:
            found.append(stream.read())
    assert found, f"{folder} has no inputs"
    return found


def check(fn: Callable[[bytes], None], data: bytes) -> Optional[str]:
    """Run fn. Returns None, or what is wrong."""
    try:
        fn(data)
    except CtlError as error:
        return f"CtlError came out: {error}"
    except Exception as error:
        return problem(error)
    return None


def fuzz(name: str, seconds: float, rng: random.Random, keep: str) -> bool:
    fn = TARGETS[name]
    coverage = Coverage()
    pool = seeds(name)
    runs = 0
    end = time.monotonic() + seconds
    todo = list(pool)
    wrong: Optional[str] = None
    while wrong is None and (todo or time.monotonic() < end):
        data = todo.pop() if todo else mutate(rng.choice(pool), pool, rng)
        runs += 1
        found = False

        def guarded(data: bytes) -> None:
            nonlocal wrong
            wrong = check(fn, data)

        found = coverage.run(guarded, data)
        if found and data not in pool:
            pool.append(data)
    text = f"targetctl-{name}: {runs} execs, {coverage.lines()} lines, {len(pool)} inputs"
    if wrong is None:
        print(f"ok   {text}", flush=True)
        return True
    os.makedirs(keep, exist_ok=True)
    path = os.path.join(keep, f"crash-targetctl-{name}-{hashlib.sha1(data).hexdigest()[:12]}")
    with open(path, "wb") as stream:
        stream.write(data)
    print(f"FAIL {text}; {wrong}; input: {path}", flush=True)
    return False


def target_of(path: str) -> str:
    """The target of an input, by its folder in the corpus, or by the name of a crash file."""
    folder = os.path.basename(os.path.dirname(os.path.abspath(path)))
    parts = os.path.basename(path).split("-")
    return folder if folder in TARGETS else parts[2]


def replay(paths: list[str]) -> int:
    failed = 0
    for path in paths:
        with open(path, "rb") as stream:
            wrong = check(TARGETS[target_of(path)], stream.read())
        print(f"{'FAIL' if wrong else 'ok  '} {path}{': ' + wrong if wrong else ''}")
        failed += wrong is not None
    print(f"{len(paths) - failed} passed, {failed} failed")
    return failed != 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzzes what targetctl reads.")
    parser.add_argument("--time", type=float, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", default="build/fuzz")
    parser.add_argument("--replay", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(CST_RUN_DIR=home, CST_STATE_DIR=home, HOME=home, XDG_STATE_HOME="")
        if options.replay:
            return replay(options.names)
        seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
        names = options.names or list(TARGETS)
        results = [fuzz(name, options.time / len(names), random.Random(f"{seed} {name}"), options.keep)
                   for name in names]
        print(f"{sum(results)} passed, {len(results) - sum(results)} failed (seed {seed})")
        return not all(results)


if __name__ == "__main__":
    sys.exit(main())
