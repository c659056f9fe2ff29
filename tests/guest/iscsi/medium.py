# SPDX-License-Identifier: GPL-2.0-only
"""Many sessions prevent removal and log out at once; then another session may eject.

Usage: medium.py TARGET

A session's prevention must end when its logout is answered, not only when the target has
freed the session, which takes time when many sessions end at once.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import LOGOUT_RSP, SCSI_RSP, Conn

ROUNDS, HOLDERS = 4, 24
PREVENT = bytes([0x1E, 0, 0, 0, 1, 0])
EJECT, LOAD = bytes([0x1B, 0, 0, 0, 2, 0]), bytes([0x1B, 0, 0, 0, 3, 0])


def answer(c: Conn, cdb: bytes) -> str:
    """Return the sense; it is empty for GOOD."""
    rsp = c.expect(SCSI_RSP, c.scsi(cdb))
    return rsp.sense() if rsp.status else ""


def main() -> None:
    other = Conn(sys.argv[1], name="iqn.2026-01.example:other")
    other.alive()
    for _ in range(ROUNDS):
        holders = [Conn(sys.argv[1], isid=2 + i) for i in range(HOLDERS)]
        for c in holders:
            c.alive()
            assert not answer(c, PREVENT), "PREVENT is refused"
        assert answer(other, EJECT) == "05/53/02", "an eject while the medium is held"
        logouts = [(c, c.logout()) for c in holders]
        for c, tag in logouts:
            c.expect(LOGOUT_RSP, tag)
        said = answer(other, EJECT)
        assert not said, f"an eject after the last logout is refused: {said}"
        assert not answer(other, LOAD), "a load is refused"
        for c in holders:
            c.close()
    other.alive()


main()
