# SPDX-License-Identifier: GPL-2.0-only
"""Attacks on the configuration tree, by a process that may write there.

Usage: configfs.py TARGET [CASE...]

A file must have the same text after a refused write as before.
"""

from __future__ import annotations

import errno
import os
import random
import stat
import sys
from collections.abc import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import contextlib

from rawcases import case, equal, main, times, together

ROOT = "/sys/kernel/config/cst"
# Accepted values of these would end the test.
LEAVE = ("enabled", "force_close")


def attributes() -> list[str]:
    found = []
    for folder, folders, names in os.walk(ROOT):
        # Leave the files of the well-behaved session alone.
        folders[:] = [f for f in folders if f not in ("sessions",)]
        found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return None


def write(path: str, data: bytes) -> int:
    """Write to a file; return the errno, 0 for success."""
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError as error:
        return error.errno or 0
    try:
        os.write(fd, data)
        return 0
    except OSError as error:
        return error.errno or 0
    finally:
        os.close(fd)


def writable(path: str) -> bool:
    return bool(os.stat(path).st_mode & 0o222) and os.path.basename(path) not in LEAVE


VALUES = (b"", b"\n", b"\0", b"\0\0\0\0", b"1\0", b"1\n\n", b"\n1", b" 1", b"1 ", b"+1", b"-1",
          b"0x1", b"1e9", b"18446744073709551616", b"99999999999999999999999999", b"\xff\xfe\x80",
          b"%s%n%x", b"../../x", b"A" * 255, b"A" * 256, b"A" * 4000, b"A" * 4095, b"A" * 4096,
          b"1" * 4096, b"A" * 5000, b"\x1b[31m", b"a\tb", b"a\nb\n")


@case
def wild_values() -> None:
    """Every writable file gets every wild value; refused ones change nothing."""
    wrong = []
    taken = 0
    for path in attributes():
        if not writable(path):
            continue
        before = read(path)
        for value in VALUES:
            result = write(path, value)
            after = read(path)
            assert after is None or b"\0" not in after, f"{path} shows a NUL"
            assert after is None or len(after) <= 4096, f"{path} shows more than a page"
            if result == 0:
                taken += 1
                # The file reads back in canonical form, which can be written again.
                if after is not None and after != before:
                    equal(write(path, after), 0, f"{path}: writing back {after[:40]!r}")
                if before is not None:
                    write(path, before)
            elif after != before:
                wrong.append(f"{path}: {value[:20]!r} was refused and left {after!r}")
            elif not value and result == errno.EFAULT:
                pass  # configfs itself refuses an empty write
            elif result not in (errno.EINVAL, errno.ERANGE, errno.EBUSY, errno.ENAMETOOLONG,
                                errno.EEXIST, errno.ENOENT, errno.EPERM, errno.EACCES,
                                errno.EFBIG, errno.ENODEV, errno.E2BIG, errno.EOPNOTSUPP,
                                errno.ENOSPC, errno.ENOTBLK, errno.EISDIR):
                wrong.append(f"{path}: {value[:20]!r}: errno {result}")
        equal(read(path), before, path)
    assert not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong[:5])
    assert taken, "nothing was accepted at all"


@case
def read_only_means_it() -> None:
    for path in attributes():
        mode = os.stat(path).st_mode
        assert not mode & stat.S_IWOTH and not mode & stat.S_IWGRP, f"{path} is writable for others"
        if not mode & 0o222:
            # root may open a read-only file, but it has no store function.
            assert write(path, b"1") != 0, f"{path} can be written"
        if not mode & 0o444:
            assert read(path) is None, f"{path} can be read"


@case
def pieces_and_offsets() -> None:
    """One byte at a time, at odd offsets, and reads in pieces."""
    for path in attributes():
        whole = read(path)
        if whole is None:
            continue
        fd = os.open(path, os.O_RDONLY)
        got = b""
        while piece := os.read(fd, 7):
            got += piece
        # Counters change, so compare only texts of the same length.
        assert len(got) != len(whole) or got == whole or b"/stats/" in path.encode() or \
            os.path.basename(path) in ("generation",), f"{path} reads differently in pieces"
        for offset in (1, 4095, 4096, 1 << 40):
            os.pread(fd, 100, offset)
        os.close(fd)


NAMES = ("", ".", "..", "a" * 255, "a" * 256, "\x01", "a\nb", "a b", "ü", "%s%n", "-", "*", "a/b",
         "iqn.", "iqn.2026-01.example:" + "x" * 250, "0", "00", "-1", "18446744073709551616",
         "1.2.3.4", "1.2.3.4:99999", "[::1", "[::1]:", "::1:3260", "0x10", "\u202e")


@case
def wild_names() -> None:
    """Make directories of every name everywhere: each is made and removed again, or refused."""
    made = 0
    for folder in [f for f, _, _ in os.walk(ROOT) if "/sessions" not in f]:
        for name in NAMES:
            path = os.path.join(folder, name)
            if os.path.exists(path):
                continue
            try:
                os.mkdir(path)
            except OSError as error:
                assert error.errno in (errno.EINVAL, errno.EPERM, errno.EEXIST, errno.ENOENT,
                                       errno.ENAMETOOLONG, errno.EBUSY, errno.ERANGE,
                                       errno.EOPNOTSUPP, errno.ENODEV, errno.EROFS,
                                       errno.ENOTDIR, errno.EACCES, errno.E2BIG), \
                    f"mkdir {path!r}: {error}"
                continue
            made += 1
            os.rmdir(path)
    assert made, "nothing could be made"


@case
def wild_links() -> None:
    """Make links to objects that are no devices, everywhere."""
    targets = (ROOT, f"{ROOT}/targets", f"{ROOT}/handlers", f"{ROOT}/version", "/", "/etc/passwd",
               "/nowhere", f"{ROOT}/handlers/vdisk_fileio")
    for folder in [f for f, _, _ in os.walk(ROOT)]:
        for target in targets:
            try:
                os.symlink(target, os.path.join(folder, "device"))
            except OSError:
                continue
            raise AssertionError(f"{folder}/device -> {target} was accepted")


@case
def made_read_and_removed_at_once() -> None:
    """Six processes make, fill, read, link and remove the same few names."""
    def one(n: int) -> None:
        rng = random.Random(n)
        dev = f"{ROOT}/handlers/vdisk_fileio/race"
        target = f"{ROOT}/targets/iscsi/iqn.2026-01.example:race"
        steps: list[Callable[[], object]] = [
                 lambda: os.mkdir(dev), lambda: os.rmdir(dev), lambda: os.mkdir(target),
                 lambda: os.mkdir(f"{target}/luns/0"), lambda: os.rmdir(f"{target}/luns/0"),
                 lambda: os.symlink(dev, f"{target}/luns/0/device"),
                 lambda: os.unlink(f"{target}/luns/0/device"), lambda: os.rmdir(target),
                 lambda: os.mkdir(f"{target}/portals/127.0.0.9:{3300 + n}"),
                 lambda: os.rmdir(f"{target}/portals/127.0.0.9:{3300 + n}"),
                 lambda: write(f"{target}/enabled", rng.choice((b"0", b"1"))),
                 lambda: write(f"{dev}/blocksize", rng.choice((b"512", b"4096", b"x" * 4096))),
                 lambda: [read(f"{dev}/{f}") for f in os.listdir(dev)],
                 lambda: [read(f"{target}/{f}") for f in os.listdir(target)
                          if os.path.isfile(f"{target}/{f}")]]
        for _ in range(times(1500, 100)):
            with contextlib.suppress(OSError):
                rng.choice(steps)()

    together(*(lambda n=n: one(n) for n in range(6)))
    target = f"{ROOT}/targets/iscsi/iqn.2026-01.example:race"
    write(f"{target}/enabled", b"0")
    folders = [f"{target}/luns/0", *(f"{target}/portals/127.0.0.9:{3300 + n}" for n in range(6)),
               target, f"{ROOT}/handlers/vdisk_fileio/race"]
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{target}/luns/0/device")
    for path in folders:
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(path)


main()
