# SPDX-License-Identifier: GPL-2.0-only
"""Disks whose backings hang take all of the kernel's threads, and the kernel cannot make
more; another disk goes on.

Usage: threads.py SLOW-IQN LUNS QUICK-IQN

The backings of LUNS LUNs of the first target hang; this program resumes them.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time

import failing
from failing import DEBUG, SLOW, BrokenError, Site, get, put
from rawiscsi import DATA_IN, LOGOUT_RSP, SCSI_RSP, Conn

MANY = 1_000_000
CROWD = 20      # reads of each LUN, more than may be under way in its workers


def of_the_kernel(name: str) -> tuple[int, int]:
    with open("/proc/kallsyms", encoding="ascii") as lines:
        symbols = [line.split() for line in lines]
    addresses = sorted({int(symbol[0], 16) for symbol in symbols})
    begin = next(int(symbol[0], 16) for symbol in symbols if symbol[2] == name)
    return begin, next(address for address in addresses if address > begin) - begin


def write_fua(conn: Conn, lba: int, data: bytes) -> str:
    cdb = struct.pack(">BBIBHB", 0x2A, 8, lba, 0, len(data) // 512, 0)
    itt = conn.scsi(cdb, 0xA0, len(data), data)
    return conn.expect(SCSI_RSP, itt).sense()


def refused() -> int:
    return MANY - int(get(f"{DEBUG}/failslab/times"))


def take_threads(conn: Conn, luns: int) -> set[int]:
    """Send reads that hang, until the kernel needs another thread; return their tags."""
    tags: set[int] = set()
    for lun in range(luns):
        tags |= {conn.read10(64 * i, 8, lun=lun) for i in range(CROWD)}
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            if refused():
                return tags
            time.sleep(0.02)
    raise BrokenError("the kernel needs no thread")


def main() -> None:
    failing.set_up()
    luns = int(sys.argv[2])
    slow = Conn(sys.argv[1], timeout=90 * SLOW)
    quick = Conn(sys.argv[3], timeout=90 * SLOW, isid=2)
    for lun in range(luns):
        # Consume the unit attentions of the LUN.
        while slow.expect(SCSI_RSP, slow.scsi(bytes(6), lun=lun)).sense() != "ok":
            pass
    quick.alive()
    with Site(*of_the_kernel("create_worker")):
        put(f"{DEBUG}/fail_page_alloc/probability", 0)
        put(f"{DEBUG}/failslab/times", MANY)
        left = take_threads(slow, luns)
        begin = time.monotonic()
        for i in range(10):
            data = os.urandom(4096)
            if (answer := write_fua(quick, 64 * i, data)) != "ok":
                raise BrokenError(f"a write to the other disk: {answer}")
            if quick.read(64 * i, 8) != data:
                raise BrokenError("not what was written")
        took = time.monotonic() - begin
        print(f"{len(left)} reads hang, 10 writes took {took:.1f} s; threads refused: {refused()}",
              flush=True)
        for lun in range(luns):
            subprocess.run(["dmsetup", "resume", f"slow{lun}"], check=True)
    while left:
        pdu = slow.expect(DATA_IN)
        if not pdu.flags & 1 or pdu.status or pdu.itt not in left:
            raise BrokenError("a read that hung is not answered GOOD")
        left.remove(pdu.itt)
    for conn in (slow, quick):
        conn.expect(LOGOUT_RSP, conn.logout())


if __name__ == "__main__":
    main()
