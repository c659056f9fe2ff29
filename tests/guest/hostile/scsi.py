# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with SCSI commands over iSCSI: CDBs, LUNs, lengths that disagree.

Usage: scsi.py TARGET [CASE...]
"""

from __future__ import annotations

import os
import random
import struct
import sys
from collections.abc import Iterable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wild
from rawcases import case, conn, equal, main, pattern, times
from rawiscsi import (
    DATA_IN,
    FINAL,
    IMMEDIATE,
    NONE,
    R2T,
    READ,
    SCSI_CMD,
    SCSI_RSP,
    TMF,
    TMF_RSP,
    WRITE,
    Conn,
    Pdu,
)


def answer(c: Conn, itt: int, length: int) -> tuple[str, int, Pdu]:
    """Return a command's sense, its data's length and the last PDU; check the data's offsets."""
    got = 0
    while True:
        pdu = c.recv()
        if pdu.opcode == R2T:
            c.data_out(itt, pdu.ttt, pdu.offset, bytes(pdu.resid))
            continue
        assert pdu.opcode in (DATA_IN, SCSI_RSP), f"opcode {pdu.opcode:#x}"
        equal(pdu.itt, itt, "tag")
        if pdu.opcode == DATA_IN:
            equal(pdu.offset, got, "offset")
            got += len(pdu.data)
            assert got <= length, f"{got} bytes, {length} expected"
            if not pdu.flags & 1:
                continue
        under, over = pdu.flags & 2, pdu.flags & 4
        assert not (under and over), "both residual flags"
        return ("ok" if pdu.opcode == DATA_IN else pdu.sense()), got, pdu


def run(c: Conn, entries: Iterable[wild.Wild]) -> None:
    wrong = []
    for name, cdb, way, length, data, accepted in entries:
        flags = FINAL | {"in": READ, "out": WRITE, "": 0}[way]
        ahs = b""
        if len(cdb) > 16:
            ahs = struct.pack(">HBB", len(cdb) - 15, 1, 0) + cdb[16:]
            ahs += bytes(-len(ahs) % 4)
        itt = c.scsi(cdb[:16], flags, length, data[:8192], ahs=ahs)
        sense, _, _ = answer(c, itt, length)
        if not any(sense.startswith(a) for a in accepted):
            wrong.append(f"{name}: {sense}")
    assert not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong[:5])
    c.alive()


def blocks() -> int:
    return 32 << 11


@case
def beyond_the_medium() -> None:
    run(conn(), wild.ranges(blocks()))


@case
def parameter_lengths_and_pages() -> None:
    run(conn(), wild.parameters(blocks()))


@case
def every_opcode() -> None:
    run(conn(), wild.opcodes(blocks()))


@case
def random_cdbs() -> None:
    run(conn(), wild.anything(blocks(), times(3000, 300), 1))


@case
def allocation_length_against_expected() -> None:
    """The allocation length differs from the expected length: check the residual."""
    c = conn()
    for alloc in (0, 1, 36, 96, 255):
        for expected in (0, 1, 35, 36, 37, 96, 4096):
            cdb = struct.pack(">BBBHB", 0x12, 0, 0, alloc, 0)
            sense, got, pdu = answer(c, c.scsi(cdb, FINAL | READ if expected else FINAL,
                                               expected), expected)
            equal(sense, "ok", f"allocation length {alloc}, {expected} expected")
            there = min(alloc, got if got < expected else alloc)
            if pdu.flags & 2:
                equal(pdu.resid, expected - got, "underflow")
            elif pdu.flags & 4:
                assert got == expected and pdu.resid <= alloc - expected, "overflow"
            else:
                equal(got, expected, f"bytes of {there}")


@case
def residuals() -> None:
    c = conn()
    for expected in (0, 1, 511, 512, 513, 1024, 1 << 20, NONE):
        itt = c.read10(0, 2, length=expected)
        sense, got, pdu = answer(c, itt, max(expected, 1))
        if sense == "ok":
            equal(got, min(expected, 1024), "bytes")
            flag, resid = ((4, 1024 - expected) if expected < 1024 else
                           (2, expected - 1024) if expected > 1024 else (0, 0))
            equal((pdu.flags & 6, pdu.resid), (flag, resid), f"residual of {expected}")
    for expected in (1, 511, 512, 1024, 4096, NONE):
        data = pattern(min(expected, 4096))
        itt = c.write10(0, 2, data, length=expected)
        sense, _, pdu = answer(c, itt, 0)
        if expected > 1024:
            equal((sense, pdu.flags & 6, pdu.resid), ("ok", 2, expected - 1024), "residual")
    # The initiator expects the other direction than that of the CDB.
    itt = c.scsi(struct.pack(">BBIBHB", 0x2A, 0, 0, 0, 1, 0), FINAL | READ, 512)
    sense, got, _ = answer(c, itt, 512)
    assert sense != "ok" and not got, f"a write that expects to read: {sense}"
    itt = c.scsi(struct.pack(">BBIBHB", 0x28, 0, 0, 0, 1, 0), FINAL | WRITE, 512, pattern(512))
    answer(c, itt, 0)
    c.alive()


@case
def huge_expected_length() -> None:
    """A command that expects four gigabytes takes no memory for them."""
    c = conn()
    left = {c.read10(0, 1, length=NONE): 0 for _ in range(100)}
    # A read that waits for the backing may be passed by other reads.
    while left:
        pdu = c.recv()
        equal(pdu.opcode, DATA_IN, "opcode")
        left[pdu.itt] += len(pdu.data)
        if pdu.flags & 1:
            equal(left.pop(pdu.itt), 512, "bytes")
    for n in (0x4001, 0x10000, NONE):
        itt = c.scsi(wild.rw16(0x88, 0, n), FINAL | READ, NONE)
        sense, got, _ = answer(c, itt, NONE)
        equal((sense[:2], got), ("05", 0), f"a read of {n} blocks")
        itt = c.scsi(wild.rw16(0x8A, 0, n), FINAL | WRITE, NONE)
        sense, _, _ = answer(c, itt, 0)
        equal(sense[:2], "05", f"a write of {n} blocks")


@case
def luns_of_every_form() -> None:
    """LUNs that are not mapped, addresses that are no LUN, and a well-known logical unit."""
    report_luns = struct.pack(">H6x", 0xC101)
    rng = random.Random(8)
    c = conn()
    luns = [bytes([m << 6, 0, 0, 0, 0, 0, 0, 0]) for m in (2, 3)]
    luns += [struct.pack(">H6x", lun) for lun in (1, 2, 255, 256, 0x3FFF, 0x4001, 0x7FFF,
                                                  0x8000, 0xC000, 0xC101, 0xD201, 0xFFFF)]
    luns += [b"\xff" * 8, b"\0" * 7 + b"\1", b"\0\0\0\1\0\0\0\0"]
    luns += [rng.randbytes(8) for _ in range(times(300, 50))]
    for lun in luns:
        for cdb, way, length in ((bytes(6), 0, 0), (b"\x12\0\0\0\xff\0", READ, 255),
                                 (b"\xa0" + bytes(5) + b"\0\0\1\0" + bytes(2), READ, 256),
                                 (wild.rw10(0x28, 0, 1), READ, 512),
                                 (wild.rw10(0x2A, 0, 1), WRITE, 512), (b"\x03\0\0\0\xff\0",
                                                                       READ, 255)):
            itt = next(c.tags)
            bhs = c.request(SCSI_CMD, FINAL | way, itt, length, rest=cdb)
            c.send(bhs[:8] + lun + bhs[16:], bytes(512) if way == WRITE else b"")
            sense, _got, _ = answer(c, itt, 4096)
            if lun == report_luns and cdb[0] in (0, 0x28, 0x2A):
                equal(sense, "05/20/00" if cdb[0] else "ok", f"well-known LUN, opcode {cdb[0]:#x}")
            elif cdb[0] in (0, 0x28, 0x2A):
                equal(sense, "05/25/00", f"LUN {lun.hex()}, opcode {cdb[0]:#x}")
        itt = next(c.tags)
        bhs = c.request(TMF | IMMEDIATE, FINAL | 5, itt, NONE)
        c.send(bhs[:8] + lun + bhs[16:])
        equal(c.expect(TMF_RSP, itt).response, 0 if lun == report_luns else 2,
              f"a reset of LUN {lun.hex()}")
    c.alive()


main()
