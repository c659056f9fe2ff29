# SPDX-License-Identifier: GPL-2.0-only
"""Hundreds of answers at once, to an initiator that does not read them yet.

Usage: backlog.py TARGET ROOT
"""

from __future__ import annotations

import os
import select
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import DATA_IN, FINAL, SCSI_CMD, SCSI_RSP, Conn

NAME = "iqn.2026-01.example:raw"
READS, BLOCKS, READYS = 16, 2048, 900


def commands() -> int:
    """Return the number of commands that the target has received from this initiator."""
    with open(f"{sys.argv[2]}/targets/iscsi/{sys.argv[1]}/sessions/{NAME}/commands",
              encoding="ascii") as f:
        return int(f.read())


def main() -> None:
    c = Conn(sys.argv[1], name=NAME)
    c.alive()
    received = commands()
    reads = [c.read10(0, BLOCKS) for _ in range(READS)]
    # The data of the reads comes first, and TCP does not take all of it.
    assert select.select([c.sock], [], [], 20)[0], "no data"
    readys = [next(c.tags) for _ in range(READYS)]
    c.write(b"".join(c.pdu(c.request(SCSI_CMD, FINAL, tag)) for tag in readys))
    end = time.monotonic() + 20 * int(os.environ.get("CST_SCALE", "1"))
    while commands() < received + READS + READYS:
        assert time.monotonic() < end, f"{commands() - received} commands received"
        time.sleep(0.02)
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
