# SPDX-License-Identifier: GPL-2.0-only
"""Tests buffers when memory is fragmented and when there is none; idle memory goes back.

Usage: pieces.py IQN

The target's allocations of pages for buffers fail: those of a higher order, then all.
"""

from __future__ import annotations

import os
import re
import struct
import sys
import time

import failing
from failing import DEBUG, SLOW, BrokenError, Site, function, get, put
from nth import empty_pools
from rawiscsi import LOGOUT_RSP, R2T, Conn

MANY = 100_000
LARGEST = (8 << 20) // 512
RESERVE = (1 << 20) // 512
TRACING = "/sys/kernel/tracing"


def write(conn: Conn, blocks: int, data: bytes) -> str:
    itt = conn.write10(0, blocks)
    while (pdu := conn.recv()).opcode == R2T:
        wanted = struct.unpack(">I", pdu.bhs[44:48])[0]
        conn.data_out(itt, pdu.ttt, pdu.offset, data[pdu.offset:pdu.offset + wanted])
    return pdu.sense()


def read(conn: Conn, blocks: int, data: bytes) -> str:
    try:
        if conn.read(0, blocks) != data[:blocks * 512]:
            raise BrokenError(f"not what was written, {blocks} blocks")
    except AssertionError as error:
        return str(error)
    return "ok"


def both(conn: Conn, blocks: int, data: bytes) -> None:
    """Write and read; repeat BUSY commands as an initiator does, but not for ever."""
    for what in (write, read):
        answers: list[str] = []
        while not answers or answers[-1] != "ok":
            if len(answers) == 20:
                raise BrokenError(f"{what.__name__} of {blocks} blocks: {answers}")
            if answers:
                time.sleep(0.1)
            answers.append(what(conn, blocks, data))
        print(f"{what.__name__} of {blocks} blocks:", *answers)


class NoPages(Site):
    """Buffers get no pages of this order or a higher one."""

    def __init__(self, order: int):
        super().__init__(*function("cst", "cst_page_alloc"))
        self.order = order

    def __enter__(self) -> Site:
        empty_pools()
        put(f"{DEBUG}/fail_page_alloc/min-order", self.order)
        super().__enter__()
        put(f"{DEBUG}/failslab/probability", 0)
        put(f"{DEBUG}/fail_page_alloc/times", MANY)
        return self

    def __exit__(self, *args: object) -> None:
        super().__exit__(*args)
        put(f"{DEBUG}/fail_page_alloc/min-order", 0)
        if int(get(f"{DEBUG}/fail_page_alloc/times")) == MANY:
            raise BrokenError("no page was refused")


def shrink() -> list[int]:
    """Make the system shrink caches; return the numbers of idle pages that cst reported."""
    # Another test may have left tracing off.
    put(f"{TRACING}/tracing_on", 1)
    open(f"{TRACING}/trace", "w", encoding="ascii").close()
    event = f"{TRACING}/events/vmscan/mm_shrink_slab_start/enable"
    put(event, 1)
    put("/proc/sys/vm/drop_caches", 2)
    put(event, 0)
    # Read the whole trace: it is long if another test has left stack traces on.
    with open(f"{TRACING}/trace", encoding="ascii", errors="replace") as f:
        return [int(n) for n in re.findall(r"cst_shrink_scan.* cache items (\d+)", f.read())]


def main() -> None:
    failing.set_up()
    conn = Conn(sys.argv[1], timeout=60 * SLOW)
    conn.alive()
    data = os.urandom(LARGEST * 512)
    with NoPages(1):
        both(conn, LARGEST, data)
    with NoPages(0):
        for _ in range(8):
            both(conn, RESERVE, data)
        for what in (write, read):
            if (answer := what(conn, RESERVE + 1, data)) not in ("status 0x8", "status 0x28"):
                raise BrokenError(f"{what.__name__} of more than the reserve: {answer}")
    both(conn, LARGEST, data)
    idle = shrink()
    print("idle pages:", *idle)
    if not idle or idle[0] < 256:
        raise BrokenError(f"idle pages after a command of 8 MiB: {idle}")
    # Each answer was read and acknowledged, so the network keeps no chunk.
    last = shrink()
    if max(last, default=0) >= 16:
        raise BrokenError(f"still idle: {last}")
    both(conn, LARGEST, data)
    conn.expect(LOGOUT_RSP, conn.logout())


if __name__ == "__main__":
    main()
