# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with data-out that was not asked for, that does not fit, or that never comes.

Usage: dataout.py TARGET [CASE...]

The last three cases need a DataOutTimeout of 3 times CST_SLOW.
"""

from __future__ import annotations

import os
import random
import struct
import sys
import time
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, TARGET, case, conn, equal, main, pattern, times, together
from rawiscsi import (
    DATA_IN,
    DATA_OUT,
    FINAL,
    NONE,
    NOP_IN,
    R2T,
    SCSI_RSP,
    TMF_RSP,
    WRITE,
    Closed,
    Conn,
)

SOLICITED: dict[str, Any] = {"InitialR2T": "Yes", "ImmediateData": "No"}
UNSOLICITED: dict[str, Any] = {"InitialR2T": "No", "ImmediateData": "Yes"}
TIMEOUT = 3 * SLOW


# --- unsolicited ---


@case
def more_than_first_burst() -> None:
    c = conn(FirstBurstLength=512, **UNSOLICITED)
    for length in (513, 1024, 65536):
        equal(c.expect(SCSI_RSP, c.write10(0, 256, pattern(length))).sense(), "0b/0c/0d")
    # In small pieces: the piece that exceeds the limit ends the command, the rest is dropped.
    itt = c.write10(0, 8, pattern(256), flags=WRITE)
    for i in range(1, 16):
        c.data_out(itt, NONE, i * 256, pattern(256), i - 1, i == 15)
    equal(c.expect(SCSI_RSP, itt).sense(), "0b/0c/0d")
    c.alive()


@case
def unsolicited_though_not_agreed() -> None:
    c = conn(**SOLICITED)
    for data, flags in ((pattern(512), FINAL | WRITE), (pattern(512), WRITE), (b"", WRITE)):
        itt = c.write10(0, 4, data, flags=flags)
        if not flags & FINAL:
            c.data_out(itt, NONE, len(data), pattern(512))
        equal(c.expect(SCSI_RSP, itt).sense(), "0b/0c/0c")
    c.alive()


@case
def data_behind_the_final_bit() -> None:
    c = conn(FirstBurstLength=4096, **UNSOLICITED)
    itt = c.write10(0, 16, pattern(512), flags=WRITE)
    c.data_out(itt, NONE, 512, pattern(512))
    ttt = c.expect(R2T, itt).ttt
    c.data_out(itt, NONE, 1024, pattern(512), 1)
    equal(c.expect(SCSI_RSP, itt).sense(), "0b/0c/0c")
    c.data_out(itt, ttt, 1024, pattern(4096))
    c.alive()


@case
def data_for_a_read() -> None:
    c = conn(**UNSOLICITED)
    itt = c.read10(0, 1, data=bytes(512))
    equal(c.rejected(), 4)
    itt = c.read10(0, 1)
    c.data_out(itt, NONE, 0, pattern(512))
    c.data_out(itt, 0, 0, pattern(512))
    equal(c.expect(DATA_IN, itt).flags & 1, 1, "status")
    for cdb in (bytes(6), b"\x12\0\0\0\xff\0", b"\xa0" + bytes(5) + struct.pack(">I", 4096)):
        # The command is declared as a write; its data is dropped.
        itt = c.scsi(cdb, FINAL | WRITE, 512, pattern(512))
        c.expect(SCSI_RSP, itt)
    c.alive()


# --- Data-Out that answers no R2T ---


@case
def tags_of_others() -> None:
    """TTTs of other commands, of other sessions, and of commands that have ended."""
    other = conn(isid=9, **SOLICITED)
    foreign = other.write10(0, 1)
    foreign_ttt = other.expect(R2T, foreign).ttt
    c = conn(**SOLICITED)
    a, b = c.write10(0, 1), c.write10(1, 1)
    ra, rb = c.expect(R2T, a).ttt, c.expect(R2T, b).ttt
    for itt, ttt in ((a, rb), (b, ra), (foreign + 99, foreign_ttt), (a, NONE - 1), (a, 0),
                     (a, ra + 4096 & NONE), (a, ra - 4096 & NONE), (a, 0xFFF), (a, ra | 0xFFF)):
        c.data_out(itt, ttt, 0, pattern(512, 5))
    assert c.silent(), "an answer to a stranger"
    c.data_out(a, ra, 0, pattern(512, 6))
    equal(c.expect(SCSI_RSP, a).sense(), "ok")
    c.data_out(a, ra, 0, pattern(512, 7))
    c.data_out(b, rb, 0, pattern(512, 6))
    equal(c.expect(SCSI_RSP, b).sense(), "ok")
    other.data_out(foreign, foreign_ttt, 0, pattern(512, 8))
    equal(other.expect(SCSI_RSP, foreign).sense(), "ok")
    c.alive()


@case
def offsets_beyond() -> None:
    for offset, sense in ((512, "0b/4b/05"), (0xFFFFFFFF, "0b/4b/05"), (0xFFFFFE00, "0b/4b/05"),
                          (0x80000000, "0b/4b/05")):
        c = conn(**SOLICITED)
        itt = c.write10(0, 8)
        c.data_out(itt, c.expect(R2T, itt).ttt, offset, pattern(4096))
        equal(c.expect(SCSI_RSP, itt).sense(), sense, f"answer to offset {offset:#x}")
        c.alive()


@case
def overlap_and_order() -> None:
    c = conn(MaxBurstLength=4096, FirstBurstLength=4096, MaxOutstandingR2T=4, **SOLICITED)
    for steps in (((0, 0), (0, 1)), ((0, 0), (512, 0)), ((0, 0), (512, 2)), ((1024, 0),),
                  ((0, 1),), ((0, NONE),)):
        itt = c.write10(0, 32)
        ttt = c.expect(R2T, itt).ttt
        for _ in range(3):
            c.expect(R2T, itt)
        for offset, datasn in steps:
            c.data_out(itt, ttt, offset, pattern(1024), datasn, False)
        rsp = c.expect(SCSI_RSP, itt)
        assert rsp.sense() in ("0b/4b/05", "0b/4b/00"), rsp.sense()
        # The initiator sends the rest of the requested data all the same.
        for n in range(4):
            c.data_out(itt, ttt, n * 4096, pattern(4096))
    c.alive()


@case
def after_an_abort() -> None:
    """The data arrives while, and after, its command is aborted."""
    rng = random.Random(12)
    c = conn(**SOLICITED)
    for _ in range(times(60, 10)):
        itt = c.write10(0, 64)
        ttt = c.expect(R2T, itt).ttt
        cut = rng.randrange(1, 32768)
        whole = c.pdu(struct.pack(">BB14xIIIIIIII", DATA_OUT, FINAL, itt, ttt, 0, c.statsn,
                                  0, 0, 0, 0), pattern(32768))
        if rng.random() < 0.5:
            # In the middle of the segment another session resets the unit.
            c.write(whole[:cut])
            other = conn(isid=10)
            equal(other.expect(TMF_RSP, other.tmf(5)).response, 0, "reset")
            other.close()
            c.write(whole[cut:])
            rsp = c.expect(SCSI_RSP, c.scsi(bytes(6)))
            assert rsp.sense().startswith("06/29"), rsp.sense()
        else:
            tmf = c.tmf(1, itt, refcmdsn=c.cmdsn - 1)
            c.write(whole)
            equal(c.expect(TMF_RSP, tmf).response, 0, "abort")
        c.alive()


@case
def random_answers() -> None:
    """Data-Out with random fields, among correct ones."""
    def one(n: int) -> None:
        rng = random.Random(11 + n)
        for _ in range(times(10, 2)):
            c = Conn(TARGET, isid=110 + n, timeout=20 * SLOW, MaxBurstLength=2048,
                     FirstBurstLength=1024, MaxOutstandingR2T=3,
                     **rng.choice((SOLICITED, UNSOLICITED)))
            c.sock.settimeout(0.2 * SLOW)
            open_writes: list[tuple[int, int]] = []
            try:
                for _ in range(40):
                    if rng.random() < 0.3 or not open_writes:
                        data = b"" if rng.random() < 0.5 else pattern(rng.choice((1, 512, 1024)))
                        flags = WRITE | rng.choice((0, FINAL))
                        itt = c.write10(rng.randrange(64), 16, data, flags=flags)
                        open_writes.append((itt, NONE))
                    elif rng.random() < 0.4:
                        pdu = c.recv()
                        if pdu.opcode == R2T:
                            open_writes.append((pdu.itt, pdu.ttt))
                    itt, ttt = rng.choice(open_writes)
                    c.data_out(itt, rng.choice((ttt, ttt, ttt, NONE, rng.getrandbits(32))),
                               rng.choice((0, 512, 1024, 2048, 8191, rng.getrandbits(32))),
                               pattern(rng.choice((0, 1, 511, 512, 1024, 2048, 4096))),
                               rng.choice((0, 0, 1, 2, NONE)), rng.random() < 0.5)
            except (Closed, TimeoutError):
                pass
            c.close()

    # Run in parallel: most of the time is spent waiting for answers that do not come.
    together(*(lambda n=n: one(n) for n in range(4)))
    conn(isid=110)


# --- R2T that is not answered ---


def closed_within(c: Conn, begin: float, what: str) -> None:
    assert c.closed(), f"{what}: still open"
    took = time.monotonic() - begin
    assert TIMEOUT - 0.5 < took < TIMEOUT + 5 * SLOW, f"{what}: closed after {took:.1f} s"


@case
def never_answered() -> None:
    """The initiator sends NOP-Outs, but never data; another session's ORDERED command waits."""
    other = conn(isid=12)
    for flags, data in ((FINAL | WRITE, b""), (WRITE, b"")):
        c = conn(**(SOLICITED if flags & FINAL else UNSOLICITED))
        begin = time.monotonic()
        itt = c.write10(0, 8, data, flags=flags)
        if flags & FINAL:
            c.expect(R2T, itt)
        else:
            # The NOP-Out came after the write, so its answer shows that the write has arrived.
            c.expect(NOP_IN, c.nop())
        ordered = other.scsi(b"\x35" + bytes(9), FINAL | 2)
        assert other.silent(), "the ORDERED command has passed an older write"
        while time.monotonic() - begin < TIMEOUT - 1:
            c.expect(NOP_IN, c.nop(b"I am here"))
            time.sleep(0.2)
        # The connection ends, and the other session's command goes on.
        closed_within(c, begin, "no answer")
        equal(other.expect(SCSI_RSP, ordered).sense(), "ok")
    other.alive()


@case
def a_byte_at_a_time() -> None:
    """Bytes come all the time, but the sequence never ends."""
    for whole_pdus in (False, True):
        c = conn(**SOLICITED)
        itt = c.write10(0, 64)
        ttt = c.expect(R2T, itt).ttt
        begin = time.monotonic()
        head = struct.pack(">BB14xIIIIIIII", DATA_OUT, FINAL, itt, ttt, 0, c.statsn, 0, 0, 0, 0)
        try:
            if not whole_pdus:
                c.write(c.pdu(head, length=32768))
            for i in range(100 * SLOW):
                if whole_pdus:
                    c.data_out(itt, ttt, i, b"x", i, False)
                else:
                    c.write(b"x")
                time.sleep(0.2)
        except Closed:
            pass
        closed_within(c, begin, "a byte at a time")


@case
def slow_but_in_time() -> None:
    """An initiator that needs most of the time limit for each sequence keeps its connection."""
    c = conn(MaxBurstLength=4096, FirstBurstLength=4096, **SOLICITED)
    itt = c.write10(0, 16)
    for n in range(2):
        ttt = c.expect(R2T, itt).ttt
        for i in range(4):
            time.sleep(TIMEOUT / 7)
            c.data_out(itt, ttt, n * 4096 + i * 1024, pattern(1024), i, i == 3)
    equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    c.alive()


main()
