# SPDX-License-Identifier: GPL-2.0-only
"""CDBs that no correct initiator sends, with the sense that they must get.

For a disk of 512-byte blocks.  An entry has the name, the CDB, the direction ("in", "out",
""), the length expected by the initiator, data-out, and the accepted answers, which are
"ok" or the beginning of "key/asc/ascq" as rawiscsi.Pdu.sense() prints it.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

Wild = tuple[str, bytes, str, int, bytes, tuple[str, ...]]

OPCODE, FIELD, RANGE, LUN, ABORTED = "05/20", "05/24", "05/21", "05/25", "0b/"
# ILLEGAL REQUEST with any additional sense code.
NO = ("05/",)
TOP = 2**64 - 1


def rw10(op: int, lba: int, n: int, flags: int = 0) -> bytes:
    return struct.pack(">BBIBHB", op, flags, lba, 0, n, 0)


def rw12(op: int, lba: int, n: int) -> bytes:
    return struct.pack(">BBIIBB", op, 0, lba, n, 0, 0)


def rw16(op: int, lba: int, n: int, flags: int = 0) -> bytes:
    return struct.pack(">BBQIBB", op, flags, lba, n, 0, 0)


def unmap(*ranges: tuple[int, int]) -> bytes:
    """The parameter list of UNMAP."""
    size = 16 * len(ranges)
    return struct.pack(">HH4x", size + 6, size) + b"".join(struct.pack(">QI4x", *r) for r in ranges)


def ranges(blocks: int) -> Iterator[Wild]:
    """Commands that address blocks, at and beyond the end of the medium."""
    lbas16 = (blocks, blocks + 1, 2**32 - 1, 2**32, 2**55, 2**63 - 1, 2**63, TOP - 1, TOP)
    for name, op, out in (("READ(16)", 0x88, ""), ("WRITE(16)", 0x8A, "out"),
                          ("VERIFY(16)", 0x8F, ""), ("SYNCHRONIZE CACHE(16)", 0x91, ""),
                          ("PRE-FETCH(16)", 0x90, ""), ("WRITE AND VERIFY(16)", 0x8E, "out"),
                          ("ORWRITE(16)", 0x8B, "out"), ("WRITE SAME(16)", 0x93, "out"),
                          ("COMPARE AND WRITE", 0x89, "out")):
        for lba in lbas16:
            for n in (1, 2, 255):
                data = bytes(512) if out else b""
                yield (f"{name} {n} at {lba:#x}", rw16(op, lba, n), out or "in" if op == 0x88
                       else out, len(data) if out else 512 if op == 0x88 else 0, data, NO)
    for op in (0x28, 0x2A, 0x2E, 0x2F, 0x35, 0x34, 0x41):
        for lba in (blocks, 2**31, 2**32 - 1):
            writes = op in (0x2A, 0x2E, 0x41)
            yield (f"{op:#x} at {lba:#x}", rw10(op, lba, 1), "out" if writes else
                   "in" if op == 0x28 else "", 512 if writes or op == 0x28 else 0,
                   bytes(512) if writes else b"", NO)
    # The last block and one more block; sums that overflow 32 and 64 bits.
    for lba, n in ((blocks - 1, 2), (blocks - 1, 2**32 - 1), (1, 2**32 - 1), (0, 2**32 - 1),
                   (TOP, 2**32 - 1), (2**64 - 2**32 + 1, 2**32 - 1)):
        yield f"READ(16) {n} at {lba:#x}", rw16(0x88, lba, n), "in", 4096, b"", NO
        yield f"WRITE(16) {n} at {lba:#x}", rw16(0x8A, lba, n), "out", 512, bytes(512), NO
        yield f"VERIFY(16) {n} at {lba:#x}", rw16(0x8F, lba, n), "", 0, b"", NO
        yield f"VERIFY(16) BYTCHK {n} at {lba:#x}", rw16(0x8F, lba, n, 2), "out", 512, \
            bytes(512), NO
        yield f"READ(12) {n} at {lba:#x}", rw12(0xA8, lba % 2**32, n), "in", 4096, b"", NO
    # No blocks, at the end of the medium and behind it.
    for op in (0x88, 0x8A, 0x8F):
        yield f"{op:#x} no blocks at the end", rw16(op, blocks, 0), "", 0, b"", ("ok", RANGE)
        yield f"{op:#x} no blocks beyond", rw16(op, blocks + 1, 0), "", 0, b"", NO
        yield f"{op:#x} no blocks far beyond", rw16(op, TOP, 0), "", 0, b"", NO
    yield "READ(6) of 256 blocks expected 0", b"\x08\0\0\0\0\0", "", 0, b"", ("ok", *NO)


def parameters(blocks: int) -> Iterator[Wild]:
    """Parameter lists, and commands that return parameter data: lengths, pages, service actions."""
    for sa in range(32):
        yield f"MAINTENANCE IN {sa:#x}", struct.pack(">BB4xI2x", 0xA3, sa, 4096), "in", 4096, \
            b"", ("ok", *NO)
        yield f"MAINTENANCE OUT {sa:#x}", struct.pack(">BB4xI2x", 0xA4, sa, 8), "out", 8, \
            bytes(8), ("ok", ABORTED, *NO)
        yield f"SERVICE ACTION IN(16) {sa:#x}", struct.pack(">BBQIBB", 0x9E, sa, 0, 32, 0, 0), \
            "in", 32, b"", ("ok", *NO)
        yield f"PERSISTENT RESERVE IN {sa:#x}", struct.pack(">BB5xHB", 0x5E, sa, 0xFFFF, 0), \
            "in", 65535, b"", ("ok", *NO)
        yield f"PERSISTENT RESERVE OUT {sa:#x}", struct.pack(">BBB2xIB", 0x5F, sa, 0xFF,
                                                              0xFFFFFFFF, 0), \
            "out", 24, b"\xff" * 24, ("ok", ABORTED, *NO)
    for options in range(8):
        for opcode in (0, 0x28, 0x7F, 0x9E, 0xA3, 0xFF):
            for sa in (0, 0x1F, 0xFFFF):
                for length in (0, 1, 3, 4, 0xFFFFFFFF):
                    cdb = struct.pack(">BBBBHIBB", 0xA3, 0x0C, options | 0x80, opcode, sa,
                                      length, 0, 0)
                    yield (f"REPORT SUPPORTED OPCODES {options} {opcode:#x} {sa:#x} {length}",
                           cdb, "in", min(length, 4096), b"", ("ok", *NO))
    for page in range(256):
        for length in (0, 3, 255):
            yield f"INQUIRY page {page:#x} length {length}", \
                struct.pack(">BBBHB", 0x12, 1, page, length, 0), "in", length, b"", ("ok", *NO)
            yield f"MODE SENSE(6) page {page:#x} length {length}", \
                struct.pack(">BBBBBB", 0x1A, 0, page, 0xFF, length, 0), "in", length, b"", \
                ("ok", *NO)
        yield f"MODE SENSE(10) page {page:#x}", \
            struct.pack(">BBBBB2xHB", 0x5A, 0, page, 0, 0, 0xFFFF, 0), "in", 4096, b"", \
            ("ok", *NO)
        yield f"LOG SENSE page {page:#x}", struct.pack(">BBBBxHHB", 0x4D, 0, page, 0xFF, 0xFFFF,
                                                        0xFFFF, 0), "in", 4096, b"", ("ok", *NO)
    for length in (0, 1, 7, 8, 0xFFFF):
        yield f"UNMAP list of {length}", struct.pack(">BB4xxHB", 0x42, 0, length, 0), "out", \
            min(length, 24), b"\xff" * min(length, 24), ("ok", ABORTED, *NO)
        yield f"MODE SELECT(10) list of {length}", struct.pack(">BB5xHB", 0x55, 0x11, length, 0), \
            "out", min(length, 24), b"\xff" * min(length, 24), ("ok", ABORTED, *NO)
        yield f"EXTENDED COPY list of {length}", struct.pack(">BB8xI2x", 0x83, 0, length), \
            "out", min(length, 64), b"\xff" * min(length, 64), ("ok", ABORTED, *NO)
    # UNMAP: a list that is cut; one that is longer than it says, whose end is ignored; ranges
    # that overflow; too many.
    whole = unmap((0, 1), (8, 1))
    for length in range(1, len(whole)):
        yield f"UNMAP list cut at {length}", struct.pack(">BB4xxHB", 0x42, 0, length, 0), "out", \
            length, whole[:length], NO
    yield "UNMAP longer", struct.pack(">BB4xxHB", 0x42, 0, len(whole) + 16, 0), "out", \
        len(whole) + 16, whole + b"\xff" * 16, ("ok",)
    for what, data in (("beyond", unmap((0, 1), (blocks, 1))), ("64 bits", unmap((0, 1), (TOP, 2))),
                       ("all", unmap((0, 2**32 - 1))),
                       ("32 bits", unmap((0, 2**32 - 1), (0, 2))),
                       ("256 descriptors", unmap(*((i, 1) for i in range(256))))):
        yield f"UNMAP {what}", struct.pack(">BB4xxHB", 0x42, 0, len(data), 0), "out", len(data), \
            data, NO
    for select in range(256):
        yield f"REPORT LUNS {select:#x}", struct.pack(">BBB3xI2x", 0xA0, 0, select, 4096), \
            "in", 4096, b"", ("ok", *NO)
    for length in (0, 1, 8, 15, 0xFFFFFFFF):
        yield f"REPORT LUNS length {length}", struct.pack(">BBB3xI2x", 0xA0, 0, 0, length), \
            "in", min(length, 4096), b"", ("ok", *NO)
    # A control byte that asks for unsupported features: NACA, and reserved bits.
    for control in (0x04, 0x80, 0xFF):
        yield f"INQUIRY control {control:#x}", bytes([0x12, 0, 0, 0, 96, control]), "in", 96, \
            b"", ("ok", *NO)
        yield f"READ(10) control {control:#x}", rw10(0x28, 0, 1)[:9] + bytes([control]), "in", \
            512, b"", ("ok", *NO)
    for length in (0, 1, 8, 24, 0xF8, 0xFF):
        yield f"variable length CDB of {length}", b"\x7f" + bytes(6) + bytes([length, 0, 9]) + \
            bytes(6), "", 0, b"", NO
        yield f"READ(32) of {length}", b"\x7f" + bytes(6) + bytes([length, 0, 9]) + \
            b"\xff" * 22, "in", 512, b"", NO


def opcodes(blocks: int) -> Iterator[Wild]:
    """Every operation code, with all other bits set, with data-in, data-out and no data."""
    for op in range(256):
        # With these bits FORMAT UNIT, SANITIZE and START STOP UNIT must have no effect, too.
        for way, length in (("", 0), ("in", 4096), ("out", 512)):
            yield f"opcode {op:#x} {way}", bytes([op]) + b"\xff" * 15, way, length, \
                b"\xff" * length if way == "out" else b"", ("ok", ABORTED, "06/", "02/", *NO)


def anything(blocks: int, rounds: int, seed: int) -> Iterator[Wild]:
    rng = random.Random(seed)
    known = (0x00, 0x08, 0x0A, 0x12, 0x1A, 0x25, 0x28, 0x2A, 0x2F, 0x35, 0x42, 0x41, 0x4D, 0x55,
             0x5A, 0x5E, 0x5F, 0x7F, 0x83, 0x84, 0x88, 0x89, 0x8A, 0x8E, 0x8F, 0x91, 0x93, 0x9E,
             0xA0, 0xA3, 0xA4, 0xA8, 0xAA, 0xAF)
    for i in range(rounds):
        cdb = bytearray(rng.randbytes(16))
        cdb[0] = rng.choice(known) if rng.random() < 0.9 else rng.randrange(256)
        if cdb[0] in (0x04, 0x48):
            cdb[0] = 0x00   # FORMAT UNIT and SANITIZE would wipe what others read meanwhile
        if rng.random() < 0.7:
            cdb[1] &= rng.choice((0, 0x1F, 0x10, 0x12))
        if rng.random() < 0.7:
            # Take an LBA near the begin or the end of the medium, where most checks matter.
            lba = rng.choice((0, 1, blocks - 1, blocks - rng.randrange(20)))
            cdb[2:6] = lba.to_bytes(4, "big")
            if cdb[0] & 0xE0 == 0x80:
                cdb[2:10] = lba.to_bytes(8, "big")
                cdb[10:14] = rng.choice((0, 1, 8, 2048)).to_bytes(4, "big")
            else:
                cdb[7:9] = rng.choice((0, 1, 8, 2048)).to_bytes(2, "big")
        way = rng.choice(("", "in", "out"))
        length = rng.choice((0, 1, 7, 511, 512, 4096, 8191)) if way else 0
        data = rng.randbytes(length) if way == "out" else b""
        yield f"random {seed}.{i} {cdb.hex()} {way} {length}", bytes(cdb), way, length, data, \
            ("ok", ABORTED, "06/", "02/", "0e/", "0d/", "03/", *NO)
