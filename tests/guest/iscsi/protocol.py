# SPDX-License-Identifier: GPL-2.0-only
"""Tests the target's answers to PDUs of every kind, RFC 7143 at error recovery level 0.

Usage: protocol.py TARGET [CASE...]

Prints a line for each case: ok, or what is wrong.  Each case has its own session; the
disk is LUN 0 with blocks of 512 bytes, and LUN 1 is a removable disk.

Not tested: markers, multiple connections (the target negotiates neither).
"""

from __future__ import annotations

import os
import pathlib
import random
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import (
    DATA_IN,
    FINAL,
    IMMEDIATE,
    LOGIN,
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
    TEXT_RSP,
    TMF_RSP,
    WRITE,
    Closed,
    Conn,
)

TARGET = sys.argv[1]
SOLICITED = {"InitialR2T": "Yes", "ImmediateData": "No"}
cases: dict[str, Callable[[], None]] = {}


def case(fn: Callable[[], None]) -> Callable[[], None]:
    cases[fn.__name__] = fn
    return fn


def equal(got: object, want: object, what: str = "answer") -> None:
    assert got == want, f"{what} is {got!r}, expected {want!r}"


def conn(**keys: Any) -> Conn:
    c = Conn(TARGET, **keys)
    # Consume the unit attention of a new nexus.
    c.alive()
    return c


def pattern(length: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(length)


# --- NOP and text ---


@case
def nop_echo() -> None:
    c = conn()
    for length in (0, 1, 2, 3, 4, 511, 4095, 8192):
        data = pattern(length)
        rsp = c.expect(NOP_IN, c.nop(data))
        equal(rsp.data, data, "echo")
        equal(rsp.ttt, NONE, "TTT")
    # A NOP-Out that is not immediate has a CmdSN of its own.
    rsp = c.expect(NOP_IN, c.nop(b"x", NOP_OUT))
    equal(rsp.expcmdsn, c.cmdsn, "ExpCmdSN")
    # A NOP-Out without a tag, as if it answered a NOP-In, gets no answer.
    c.send(c.request(NOP_OUT | IMMEDIATE, FINAL, NONE, 5))
    assert c.silent(), "an answer"
    c.alive()


@case
def nop_echo_cut() -> None:
    c = conn(MaxRecvDataSegmentLength=512)
    rsp = c.expect(NOP_IN, c.nop(pattern(2000)))
    equal(rsp.data, pattern(2000)[:512], "echo")


def text(c: Conn, data: bytes, flags: int = FINAL, ttt: int = NONE,
         opcode: int = TEXT | IMMEDIATE) -> int:
    itt = next(c.tags)
    c.send(c.request(opcode, flags, itt, ttt), data)
    return itt


@case
def text_send_targets() -> None:
    c = conn()
    for data in (b"SendTargets=\0", b"SendTargets=" + TARGET.encode() + b"\0"):
        rsp = c.expect(TEXT_RSP, text(c, data))
        equal(rsp.data.split(b"\0")[0], b"TargetName=" + TARGET.encode())
        assert b"TargetAddress=127.0.0.1:3260,1\0" in rsp.data, rsp.data
    # Names are not case sensitive, and "all", which only "All" means, is a name.
    for value in b"iqn.2026-01.other:x", b"all", b"ALL":
        equal(c.expect(TEXT_RSP, text(c, b"SendTargets=" + value + b"\0")).data, b"")
    rsp = c.expect(TEXT_RSP, text(c, b"SendTargets=" + TARGET.upper().encode() + b"\0"))
    equal(rsp.data.split(b"\0")[0], b"TargetName=" + TARGET.encode())
    equal(c.expect(TEXT_RSP, text(c, b"")).data, b"")
    c.alive()


@case
def text_rejected() -> None:
    c = conn()
    for data, reason in ((b"SendTargets=All\0", 5), (b"X-a=1\0SendTargets=All\0", 5),
                         (b"SendTargets=", 5), (b"\xff" * 100, 5), (b"\0", 5),
                         (b"MaxBurstLength\0", 5), (b"=512\0", 5), (b"A" * 64 + b"=\0", 5),
                         (b"1=2\0", 5), (b"#=2\0", 5),
                         (b"X-a=1\0\0X-b=1\0", 5), (b"X=\0" * 1000, 10), (bytes(4097), 4)):
        text(c, data)
        equal(c.rejected(), reason, f"reject reason of {data[:20]!r}")
    text(c, b"SendTargets=\0", 0x40)
    equal(c.rejected(), 4)
    text(c, b"SendTargets=\0", FINAL, 7)
    equal(c.rejected(), 4)
    c.alive()


@case
def text_keys() -> None:
    """Each key gets its own answer; keys of the login phase are refused."""
    c = conn()
    for data, answer in (
            (b"X-com.example.a=1\0", b"X-com.example.a=NotUnderstood\0"),
            (b"X#example=1\0", b"X#example=NotUnderstood\0"),
            (b"sendtargets=All\0", b"sendtargets=NotUnderstood\0"),
            (b"MaxBurstLength=512\0", b"MaxBurstLength=Reject\0"),
            (b"HeaderDigest=None\0Mist=\0\0\0", b"HeaderDigest=Reject\0Mist=NotUnderstood\0"),
            (b"InitiatorAlias=me\0", b""),
            (b"SendTargets=iqn.2026-01.other:x\0X-1=2\0", b"X-1=NotUnderstood\0"),
            (b"MaxRecvDataSegmentLength=511\0", b"MaxRecvDataSegmentLength=Reject\0"),
            (b"MaxRecvDataSegmentLength=16777216\0", b"MaxRecvDataSegmentLength=Reject\0"),
            (b"MaxRecvDataSegmentLength=4294967808\0", b"MaxRecvDataSegmentLength=Reject\0"),
            (b"MaxRecvDataSegmentLength=0512\0", b"MaxRecvDataSegmentLength=Reject\0"),
            (b"MaxRecvDataSegmentLength=0x\0", b"MaxRecvDataSegmentLength=Reject\0"),
            (b"MaxRecvDataSegmentLength=1k\0", b"MaxRecvDataSegmentLength=Reject\0")):
        equal(c.expect(TEXT_RSP, text(c, data)).data, answer, f"answer to {data!r}")
    rsp = c.expect(TEXT_RSP, text(c, b"SendTargets=\0HeaderDigest=None\0"))
    assert rsp.data.startswith(b"TargetName=" + TARGET.encode()), rsp.data
    assert rsp.data.endswith(b",1\0HeaderDigest=Reject\0"), rsp.data
    c.alive()
    # The answer is longer than the data segment that the initiator can receive.
    c = conn(MaxRecvDataSegmentLength=512)
    text(c, b"X=\0" * 30 + b"SendTargets=\0")
    equal(c.rejected(), 10, "reject reason")
    c.alive()


@case
def text_declares_length() -> None:
    """Declare MaxRecvDataSegmentLength anew: shorter, longer, and more than the target uses."""
    c = conn(MaxRecvDataSegmentLength=4096)
    for value, lengths in ((b"1024", [1024] * 8), (b"0x1E00", [7680, 512]),
                           (b"0X0000000001000", [4096] * 2), (b"16777215", [8192])):
        rsp = c.expect(TEXT_RSP, text(c, b"MaxRecvDataSegmentLength=" + value + b"\0"))
        equal(rsp.data, b"", "answer")
        itt = c.read10(0, 16)
        equal([len(c.expect(DATA_IN, itt).data) for _ in lengths], lengths, f"segments at {value!r}")
    # The request is rejected as a whole, so that nothing has changed.
    text(c, b"MaxRecvDataSegmentLength=512\0what\0")
    equal(c.rejected(), 5, "reject reason")
    itt = c.read10(0, 16)
    equal(len(c.expect(DATA_IN, itt).data), 8192, "segment")
    c.alive()


# --- opcodes and headers ---


@case
def opcodes_rejected() -> None:
    c = conn()
    for opcode, reason in ((SNACK, 3), (LOGIN, 4), (0x07, 5), (0x1F, 5), (0x3F, 5), (0x25, 5)):
        c.send(c.request(opcode | IMMEDIATE, FINAL, next(c.tags)), pattern(8))
        rsp = c.expect(REJECT)
        equal(rsp.response, reason, f"reject reason of opcode {opcode:#x}")
        equal(rsp.data[0] & 0x3F, opcode, "returned header's opcode")
    c.alive()


@case
def data_segment_too_long() -> None:
    c = conn()
    c.send(c.request(NOP_OUT | IMMEDIATE, FINAL, 5, NONE), length=(1 << 20) + 4)
    assert c.closed(), "still open"


@case
def ahs() -> None:
    c = conn()
    # A CDB of 32 bytes, of a service action that the disk does not have.
    ext = struct.pack(">HBB", 1 + 16, 1, 0) + bytes(16)
    rsp = c.expect(SCSI_RSP, c.scsi(b"\x7f" + bytes(6) + b"\x18" + bytes(8), ahs=ext))
    equal(rsp.sense()[:5], "05/24")
    # WRITE(32) and READ(32): the segment has the end of the LBA, tags, and the length.
    data = pattern(1024, 32)
    ext = struct.pack(">HBB", 1 + 16, 1, 0) + struct.pack(">I8xI", 9, 2)
    head = struct.pack(">B6xBH6x", 0x7F, 0x18, 0x0B)
    rsp = c.expect(SCSI_RSP, c.scsi(head, FINAL | WRITE, 1024, data, ahs=ext))
    equal(rsp.status, 0)
    equal(c.read(9, 2), data)
    head = struct.pack(">B6xBH6x", 0x7F, 0x18, 0x09)
    equal(c.expect(DATA_IN, c.scsi(head, FINAL | READ, 1024, ahs=ext)).data, data)
    # The header alone has only 16 bytes of such a CDB.
    rsp = c.expect(SCSI_RSP, c.scsi(head, FINAL | READ, 1024))
    equal(rsp.sense()[:5], "05/24")
    bad = (
        struct.pack(">HBB", 0, 1, 0),                       # no length
        struct.pack(">HBB", 200, 1, 0) + bytes(16),         # beyond the end
        struct.pack(">HBB", 3, 1, 0) + bytes(8),            # short of it
        struct.pack(">HBB", 5, 2, 0) + bytes(4),            # bidirectional
        struct.pack(">HBB", 5, 9, 0) + bytes(4),            # unknown
        struct.pack(">HBB", 1017, 1, 0) + bytes(1016),      # longer than a CDB can be
    )
    for segment in bad:
        c.scsi(bytes(6), ahs=segment)
        equal(c.rejected(), 9, f"reject reason of AHS {segment[:4].hex()}")
    c.nop(ahs=ext)
    equal(c.rejected(), 9)
    c.data_out(3, NONE, 0, b"x" * 512, ahs=ext)
    equal(c.rejected(), 9)
    c.alive()


@case
def byte_by_byte() -> None:
    c = conn(HeaderDigest="CRC32C", DataDigest="CRC32C")
    data = pattern(1024, 1)
    bhs = c.request(SCSI_CMD, FINAL | WRITE, 77, 1024,
                    rest=struct.pack(">BBIBHB", 0x2A, 0, 40, 0, 2, 0))
    for byte in c.pdu(bhs, data):
        c.write(bytes([byte]))
    equal(c.expect(SCSI_RSP, 77).sense(), "ok")
    equal(c.read(40, 2), data, "what was written")


# --- CmdSN ---


@case
def cmdsn_outside_is_ignored() -> None:
    c = conn()
    good = c.cmdsn
    for cmdsn in (good + 1, good - 1, good - 1000, good + 1000, good + 0x7FFFFFFF, 0):
        c.scsi(bytes(6), cmdsn=cmdsn & NONE)
        c.read10(0, 1, cmdsn=cmdsn & NONE)
        c.write10(0, 1, pattern(512, 9), cmdsn=cmdsn & NONE)
    assert c.silent(), "an answer"
    c.alive()


@case
def cmdsn_wraps() -> None:
    c = Conn(TARGET, cmdsn=0xFFFFFFF0)
    for _ in range(40):
        c.alive()


@case
def window() -> None:
    c = conn(**SOLICITED)
    depth = c.maxcmdsn - c.cmdsn + 1
    equal(depth, 128, "places in the window")
    tags = {}
    for i in range(depth):
        itt = c.write10(i, 1)
        tags[itt] = c.expect(R2T, itt)
    equal(c.maxcmdsn - c.cmdsn + 1 & NONE, 0, "places left")
    # A command beyond the window is ignored; an immediate command is not.
    c.write10(0, 1, cmdsn=c.cmdsn)
    assert c.silent(), "an answer beyond the window"
    equal(c.expect(SCSI_RSP, c.scsi(bytes(6), opcode=SCSI_CMD | IMMEDIATE)).sense(), "ok")
    # The number of immediate commands is limited as well.
    for _ in range(8):
        itt = c.write10(5, 1, opcode=SCSI_CMD | IMMEDIATE)
        tags[itt] = c.expect(R2T, itt)
    c.write10(5, 1, opcode=SCSI_CMD | IMMEDIATE)
    equal(c.rejected(), 6, "reject reason of too many immediate commands")
    for itt, r2t in tags.items():
        c.data_out(itt, r2t.ttt, 0, pattern(512, itt))
        equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    equal(c.maxcmdsn - c.cmdsn + 1 & NONE, depth, "places at the end")
    c.alive()


@case
def window_stays() -> None:
    """A request with a CmdSN that gets no answer, or a Reject, gives its place back."""
    c = conn()
    depth = c.maxcmdsn - c.cmdsn + 1
    for _ in range(3):
        c.send(c.request(NOP_OUT, FINAL, NONE, NONE))
        c.send(c.request(TEXT, FINAL, next(c.tags), NONE), b"SendTargets=All\0")
        equal(c.rejected(), 5, "reject reason")
        c.expect(TEXT_RSP, text(c, b"SendTargets=\0", opcode=TEXT))
        c.expect(NOP_IN, c.nop(b"abc", opcode=NOP_OUT))
    c.alive()
    equal(c.maxcmdsn - c.cmdsn + 1 & NONE, depth, "places at the end")


@case
def tag_in_use() -> None:
    c = conn(**SOLICITED)
    itt = c.write10(0, 1)
    r2t = c.expect(R2T, itt)
    c.write10(8, 1, itt=itt)
    equal(c.rejected(), 7, "reject reason")
    c.data_out(itt, r2t.ttt, 0, pattern(512))
    equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    c.scsi(bytes(6), itt=NONE)
    equal(c.rejected(), 9, "reject reason of the reserved tag")
    c.alive()


@case
def command_flags() -> None:
    c = conn()
    c.scsi(bytes(6), FINAL | READ | WRITE, 512)
    equal(c.rejected(), 9, "both directions")
    c.scsi(bytes(6), 0)
    equal(c.rejected(), 4, "no data, not final")
    c.read10(0, 1, data=bytes(512))
    equal(c.rejected(), 4, "a read with data")
    c.alive()


# --- data-out ---


@case
def solicited() -> None:
    c = conn(MaxBurstLength=4096, FirstBurstLength=512, MaxOutstandingR2T=4, **SOLICITED)
    data = pattern(32768, 2)
    itt = c.write10(64, 64)
    r2ts = []
    for n in range(4):
        r2ts.append(c.expect(R2T, itt))
        equal((r2ts[n].datasn, r2ts[n].offset, r2ts[n].resid), (n, n * 4096, 4096), "R2T")
    assert c.silent(), "more than four R2Ts"
    for n in range(8):
        at = n * 4096
        # Each sequence has four PDUs, whose DataSNs begin at 0.
        for i in range(4):
            piece = data[at + i * 1024:at + (i + 1) * 1024]
            c.data_out(itt, r2ts[n].ttt, at + i * 1024, piece, i, i == 3)
        if n < 4:
            r2ts.append(c.expect(R2T, itt))
    rsp = c.expect(SCSI_RSP, itt)
    equal(rsp.sense(), "ok")
    equal(rsp.datasn, 8, "ExpDataSN")
    equal(c.read(64, 64), data, "what was written")


@case
def unsolicited() -> None:
    c = conn(InitialR2T="No", ImmediateData="Yes", FirstBurstLength=4096, MaxBurstLength=8192)
    data = pattern(16384, 3)
    itt = c.write10(200, 32, data[:512], flags=WRITE)
    c.data_out(itt, NONE, 512, data[512:2048], 0, False)
    c.data_out(itt, NONE, 2048, data[2048:4096], 1)
    r2t = c.expect(R2T, itt)
    equal((r2t.offset, r2t.resid), (4096, 8192), "R2T")
    c.data_out(itt, r2t.ttt, 4096, data[4096:12288])
    r2t = c.expect(R2T, itt)
    equal((r2t.offset, r2t.resid), (12288, 4096), "R2T")
    c.data_out(itt, r2t.ttt, 12288, data[12288:])
    equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    equal(c.read(200, 32), data, "what was written")
    # An empty PDU may end the sequence.
    itt = c.write10(200, 2, data[:512], flags=WRITE)
    c.data_out(itt, NONE, 512, b"", 0)
    r2t = c.expect(R2T, itt)
    c.data_out(itt, r2t.ttt, 512, data[:512])
    equal(c.expect(SCSI_RSP, itt).sense(), "ok")


def burst_fails(want: str, ttt: int | None = None, **how: Any) -> None:
    """Send a write of 4096 bytes in one burst, with one wrong PDU."""
    c = conn(MaxBurstLength=4096, FirstBurstLength=4096, **SOLICITED)
    itt = c.write10(0, 8)
    r2t = c.expect(R2T, itt)
    how = {"offset": 0, "data": pattern(4096), "datasn": 0, "final": True, **how}
    c.data_out(itt, r2t.ttt if ttt is None else ttt, **how)
    equal(c.expect(SCSI_RSP, itt).sense(), want)
    # Data that the initiator still sends for it is dropped.
    c.data_out(itt, r2t.ttt, 0, pattern(4096))
    c.alive()


@case
def data_out_offset() -> None:
    burst_fails("0b/4b/05", offset=512)


@case
def data_out_datasn() -> None:
    burst_fails("0b/4b/00", datasn=1)


@case
def data_out_too_long() -> None:
    burst_fails("0b/0c/0d", data=pattern(4608))


@case
def data_out_not_final() -> None:
    burst_fails("0b/0c/0d", final=False)


@case
def data_out_final_early() -> None:
    burst_fails("0b/0c/0d", data=pattern(512))


@case
def data_out_unsolicited_instead() -> None:
    burst_fails("0b/0c/0c", ttt=NONE)


@case
def data_out_strangers() -> None:
    """Data-Out with unknown tags has no effect."""
    c = conn(**SOLICITED)
    itt = c.write10(0, 1)
    r2t = c.expect(R2T, itt)
    for ttt in (r2t.ttt ^ 0x1000, r2t.ttt + 1, r2t.ttt | 0xFFF, 0, 0x80000000):
        c.data_out(itt, ttt & NONE, 0, pattern(512, 8))
    c.data_out(itt + 1, r2t.ttt, 0, pattern(512, 8))
    c.data_out(itt + 1, NONE, 0, pattern(512, 8))
    assert c.silent(), "an answer"
    c.data_out(itt, r2t.ttt, 0, pattern(512, 7))
    equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    equal(c.read(0, 1), pattern(512, 7), "what was written")


@case
def immediate_not_agreed() -> None:
    c = conn(**SOLICITED)
    equal(c.expect(SCSI_RSP, c.write10(0, 1, pattern(512))).sense(), "0b/0c/0c")
    c.alive()
    # Without the final bit unsolicited data would follow; the target waits for its end.
    itt = c.write10(0, 2, flags=WRITE)
    assert c.silent(), "an answer before the data's end"
    c.data_out(itt, NONE, 0, pattern(512), 0, False)
    c.data_out(itt, NONE, 512, pattern(512), 1)
    equal(c.expect(SCSI_RSP, itt).sense(), "0b/0c/0c")
    c.alive()


@case
def immediate_too_long() -> None:
    c = conn(FirstBurstLength=512, ImmediateData="Yes")
    equal(c.expect(SCSI_RSP, c.write10(0, 4, pattern(1024))).sense(), "0b/0c/0d")
    # More immediate data than the expected transfer length.
    equal(c.expect(SCSI_RSP, c.write10(0, 1, pattern(512), length=256)).sense(), "0b/0c/0d")
    c.alive()


@case
def unsolicited_too_long() -> None:
    c = conn(InitialR2T="No", FirstBurstLength=1024)
    itt = c.write10(0, 8, flags=WRITE)
    c.data_out(itt, NONE, 0, pattern(1536))
    equal(c.expect(SCSI_RSP, itt).sense(), "0b/0c/0d")
    c.alive()


@case
def early_answer_waits_for_data() -> None:
    """A write that is refused at once, with its unsolicited data on the way."""
    c = conn(InitialR2T="No", ImmediateData="Yes")
    itt = c.write10(0x7FFFFFF0, 4, pattern(512), flags=WRITE)
    assert c.silent(), "an answer before the data's end"
    c.data_out(itt, NONE, 512, pattern(1536))
    equal(c.expect(SCSI_RSP, itt).sense()[:5], "05/21")
    equal(c.expect(SCSI_RSP, c.write10(0x7FFFFFF0, 4, pattern(2048))).sense()[:5], "05/21")
    c.alive()


@case
def surplus_data() -> None:
    """The initiator expects to move more than the command takes."""
    for digest in "None", "CRC32C":
        c = conn(InitialR2T="No", ImmediateData="Yes", DataDigest=digest)
        data = pattern(2048, 4 + len(digest))
        rsp = c.expect(SCSI_RSP, c.write10(100, 1, data, length=2048))
        equal((rsp.sense(), rsp.flags & 6, rsp.resid), ("ok", 2, 1536), "residual")
        itt = c.write10(101, 1, data[:1024], flags=WRITE, length=2048)
        c.data_out(itt, NONE, 1024, data[1024:])
        rsp = c.expect(SCSI_RSP, itt)
        equal((rsp.sense(), rsp.flags & 6, rsp.resid), ("ok", 2, 1536), "residual")
        equal(c.read(100, 2), data[:512] * 2, "what was written")
        if digest == "CRC32C":
            # The digest covers all data that was sent, also the surplus.
            itt = c.write10(100, 1, data[::-1], length=2048, bad_data=True)
            equal(c.rejected(), 2, "reject reason")
            equal(c.expect(SCSI_RSP, itt).sense(), "0b/47/05")
            equal(c.read(100, 1), data[:512], "what the medium holds")
        c.close()


@case
def eject_before_data() -> None:
    """A write that waits for its data when the medium is ejected is not done any more."""
    c, other = conn(**SOLICITED), conn(isid=2)
    for one in (c, other):
        # Consume the unit attention of this logical unit.
        one.expect(SCSI_RSP, one.scsi(bytes(6), lun=1))
    itt = c.write10(0, 1, lun=1)
    r2t = c.expect(R2T, itt)
    for flags in (2, 3):
        # 2 is eject, 3 is load.
        start_stop = other.scsi(bytes((0x1B, 0, 0, 0, flags, 0)), lun=1)
        equal(other.expect(SCSI_RSP, start_stop).sense(), "ok", f"START STOP UNIT {flags}")
        if flags == 2:
            c.data_out(itt, r2t.ttt, 0, pattern(512))
            equal(c.expect(SCSI_RSP, itt).sense(), "02/3a/00", "the write")
    rsp = other.expect(DATA_IN, other.read10(0, 1, lun=1))
    equal(rsp.data, bytes(512), "what is on the medium")


# --- data-in ---


@case
def data_in_sequences() -> None:
    c = conn(MaxRecvDataSegmentLength=1000, MaxBurstLength=2500, FirstBurstLength=2500)
    data = pattern(8192, 5)
    for i in range(16):
        equal(c.expect(SCSI_RSP, c.write10(300 + i, 1, data[i * 512:(i + 1) * 512])).sense(), "ok")
    itt = c.read10(300, 16, length=9000)
    got, lengths, finals, n = b"", [], [], 0
    while True:
        pdu = c.expect(DATA_IN, itt)
        equal((pdu.datasn, pdu.offset), (n, len(got)), "DataSN and offset")
        got += pdu.data
        lengths.append(len(pdu.data))
        finals.append(bool(pdu.flags & FINAL))
        n += 1
        if pdu.flags & 1:
            break
    equal(got, data, "data")
    equal(lengths, [1000, 1000, 500] * 3 + [692], "lengths")
    equal(finals, [False, False, True] * 3 + [True], "final bits")
    equal((pdu.flags & 6, pdu.resid), (2, 808), "residual")


@case
def pipelined_reads() -> None:
    """Many commands in one segment, answered in order of their tags."""
    c = conn()
    batch = b""
    tags = []
    for _ in range(100):
        tags.append(next(c.tags))
        batch += c.pdu(c.request(SCSI_CMD, FINAL | READ, tags[-1], 4096,
                                 rest=struct.pack(">BBIBHB", 0x28, 0, 0, 0, 8, 0)))
    c.write(batch)
    seen: set[int] = set()
    while len(seen) < 100:
        pdu = c.expect(DATA_IN)
        equal(len(pdu.data), 4096, "length")
        seen.add(pdu.itt)
    equal(seen, set(tags), "tags")


# --- digests ---


@case
def digests() -> None:
    c = conn(HeaderDigest="CRC32C", DataDigest="CRC32C", InitialR2T="No", FirstBurstLength=2048)
    data = pattern(5120, 6)
    itt = c.write10(500, 10, data[:1024], flags=WRITE)
    c.data_out(itt, NONE, 1024, data[1024:2048])
    r2t = c.expect(R2T, itt)
    c.data_out(itt, r2t.ttt, 2048, data[2048:])
    equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    equal(c.read(500, 10), data, "what was written")
    # Answers whose lengths need padding: sense data, text, echo; recv() checks the digests.
    equal(c.expect(SCSI_RSP, c.scsi(b"\xff" * 6)).sense()[:2], "05")
    for length in range(1, 9):
        equal(c.expect(NOP_IN, c.nop(pattern(length))).data, pattern(length), "echo")
    c.expect(TEXT_RSP, text(c, b"SendTargets=\0"))


@case
def header_digest_error() -> None:
    c = conn(HeaderDigest="CRC32C")
    c.nop(bad_header=True)
    assert c.closed(), "still open"


@case
def data_digest_error() -> None:
    c = conn(DataDigest="CRC32C", InitialR2T="No")
    equal(c.expect(SCSI_RSP, c.write10(0, 1, pattern(512, 1))).sense(), "ok")
    itt = c.write10(0, 1, pattern(512, 2), bad_data=True)
    equal(c.rejected(), 2, "reject reason")
    equal(c.expect(SCSI_RSP, itt).sense(), "0b/47/05")
    equal(c.read(0, 1), pattern(512, 1), "what the medium holds")
    c.nop(b"abc", bad_data=True)
    equal(c.rejected(), 2, "reject reason of a NOP-Out")
    c.nop(b"abc", opcode=NOP_OUT, bad_data=True)
    equal(c.rejected(), 2, "reject reason of a NOP-Out")
    itt = c.write10(0, 4, flags=WRITE)
    c.data_out(itt, NONE, 0, pattern(1024), 0, False, bad_data=True)
    equal(c.rejected(), 2, "reject reason of a Data-Out")
    c.data_out(itt, NONE, 1024, pattern(1024), 1)
    equal(c.expect(SCSI_RSP, itt).sense(), "0b/47/05")
    c.alive()


@case
def data_digest_error_of_r2t() -> None:
    """Status comes only after all requested data has ended (RFC 7143, 7.8)."""
    c = conn(DataDigest="CRC32C", MaxBurstLength=4096, FirstBurstLength=4096,
             MaxOutstandingR2T=3, **SOLICITED)
    for first_final in (False, True):
        data = pattern(20480, 21)
        itt = c.write10(0, 40)
        r2ts = [c.expect(R2T, itt) for _ in range(3)]
        if first_final:
            c.data_out(itt, r2ts[0].ttt, 0, data[:4096], 0, True, bad_data=True)
        else:
            c.data_out(itt, r2ts[0].ttt, 0, data[:2048], 0, False, bad_data=True)
            equal(c.rejected(), 2, "reject reason")
            assert c.silent(), "an answer amid the first sequence"
            c.data_out(itt, r2ts[0].ttt, 2048, data[2048:4096], 1, True)
        if first_final:
            equal(c.rejected(), 2, "reject reason")
        for n in (1, 2):
            assert c.silent(), f"an answer before sequence {n}"
            c.data_out(itt, r2ts[n].ttt, n * 4096, data[:1024], 0, False)
            c.data_out(itt, r2ts[n].ttt, n * 4096 + 1024, data[:3072], 1, True)
        # No further R2T came meanwhile.
        equal(c.expect(SCSI_RSP, itt).sense(), "0b/47/05")
        c.data_out(itt, r2ts[0].ttt, 0, data[:4096])
        c.alive()
    # An abort ends the wait, and so does a logout.
    itt = c.write10(0, 40)
    r2ts = [c.expect(R2T, itt) for _ in range(3)]
    c.data_out(itt, r2ts[0].ttt, 0, pattern(4096), bad_data=True)
    equal(c.rejected(), 2, "reject reason")
    equal(c.expect(TMF_RSP, c.tmf(1, itt, refcmdsn=c.cmdsn - 1)).response, 0, "abort")
    c.alive()
    itt = c.write10(0, 40)
    r2ts = [c.expect(R2T, itt) for _ in range(3)]
    c.data_out(itt, r2ts[0].ttt, 0, pattern(4096), bad_data=True)
    equal(c.rejected(), 2, "reject reason")
    c.expect(LOGOUT_RSP, c.logout())
    assert c.closed(), "still open"


# --- task management, logout ---


@case
def tmf_answers() -> None:
    c = conn()
    for function, want in ((3, 5), (8, 4), (9, 5), (0, 5), (0x7F, 5)):
        equal(c.expect(TMF_RSP, c.tmf(function, 1)).response, want, f"response to {function}")
    # A task that has ended long ago, a task that cannot have been sent, a LUN that is not there.
    equal(c.expect(TMF_RSP, c.tmf(1, 1, refcmdsn=c.cmdsn - 50)).response, 1, "no such task")
    equal(c.expect(TMF_RSP, c.tmf(1, 1, refcmdsn=c.cmdsn + 50)).response, 1, "no such task")
    equal(c.expect(TMF_RSP, c.tmf(5, lun=9)).response, 2, "no such LUN")
    equal(c.expect(TMF_RSP, c.tmf(5)).response, 0, "LUN reset")
    equal(c.expect(SCSI_RSP, c.scsi(bytes(6))).sense()[:5], "06/29", )
    c.alive()


@case
def tmf_not_arrived() -> None:
    c = conn()
    lost = c.cmdsn
    c.cmdsn += 1
    equal(c.expect(TMF_RSP, c.tmf(1, 999, refcmdsn=lost)).response, 0, "response")
    # The CmdSN of the aborted command is used up.
    c.alive()


@case
def abort_waiting_write() -> None:
    c = conn(**SOLICITED)
    itt = c.write10(0, 1)
    r2t = c.expect(R2T, itt)
    rsp = c.expect(TMF_RSP, c.tmf(1, itt, refcmdsn=c.cmdsn - 1))
    equal(rsp.response, 0, "response")
    c.data_out(itt, r2t.ttt, 0, pattern(512, 66))
    c.alive()
    assert c.read(0, 1) != pattern(512, 66), "written after the abort"


@case
def abort_held_write() -> None:
    """Abort a write whose unsolicited data is outstanding, also one whose answer waits for it."""
    c = conn(InitialR2T="No", ImmediateData="Yes")
    for lba in (0, 0x7FFFFFF0):
        itt = c.write10(lba, 4, pattern(512), flags=WRITE)
        equal(c.expect(TMF_RSP, c.tmf(1, itt, refcmdsn=c.cmdsn - 1)).response, 0, "response")
        c.data_out(itt, NONE, 512, pattern(1536))
        c.alive()


@case
def abort_task_set() -> None:
    c = conn(**SOLICITED)
    tags = [c.write10(i, 1) for i in range(20)]
    for itt in tags:
        c.expect(R2T, itt)
    equal(c.expect(TMF_RSP, c.tmf(2)).response, 0, "response")
    rsp = c.expect(SCSI_RSP, c.scsi(bytes(6)))
    equal(c.maxcmdsn - c.cmdsn + 1 & NONE, 128, "places in the window")
    equal(rsp.sense(), "ok")


@case
def cold_reset() -> None:
    """A cold reset ends all sessions, so it works only where the administrator allows it."""
    allow = pathlib.Path(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/params/AllowColdReset")
    other = Conn(TARGET, isid=2)
    other.alive()
    c = conn()
    equal(c.expect(TMF_RSP, c.tmf(7)).response, 6, "response, not allowed")
    c.alive()
    other.alive()
    equal(c.expect(TMF_RSP, c.tmf(6)).response, 0, "response to a warm reset")
    c.alive()
    other.alive()
    allow.write_text("1")
    equal(c.expect(TMF_RSP, c.tmf(7)).response, 0, "response")
    assert c.closed() and other.closed(), "still open"
    allow.write_text("0")


@case
def logout() -> None:
    c = conn()
    equal(c.expect(LOGOUT_RSP, c.logout(2)).response, 2, "recovery")
    equal(c.expect(LOGOUT_RSP, c.logout(1, cid=77)).response, 1, "another connection")
    c.logout(3)
    equal(c.rejected(), 9, "unknown reason")
    c.alive()
    equal(c.expect(LOGOUT_RSP, c.logout(0)).response, 0)
    assert c.closed(), "still open"
    c = Conn(TARGET, cid=5)
    equal(c.expect(LOGOUT_RSP, c.logout(1)).response, 0)
    assert c.closed(), "still open"


# --- sessions ---


@case
def reinstatement() -> None:
    old = conn(**SOLICITED)
    itt = old.write10(700, 1)
    old.expect(R2T, itt)
    new = Conn(TARGET)
    assert old.closed(), "the old connection is still open"
    assert new.tsih != old.tsih, "the same TSIH"
    new.alive()
    # Another ISID is another session.
    other = Conn(TARGET, isid=99)
    other.alive()
    new.alive()


@case
def reinstated_connection() -> None:
    old = conn()
    new = Conn(TARGET, tsih=old.tsih)
    equal(new.tsih, old.tsih, "TSIH")
    assert old.closed(), "the old connection is still open"
    new.alive()
    try:
        Conn(TARGET, isid=55, tsih=new.tsih)
    except PermissionError as error:
        equal(str(error), "020a", "status of an unknown session")
    else:
        raise AssertionError("a session that does not exist was joined")


@case
def well_known_lun() -> None:
    """Every session has the REPORT LUNS logical unit, which is no disk."""
    c = Conn(TARGET)
    for cdb, at, want in (
        (bytes([0x12, 0, 0, 0, 96, 0]), 0, b"\x1e"),
        (bytes([0xA0, 0, 0, 0, 0, 0, 0, 0, 96, 0, 0, 0]), 8, bytes([0, 0] + [0] * 6 + [0, 1])),
        (bytes([0xA0, 0, 1, 0, 0, 0, 0, 0, 96, 0, 0, 0]), 8, b"\xc1\x01"),
    ):
        itt = c.scsi(cdb, FINAL | READ, 96, lun=0xC101)
        data = c.expect(DATA_IN, itt)
        equal(data.data[at:at + len(want)], want, f"answer to {cdb.hex()}")
        if not data.bhs[1] & 1:
            c.expect(SCSI_RSP, itt)
    equal(c.expect(SCSI_RSP, c.scsi(bytes(6), lun=0xC101)).sense(), "ok")
    c.read10(0, 1, lun=0xC101)
    equal(c.expect(SCSI_RSP).sense(), "05/20/00")
    # There is no other well-known logical unit.
    c.scsi(bytes(6), lun=0xC102)
    equal(c.expect(SCSI_RSP).sense(), "05/25/00")
    c.close()


@case
def second_connection() -> None:
    """MaxConnections is 1: a second connection is refused, and the session goes on."""
    old = Conn(TARGET, cid=3)
    old.alive()
    for cid in (0, 4, 0xFFFF):
        try:
            Conn(TARGET, tsih=old.tsih, cid=cid)
        except PermissionError as error:
            equal(str(error), "0206", "status of a second connection")
        else:
            raise AssertionError(f"a second connection, CID {cid}")
        old.alive()
    Conn(TARGET, tsih=old.tsih, cid=3).alive()
    assert old.closed(), "the old connection is still open"


@case
def reinstatement_storm() -> None:
    conns = [Conn(TARGET) for _ in range(20)]
    for c in conns[:-1]:
        assert c.closed(), "an old connection is still open"
    conns[-1].alive()


@case
def cut_in_the_middle() -> None:
    """Connections end at different places of a PDU."""
    for cut in (1, 20, 47, 48, 49, 300, 559):
        c = conn()
        bhs = c.request(SCSI_CMD, FINAL | WRITE, 5, 512,
                        rest=struct.pack(">BBIBHB", 0x2A, 0, 0, 0, 1, 0))
        c.write(c.pdu(bhs, pattern(512))[:cut])
        c.close()
    conn(**SOLICITED)


@case
def end_of_stream() -> None:
    """Send more than the target's receive buffer holds, then a FIN: all data is received."""
    for blocks in range(198, 204):
        c = conn()
        pdus = [c.pdu(c.request(SCSI_CMD, FINAL | WRITE, next(c.tags), blocks * 512),
                      bytes(blocks * 512)) for _ in range(100)]
        c.write(b"".join(pdus))
        c.sock.shutdown(socket.SHUT_WR)
        answers = 0
        try:
            while True:
                c.expect(SCSI_RSP)
                answers += 1
        except Closed:
            equal(answers, len(pdus), f"answers to commands of {blocks} blocks before the FIN")


@case
def slow_reader() -> None:
    """An initiator that does not read its answers neither blocks the target nor fills memory."""
    c = conn()
    other = Conn(TARGET, isid=3)
    c.sock.settimeout(2)
    sent = 0
    pdu = c.pdu(c.request(NOP_OUT | IMMEDIATE, FINAL, 1, NONE), pattern(8192))
    try:
        for _ in range(4000):
            c.write(pdu)
            sent += 1
    except TimeoutError:
        pass
    assert sent < 4000, "32 MB of echoes were taken from somebody who reads none"
    other.alive()
    # The answers were only delayed: all of them come.
    c.sock.settimeout(20)
    for _ in range(sent):
        equal(len(c.expect(NOP_IN, 1).data), 8192, "echo")


@case
def garbage() -> None:
    """Send random headers: whatever the answer, the next session works."""
    rng = random.Random(7143)
    for _ in range(150):
        keys: dict[str, Any] = SOLICITED if rng.random() < 0.5 else {}
        c = Conn(TARGET, isid=rng.randrange(1, 4), timeout=5, **keys)
        try:
            for _ in range(rng.randrange(1, 40)):
                opcode = rng.choice((0, 1, 1, 1, 2, 4, 5, 5, 6, 0x10, rng.randrange(64)))
                bhs = bytearray(rng.randbytes(48))
                bhs[0] = opcode | rng.choice((0, IMMEDIATE))
                if rng.random() < 0.8:
                    bhs[8:16] = bytes(8)
                if rng.random() < 0.8:
                    bhs[24:28] = c.cmdsn.to_bytes(4, "big")
                if rng.random() < 0.5:
                    bhs[16:20] = rng.randrange(4).to_bytes(4, "big")
                if rng.random() < 0.5:
                    bhs[20:24] = rng.choice((NONE, rng.randrange(4), 0x1000, 4096)).to_bytes(4, "big")
                if opcode == 1:
                    bhs[32] = rng.choice((0x28, 0x2A, 0x12, 0xA0, 0x25, rng.randrange(256)))
                    bhs[34:38] = bytes(4)
                if opcode == 2:
                    bhs[1] = FINAL | rng.choice((1, 2, 3, 4, 5, 6, 8, rng.randrange(128)))
                data = rng.randbytes(rng.choice((0, 0, 0, 3, 512, 2000)))
                ahs = rng.randbytes(rng.choice((0, 0, 0, 0, 4, 20)))
                c.write(c.pdu(bytes(bhs), data, ahs))
                if rng.random() < 0.7 and not bhs[0] & IMMEDIATE:
                    c.cmdsn = c.cmdsn + 1 & NONE
        except Closed:
            pass
        c.close()
    conn()


def main() -> bool:
    wrong = 0
    for name, fn in cases.items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        start = time.monotonic()
        try:
            fn()
            result = "ok"
        except Closed:
            result = "the target has closed the connection"
        except TimeoutError:
            result = "no answer"
        except (AssertionError, PermissionError) as error:
            result = str(error)
        wrong += result != "ok"
        print(f"{name}: {result}", flush=True)
        print(f"{name}: {time.monotonic() - start:.1f} s", file=sys.stderr)
    return wrong != 0


sys.exit(main())
