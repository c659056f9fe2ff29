# SPDX-License-Identifier: GPL-2.0-only
"""Keeps a counter with COMPARE AND WRITE, while other commands write blocks next to it.

Usage: lockblocks.py DISK SAME-DISK COUNT

Some processes count in one block, COUNT times each, with COMPARE AND WRITE of one block or
of eight.  Meanwhile other processes write other blocks of these eight.  Their data must
stay, although a COMPARE AND WRITE of eight blocks writes back the data that it has read.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from sgio import TO_DEV, Command, read10, write10

FIRST, COUNTER = 64, 67
MISCOMPARE = "0e/1d/00"


def run(command: Command, fd: int) -> str:
    result = command.run(fd)
    while result.startswith("06/"):
        result = command.run(fd)
    return result


def read(fd: int, lba: int, blocks: int) -> bytes:
    command = read10(lba, blocks)
    result = run(command, fd)
    assert result == "ok", f"read: {result}"
    return command.data


def compare_and_write(fd: int, lba: int, old: bytes, new: bytes) -> bool:
    cdb = struct.pack(">BBQ3xBBB", 0x89, 0, lba, len(old) // 512, 0, 0)
    result = run(Command(cdb, TO_DEV, old + new), fd)
    assert result in ("ok", MISCOMPARE), f"COMPARE AND WRITE: {result}"
    return result == "ok"


def count(disk: str, number: int, lba: int, blocks: int) -> None:
    fd = os.open(disk, os.O_RDWR)
    at = (COUNTER - lba) * 512
    misses = 0
    while number:
        old = read(fd, lba, blocks)
        value = struct.unpack_from("<Q", old, at)[0] + 1
        new = old[:at] + struct.pack("<Q", value) + old[at + 8:]
        if compare_and_write(fd, lba, old, new):
            number -= 1
        else:
            misses += 1
    print(f"{blocks} blocks: {misses} misses", file=sys.stderr)


def write(disk: str, number: int, lba: int) -> None:
    """Write one block again and again; no other process changes this block."""
    fd = os.open(disk, os.O_RDWR)
    for i in range(1, number + 1):
        data = struct.pack("<Q", i) * 64
        result = run(write10(lba, data), fd)
        assert result == "ok", f"write: {result}"
        assert read(fd, lba, 1) == data, f"write {i} of block {lba} is lost"


def main(disk: str, same: str, number: str) -> None:
    n = int(number)
    fd = os.open(disk, os.O_RDWR)
    assert run(write10(FIRST, bytes(8 * 512)), fd) == "ok"
    jobs: list[tuple[Any, ...]] = [
        (count, disk, n, COUNTER, 1), (count, same, n, COUNTER, 1),
        (count, disk, n // 4, FIRST, 8), (count, same, n // 4, FIRST, 8),
        (write, disk, n, FIRST + 1), (write, same, n, FIRST + 5),
    ]
    children = []
    for job, *args in jobs:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                job(*args)
                status = 0
            except AssertionError as e:
                print(e, file=sys.stderr)
            finally:
                os._exit(status)
        children.append(pid)
    failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in children)
    assert not failed, f"{failed} of {len(children)} processes failed"
    value = struct.unpack_from("<Q", read(fd, COUNTER, 1))[0]
    assert value == 2 * n + 2 * (n // 4), f"{value} of {2 * n + 2 * (n // 4)} counted"


if __name__ == "__main__":
    main(*sys.argv[1:])
