#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes inputs of the fuzzer rx: ordinary exchanges, and the same with mistakes.

Usage: seeds.py FOLDER      (tests/host/fuzz/corpus/rx)

The bytes are in the order in which fuzz_rx.c takes them.
"""

from __future__ import annotations

import os
import sys

CMDSN, LENGTH, ITT, ANSWER, DIGEST, FLAGS, NO_AHS = 1, 2, 4, 8, 16, 32, 64
GOOD = CMDSN | LENGTH | ITT | ANSWER | DIGEST | NO_AHS
PDU, BYTES, ROUND, END_ONE, END_TMF, ABORT, ROOM, NOP_DUE, DATA_DUE = range(9)
FINAL, READ, WRITE = 0x80, 0x40, 0x20
# Flags of a Data-Out: another length than the expected one, and no final bit.
OTHER, GOES_ON = 0x80, 0x40
ROUND_STEP = bytes([ROUND])


def pdu(opcode: int, flags: int, itt: int = 1, ttt: int | None = None, cdb: bytes = b"",
        expected: int = 0, length: int = 0, how: int = 0, cmdsn: int | None = None) -> bytes:
    fit = GOOD if cmdsn is None else GOOD & ~CMDSN
    out = bytes([PDU, fit]) + length.to_bytes(2, "big")
    out += bytes([opcode, flags, 0, 0]) + cdb.ljust(16, b"\0")
    out += bytes([itt])
    out += b"\1" if ttt is None else b"\0" + ttt.to_bytes(4, "big")
    if cmdsn is not None:
        out += cmdsn.to_bytes(4, "big")
    if opcode & 0x3F == 1:
        out += b"\0" + expected.to_bytes(4, "big")
    if opcode & 0x3F == 5 and fit & ANSWER:
        out += bytes([how])
    return out + bytes(range(-(-length // 16)))


def setup(flags: int, xmit: int = 255, burst: int = 255, first: int = 255) -> bytes:
    """Return the header of an input.

    flags: digests 1 and 2, InitialR2T 4, ImmediateData 8, short segments 16, wrap 32.
    """
    return bytes([flags, xmit, burst, first])


ENDS_LATE, BUFFER_LATE, BUFFER_IN_ABORT, ABORT_GIVEN_UP = 1, 2, 4, 8


def command(kind: int, length: int, later: int = 0) -> bytes:
    """Return a CDB of fuzz_rx.c: the kind, the length in pairs of bytes, and what comes later."""
    return bytes([kind]) + (length // 2).to_bytes(2, "big") + bytes([later])


NOTHING, IN, OUT, SENSE = range(4)
# When one command is under way, it has the last place in core's table.
ABORT_IT = bytes([ABORT, 31])

SEEDS = {
    "nop": setup(3) + pdu(0x40, FINAL, length=100) + pdu(0, FINAL, length=3) + ROUND_STEP,
    "read": setup(0, 10, 10) + pdu(1, FINAL | READ, cdb=command(IN, 8192), expected=9000) +
    ROUND_STEP,
    "read-digests": setup(3, 1, 3) + pdu(1, FINAL | READ, cdb=command(IN, 4099), expected=4096) +
    ROUND_STEP,
    "write-r2t": setup(4, 255, 56) + pdu(1, FINAL | WRITE, cdb=command(OUT, 8192), expected=8192) +
    ROUND_STEP + (pdu(5, FINAL) + ROUND_STEP) * 3,
    "write-more-than-asked": setup(4, 255, 8) + pdu(1, FINAL | WRITE, cdb=command(OUT, 8192),
                                                     expected=8192) + ROUND_STEP +
    pdu(5, FINAL, length=2000, how=OTHER) + ROUND_STEP + pdu(5, FINAL) + ROUND_STEP,
    "write-too-much-and-on": setup(4, 255, 8) + pdu(1, FINAL | WRITE, cdb=command(OUT, 1536),
                                                     expected=1536) + ROUND_STEP +
    pdu(5, 0, length=2000, how=OTHER | GOES_ON) + ROUND_STEP,
    "write-less-than-asked": setup(4, 255, 56) + pdu(1, FINAL | WRITE, cdb=command(OUT, 8192),
                                                      expected=8192) + ROUND_STEP +
    pdu(5, FINAL, length=100, how=OTHER) + ROUND_STEP,
    "write-immediate": setup(11) + pdu(1, FINAL | WRITE, cdb=command(OUT, 2048), expected=2048,
                                       length=2048) + ROUND_STEP,
    "write-unsolicited": setup(8, 255, 255, 20) +
    pdu(1, WRITE, cdb=command(OUT, 6000), expected=6000, length=512) + pdu(5, FINAL) +
    ROUND_STEP + pdu(5, FINAL) + ROUND_STEP,
    "early-answer": setup(8) + pdu(1, WRITE, cdb=command(SENSE, 0), expected=4096, length=512) +
    ROUND_STEP + pdu(5, FINAL, length=100, how=OTHER) + ROUND_STEP,
    "abort": setup(4) + pdu(1, FINAL | WRITE, cdb=command(OUT, 8192), expected=8192) + ROUND_STEP +
    pdu(0x42, FINAL | 1, itt=2, ttt=1) + ROUND_STEP + bytes([END_TMF]) + ROUND_STEP,
    "abort-not-arrived": setup(32) + b"".join(
        pdu(0x42, FINAL | 1, itt=n, ttt=77, cdb=(0xFFFFFFF0 + n).to_bytes(4, "big"), cmdsn=0xFFFFFFF8)
        for n in (2, 1, 4, 0)) + ROUND_STEP +
    pdu(1, FINAL, cdb=command(NOTHING, 0)) + pdu(1, FINAL, cdb=command(NOTHING, 0)) + ROUND_STEP,
    "slow-tcp": setup(32) + (pdu(1, FINAL | READ, cdb=command(IN, 60000), expected=60000) +
                             ROUND_STEP) * 3 + bytes([ROOM, 10, 0]) * 20,
    "late": setup(0) + pdu(1, FINAL | READ, cdb=command(IN, 512, ENDS_LATE), expected=512) +
    ROUND_STEP + bytes([END_ONE, 0]) + ROUND_STEP,
    "buffer-late": setup(4, 255, 56) +
    pdu(1, FINAL | WRITE, cdb=command(OUT, 8192, BUFFER_LATE), expected=8192) + ROUND_STEP +
    bytes([END_ONE, 0]) + ROUND_STEP + (pdu(5, FINAL) + ROUND_STEP) * 3,
    "buffer-late-immediate": setup(8, 255, 56) +
    pdu(1, FINAL | WRITE, cdb=command(OUT, 8192, BUFFER_LATE), expected=8192, length=512) +
    ROUND_STEP + (pdu(5, FINAL) + ROUND_STEP) * 3,
    "buffer-late-aborted": setup(4) +
    pdu(1, FINAL | WRITE, cdb=command(OUT, 8192, BUFFER_LATE), expected=8192) + ROUND_STEP +
    ABORT_IT + ROUND_STEP,
    "buffer-comes-in-abort": setup(4) +
    pdu(1, FINAL | WRITE, cdb=command(OUT, 8192, BUFFER_LATE | BUFFER_IN_ABORT), expected=8192) +
    ROUND_STEP + ABORT_IT + ROUND_STEP + bytes([END_ONE, 0]) + ROUND_STEP,
    # The budget of a round ends amid the unsolicited data, and the command is answered then.
    "answered-in-mid-segment": setup(8, 255, 255, 255) +
    pdu(1, WRITE, cdb=command(OUT, 4000, ABORT_GIVEN_UP), expected=4000) + ROUND_STEP +
    pdu(0x40, FINAL, length=4000) * 4 + pdu(5, FINAL, length=4000) + ROUND_STEP +
    ABORT_IT + ROUND_STEP,
    "text-and-logout": setup(0) + pdu(0x44, FINAL, length=20) + pdu(0x46, FINAL) + ROUND_STEP,
    # A response sent at once would come before the commands that the logout ends.
    "logout-waits": setup(4) +
    pdu(1, FINAL | READ, cdb=command(IN, 512, ENDS_LATE), expected=512) +
    pdu(1, FINAL | WRITE, itt=2, cdb=command(OUT, 512), expected=512) + ROUND_STEP +
    pdu(0x46, FINAL, itt=3) + pdu(1, FINAL, itt=4, cdb=command(NOTHING, 0)) + ROUND_STEP * 2 +
    bytes([END_ONE, 0]) + ROUND_STEP * 2,
    "logout-unsent": setup(0) + pdu(0x40, FINAL, length=4000) * 17 + ROUND_STEP +
    pdu(0x46, FINAL) + ROUND_STEP,
    "silence": setup(4) + pdu(1, FINAL | WRITE, cdb=command(OUT, 8192), expected=8192) +
    ROUND_STEP + bytes([NOP_DUE, 100, 0]) + ROUND_STEP + bytes([DATA_DUE, 100, 0]),
}


def main() -> None:
    for name, data in SEEDS.items():
        with open(os.path.join(sys.argv[1], name), "wb") as stream:
            stream.write(data)


main()
