# SPDX-License-Identifier: GPL-2.0-only
"""Configures at random; knows the tree only from directory listings and the files `schema`.

Usage: anyhow.py ROOT SEED NUMBER SECONDS [STRING]...

Makes and removes directories and links anywhere, writes values that the schema allows
and values that it does not allow, and reads everything.  Objects whose name begins with
"keep" are left alone.  Objects whose name begins with "own<N>-" belong to process number
N, which checks the rules on them: an accepted value reads back in canonical form, a
refused one changes nothing, an attribute that is fixed while enabled answers EBUSY, and
an enabled object cannot be removed.  STRINGs are values to try, file names for instance.

Step K of a process draws from a generator of its own, made from SEED, NUMBER and K.  So a
seed repeats every process's steps, whatever the others do; CST_TRACE=1 prints them.
"""

from __future__ import annotations

import errno
import glob
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable

SLOW = int(os.environ.get("CST_SCALE", "1"))

# The errors of a refusal; any other, as ENOMEM, EIO or EFAULT, is a fault.
REFUSALS = {errno.EBUSY, errno.EINVAL, errno.EEXIST, errno.ENOENT, errno.EPERM, errno.EACCES,
            errno.ENOTEMPTY, errno.ENODEV, errno.ENOTCONN, errno.EFBIG, errno.ENOSPC,
            errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ERANGE, errno.EROFS,
            errno.ENAMETOOLONG, errno.ESHUTDOWN, errno.ENOTDIR, errno.EISDIR, errno.ELOOP,
            errno.E2BIG, errno.EOPNOTSUPP, errno.EOVERFLOW, errno.EMSGSIZE, errno.EAGAIN,
            errno.EALREADY, errno.ENODATA}
NAMES = ["a", "b", "0", "1", "7", "16383", "16384", "007", "x*", "!*", "?", "own?*", ".x", "ü",
         "iqn.2026-01.example:r1", "iqn.2026-01.example:R1", "eui.0123456789abcdef",
         "127.0.0.1:3271", "[::1]:3272", "0.0.0.0:3273", "300.0.0.1:1", "n" * 230]
WRONG = [b"-1", b"2x", b"99999999999999999999999", b"\x01", b"yes", b"\xff\xfe", b"1 1",
         b"0x10", b"+1", b" 1", b"x" * 4000, b"\n", b"1\n\n"]
SUFFIXES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class RuleError(Exception):
    """A rule of doc/configfs.md is broken."""


class Attribute:
    def __init__(self, line: str):
        (self.name, self.kind, self.access, self.when, self.default, self.limits, self.unit,
         self.help) = line.split("\t")

    def legal(self, rnd: random.Random, strings: list[str]) -> tuple[str, str]:
        """Return a value that the schema allows, and its canonical form."""
        if self.kind == "bool":
            text = rnd.choice("01")
        elif self.kind == "enum":
            text = rnd.choice(self.limits.split("|"))
        elif self.kind == "uint":
            return self.number(rnd)
        else:
            low, high = map(int, self.limits.split(".."))
            text = rnd.choice([*strings, "s" * low, "t" * rnd.randint(low, min(high, 300)),
                               f"{rnd.getrandbits(64):016x}"])
        return text, text

    def number(self, rnd: random.Random) -> tuple[str, str]:
        match = re.match(r"(\d+)\.\.(\d+)(.*)", self.limits)
        if match is None:
            raise RuleError(f"range of {self.name} in its schema: {self.limits!r}")
        low, high = int(match[1]), int(match[2])
        if match[3]:
            number = 1 << rnd.randint(low.bit_length() - 1, high.bit_length() - 1)
        else:
            number = rnd.choice([low, high, rnd.randint(low, high),
                                 min(high, max(low, rnd.choice([4096, 1 << 20, 1 << 24]))),
                                 min(high, low + rnd.randrange(16))])
        for suffix, factor in SUFFIXES.items():
            if self.unit == "bytes" and number and number % factor == 0 and rnd.random() < 0.5:
                return f"{number // factor}{rnd.choice([suffix, suffix.lower()])}", str(number)
        return str(number), str(number)

    def is_canonical(self, text: str) -> bool:
        if self.kind == "bool":
            return text in ("0\n", "1\n")
        if self.kind == "enum" and self.access == "rw":
            return text[:-1] in self.limits.split("|")
        if self.kind == "uint" and self.access == "rw":
            match = re.match(r"(\d+)\.\.(\d+)", self.limits)
            return bool(re.fullmatch(r"(0|[1-9]\d*)\n", text) and match and
                        int(match[1]) <= int(text) <= int(match[2]))
        return len(text) <= 4096 and (self.access == "ro" or text.endswith("\n"))


def read(path: str) -> str:
    with open(path, "rb", buffering=0) as f:
        return f.read(65536).decode(errors="surrogateescape")


def write(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


class Process:
    def __init__(self, root: str, number: int, strings: list[str]):
        self.root, self.number, self.strings = root, number, strings
        self.prefix = f"own{number}-"
        self.counts: Counter[str] = Counter()
        self.trace = os.environ.get("CST_TRACE")

    # --- what there is ---

    def forbidden(self, path: str) -> bool:
        return any(part.startswith("keep") or ":keep" in part or
                   (re.search(r"(^|:)own\d", part) and not self.is_own(part))
                   for part in path[len(self.root):].split("/"))

    def is_own(self, path: str) -> bool:
        return any(part.startswith(self.prefix) or ":" + self.prefix in part
                   for part in path.split("/"))

    def directory(self, rnd: random.Random) -> str:
        """Return a random directory, found by descending from the root."""
        path = self.root
        while rnd.random() < 0.88:
            below = sorted(e.name for e in os.scandir(path) if e.is_dir(follow_symlinks=False) and
                           not self.forbidden(e.path))
            if not below:
                break
            path += "/" + rnd.choice(below)
        return path

    def attributes(self, path: str) -> list[Attribute]:
        # The schema of a handler or a fabric may describe its children's attributes.
        there = set(os.listdir(path))
        return [a for a in map(Attribute, read(path + "/schema").splitlines()) if a.name in there]

    def governor_enabled(self, path: str) -> bool | None:
        while len(path) > len(self.root):
            if os.path.exists(path + "/enabled"):
                return read(path + "/enabled") == "1\n"
            path = os.path.dirname(path)
        return None

    # --- steps ---

    def name(self, rnd: random.Random) -> str:
        own = [self.prefix + "x", self.prefix + "y", "iqn.2026-01.example:" + self.prefix + "x"]
        return rnd.choice(NAMES + own * 5)

    @staticmethod
    def persist(attempt: Callable[[], None], times: int) -> None:
        """Repeat an attempt until it succeeds, because most places take no directory or link."""
        for left in range(times - 1, -1, -1):
            try:
                attempt()
                return
            except OSError as error:
                if not left or error.errno not in REFUSALS:
                    raise

    def mkdir(self, rnd: random.Random) -> None:
        self.persist(lambda: os.mkdir(f"{self.directory(rnd)}/{self.name(rnd)}"), 4)

    def rmdir(self, rnd: random.Random) -> None:
        path = self.directory(rnd)
        pinned = self.is_own(path) and os.path.exists(path + "/enabled") and \
            self.is_own(os.path.basename(path)) and read(path + "/enabled") == "1\n"
        os.rmdir(path)
        if pinned:
            raise RuleError(f"{path} was enabled and could be removed")

    def symlink(self, rnd: random.Random) -> None:
        def attempt() -> None:
            os.symlink(self.directory(rnd), self.directory(rnd) + "/" + rnd.choice(["device", "d"]))
        # Random pairs hardly ever fit, so choose a device and a LUN now and then.
        devices = self.found("handlers/*/*")
        luns = self.found("targets/*/*/luns/*") + self.found("targets/*/*/ini_groups/*/luns/*")
        if devices and luns and rnd.random() < 0.5:
            os.symlink(rnd.choice(devices), rnd.choice(luns) + "/device")
        else:
            self.persist(attempt, 10)

    def found(self, pattern: str) -> list[str]:
        """Return the matching directories that may be changed."""
        paths = sorted(glob.glob(f"{self.root}/{pattern}/"))
        return [path[:-1] for path in paths if not self.forbidden(path[:-1])]

    def unlink(self, rnd: random.Random) -> None:
        path = self.directory(rnd)
        links = sorted(e.path for e in os.scandir(path) if e.is_symlink())
        if links:
            os.unlink(rnd.choice(links))

    def store(self, rnd: random.Random) -> None:
        path = self.directory(rnd)
        attributes = self.attributes(path)
        if not attributes:
            return
        attribute = rnd.choice(attributes)
        # Write `enabled` more often than other attributes.
        if rnd.random() < 0.4:
            attribute = next((a for a in attributes if a.name == "enabled"), attribute)
        legal = rnd.random() < 0.8
        if legal and attribute.access != "ro":
            text, canonical = attribute.legal(rnd, self.strings)
            # No empty write: configfs itself answers it with EFAULT.
            data = text.encode() + rnd.choice([b"\n", b""]) or b"\n"
        else:
            data, canonical = rnd.choice(WRONG), ""
        self.store_checked(path, attribute, data, canonical, legal)

    def store_checked(self, path: str, attribute: Attribute, data: bytes, canonical: str,
                      legal: bool) -> None:
        file = f"{path}/{attribute.name}"
        check = self.is_own(path) and attribute.access == "rw"
        before = read(file) if check else ""
        fixed = check and attribute.when == "disabled" and self.governor_enabled(path)
        if self.trace:
            print("store", file, data, flush=True)
        try:
            write(file, data)
        except OSError as error:
            error.filename = file
            if check and read(file) != before:
                raise RuleError(f"{file}: refused {data!r}, but changed {before!r}") from None
            raise
        if not check:
            return
        now = read(file)
        if not attribute.is_canonical(now):
            raise RuleError(f"{file}: {data!r} reads back as {now!r}")
        if legal and now != canonical + "\n":
            raise RuleError(f"{file}: {data!r} reads back as {now!r}, expected {canonical!r}")
        if fixed and now != before:
            raise RuleError(f"{file}: changed from {before!r} to {now!r} while enabled")

    def look(self, rnd: random.Random) -> None:
        path = self.directory(rnd)
        for where, _, files in os.walk(path):
            attributes = {}
            if "schema" in files:
                attributes = {a.name: a for a in self.attributes(where)}
            for name in files:
                attribute = attributes.get(name)
                if attribute and attribute.access == "wo":
                    continue
                text = read(f"{where}/{name}")
                if attribute and not attribute.is_canonical(text):
                    raise RuleError(f"{where}/{name} reads {text!r}")

    def did_everything(self) -> bool:
        return all(self.counts[what] for what in ("mkdir", "rmdir", "symlink", "store", "refused"))

    def step(self, rnd: random.Random) -> None:
        kind = rnd.choices([self.mkdir, self.rmdir, self.symlink, self.unlink, self.store,
                            self.look], [28, 12, 12, 5, 38, 5])[0]
        try:
            kind(rnd)
            self.counts[kind.__name__] += 1
        except UnicodeError as error:
            raise RuleError(str(error)) from error
        except OSError as error:
            if error.errno not in REFUSALS:
                raise RuleError(f"{kind.__name__}: {error}") from error
            self.counts["refused"] += 1


def main() -> None:
    root, seed, number, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    process = Process(root, number, sys.argv[5:])
    begin, k = time.monotonic(), 0
    # On a busy machine a process may not do every kind of step in the time, so give it more.
    while (spent := time.monotonic() - begin) < seconds or \
            (spent < 5 * SLOW * seconds and not process.did_everything()):
        try:
            process.step(random.Random(f"{seed} {number} {k}"))
        except RuleError as wrong:
            sys.exit(f"seed {seed}, process {number}, step {k}: {wrong}")
        k += 1
    print(number, k, "steps:", dict(process.counts))
    if not process.did_everything():
        sys.exit("too little was done")


if __name__ == "__main__":
    main()
