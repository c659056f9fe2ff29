# SPDX-License-Identifier: GPL-2.0-only
"""Writes and reads a disk that fails, in several threads, and records what must be there.

Usage: ledger.py DISK SECONDS SEED [BLOCKS]

Each thread has BLOCKS (128) of its own.  Each 4 KiB block has its number, a version and a
pattern made from both.  A write that succeeded must be there from then on.  After a write
that failed, the block may have either version, until the next write.  Any other content is
wrong data.  A read may fail, but must not return wrong data.  A line on standard input says
that the backing fails from now on.  The next line says that the backing is whole again: then
all blocks are read once more, and no read may fail.  Prints the results.
"""

from __future__ import annotations

import mmap
import os
import random
import select
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

BLOCK = 4096
THREADS = 6
WHAT = ("written", "read", "write failed", "read failed")


class WrongDataError(Exception):
    """A read returned wrong data."""


def pattern(block: int, version: int) -> bytes:
    head = struct.pack("<QQ", block, version)
    return head + random.Random(block << 32 | version).randbytes(BLOCK - 32) + head[::-1]


class Ledger:
    def __init__(self, disk: str, first: int, blocks: int, seed: str):
        self.fd = os.open(disk, os.O_RDWR | os.O_DIRECT)
        self.rnd = random.Random(seed)
        self.first = first
        self.buffer = mmap.mmap(-1, BLOCK)
        self.allowed: list[set[int]] = [set() for _ in range(blocks)]
        self.version = 0
        self.counts: Counter[str] = Counter()

    def write(self, block: int) -> bool:
        self.version += 1
        self.buffer[:] = pattern(self.first + block, self.version)
        try:
            if os.pwrite(self.fd, self.buffer, (self.first + block) * BLOCK) != BLOCK:
                raise OSError("short")
        except OSError:
            self.allowed[block].add(self.version)
            self.counts["write failed"] += 1
            return False
        self.allowed[block] = {self.version}
        self.counts["written"] += 1
        return True

    def read(self, block: int) -> bool:
        try:
            if os.preadv(self.fd, [self.buffer], (self.first + block) * BLOCK) != BLOCK:
                raise OSError("short")
        except OSError:
            self.counts["read failed"] += 1
            return False
        self.counts["read"] += 1
        version = struct.unpack_from("<Q", self.buffer, 8)[0]
        if version not in self.allowed[block] or \
                self.buffer[:] != pattern(self.first + block, version):
            raise WrongDataError(f"WRONG DATA in block {self.first + block}: "
                                 f"{bytes(self.buffer[:32]).hex()}, allowed versions "
                                 f"{sorted(self.allowed[block])}")
        return True

    def fill(self) -> None:
        for block in range(len(self.allowed)):
            self.write(block)

    def work(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            block = self.rnd.randrange(len(self.allowed))
            (self.write if self.rnd.random() < 0.6 else self.read)(block)

    def read_all(self) -> None:
        for block in range(len(self.allowed)):
            self.read(block)


def told(what: str) -> None:
    if not select.select([sys.stdin], [], [], 60)[0]:
        sys.exit(f"nobody said that the backing {what}")
    os.read(sys.stdin.fileno(), 64)


def main() -> None:
    disk, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    blocks = int(sys.argv[4]) if len(sys.argv) > 4 else 128
    ledgers = [Ledger(disk, n * blocks, blocks, f"{seed} {n}") for n in range(THREADS)]
    print("seed", seed, flush=True)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            def everywhere(what: Callable[[Ledger], None]) -> Counter[str]:
                list(pool.map(what, ledgers))
                return sum((ledger.counts for ledger in ledgers), Counter())

            if everywhere(Ledger.fill)["write failed"]:
                sys.exit("the disk failed before it should")
            print("filled", flush=True)
            told("fails")
            before = everywhere(lambda ledger: ledger.work(seconds))["read failed"]
            print("done", flush=True)
            told("is whole")
            counts = everywhere(Ledger.read_all)
    except WrongDataError as wrong:
        sys.exit(str(wrong))
    if counts["read failed"] != before:
        sys.exit("reads fail although the backing is whole")
    print(", ".join(f"{counts[what]} {what}" for what in WHAT))


if __name__ == "__main__":
    main()
