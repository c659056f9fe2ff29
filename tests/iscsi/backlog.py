# SPDX-License-Identifier: GPL-2.0-only
"""Hundreds of answers at once, to an initiator that does not read them yet.

Usage: backlog.py TARGET
"""

from __future__ import annotations

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import DATA_IN, FINAL, SCSI_CMD, SCSI_RSP, Conn

READS, BLOCKS, READYS = 16, 2048, 900


def main() -> None:
    c = Conn(sys.argv[1])
    c.alive()
    reads = [c.read10(0, BLOCKS) for _ in range(READS)]
    readys = [next(c.tags) for _ in range(READYS)]
    c.write(b"".join(c.pdu(c.request(SCSI_CMD, FINAL, tag)) for tag in readys))
    # Long enough for all of them to be queued behind what TCP does not take.
    time.sleep(1)
    answered: dict[int, int] = {}
    got = dict.fromkeys(reads, 0)
    while len(answered) < READS + READYS:
        pdu = c.recv()  # which checks StatSN
        assert pdu.itt in got or pdu.itt in readys, f"tag {pdu.itt:#x} in opcode {pdu.opcode:#x}"
        if pdu.opcode == DATA_IN:
            assert pdu.offset == got[pdu.itt], f"offset {pdu.offset}"
            got[pdu.itt] += len(pdu.data)
        if pdu.opcode == SCSI_RSP or pdu.flags & 1:
            assert pdu.itt not in answered, f"tag {pdu.itt:#x} is answered twice"
            answered[pdu.itt] = pdu.statsn
    assert set(got.values()) == {BLOCKS * 512}, "data is missing"
    c.alive()


main()
