# SPDX-License-Identifier: GPL-2.0-only
"""Tests which requests count in the command window.

Usage: cmdsn.py TARGET
"""

from __future__ import annotations

import itertools
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import (
    FINAL,
    LOGIN,
    LOGOUT,
    NONE,
    NOP_OUT,
    REJECT,
    SCSI_RSP,
    SNACK,
    TEXT,
    TMF,
    TMF_RSP,
    Conn,
)

TARGET = sys.argv[1]


def equal(got: object, want: object, what: str) -> None:
    assert got == want, f"{what} is {got!r}, expected {want!r}"


def conn() -> tuple[Conn, int]:
    """Log in and consume the unit attention; return the connection and its window's size."""
    c = Conn(TARGET)
    c.alive()
    return c, c.maxcmdsn - c.cmdsn + 1 & NONE


def finish(c: Conn, depth: int) -> None:
    c.alive()
    equal(c.maxcmdsn - c.cmdsn + 1 & NONE, depth, "the number of places at the end")
    c.close()


def rejected_requests() -> None:
    """A rejected request leaves no gap, whatever is wrong with it."""
    c, depth = conn()
    segment = struct.pack(">HBB", 1, 1, 0)
    requests = (
        (NOP_OUT, segment, 9), (TMF, segment, 9), (TEXT, segment, 9), (LOGOUT, segment, 9),
        (LOGIN, segment, 9), (LOGIN, b"", 4), (0x07, b"", 5), (0x1C, segment, 9), (0x1F, b"", 5),
    )
    for opcode, ahs, reason in requests:
        for data in b"", bytes(8):
            c.send(c.request(opcode, FINAL, next(c.tags), NONE), data, ahs=ahs)
            rsp = c.expect(REJECT)
            equal(rsp.response, reason, f"the reject reason of opcode {opcode:#x}")
            equal(rsp.expcmdsn, c.cmdsn, f"ExpCmdSN behind opcode {opcode:#x}")
            c.alive()
    # PDUs that have no CmdSN do not count.
    for opcode, reason in ((SNACK, 3), (0x25, 5), (0x3F, 5)):
        c.send(c.request(opcode, FINAL, next(c.tags), cmdsn=c.cmdsn), ahs=segment)
        equal(c.rejected(), reason, f"the reject reason of opcode {opcode:#x}")
        c.alive()
    finish(c, depth)


def aborted_in_any_order() -> None:
    """The initiator aborts requests that are missing (RFC 7143, 11.6.1)."""
    c, depth = conn()
    for order in itertools.permutations(range(3)):
        lost = c.cmdsn
        c.cmdsn += 3
        for n in order:
            rsp = c.expect(TMF_RSP, c.tmf(1, 999 + n, refcmdsn=lost + n))
            equal(rsp.response, 0, f"the response to the abort of {n} in {order}")
        equal(rsp.expcmdsn, c.cmdsn, f"ExpCmdSN behind {order}")
        # The missing requests count as received, and none of them is a task any more.
        rsp = c.expect(TMF_RSP, c.tmf(1, 999, refcmdsn=lost))
        equal(rsp.response, 1, f"the response to another abort behind {order}")
        c.alive()
    finish(c, depth)


def aborted_and_come_after_all() -> None:
    c, depth = conn()
    lost = c.cmdsn
    c.cmdsn += 3
    for _ in range(2):
        rsp = c.expect(TMF_RSP, c.tmf(1, 999, refcmdsn=lost + 1))
        equal(rsp.response, 0, "the response")
    c.scsi(bytes(6), cmdsn=lost + 1)
    c.scsi(bytes(6), cmdsn=lost + 2)
    assert c.silent(), "an answer to what is behind a gap"
    rsp = c.expect(SCSI_RSP, c.scsi(bytes(6), cmdsn=lost))
    equal(rsp.expcmdsn, lost + 2, "ExpCmdSN when the first one has come")
    c.scsi(bytes(6), cmdsn=lost + 1)
    assert c.silent(), "an answer to what was aborted"
    c.expect(SCSI_RSP, c.scsi(bytes(6), cmdsn=lost + 2))
    finish(c, depth)


rejected_requests()
aborted_in_any_order()
aborted_and_come_after_all()
