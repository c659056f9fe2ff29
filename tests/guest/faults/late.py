# SPDX-License-Identifier: GPL-2.0-only
"""A live session whose new LUN map found no memory gets its LUNs by itself.

Usage: late.py IQN      LUN 0 is for everybody, LUN 5 for initiators of group g

A pattern that moves the session to the group is made while the first, second, third ...
allocation fails.  Where mkdir succeeds all the same, the session loses at once the LUNs
that it may no longer see, and gets LUN 5 later, without another change.
"""

from __future__ import annotations

import os
import subprocess
import sys

import failing
from failing import ROOT, BrokenError, Nth, wait_for
from rawiscsi import DATA_IN, FINAL, SCSI_RSP, Conn

LIMIT = 400


def luns(conn: Conn) -> list[int]:
    """Return the LUNs below 256 that REPORT LUNS lists."""
    itt = conn.scsi(bytes([0xA0]) + bytes(7) + b"\x20\0\0\0", FINAL | 0x40, 8192)
    data = b""
    while (pdu := conn.recv()).opcode == DATA_IN:
        data += pdu.data
        if pdu.flags & 1:
            break
    assert pdu.itt == itt
    if pdu.opcode == SCSI_RSP and pdu.sense() != "ok":
        raise BrokenError(f"REPORT LUNS: {pdu.sense()}")
    return [data[i + 1] for i in range(8, len(data), 8)]


def announced() -> int:
    """Return how often the log says that LUNs come later; the rate limit allows ten at once."""
    log = subprocess.run(["dmesg"], check=True, capture_output=True, text=True, errors="replace")
    return log.stdout.count(" come later")


def main() -> None:
    pattern = f"{ROOT}/targets/iscsi/{sys.argv[1]}/ini_groups/g/initiators/*:raw"
    conn = Conn(sys.argv[1])
    if luns(conn) != [0]:
        raise BrokenError("not the LUNs of the target")
    failing.set_up()
    nth = Nth()
    before, seen_late = announced(), 0
    for n in range(1, LIMIT):
        seen, failed = nth.run(n, lambda: os.mkdir(pattern))
        if seen:
            continue
        now = luns(conn)
        if now not in ([], [5]):
            raise BrokenError(f"allocation {n}: LUNs {now} of a session that may see LUN 5")
        if now == []:
            seen_late += 1
            wait_for(lambda: luns(conn) == [5], 10, "LUN 5 comes by itself")
        os.rmdir(pattern)
        wait_for(lambda: luns(conn) == [0], 10, "LUN 0 comes back")
        if not failed:
            # On a slow guest the LUN may be there before this program asks for it.
            late = announced() - before
            print(f"{n - 1} allocations failed, the LUN came later {late} times, {seen_late} of them seen")
            conn.close()
            if not late:
                sys.exit("it never came later")
            return
    raise BrokenError(f"no end after {LIMIT} allocations")


if __name__ == "__main__":
    main()
