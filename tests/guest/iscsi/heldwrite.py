# SPDX-License-Identifier: GPL-2.0-only
"""Writes that have their R2T, and whose data comes after the device has changed.

Usage: heldwrite.py TARGET DEVICE-FOLDER LUN-FOLDER OTHER-FILE
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import R2T, SCSI_RSP, Conn

TUR = bytes(6)


def put(path: str, value: object) -> None:
    with open(path, "w", encoding="ascii") as f:
        f.write(f"{value}\n")


def ready(c: Conn) -> None:
    """Consume the unit attentions."""
    for _ in range(8):
        if c.expect(SCSI_RSP, c.scsi(TUR)).sense() == "ok":
            return
    raise AssertionError("never ready")


def start_stop(c: Conn, start: int) -> None:
    got = c.expect(SCSI_RSP, c.scsi(bytes((0x1B, 0, 0, 0, start, 0)))).sense()
    assert got == "ok", f"START STOP UNIT, START {start}: {got}"


def held(c: Conn) -> tuple[int, int]:
    """Send a WRITE of one block, and wait for its R2T; return its tags."""
    itt = c.write10(0, 1)
    return itt, c.expect(R2T, itt).ttt


def finish(c: Conn, tags: tuple[int, int], want: str, what: str) -> None:
    itt, ttt = tags
    c.data_out(itt, ttt, 0, b"\xa5" * 512)
    got = c.expect(SCSI_RSP, itt).sense()
    assert got == want, f"{what}: {got}, expected {want}"


def main() -> None:
    target, device, lun, other = sys.argv[1:]
    c = Conn(target, InitialR2T="Yes", ImmediateData="No")
    ready(c)
    with open(device + "/filename", encoding="ascii") as f:
        first = f.read().strip()

    tags = held(c)
    put(device + "/enabled", 0)
    put(device + "/filename", other)
    put(device + "/enabled", 1)
    finish(c, tags, "06/28/00", "another file")
    put(device + "/enabled", 0)
    put(device + "/filename", first)
    put(device + "/enabled", 1)
    ready(c)

    tags = held(c)
    put(device + "/enabled", 0)
    put(device + "/read_only", 1)
    put(device + "/enabled", 1)
    finish(c, tags, "06/28/00", "a device now read-only")
    put(device + "/enabled", 0)
    put(device + "/read_only", 0)
    put(device + "/enabled", 1)
    ready(c)

    tags = held(c)
    put(lun + "/read_only", 1)
    finish(c, tags, "07/27/00", "a LUN now read-only")
    put(lun + "/read_only", 0)
    ready(c)

    tags = held(c)
    start_stop(c, 0)
    finish(c, tags, "02/04/02", "a stopped unit")
    start_stop(c, 1)
    ready(c)

    tags = held(c)
    os.unlink(lun + "/device")
    finish(c, tags, "05/25/00", "a LUN that has gone")
    c.expect(0x26, c.logout())
    c.close()


main()
