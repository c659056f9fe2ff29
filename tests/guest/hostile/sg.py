# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with SCSI commands through SG_IO, on a SCSI device of this host.

Usage: sg.py /dev/sgX BLOCKS [CASE...]
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wild
from rawcases import case, main, times, together
from sgio import FROM_DEV, NONE, TO_DEV, Command

BEHIND = b"\x5a" * 64


def command(fd: int, cdb: bytes, way: str, length: int, data: bytes) -> str:
    """Run a command; return "ok", its sense, or another result."""
    # Bytes behind the buffer show whether too much was written.
    cmd = Command(cdb, {"in": FROM_DEV, "out": TO_DEV, "": NONE}[way if length else ""],
                  data + b"\xa5" * (length - len(data)) + BEHIND)
    cmd.hdr.dxfer_len = length
    if not length:
        cmd.hdr.dxferp = None
    got = cmd.run(fd)
    assert cmd.buffer.raw[length:] == BEHIND, "more was written than there is room for"
    assert 0 <= cmd.hdr.resid <= length, f"residual {cmd.hdr.resid} of {length}"
    assert cmd.hdr.status != 2 or cmd.hdr.sb_len_wr >= 8, "no sense"
    return got


def run(entries: Iterable[wild.Wild]) -> None:
    wrong = []
    fd = os.open(sys.argv[1], os.O_RDWR)
    for name, cdb, way, length, data, accepted in entries:
        if cdb[0] == 0x7F:
            # The kernel takes such CDBs from user space only up to a limit.
            cdb = cdb[:8 + cdb[7]][:32].ljust(16, b"\0")
        got = command(fd, cdb, way, length, data)
        if not any(got.startswith(a) for a in accepted):
            wrong.append(f"{name}: {got}")
    assert command(fd, bytes(6), "", 0, b"") in ("ok",), "not ready afterwards"
    os.close(fd)
    assert not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong[:5])


BLOCKS = int(sys.argv.pop(2))


@case
def beyond_the_medium() -> None:
    run(wild.ranges(BLOCKS))


@case
def parameter_lengths_and_pages() -> None:
    run(wild.parameters(BLOCKS))


@case
def every_opcode() -> None:
    run(wild.opcodes(BLOCKS))


@case
def random_cdbs_from_many() -> None:
    together(*(lambda seed=seed: run(wild.anything(BLOCKS, times(1500, 200), seed))
               for seed in range(4)))


@case
def lengths_that_disagree() -> None:
    """CDBs whose transfer length differs from that of the buffer."""
    rng = random.Random(5)
    fd = os.open(sys.argv[1], os.O_RDWR)
    for _ in range(times(500, 80)):
        blocks = rng.choice((0, 1, 2, 16, 256))
        length = rng.choice((0, 1, 511, 512, 513, 4096, 131072))
        out = rng.random() < 0.5
        cdb = wild.rw10(0x2A if out else 0x28, rng.randrange(64), blocks)
        got = command(fd, cdb, "out" if out else "in", length, b"")
        assert got.startswith(("ok", "0b/", "05/")), f"{cdb.hex()} with {length}: {got}"
    os.close(fd)


main()
