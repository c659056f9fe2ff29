# SPDX-License-Identifier: GPL-2.0-only
"""The contents of the disks: every sector names its writer, its place and its version.

Also the list of writers and their regions.  The guest writes with this module, the host
checks with it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SECTOR = 512
REGION = 512  # the number of sectors of one worker
HEAD = struct.Struct("<4sIIQ")

# LUNs of both targets; tests/machine/power/guest describes them.
WRITE_BACK, WRITE_THROUGH, DIRECT, RAW, NV_CACHE = range(5)


@dataclass(frozen=True)
class Worker:
    """A writer: it writes a region of one LUN, over one fabric, in one of these modes.

    fua     WRITE with FUA
    sync    some WRITEs, then SYNCHRONIZE CACHE
    plain   WRITE alone, for a disk that reports no volatile cache
    dsync   pwrite() to the kernel's disk, opened with O_DSYNC
    """

    number: int
    fabric: str
    lun: int
    mode: str

    @property
    def base(self) -> int:
        return self.number * REGION


WORKERS = [
    Worker(number, fabric, lun, mode)
    for number, (fabric, lun, mode) in enumerate(
        (fabric, lun, mode)
        for fabric in ("loop", "iscsi")
        for lun, mode in (
            (WRITE_BACK, "fua"),
            (WRITE_BACK, "sync"),
            (WRITE_BACK, "dsync"),
            (WRITE_THROUGH, "plain"),
            (WRITE_THROUGH, "dsync"),
            (DIRECT, "fua"),
            (DIRECT, "sync"),
            (RAW, "fua"),
            (RAW, "sync"),
            (NV_CACHE, "fua"),
            (NV_CACHE, "sync"),
        )
    )
]


def sector(worker: int, lba: int, version: int) -> bytes:
    head = HEAD.pack(b"cst!", worker, lba, version)
    head += struct.pack("<I", zlib.crc32(head))
    return (head * (SECTOR // len(head) + 1))[:SECTOR]


def version(data: bytes, worker: int, lba: int) -> int | None:
    """Return the version of a sector; 0: never written; None: other contents."""
    if data == bytes(SECTOR):
        return 0
    magic, who, where, number = HEAD.unpack_from(data)
    if (magic, who, where) != (b"cst!", worker, lba) or data != sector(worker, lba, number):
        return None
    return int(number)
