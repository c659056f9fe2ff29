# SPDX-License-Identifier: GPL-2.0-only
"""Tests in simulated time how long a connection waits for a missing CmdSN, and for TCP.

Usage: cmdsn.py WHAT [SECONDS]; WHAT is the name of a function below.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import FINAL, LOGOUT_RSP, NOP_IN, R2T, SCSI_CMD, TMF_RSP, WRITE, Conn
from timing import LONG, SOLICITED, TARGET, Watch


def gap(seconds: str) -> None:
    """CmdSNTimeout: a CmdSN is missing; requests that need none are answered meanwhile."""
    conn = Conn(TARGET, timeout=LONG)
    assert conn.alive()
    for ahead in 1, 3, 2:
        conn.scsi(bytes(6), cmdsn=conn.cmdsn + ahead)
    watch = Watch()
    if seconds == "0":
        assert conn.silent(24 * 3600), "the target said something"
        conn.expect(NOP_IN, conn.nop(b"here"))
        # The missing command comes late and is answered; those sent after the gap are lost.
        assert conn.alive()
        conn.close()
        return
    conn.expect(NOP_IN, conn.nop(b"here"))
    assert conn.closed(), "still open"
    watch.is_at(int(seconds), "one that has passed a CmdSN over is closed")


def mended(seconds: str) -> None:
    """An initiator that aborts the missing command and the ignored ones keeps its connection."""
    conn = Conn(TARGET, timeout=LONG)
    assert conn.alive()
    first = conn.cmdsn
    conn.scsi(bytes(6), cmdsn=first + 1)
    conn.cmdsn += 2
    for refcmdsn in first, first + 1:
        assert conn.expect(TMF_RSP, conn.tmf(1, 999, refcmdsn=refcmdsn)).response == 0
    assert conn.silent(3 * int(seconds)), "the target said something"
    assert conn.alive()
    # The time for the next gap starts anew.
    conn.scsi(bytes(6), cmdsn=conn.cmdsn + 1)
    watch = Watch()
    assert conn.closed(), "still open"
    watch.is_at(int(seconds), "one that has passed another over is closed")


def r2ts() -> None:
    """R2Ts that fill the list of gathered pieces exactly are sent at once."""
    for last in range(1, 33):
        conn = Conn(TARGET, timeout=LONG, MaxBurstLength=512, FirstBurstLength=512,
                    MaxOutstandingR2T=64, **SOLICITED)
        assert conn.alive()
        watch, batch = Watch(), b""
        for blocks in 64, 64, 64, 64, 64, last:
            cdb = bytes((0x2A, 0, 0, 0, 0, 0, 0, 0, blocks, 0))
            batch += conn.pdu(conn.request(SCSI_CMD, FINAL | WRITE, next(conn.tags), blocks * 512,
                                           rest=cdb))
        conn.write(batch)
        for _ in range(5 * 64 + last):
            conn.expect(R2T)
        took = watch.seconds()
        assert took < 0.05, f"{5 * 64 + last} R2Ts took {took:.3f} s"
        conn.close()
    conn = Conn(TARGET, timeout=LONG)
    conn.expect(LOGOUT_RSP, conn.logout())
    print("R2Ts of every number come at once")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
