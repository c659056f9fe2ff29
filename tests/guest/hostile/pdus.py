# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with PDUs: lengths, additional headers, digests, numbers, tags.

Usage: pdus.py TARGET [CASE...]
"""

from __future__ import annotations

import os
import random
import struct
import sys
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, TARGET, case, conn, equal, main, pattern, times, together
from rawiscsi import (
    DATA_OUT,
    FINAL,
    IMMEDIATE,
    LOGIN,
    LOGOUT,
    LOGOUT_RSP,
    NONE,
    NOP_IN,
    NOP_OUT,
    R2T,
    READ,
    REJECT,
    SCSI_CMD,
    SCSI_RSP,
    SNACK,
    TEXT,
    TMF,
    WRITE,
    Closed,
    Conn,
)

SOLICITED: dict[str, Any] = {"InitialR2T": "Yes", "ImmediateData": "No"}
REQUESTS = (NOP_OUT, SCSI_CMD, TMF, TEXT, DATA_OUT, LOGOUT, SNACK, LOGIN, 0x1F)


# --- lengths ---


@case
def segment_longer_than_declared() -> None:
    """Every opcode, with a data segment longer than the target has declared to take."""
    for opcode in REQUESTS:
        for length in ((1 << 20) + 1, 0xFFFFFF):
            c = conn()
            c.send(c.request(opcode | IMMEDIATE, FINAL, 5), length=length)
            assert c.closed(), f"opcode {opcode:#x} with {length} bytes: still open"


@case
def segment_longer_than_sent() -> None:
    """Every opcode, with a data segment of a megabyte of which only a part is sent."""
    for opcode in REQUESTS:
        for sent in (0, 1, 5000):
            c = conn()
            if opcode == SCSI_CMD:
                rest = struct.pack(">BBIBHB", 0x2A, 0, 0, 0, 2048, 0)
                bhs = c.request(SCSI_CMD, FINAL | WRITE, 5, 1 << 20, rest=rest)
            else:
                bhs = c.request(opcode | IMMEDIATE, FINAL, 5, NONE)
            c.send(bhs, bytes(sent), length=1 << 20)
            c.close()


@case
def segment_where_none_belongs() -> None:
    """Requests that may have no data segment, with a data segment."""
    c = conn()
    for opcode, want in ((TMF, REJECT), (SNACK, REJECT), (LOGOUT, LOGOUT_RSP)):
        c.send(c.request(opcode | IMMEDIATE, FINAL | 2, 5), pattern(3000))
        c.expect(want)
    c.alive()


@case
def ahs_of_every_length() -> None:
    c = conn()
    for words in (1, 2, 64, 128, 255):
        for fill in (b"\0", b"\xff", b"\1"):
            c.scsi(bytes(6), ahs=fill * (4 * words))
            equal(c.rejected(), 9, f"reject reason of {4 * words} bytes of {fill!r}")
            c.nop(b"abc", ahs=fill * (4 * words))
            equal(c.rejected(), 9, f"reject reason of {4 * words} bytes of {fill!r}")
    # An extended CDB of the maximum length, and longer ones.
    for extra, want in ((244, SCSI_RSP), (245, REJECT), (248, REJECT)):
        ahs = struct.pack(">HBB", 1 + extra, 1, 0) + bytes(extra)
        c.scsi(b"\x7f" + bytes(15), ahs=ahs + bytes(-len(ahs) % 4))
        c.expect(want)
    # The CDB's own length field says that it is longer or shorter than it is.
    for more in (0, 1, 8, 24, 0xF8, 0xFF):
        cdb = b"\x7f" + bytes(6) + bytes([more]) + bytes(8)
        for ahs in (b"", struct.pack(">HBB", 17, 1, 0) + bytes(16)):
            assert c.expect(SCSI_RSP, c.scsi(cdb, ahs=ahs)).status == 2, "no sense"
    c.alive()


@case
def ahs_cut() -> None:
    """The connection ends within the additional header and its digest."""
    for cut in (48, 49, 51, 52, 300, 1067, 1068, 1070):
        c = conn(HeaderDigest="CRC32C")
        bhs = c.request(SCSI_CMD, FINAL, 9)
        c.write(c.pdu(bhs, b"", ahs=bytes(1020))[:cut])
        c.close()
    c = conn(HeaderDigest="CRC32C")
    c.scsi(bytes(6), ahs=b"\xff" * 1020, bad_header=True)
    assert c.closed(), "still open after a wrong header digest"


@case
def digest_errors_on_everything() -> None:
    """A wrong data digest on each opcode that carries data, with many lengths."""
    c = conn(HeaderDigest="CRC32C", DataDigest="CRC32C")
    for length in (1, 2, 3, 4, 5, 127, 128, 129, 4095, 4096):
        for opcode in (NOP_OUT, TEXT):
            for flag in (IMMEDIATE, 0):
                c.send(c.request(opcode | flag, FINAL, next(c.tags), NONE), pattern(length),
                       bad_data=True)
                equal(c.rejected(), 2, f"reject reason, opcode {opcode:#x}, {length} bytes")
    # The digest of data that is not used need not be right.
    for opcode in (SNACK, 0x1F, TMF):
        c.send(c.request(opcode | IMMEDIATE, FINAL, 5), pattern(100), bad_data=True)
        c.rejected()
    c.data_out(0x7777, NONE, 0, pattern(512), bad_data=True)
    c.alive()


@case
def garbled_stream() -> None:
    """A bit of a correct stream is flipped: an answer or a close, and the next session works."""
    def one(n: int) -> None:
        rng = random.Random(7143 + n)
        for _ in range(times(20, 3)):
            digests = rng.choice(("None", "CRC32C"))
            c = Conn(TARGET, isid=70 + n, timeout=20 * SLOW, HeaderDigest=digests,
                     DataDigest=digests)
            c.sock.settimeout(0.2 * SLOW)
            stream = bytearray()
            for _ in range(6):
                stream += c.pdu(c.request(SCSI_CMD, FINAL | READ, next(c.tags), 512,
                                          rest=struct.pack(">BBIBHB", 0x28, 0, 0, 0, 1, 0)))
                stream += c.pdu(c.request(NOP_OUT, FINAL, next(c.tags), NONE), pattern(40))
                stream += c.pdu(c.request(SCSI_CMD, FINAL | WRITE, next(c.tags), 512,
                                          rest=struct.pack(">BBIBHB", 0x2A, 0, 9, 0, 1, 0)),
                                pattern(512))
            at = rng.randrange(len(stream))
            stream[at] ^= 1 << rng.randrange(8)
            try:
                c.write(bytes(stream))
                for _ in range(20):
                    c.recv()
            except (Closed, TimeoutError, AssertionError):
                pass
            c.close()

    # Run in parallel: most of the time is spent waiting for answers that do not come.
    together(*(lambda n=n: one(n) for n in range(4)))
    conn(isid=70)


# --- numbers ---


@case
def expstatsn_lies() -> None:
    """Send ExpStatSNs that do not advance, are too large, or go back."""
    for statsn in (0, 1, 0x7FFFFFFF, 0x80000000, NONE):
        c = conn()
        for i in range(times(300, 40)):
            itt = next(c.tags)
            bhs = c.request(SCSI_CMD, FINAL, itt)
            c.send(bhs[:28] + struct.pack(">I", (statsn + i * (statsn & 1)) & NONE) + bhs[32:])
            c.expect(SCSI_RSP, itt)
        c.alive()


@case
def cmdsn_everywhere() -> None:
    rng = random.Random(1)
    c = conn()
    good = c.cmdsn
    for _ in range(times(500, 100)):
        cmdsn = rng.choice((rng.getrandbits(32), good + rng.randrange(1, 400),
                            good - rng.randrange(1, 400), good ^ 0x80000000)) & NONE
        if cmdsn != good:
            c.scsi(bytes(6), cmdsn=cmdsn)
    assert c.silent(), "an answer to a number that was not expected"
    c.alive()


@case
def wrap_under_load() -> None:
    c = Conn(TARGET, cmdsn=0xFFFFFFC0)
    c.alive()
    for _ in range(4):
        tags = set()
        batch = b""
        for _ in range(100):
            tags.add(itt := next(c.tags))
            batch += c.pdu(c.request(SCSI_CMD, FINAL, itt))
        c.write(batch)
        while tags:
            tags.remove(c.expect(SCSI_RSP).itt)
    equal(c.maxcmdsn - c.cmdsn + 1 & NONE, 128, "places in the window")


@case
def immediate_flood() -> None:
    """The window does not limit immediate requests; the target must limit unread answers itself."""
    other = conn(isid=5)
    for opcode in (NOP_OUT, TMF, TEXT, SCSI_CMD, LOGOUT, SNACK):
        c = conn()
        c.sock.settimeout(1.0)
        flags = FINAL | {TMF: 1, LOGOUT: 1}.get(opcode, 0)
        pdu = c.pdu(c.request(opcode | IMMEDIATE, flags, 1, 0x00070000))
        try:
            for _ in range(times(400, 60)):
                c.write(pdu * 100)
        except (Closed, TimeoutError):
            pass
        other.alive()
        c.close()


@case
def immediate_commands_beyond_their_number() -> None:
    c = conn(**SOLICITED)
    for _ in range(8):
        c.expect(R2T, c.write10(0, 1, opcode=SCSI_CMD | IMMEDIATE))
    for _ in range(200):
        c.write10(0, 1, opcode=SCSI_CMD | IMMEDIATE)
        equal(c.rejected(), 6, "reject reason")


# --- tags ---


@case
def tags_reused() -> None:
    c = conn(**SOLICITED)
    for itt in (0, 1, 0x7FFFFFFF, 0xFFFFFFFE):
        c.write10(0, 1, itt=itt)
        ttt = c.expect(R2T, itt).ttt
        for _ in range(5):
            c.write10(8, 1, itt=itt)
            equal(c.rejected(), 7, "reject reason")
            c.scsi(bytes(6), itt=itt)
            equal(c.rejected(), 7, "reject reason")
        # A request of another kind may have the same tag.
        c.send(c.request(NOP_OUT | IMMEDIATE, FINAL, itt, NONE), b"x")
        c.expect(NOP_IN, itt)
        c.data_out(itt, ttt, 0, pattern(512))
        equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    for opcode in (SCSI_CMD, TMF, TEXT, LOGOUT):
        c.send(c.request(opcode | IMMEDIATE, FINAL | (2 if opcode == LOGOUT else 1), NONE, 1))
        c.recv()
    c.alive()


main()
