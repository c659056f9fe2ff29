# SPDX-License-Identifier: GPL-2.0-only
"""40 sessions read 1 MiB at queue depth 32, and do not read their sockets for a while.

Usage: charged.py TARGET LUN FILE     FILE has the memory that is charged to the daemon's unit
"""

from __future__ import annotations

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "guest", "lib"))

from rawiscsi import DATA_IN, FINAL, READ, SCSI_CMD, SCSI_RSP, Conn

SESSIONS, DEPTH, LENGTH = 40, 32, 1 << 20
LIMIT = 128 << 20
FULL = (0x08, 0x28)  # BUSY, TASK SET FULL: the target has no memory for more commands


def charged(path: str) -> int:
    with open(path, encoding="ascii") as f:
        return int(f.read())


def main() -> None:
    target, lun, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    conns = [Conn(target, isid=i, timeout=120, MaxRecvDataSegmentLength=LENGTH)
             for i in range(1, SESSIONS + 1)]
    for conn in conns:
        # This command gets the unit attention of a new nexus.
        conn.expect(SCSI_RSP, conn.scsi(bytes(6), lun=lun))
        cdb = struct.pack(">BBIBHB", 0x28, 0, 0, 0, LENGTH // 512, 0)
        conn.write(b"".join(
            conn.pdu(conn.request(SCSI_CMD, FINAL | READ, next(conn.tags), LENGTH, lun, rest=cdb))
            for _ in range(DEPTH)))
    end = time.monotonic() + 60
    while charged(path) <= LIMIT:
        assert time.monotonic() < end, f"only {charged(path)} bytes are charged to the unit"
        time.sleep(0.1)
    print(f"{charged(path) >> 20} MiB are charged to the unit")
    served = 0
    for conn in conns:
        left = DEPTH
        while left:
            pdu = conn.recv()
            assert pdu.opcode == DATA_IN or pdu.bhs[3] in FULL, f"opcode {pdu.opcode:#x}"
            last = pdu.opcode == SCSI_RSP or pdu.flags & 1
            served += last and pdu.opcode == DATA_IN
            left -= bool(last)
        conn.close()
    print(f"{served} of {SESSIONS * DEPTH} reads have got their data")
    assert served >= SESSIONS, "next to nothing was served"


if __name__ == "__main__":
    main()
