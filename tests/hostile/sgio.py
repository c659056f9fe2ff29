# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with SCSI commands through SG_IO, on a SCSI device of this host.

Usage: sgio.py /dev/sgX BLOCKS [CASE...]
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import sys
from collections.abc import Iterable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wild
from rawcases import case, main, times, together

SG_IO = 0x2285
TO, FROM, NO_DATA = -2, -3, -1


class Header(ctypes.Structure):
    _fields_ = [("interface_id", ctypes.c_int), ("dxfer_direction", ctypes.c_int),
                ("cmd_len", ctypes.c_ubyte), ("mx_sb_len", ctypes.c_ubyte),
                ("iovec_count", ctypes.c_ushort), ("dxfer_len", ctypes.c_uint),
                ("dxferp", ctypes.c_void_p), ("cmdp", ctypes.c_void_p),
                ("sbp", ctypes.c_void_p), ("timeout", ctypes.c_uint),
                ("flags", ctypes.c_uint), ("pack_id", ctypes.c_int),
                ("usr_ptr", ctypes.c_void_p), ("status", ctypes.c_ubyte),
                ("masked_status", ctypes.c_ubyte), ("msg_status", ctypes.c_ubyte),
                ("sb_len_wr", ctypes.c_ubyte), ("host_status", ctypes.c_ushort),
                ("driver_status", ctypes.c_ushort), ("resid", ctypes.c_int),
                ("duration", ctypes.c_uint), ("info", ctypes.c_uint)]


def command(fd: int, cdb: bytes, way: str, length: int, data: bytes) -> str:
    """Run it; "ok", its sense, or what else happened."""
    sense = ctypes.create_string_buffer(64)
    cdb_buf = ctypes.create_string_buffer(cdb, len(cdb))
    # Bytes behind the buffer tell whether too much was written.
    buf = ctypes.create_string_buffer(data + b"\xa5" * (length - len(data)) + b"\x5a" * 64,
                                      length + 64)
    hdr = Header(ord("S"), {"in": FROM, "out": TO, "": NO_DATA}[way], len(cdb), 64, 0, length,
                 ctypes.addressof(buf) if length else None, ctypes.addressof(cdb_buf),
                 ctypes.addressof(sense), 60000)
    fcntl.ioctl(fd, SG_IO, hdr)
    assert buf.raw[length:] == b"\x5a" * 64, "more was written than there is room for"
    assert 0 <= hdr.resid <= length, f"residual {hdr.resid} of {length}"
    if hdr.host_status:
        return f"host {hdr.host_status:#x}"
    if hdr.status == 2:
        raw = sense.raw
        assert hdr.sb_len_wr >= 8, "no sense"
        if raw[0] & 0x7F in (0x72, 0x73):
            return f"{raw[1] & 15:02x}/{raw[2]:02x}/{raw[3]:02x}"
        return f"{raw[2] & 15:02x}/{raw[12]:02x}/{raw[13]:02x}"
    return "ok" if not hdr.status else f"status {hdr.status:#x}"


def run(entries: Iterable[wild.Wild]) -> None:
    wrong = []
    fd = os.open(sys.argv[1], os.O_RDWR)
    for name, cdb, way, length, data, accepted in entries:
        if cdb[0] == 0x7F:
            # The kernel's own limit of what it takes from user space.
            cdb = cdb[:8 + cdb[7]][:32].ljust(16, b"\0")
        got = command(fd, cdb, way if length else "", length, data)
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
    """CDBs of one length with buffers of another."""
    rng = random.Random(5)
    fd = os.open(sys.argv[1], os.O_RDWR)
    for _ in range(times(500, 80)):
        blocks = rng.choice((0, 1, 2, 16, 256))
        length = rng.choice((0, 1, 511, 512, 513, 4096, 131072))
        out = rng.random() < 0.5
        cdb = wild.rw10(0x2A if out else 0x28, rng.randrange(64), blocks)
        way = ("out" if out else "in") if length else ""
        got = command(fd, cdb, way, length, b"")
        assert got.startswith(("ok", "0b/", "05/")), f"{cdb.hex()} with {length}: {got}"
    os.close(fd)


main()
