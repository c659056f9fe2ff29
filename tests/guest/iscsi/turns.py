# SPDX-License-Identifier: GPL-2.0-only
"""Tests when a connection is served, and by which CPU.

Usage: turns.py TARGET turns LUN FILE       the file counts the reads of that disk
       turns.py TARGET follows|spreads DIR  sessions/ of the target
"""

from __future__ import annotations

import glob
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import DATA_IN, FINAL, NOP_IN, READ, SCSI_CMD, SCSI_RSP, Conn

MIB = 1 << 20


def number(path: str) -> int:
    with open(path, encoding="ascii") as f:
        return int(f.read())


def reads(conn: Conn, count: int, lun: int = 0) -> bytes:
    """Return the PDUs of so many reads of 1 MiB."""
    cdb = struct.pack(">BBIBHB", 0x28, 0, 0, 0, MIB // 512, 0)
    return b"".join(conn.pdu(conn.request(SCSI_CMD, FINAL | READ, next(conn.tags), MIB, lun,
                                          rest=cdb))
                    for _ in range(count))


def receive(conn: Conn, count: int) -> None:
    left = count * MIB
    while left:
        left -= len(conn.expect(DATA_IN).data)


def turns(target: str, lun: str, counter: str) -> None:
    """Another session is answered when only a part of a long queue has been executed."""
    # This process must run before the workers that it measures.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    busy, other = (Conn(target, isid=i, MaxRecvDataSegmentLength=MIB) for i in (1, 2))
    assert busy.alive() and other.alive()
    # Consume the unit attention of the other logical unit.
    busy.expect(SCSI_RSP, busy.scsi(bytes(6), lun=int(lun)))
    batch, before = reads(busy, 64, int(lun)), number(counter)
    busy.write(batch)
    other.expect(NOP_IN, other.nop(b"my turn"))
    done = number(counter) - before
    print(f"{done} of 64 reads were executed before somebody else's request", file=sys.stderr)
    assert done < 32, f"{done} of 64 reads came first"
    receive(busy, 64)


def cpus(sessions: str) -> list[int]:
    return [number(path) for path in glob.glob(f"{sessions}/*/connections/0/cpu")]


def follows(target: str, sessions: str) -> None:
    """On loopback the CPU that sends also processes the received packets, and serves them."""
    conn = Conn(target)
    for cpu in 0, 1, 0:
        os.sched_setaffinity(0, {cpu})
        for _ in range(20):
            assert conn.alive()
        got = cpus(sessions)
        assert got == [cpu], f"served by CPU {got}, its packets come in on {cpu}"


def spreads(target: str, sessions: str) -> None:
    """When packets for many connections come in on one CPU, other CPUs serve some of them."""
    conns = [Conn(target, isid=i, MaxRecvDataSegmentLength=MIB) for i in range(1, 5)]
    assert all(conn.alive() for conn in conns)
    os.sched_setaffinity(0, {0})
    seen: set[int] = set()
    for _ in range(50):
        for conn in conns:
            conn.write(reads(conn, 8))
        seen |= set(cpus(sessions))
        for conn in conns:
            receive(conn, 8)
        if seen == {0, 1}:
            return
    raise AssertionError(f"all was done by CPU {seen}")


if __name__ == "__main__":
    globals()[sys.argv[2]](sys.argv[1], *sys.argv[3:])
