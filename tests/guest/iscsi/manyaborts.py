# SPDX-License-Identifier: GPL-2.0-only
"""Many nexuses of one logical unit that all abort, or all reset it, at once.

Usage: manyaborts.py TARGET SESSIONS WRITES

Each has WRITES writes that wait for their data.  Prints how long the answers took.
"""

from __future__ import annotations

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import R2T, SCSI_RSP, TMF_RSP, Conn

ABORT_TASK_SET, LUN_RESET = 2, 5
TUR = bytes(6)


def writes(conn: Conn, count: int) -> None:
    """Consume all unit attentions; then send writes, which get their R2T and no data."""
    while conn.expect(SCSI_RSP, conn.scsi(TUR)).sense() != "ok":
        pass
    tags = [conn.write10(i, 1) for i in range(count)]
    for itt in tags:
        conn.expect(R2T, itt)


def at_once(conns: list[Conn], function: int, what: str) -> float:
    begin = time.monotonic()
    tags = [conn.tmf(function) for conn in conns]
    for conn, itt in zip(conns, tags):
        answer = conn.expect(TMF_RSP, itt)
        assert answer.response == 0, f"{what}: response {answer.response}"
    took = time.monotonic() - begin
    print(f"{len(conns)} sessions, {what}: {took * 1000:.0f} ms", flush=True)
    return took


def main() -> None:
    target, sessions, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    conns = [Conn(target, isid=n, timeout=300, InitialR2T="Yes", ImmediateData="No")
             for n in range(1, sessions + 1)]
    for conn in conns:
        writes(conn, count)
    at_once(conns, ABORT_TASK_SET, "ABORT TASK SET")
    for conn in conns:
        writes(conn, count)
    at_once(conns, LUN_RESET, "LOGICAL UNIT RESET")
    # Each session is told of the others' resets, and then works as before.
    for conn in conns:
        sense = conn.expect(SCSI_RSP, conn.scsi(TUR)).sense()
        assert sense == "06/29/03", sense
        writes(conn, 0)
        conn.close()


if __name__ == "__main__":
    main()
