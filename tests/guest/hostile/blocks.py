# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with commands of several I/Os, and with commands that wait behind them.

Usage: blocks.py TARGET FROZEN [CASE...]

The file of LUN 1 lies on the file system at FROZEN, which some cases freeze.  Then a write
does not end, a COMPARE AND WRITE of the same block waits for the write, and all other
commands that write the block wait for the COMPARE AND WRITE.  LUN 2 is a removable disk of
16 MiB.  The file of LUN 0 has 32 MiB.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import itertools
import os
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, TARGET, case, conn, equal, main, times, together, until
from rawiscsi import (
    DATA_IN,
    FINAL,
    LOGOUT_RSP,
    NONE,
    NOP_IN,
    R2T,
    READ,
    SCSI_RSP,
    TMF_RSP,
    WRITE,
    Closed,
    Conn,
)

FROZEN = sys.argv.pop(2)
TREE = "/sys/kernel/config/cst"
SESSIONS, MAP = f"{TREE}/targets/iscsi/{TARGET}/sessions", f"targets/iscsi/{TARGET}/luns"
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
SOLICITED: dict[str, Any] = {"InitialR2T": "Yes", "ImmediateData": "No"}
UNSOLICITED: dict[str, Any] = {"InitialR2T": "No", "ImmediateData": "Yes"}
ROUNDS = int(os.environ.get("CST_ROUNDS", "1"))
BLOCKS = 32 << 11
SLOW_LUN, REMOVABLE, WELL_KNOWN = 1, 2, 0xC101
SIMPLE, ORDERED, HEAD, ACA = 1, 2, 3, 4
ABORT_TASK, ABORT_TASK_SET, CLEAR_TASK_SET, LUN_RESET, WARM_RESET = 1, 2, 4, 5, 6
UNDERFLOW, OVERFLOW = 2, 4
COMPLETE, NO_TASK, NO_LUN = 0, 1, 2
OK, MISCOMPARE, LENGTH, FIELD = "ok", "0e/1d/00", "05/0e/03", "05/24/00"
OTHER_WAY, TOO_MUCH, CLEARED = "05/49/00", "0b/0c/0d", "06/2f/00"


def caw(lba: int, blocks: int, flags: int = 0) -> bytes:
    return struct.pack(">BBQ3xBBB", 0x89, flags, lba, blocks, 0, 0)


def same16(lba: int, blocks: int, flags: int = 0) -> bytes:
    return struct.pack(">BBQIBB", 0x93, flags, lba, blocks, 0, 0)


def write10(lba: int, blocks: int) -> bytes:
    return struct.pack(">BBIBHB", 0x2A, 0, lba, 0, blocks, 0)


def outcomes(c: Conn, itts: Iterable[int], data: bytes = b"") -> dict[int, str]:
    """Return the results of these commands; @data answers R2Ts."""
    left, ended = set(itts), {}
    while left:
        pdu = c.recv()
        if pdu.opcode == NOP_IN:
            continue
        if pdu.opcode == R2T:
            c.data_out(pdu.itt, pdu.ttt, pdu.offset,
                       data[pdu.offset:pdu.offset + pdu.resid].ljust(pdu.resid, b"\0"))
            continue
        assert pdu.opcode in (SCSI_RSP, DATA_IN), f"opcode {pdu.opcode:#x}"
        assert pdu.itt in left, f"an answer to {pdu.itt}"
        if pdu.opcode == SCSI_RSP or pdu.flags & 1:
            left.remove(pdu.itt)
            ended[pdu.itt] = pdu.sense() if pdu.opcode == SCSI_RSP else OK
    return ended


def outcome(c: Conn, itt: int, data: bytes = b"") -> str:
    return outcomes(c, [itt], data)[itt]


def past_attentions(c: Conn, *numbers: int) -> Conn:
    for number in numbers:
        while outcome(c, c.scsi(bytes(6), lun=number)).startswith("06/"):
            pass
    return c


def session(**keys: Any) -> Conn:
    return past_attentions(conn(**keys), 1, 2)


# --- lengths ---


@case
def lengths_of_compare_and_write() -> None:
    for keys in (SOLICITED, UNSOLICITED):
        c = conn(FirstBurstLength=16384, **keys)
        # Where immediate data is not allowed, send none: it would be refused for that alone.
        sends = 8192 if keys is UNSOLICITED else 0
        for blocks in (1, 2, 16, 255):
            wants = 1024 * blocks
            for expected in (0, 1, 511, 512, 1024 * blocks - 512, wants - 1, wants, wants + 1,
                             2 * wants, wants + 4096):
                itt = c.scsi(caw(64, blocks), FINAL | (WRITE if expected else 0), expected,
                             bytes(min(expected, sends)))
                result = outcome(c, itt)
                what = f"{blocks} blocks with {expected} bytes"
                assert result == LENGTH if expected < wants else result in (OK, MISCOMPARE), \
                    f"{what}: {result}"
        equal(outcome(c, c.scsi(caw(64, 1), FINAL | READ, 1024)), OTHER_WAY, "as a read")
        for ahs in (b"", struct.pack(">HBxI", 5, 2, 4096)):
            c.scsi(caw(64, 1), FINAL | READ | WRITE, 1024, ahs=ahs)
            equal(c.rejected(), 9, "bidirectional")
        # No blocks: nothing is compared, and no data is wanted.
        for flags, length in ((0, 0), (READ, 512), (WRITE, 512), (WRITE, NONE)):
            equal(outcome(c, c.scsi(caw(64, 0), FINAL | flags, length)), OK, "no blocks")
        equal(outcome(c, c.scsi(caw(BLOCKS, 0))), OK, "no blocks at the end")
        equal(outcome(c, c.scsi(caw(BLOCKS + 1, 0))), "05/21/00", "no blocks beyond")
        for lba in (BLOCKS - 1, BLOCKS, 2**63, 2**64 - 1, 2**64 - 2):
            equal(outcome(c, c.scsi(caw(lba, 2), FINAL | WRITE, 2048)), "05/21/00", "beyond")
        # Bits of a number above 255, which are reserved; other reserved bits and WRPROTECT.
        for at, bit in ((10, 0x80), (11, 1), (12, 1), (14, 1), (1, 0x20), (1, 0x80), (1, 1)):
            cdb = bytearray(caw(64, 1))
            cdb[at] |= bit
            equal(outcome(c, c.scsi(bytes(cdb), FINAL | WRITE, 1024)), FIELD, cdb.hex())
        c.alive()
        c.close()


@case
def lengths_of_write_same() -> None:
    for keys in (SOLICITED, UNSOLICITED):
        c = conn(FirstBurstLength=16384, **keys)
        sends = 8192 if keys is UNSOLICITED else 0
        for blocks in (1, 2, 256, 4097):
            for flags, wants in ((0, 512), (1, 0), (8, 512), (9, 0)):
                for expected in (0, 1, 511, 512, 513, 512 * min(blocks, 300), 65536):
                    itt = c.scsi(same16(64, blocks, flags), FINAL | (WRITE if expected else 0),
                                 expected, bytes(min(expected, sends)))
                    while (pdu := c.recv()).opcode == R2T:
                        c.data_out(itt, pdu.ttt, pdu.offset, bytes(pdu.resid))
                    what = f"{blocks} blocks, flags {flags}, {expected} bytes"
                    equal(pdu.sense(), OK if expected >= wants else LENGTH, what)
                    if expected >= wants:
                        equal((pdu.flags & 6, pdu.resid),
                              (UNDERFLOW if expected > wants else 0, expected - wants), what)
        equal(outcome(c, c.scsi(same16(64, 1), FINAL | READ, 512)), OTHER_WAY, "as a read")
        equal(outcome(c, c.scsi(same16(64, 1, 1), FINAL | READ, 512)), OK, "NDOB, as a read")
        for flags in (0, 1):
            c.scsi(same16(64, 1, flags), FINAL | READ | WRITE, 512)
            equal(c.rejected(), 9, "bidirectional")
            # UNMAP is for thin disks, as this one is; ANCHOR is for none.
            for bit in (0x10, 0x18, 0x20, 0x80, 2, 4):
                itt = c.scsi(same16(64, 1, flags | bit), FINAL | WRITE, 512)
                equal(outcome(c, itt), FIELD, f"byte 1 {flags | bit:#x}")
            for blocks in (0, (64 << 11) + 1, 2**31, NONE):
                itt = c.scsi(same16(0, blocks, flags), FINAL | WRITE, 512)
                equal(outcome(c, itt), FIELD, f"{blocks} blocks")
            for lba, blocks in ((BLOCKS, 1), (1, BLOCKS), (2**64 - 1, 1), (2**64 - 1, 64 << 11),
                                (0, 64 << 11)):
                itt = c.scsi(same16(lba, blocks, flags), FINAL | WRITE, 512)
                equal(outcome(c, itt), "05/21/00", f"{blocks} blocks at {lba}")
        c.alive()
        c.close()


@case
def data_beyond_the_first_burst() -> None:
    """Too much immediate and unsolicited data, for commands that execute in a worker."""
    c = conn(FirstBurstLength=512, **UNSOLICITED)
    for cdb, length in ((caw(64, 16), 16384), (same16(64, 4096), 512), (same16(64, 4096), 16384)):
        for immediate in (513, 1024, 8192):
            itt = c.scsi(cdb, FINAL | WRITE, length, bytes(immediate))
            equal(outcome(c, itt), TOO_MUCH, f"{immediate} bytes at once")
        itt = c.scsi(cdb, WRITE, length, bytes(256))
        for i in range(1, 8):
            c.data_out(itt, NONE, i * 256, bytes(256), i - 1, i == 7)
        equal(outcome(c, itt), TOO_MUCH, "in small pieces")
    # NDOB wants no data, but the initiator has declared unsolicited data: the answer waits for it.
    for end in ("final", "abort", "nothing"):
        itt = c.scsi(same16(64, 8192, 1), WRITE, 512, bytes(100))
        c.expect(NOP_IN, c.nop())
        c.data_out(itt, NONE, 100, bytes(100), 0, False)
        assert c.silent(0.3), "the answer has overtaken the data"
        if end == "final":
            c.data_out(itt, NONE, 200, bytes(312), 1)
            equal(outcome(c, itt), OK, "with data that nobody wants")
        elif end == "abort":
            assert c.expect(TMF_RSP, c.tmf(ABORT_TASK, itt, refcmdsn=c.cmdsn - 1)).response in \
                (COMPLETE, NO_TASK), "abort of what is answered"
            c.data_out(itt, NONE, 200, bytes(312), 1)
    c.alive()
    c.close()


# --- waiting behind a range ---


@contextlib.contextmanager
def frozen() -> Iterator[None]:
    fd = os.open(FROZEN, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.ioctl(fd, FIFREEZE, 0)
    try:
        yield
    finally:
        fcntl.ioctl(fd, FITHAW, 0)
        os.close(fd)


def under_way(c: Conn) -> int:
    for folder in os.listdir(SESSIONS):
        with contextlib.suppress(OSError), open(f"{SESSIONS}/{folder}/tsih") as f:
            if int(f.read()) == c.tsih:
                with open(f"{SESSIONS}/{folder}/active_commands") as g:
                    return int(g.read())
    raise AssertionError("no directory of the session")


def waits(c: Conn, commands: int = 1) -> None:
    """Wait until the session has this number of commands under way."""
    until(40, lambda: under_way(c) == commands, f"{commands} commands are under way")


def write_slow(c: Conn, lba: int, data: bytes, **how: Any) -> int:
    return c.scsi(write10(lba, len(data) // 512), FINAL | WRITE, len(data), data, lun=SLOW_LUN,
                  **how)


def settle(c: Conn) -> None:
    """Run a command in a worker that need not wait: the commands before it then wait."""
    itt = c.scsi(caw(2000, 1), FINAL | WRITE, 1024, b"?" * 1024, lun=SLOW_LUN)
    equal(outcome(c, itt), MISCOMPARE, "what nobody has written")


def hold(c: Conn, lba: int = 64, blocks: int = 8) -> tuple[int, int]:
    """Send a write that does not end, and a COMPARE AND WRITE that waits for it and matches."""
    first = write_slow(c, lba, b"1" * 512 * blocks)
    waits(c)
    data = b"1" * 512 * blocks + b"2" * 512 * blocks
    second = c.scsi(caw(lba, blocks), FINAL | WRITE, len(data), data, lun=SLOW_LUN)
    # Commands are executed in the order sent, so that later commands find the range held.
    waits(c, 2)
    settle(c)
    return first, second


def read_slow(c: Conn, lba: int, blocks: int) -> bytes:
    itt = c.scsi(struct.pack(">BBIBHB", 0x28, 0, lba, 0, blocks, 0), FINAL | READ, 512 * blocks,
                 lun=SLOW_LUN)
    return c.expect(DATA_IN, itt).data


@case
def waiters_leave_in_every_way() -> None:
    """Commands wait for a range, and end by abort, reset, logout, reinstatement or close."""
    for end in ("abort", "abort set", "logout", "close", "reset connection", "reinstate", "sense"):
        holder, waiter, other = session(isid=1), session(isid=2), session(isid=3)
        with frozen():
            first, second = hold(holder)
            waiting = [write_slow(waiter, 64 + n % 8, b"w" * 512) for n in range(10)]
            waiting += [waiter.scsi(caw(60, 8), FINAL | WRITE, 8192, bytes(8192), lun=SLOW_LUN),
                        waiter.scsi(same16(0, 200, 1), lun=SLOW_LUN),
                        waiter.scsi(same16(70, 1), FINAL | WRITE, 512, b"s" * 512, lun=SLOW_LUN)]
            waits(waiter, len(waiting))
            behind = write_slow(other, 66, b"3" * 512)
            waits(other)
            begin = time.monotonic()
            if end == "abort":
                for itt in waiting:
                    tmf = waiter.tmf(ABORT_TASK, itt, SLOW_LUN, waiter.cmdsn - 1)
                    equal(waiter.expect(TMF_RSP, tmf).response, COMPLETE, "abort")
            elif end == "abort set":
                tmf = waiter.tmf(ABORT_TASK_SET, lun=SLOW_LUN)
                equal(waiter.expect(TMF_RSP, tmf).response, COMPLETE, "abort of all")
            elif end == "logout":
                waiter.expect(LOGOUT_RSP, waiter.logout())
            elif end == "close":
                waiter.close()
            elif end == "reset connection":
                waiter.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       b"\1\0\0\0\0\0\0\0")
                waiter.close()
            elif end == "reinstate":
                again = session(isid=2)
                assert waiter.closed(), "still open"
                waiter = again
            if end != "sense":
                took = time.monotonic() - begin
                assert took < 4 * SLOW, f"{end}: {took:.1f} s"
            # No other command was let go, and LUN 0 is not affected.
            assert other.silent(0.1), f"{end}: another write has passed the holder"
            equal(outcome(other, other.write10(0, 1, bytes(512))), OK, "LUN 0")
            if end not in ("logout", "close", "reset connection", "sense"):
                waiter.alive()
        equal(outcomes(holder, [first, second]), {first: OK, second: OK}, end)
        equal(outcome(other, behind), OK, end)
        if end == "sense":
            ended = outcomes(waiter, waiting)
            ended.pop(waiting[10])
            equal(set(ended.values()), {OK}, end)
        else:
            equal(read_slow(other, 64, 8), b"2" * 1024 + b"3" * 512 + b"2" * 2560, end)
        for c in (holder, waiter, other):
            c.close()


@case
def holders_leave_in_every_way() -> None:
    """A holder that waits for a write is aborted, or its session ends: waiting commands go on."""
    for end in ("abort", "logout", "close", "reinstate"):
        writer, holder, waiter = session(isid=1), session(isid=2), session(isid=3)
        with frozen():
            first = write_slow(writer, 64, b"1" * 4096)
            waits(writer)
            data = b"1" * 4096 + b"2" * 4096
            second = holder.scsi(caw(64, 8), FINAL | WRITE, 8192, data, lun=SLOW_LUN)
            waits(holder)
            settle(holder)
            # Commands that wait for the holder: the next holder, and writes of its blocks.
            waiting = [waiter.scsi(caw(64, 4), FINAL | WRITE, 4096, b"1" * 2048 + b"4" * 2048,
                                   lun=SLOW_LUN)]
            waiting += [write_slow(waiter, 66, b"5" * 1536), write_slow(waiter, 70, b"6" * 512)]
            waits(waiter, 3)
            if end == "abort":
                tmf = holder.tmf(ABORT_TASK, second, SLOW_LUN, holder.cmdsn - 1)
                equal(holder.expect(TMF_RSP, tmf).response, COMPLETE, "abort")
            elif end == "logout":
                holder.expect(LOGOUT_RSP, holder.logout())
            elif end == "close":
                holder.close()
            else:
                session(isid=2).close()
            assert waiter.silent(0.1), f"{end}: they have passed the write"
        equal(outcome(writer, first), OK, end)
        ended = outcomes(waiter, waiting)
        equal({ended[itt] for itt in waiting[1:]}, {OK}, end)
        # SIMPLE writes may come before the next holder or after it, but not in between.
        now = read_slow(waiter, 64, 8)
        expected = (b"4444", b"4455") if ended[waiting[0]] == OK else (b"1155",)
        assert now[:2048:512] in expected, f"{end}: {ended}, {now[::512]!r}"
        for c in (writer, holder, waiter):
            c.close()


@case
def who_wants_all_is_not_passed() -> None:
    """Two blocks are locked by turns, never free at once: a write of both gets its turn."""
    a, b, other = session(isid=1), session(isid=2), session(isid=3)
    with frozen():
        writes, holders = [], []
        for c, lba in ((a, 64), (b, 71)):
            writes.append(write_slow(c, lba, b"1" * 512))
            holders.append(c.scsi(caw(lba, 1), FINAL | WRITE, 1024, b"1" * 512 + b"2" * 512,
                                  lun=SLOW_LUN))
            settle(c)
        write = write_slow(other, 64, b"x" * 4096)
        settle(other)
        # These are the next holders, and expect the data of the write of both blocks.
        later = []
        for c, lba in ((a, 64), (b, 71)):
            later.append(c.scsi(caw(lba, 1), FINAL | WRITE, 1024, b"x" * 512 + b"3" * 512,
                                lun=SLOW_LUN))
            settle(c)
        for c, itt in zip((a, b), holders):
            tmf = c.tmf(ABORT_TASK, itt, SLOW_LUN, c.cmdsn - 1)
            equal(c.expect(TMF_RSP, tmf).response, COMPLETE, "abort")
            settle(c)
    equal(outcome(other, write), OK, "the write of both")
    for c, first, second in zip((a, b), writes, later):
        ended = outcomes(c, [first, second])
        equal(ended[first], OK, "the first write")
        # Both writes are SIMPLE, and may be executed in either order.
        now = read_slow(c, 64 if c is a else 71, 1)
        equal((ended[second], now[:1]) in ((OK, b"3"), (MISCOMPARE, b"1")), True,
              f"{ended[second]}, {now[:1]!r}")
    for c in (a, b, other):
        c.close()


@case
def attributes_among_those_who_wait() -> None:
    """ORDERED, HEAD OF QUEUE and ACA commands come before, among and after waiting commands."""
    holder, waiter, other = session(isid=1), session(isid=2), session(isid=3)
    rng = random.Random(3)
    for _ in range(times(80, 5)):
        with frozen():
            first, second = hold(holder)
            waiting: list[int] = []
            refused: list[int] = []
            for _ in range(40):
                attribute = rng.choice((0, SIMPLE, SIMPLE, ORDERED, HEAD, ACA, 5, 7))
                cdb, data = rng.choice(((write10(64, 1), b"w" * 512),
                                        (caw(65, 2), b"1" * 1024 + b"3" * 1024),
                                        (same16(60, 10), b"s" * 512),
                                        (b"\x35" + bytes(9), b""), (bytes(6), b"")))
                flags = FINAL | (WRITE if data else 0) | attribute
                itt = waiter.scsi(cdb, flags, len(data), data, lun=SLOW_LUN)
                (refused if attribute == ACA else waiting).append(itt)
            # Tags of another session, LUNs of other commands, and unused tags.
            for victim, number, response in ((waiting[0], SLOW_LUN, NO_TASK),
                                             (NONE, SLOW_LUN, NO_TASK),
                                             (waiting[0], 0x77, NO_LUN),
                                             (waiting[0], WELL_KNOWN, NO_TASK),
                                             (waiting[0], 0xC102, NO_LUN),
                                             (waiting[0], 0x8000, NO_LUN)):
                tmf = other.tmf(ABORT_TASK, victim + 7000 & NONE, number, 5)
                equal(other.expect(TMF_RSP, tmf).response, response, f"abort at {number:#x}")
        equal(outcomes(holder, [first, second]), {first: OK, second: OK}, "holder")
        ended = outcomes(waiter, waiting + refused)
        equal({ended[itt] for itt in refused} - {OTHER_WAY}, set(), "ACA")
        assert {ended[itt] for itt in waiting} <= {OK, MISCOMPARE}, f"{ended}"
    for c in (holder, waiter, other):
        c.close()


@case
def wrong_functions_do_nothing() -> None:
    """Functions for other LUNs, tags and CmdSNs hit none of the waiting commands."""
    holder, waiter = session(isid=1), session(isid=2)
    with frozen():
        first, second = hold(holder)
        waiting = [write_slow(waiter, 64 + n, b"w" * 512) for n in range(8)]
        waits(waiter, 8)
        for function, number, rtt, response in (
                (ABORT_TASK, 0, waiting[0], NO_TASK), (ABORT_TASK, 0x4000, waiting[0], NO_TASK),
                (ABORT_TASK, 9, waiting[0], NO_LUN), (ABORT_TASK, WELL_KNOWN, waiting[0], NO_TASK),
                (ABORT_TASK_SET, 0, NONE, COMPLETE), (ABORT_TASK_SET, 9, NONE, NO_LUN),
                (ABORT_TASK_SET, REMOVABLE, NONE, COMPLETE), (CLEAR_TASK_SET, 9, NONE, NO_LUN),
                (CLEAR_TASK_SET, REMOVABLE, NONE, COMPLETE), (LUN_RESET, 9, NONE, NO_LUN),
                (LUN_RESET, WELL_KNOWN, NONE, COMPLETE), (3, SLOW_LUN, NONE, 5),
                (8, SLOW_LUN, waiting[0], 4), (0, SLOW_LUN, NONE, 5), (127, SLOW_LUN, NONE, 5)):
            for ref in (waiter.cmdsn - 1, 0, NONE):
                itt = waiter.tmf(function, rtt, number, ref)
                equal(waiter.expect(TMF_RSP, itt).response, response,
                      f"function {function} at {number:#x}")
        equal(under_way(waiter), 8, "still waiting")
        # The other addressing method of the same LUN hits them.
        tmf = waiter.tmf(ABORT_TASK, waiting[7], 0x4000 | SLOW_LUN, waiter.cmdsn - 1)
        equal(waiter.expect(TMF_RSP, tmf).response, COMPLETE, "flat space addressing")
    equal(outcomes(holder, [first, second]), {first: OK, second: OK}, "holder")
    equal(set(outcomes(waiter, waiting[:7]).values()), {OK}, "waiters")
    for c in (holder, waiter):
        c.close()


@case
def thousands_behind_one_range() -> None:
    """Several sessions send as many commands as their windows hold, and more."""
    sessions = [session(isid=10 + n) for n in range(times(24, 6))]
    holder, other = session(isid=1), session(isid=2)
    per = 128
    with frozen():
        first, second = hold(holder)
        waiting = []
        for n, c in enumerate(sessions):
            batch, tags = b"", []
            for i in range(per):
                cdb, data = ((caw(64, 1), bytes(1024)), (write10(64, 8), b"w" * 4096),
                             (caw(66, 4), bytes(4096)), (same16(60, 10), b"s" * 512))[(i + n) % 4]
                tags.append(itt := next(c.tags))
                batch += c.pdu(c.request(1, FINAL | WRITE, itt, len(data), SLOW_LUN, rest=cdb),
                               data)
            # Commands beyond the window are ignored.
            cmdsn = c.cmdsn
            for _ in range(50):
                batch += c.pdu(c.request(1, FINAL | WRITE, next(c.tags), 512, SLOW_LUN,
                                         rest=write10(0, 1)), b"x" * 512)
            c.cmdsn = cmdsn
            c.write(batch)
            waiting.append(tags)
        for c in sessions:
            waits(c, per)
        begin = time.monotonic()
        for n in range(20):
            equal(outcome(other, other.write10(n, 1, bytes(512))), OK, "LUN 0")
        print(f"20 writes beside: {time.monotonic() - begin:.2f} s", file=sys.stderr)
        # Half of the sessions end.
        gone = sessions[::2]
        for c in gone:
            c.close()
    begin = time.monotonic()
    longest = 0.0
    while under_way(sessions[1]):
        start = time.monotonic()
        equal(outcome(other, other.write10(0, 1, bytes(512))), OK, "LUN 0")
        longest = max(longest, time.monotonic() - start)
    print(f"{per * len(sessions[1::2])} in {time.monotonic() - begin:.2f} s, beside them a write"
          f" took at most {longest:.3f} s", file=sys.stderr)
    equal(outcomes(holder, [first, second]), {first: OK, second: OK}, "holder")
    for c, tags in list(zip(sessions, waiting))[1::2]:
        ended = set(outcomes(c, tags).values())
        assert ended <= {OK, MISCOMPARE}, f"{ended}"
        equal(c.maxcmdsn - c.cmdsn + 1 & NONE, 128, "places in the window")
        c.alive()
    for c in (*sessions, holder, other):
        c.close()


@case
def cleared_by_another() -> None:
    """CLEAR TASK SET and a reset wait for the write; cleared commands are not answered.

    When the function finds the holder first, waiting commands may go on to the backing.
    """
    holder, waiter, other = session(isid=1), session(isid=2), session(isid=3)
    for function in (CLEAR_TASK_SET, LUN_RESET):
        with frozen():
            hold(holder)
            waiting = [write_slow(waiter, 64 + n % 8, b"w" * 512) for n in range(50)]
            waits(waiter, len(waiting))
            tmf = other.tmf(function, lun=SLOW_LUN)
            assert other.silent(), "answered before the write has ended"
        equal(other.expect(TMF_RSP, tmf).response, COMPLETE, f"function {function}")
        sense = CLEARED if function == CLEAR_TASK_SET else "06/29/03"
        for c in (holder, waiter):
            equal(outcome(c, c.scsi(bytes(6), lun=SLOW_LUN)), sense, "unit attention")
        past_attentions(other, 1)
        assert set(read_slow(other, 64, 8)) <= set(b"1w"), "what the holder was to write"
    for c in (holder, waiter, other):
        c.close()


@case
def stopped_meanwhile() -> None:
    """A command that waits for a range when the unit is stopped does not write any more."""
    holder, waiter, other = session(isid=1), session(isid=2), session(isid=3)
    with frozen():
        first, second = hold(holder)
        waiting = [write_slow(waiter, 64 + n % 8, b"w" * 512) for n in range(30)]
        waiting.append(waiter.scsi(same16(60, 10), FINAL | WRITE, 512, b"s" * 512, lun=SLOW_LUN))
        waits(waiter, 31)
        stop = bytes([0x1B, 0, 0, 0, 4, 0])
        equal(outcome(other, other.scsi(stop, lun=SLOW_LUN)), OK, "stop")
        equal(outcome(other, write_slow(other, 0, bytes(512))), "02/04/02", "a later write")
    equal(outcomes(holder, [first, second]), {first: OK, second: "02/04/02"}, "holder")
    equal(set(outcomes(waiter, waiting).values()), {"02/04/02"}, "waiters")
    start = bytes([0x1B, 0, 0, 0, 1, 0])
    equal(outcome(other, other.scsi(start, lun=SLOW_LUN)), OK, "start")
    equal(read_slow(other, 64, 8), b"1" * 4096, "what was written")
    for c in (holder, waiter, other):
        c.close()


@case
def anything_at_once() -> None:
    """Overlapping ranges, cut data, aborts and closes at random, before and after a thaw."""
    ends: list[Conn] = []

    def one(isid: int, rng: random.Random, rounds: int) -> None:
        # Use a new ISID each time: a login with a used one waits for its old commands to end.
        c = session(isid=isid, FirstBurstLength=2048,
                    **(SOLICITED if rng.random() < 0.5 else UNSOLICITED))
        tags: list[int] = []
        for _ in range(rounds):
            lba, blocks = rng.randrange(40, 90), rng.choice((1, 1, 2, 8, 30))
            cdb, length = rng.choice(((caw(lba, blocks), blocks * 1024),
                                      (same16(lba, blocks), 512), (same16(lba, blocks, 1), 0),
                                      (write10(lba, blocks), blocks * 512),
                                      (write10(lba, blocks), blocks * 512)))
            if rng.random() < 0.1:
                length = rng.randrange(70000)
            data = bytes(rng.choice((0, min(length, 512), min(length, 2048))))
            flags = rng.choice((FINAL, FINAL, FINAL, 0)) if length else FINAL
            attribute = rng.choice((SIMPLE, SIMPLE, SIMPLE, SIMPLE, ORDERED, HEAD, ACA))
            if length:
                flags |= WRITE
            tags.append(c.scsi(cdb, flags | attribute, length, data,
                               lun=rng.choice((SLOW_LUN, SLOW_LUN, SLOW_LUN, REMOVABLE))))
            what = rng.random()
            if what < 0.08:
                c.tmf(ABORT_TASK, rng.choice(tags), SLOW_LUN, c.cmdsn - 1)
            elif what < 0.09:
                c.tmf(rng.choice((ABORT_TASK_SET, CLEAR_TASK_SET, LUN_RESET)), lun=SLOW_LUN)
            elif what < 0.2:
                c.data_out(rng.choice(tags), NONE, rng.choice((0, 512, 2048)), bytes(512), 0,
                           rng.random() < 0.7)
            if len(tags) > 100:
                break
        end = rng.random()
        if end < 0.4:
            c.sock.settimeout(0.05)
            with contextlib.suppress(TimeoutError, Closed):
                while True:
                    pdu = c.recv()
                    if pdu.opcode == R2T and rng.random() < 0.8:
                        c.data_out(pdu.itt, pdu.ttt, pdu.offset, bytes(pdu.resid))
        elif end < 0.6:
            c.logout()
        elif end < 0.7:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        ends.append(c)

    seed = int(os.environ.get("CST_SEED", random.randrange(1 << 30)))
    print(f"CST_SEED={seed}", file=sys.stderr)
    rngs = [random.Random(seed + n) for n in range(6)]
    isids = itertools.count(100)
    for _ in range(ROUNDS * times(240, 10)):
        ends.clear()
        jobs = [functools.partial(one, next(isids), rng, rng.randrange(60)) for rng in rngs]
        with frozen() if rngs[0].random() < 0.7 else contextlib.nullcontext():
            together(*jobs)
            for c in ends[::2]:
                c.close()
        for c in ends:
            c.close()
    # All commands have ended, and no command holds the blocks.
    c = session(isid=1)
    equal(outcome(c, write_slow(c, 40, bytes(512) * 60)), OK, "a write")
    data = bytes(512) * 60 + b"e" * 512 * 60
    equal(outcome(c, c.scsi(caw(40, 60), FINAL | WRITE, len(data), data, lun=SLOW_LUN)), OK,
          "COMPARE AND WRITE")
    itt = c.scsi(b"\x35" + bytes(9), FINAL | ORDERED, lun=SLOW_LUN)
    equal(outcome(c, itt), OK, "ORDERED")
    c.close()


@case
def memory_of_many_steps() -> None:
    """Each command needs a megabyte of its own: sessions get their share, and others theirs."""
    other = session(isid=1)
    sessions = [session(isid=10 + n) for n in range(3)]
    waiting = [[c.scsi(same16(0, 4096, 1), lun=REMOVABLE) for _ in range(32)]
               for c in sessions]
    longest = 0.0
    for n in range(20):
        begin = time.monotonic()
        equal(outcome(other, other.write10(n, 8, bytes(4096))), OK, "LUN 0")
        longest = max(longest, time.monotonic() - begin)
    print(f"a write beside took at most {longest:.3f} s", file=sys.stderr)
    for c, tags in zip(sessions[:2], waiting):
        ended = outcomes(c, tags)
        assert set(ended.values()) <= {OK, "status 0x28", "status 0x8"}, f"{set(ended.values())}"
        assert OK in ended.values(), "none has been served"
    for c in (*sessions, other):
        c.close()


# --- stop, eject, prevent ---


@case
def stopped_and_ejected_by_some() -> None:
    """Some sessions send START STOP UNIT and PREVENT ALLOW while others do I/O."""
    fine = {OK, MISCOMPARE, "02/3a/00", "02/04/02", "05/53/02", "06/28/00", "06/29/03", CLEARED}

    def one(n: int) -> None:
        rng = random.Random(n)
        c = session(isid=10 + n)
        for _ in range(times(160, 10)):
            tags = []
            for _ in range(30):
                cdb, data = rng.choice((
                    (bytes([0x1B, rng.randrange(2), 0, 0, rng.randrange(8), 0]), b""),
                    (bytes([0x1E, 0, 0, 0, rng.randrange(2), 0]), b""),
                    (write10(rng.randrange(64), 8), bytes(4096)), (caw(8, 4), bytes(4096)),
                    (same16(rng.randrange(64), 4096), bytes(512)),
                    (b"\x35" + bytes(9), b""), (bytes(6), b"")))
                flags = FINAL | (WRITE if data else 0) | rng.choice((SIMPLE, ORDERED, HEAD))
                tags.append(c.scsi(cdb, flags, len(data), data, lun=REMOVABLE))
            if rng.random() < 0.2:
                tmf = c.tmf(LUN_RESET, lun=REMOVABLE)
                while (pdu := c.recv()).itt != tmf:
                    assert pdu.opcode in (SCSI_RSP, R2T), f"opcode {pdu.opcode:#x}"
                equal(pdu.response, COMPLETE, "reset")
                continue
            if rng.random() < 0.1:
                c.close()
                c = session(isid=10 + n)
                continue
            drain(c, tags, fine)
        c.close()

    together(*(lambda n=n: one(n) for n in range(5)))
    c = session(isid=1)
    assert outcome(c, c.scsi(bytes([0x1B, 0, 0, 0, 3, 0]), lun=REMOVABLE)) == OK, "load"
    past_attentions(c, REMOVABLE)
    equal(outcome(c, c.scsi(bytes(6), lun=REMOVABLE)), OK, "ready")
    # No session that prevents removal is left.
    equal(outcome(c, c.scsi(bytes([0x1B, 0, 0, 0, 2, 0]), lun=REMOVABLE)), OK, "eject")
    equal(outcome(c, c.scsi(bytes([0x1B, 0, 0, 0, 3, 0]), lun=REMOVABLE)), OK, "load")
    c.close()


def drain(c: Conn, tags: list[int], fine: set[str]) -> None:
    """Take the answers of these commands; some were cleared by others, and get no answer."""
    left = set(tags)
    old = c.sock.gettimeout()
    try:
        while left:
            # Commands that another session's reset has aborted are never answered.
            c.sock.settimeout(1 if len(left) < len(tags) else 3 * SLOW)
            try:
                pdu = c.recv()
            except TimeoutError:
                break
            if pdu.opcode == R2T:
                c.data_out(pdu.itt, pdu.ttt, pdu.offset, bytes(pdu.resid))
                continue
            assert pdu.opcode == SCSI_RSP, f"opcode {pdu.opcode:#x}"
            left.discard(pdu.itt)
            assert pdu.sense() in fine, pdu.sense()
    finally:
        c.sock.settimeout(old)


# --- configuration meanwhile ---


def configure(stop: threading.Event, rng: random.Random) -> None:
    """Change LUN 2 and its device in every way, refused or not; restore them at the end."""
    device, map_lun = f"{TREE}/handlers/vdisk_fileio/removable", f"{TREE}/{MAP}/2"

    def put(path: str, value: object) -> None:
        with contextlib.suppress(OSError), open(path, "w") as f:
            f.write(f"{value}\n")

    def relink() -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{map_lun}/device")
        with contextlib.suppress(OSError):
            os.symlink(device, f"{map_lun}/device")

    def restart(**values: object) -> None:
        put(f"{device}/enabled", 0)
        for name, value in values.items():
            put(f"{device}/{name}", value)
        put(f"{device}/enabled", 1)

    def shrink() -> None:
        put(f"{device}/allow_shrink", 1)
        put(f"{device}/size", rng.choice((1 << 15, 45 << 9, 1 << 20, 16 << 20)))

    def end_a_session() -> None:
        folders = [f for f in os.listdir(SESSIONS) if f.startswith("iqn.2026-01.example:raw")]
        if folders:
            put(f"{SESSIONS}/{rng.choice(folders)}/force_close", 1)

    changes: tuple[Callable[[], object], ...] = (
        restart, lambda: restart(blocksize=rng.choice((512, 1024, 4096)), size=0),
        lambda: restart(write_through=rng.randrange(2), o_direct=rng.randrange(2)),
        lambda: restart(removable=rng.randrange(2), read_only=rng.randrange(2)), shrink, shrink,
        relink, relink, lambda: put(f"{map_lun}/read_only", rng.randrange(2)), end_a_session)
    while not stop.is_set():
        rng.choice(changes)()
        time.sleep(rng.choice((0, 0.002, 0.02)))
    put(f"{map_lun}/read_only", 0)
    restart(blocksize=512, size=0, write_through=0, o_direct=0, removable=1, read_only=0)
    relink()


@case
def anything_while_it_is_configured() -> None:
    """Random commands to a disk that is resized, restarted, removed and given back."""
    def one(isid: int) -> None:
        rng = random.Random(isid)
        for _ in range(ROUNDS * times(80, 8)):
            with contextlib.suppress(Closed, PermissionError, TimeoutError):
                c = Conn(TARGET, isid=isid, timeout=2 * SLOW)
                for _ in range(rng.randrange(20, 60)):
                    lba, blocks = rng.randrange(90), rng.choice((1, 2, 8, 30, 8192))
                    cdb, length = rng.choice(((caw(lba, blocks & 255), (blocks & 255) * 1024),
                                              (same16(lba, blocks), 512),
                                              (same16(lba, blocks, 1), 0),
                                              (write10(lba, blocks & 255), (blocks & 255) * 512),
                                              (bytes([0x1B, 0, 0, 0, rng.randrange(8), 0]), 0),
                                              (bytes([0x1E, 0, 0, 0, rng.randrange(2), 0]), 0),
                                              (b"\x25" + bytes(9), 0), (bytes(6), 0)))
                    data = bytes(min(length, 512 * rng.randrange(70)))
                    flags = (WRITE if length else 0) | rng.choice((SIMPLE, SIMPLE, ORDERED, HEAD))
                    c.scsi(cdb, FINAL | flags, length, data, lun=REMOVABLE)
                    if rng.random() < 0.02:
                        c.tmf(rng.choice((ABORT_TASK_SET, CLEAR_TASK_SET, LUN_RESET, WARM_RESET)),
                              lun=REMOVABLE)
                if rng.random() < 0.5:
                    # The answer to the logout comes last.
                    itt = c.logout()
                    while (pdu := c.recv()).itt != itt:
                        if pdu.opcode == R2T:
                            c.data_out(pdu.itt, pdu.ttt, pdu.offset, bytes(pdu.resid))
                c.close()

    stop = threading.Event()
    administrator = threading.Thread(target=configure, args=(stop, random.Random(1)))
    administrator.start()
    try:
        together(*(functools.partial(one, 100 + n) for n in range(4)))
    finally:
        stop.set()
        administrator.join()
    c = session(isid=1)
    equal(outcome(c, c.scsi(bytes([0x1B, 0, 0, 0, 3, 0]), lun=REMOVABLE)), OK, "load")
    past_attentions(c, REMOVABLE)
    for cdb, data in ((write10(0, 90), bytes(90 * 512)), (caw(0, 60), bytes(120 * 512)),
                      (same16(0, 32768), bytes(512))):
        itt = c.scsi(cdb, FINAL | WRITE | ORDERED, len(data), data, lun=REMOVABLE)
        equal(outcome(c, itt), OK, "all is well again")
    c.close()


# --- the well-known logical unit, and the reported commands ---


def command(c: Conn, cdb: bytes, way: int = 0, length: int = 0, number: int = 0) -> tuple[str, bytes]:
    """Send a command; return the sense and the data-in."""
    itt = c.scsi(cdb, FINAL | way, length, bytes(length) if way == WRITE else b"", lun=number)
    data = b""
    while True:
        pdu = c.recv()
        if pdu.opcode == R2T:
            c.data_out(itt, pdu.ttt, pdu.offset, bytes(pdu.resid))
            continue
        equal(pdu.itt, itt, "tag")
        if pdu.opcode == DATA_IN:
            data += pdu.data
            if pdu.flags & 1:
                return OK, data
            continue
        equal(pdu.opcode, SCSI_RSP, "opcode")
        return pdu.sense(), data


def supported(c: Conn, number: int, opcode: int, action: int, option: int,
              length: int = 512) -> tuple[str, bytes]:
    cdb = struct.pack(">BBBBHI2x", 0xA3, 0x0C, option, opcode, action, length)
    return command(c, cdb, READ if length else 0, length, number)


@case
def everything_at_the_well_known_unit() -> None:
    """Each operation code with and without data, in both directions; attributes; VPD pages."""
    c = conn()
    knows = {0x00: OK, 0x03: OK, 0x12: OK, 0xA0: OK, 0xA3: "05/24/00"}
    for opcode in range(256):
        for way, length in ((0, 0), (READ, 4096), (WRITE, 512)):
            attribute = (0, SIMPLE, ORDERED, HEAD)[opcode % 4]
            cdb = bytes([opcode]) + bytes(8) + (b"\xff" if opcode == 0xA0 else b"\0") + bytes(6)
            sense, data = command(c, cdb, way | attribute, length, WELL_KNOWN)
            want = knows.get(opcode, "05/20/00")
            equal(sense, want, f"opcode {opcode:#x}, {way}")
            assert not data or opcode in knows, f"data of {opcode:#x}"
    for page in range(256):
        for length in (0, 4, 255):
            cdb = struct.pack(">BBBHB", 0x12, 1, page, length, 0)
            sense, data = command(c, cdb, READ if length else 0, length, WELL_KNOWN)
            equal(sense, OK if page in (0, 0x83) else FIELD, f"page {page:#x}")
            assert len(data) <= length, "more than there is room for"
    for number in (0xC100, 0xC102, 0xC1FF, 0xD101, 0xE101, 0x8000, 0x8101, 0x0101, 0xC001):
        sense, _ = command(c, bytes(6), number=number)
        equal(sense, "05/25/00", f"LUN {number:#x}")
    c.alive()
    c.close()


@case
def what_is_supported_is() -> None:
    """For each operation code and service action, compare the list with the unit's behaviour."""
    c = session()
    for number, known in ((0, 0), (WELL_KNOWN, 0)):
        _, everything = command(c, struct.pack(">BBBBHI2x", 0xA3, 0x0C, 0x80, 0, 0, 65535), READ,
                                65535, number)
        there = {}
        for at in range(4, 4 + int.from_bytes(everything[:4], "big"), 20):
            opcode, action, flags, size = struct.unpack_from(">BxHxBH", everything, at)
            there[opcode, action if flags & 1 else None] = size
            equal(flags & 2, 2, "the timeouts descriptor is there")
        coded = {opcode for opcode, action in there if action is not None}
        for opcode in range(256):
            for action in range(33):
                if action and opcode not in coded and opcode % 64:
                    continue
                key = opcode, action if opcode in coded else None
                for option in (1, 2, 3, 0x81, 0x82, 0x83):
                    sense, data = supported(c, number, opcode, action, option)
                    what = f"opcode {opcode:#x}/{action:#x}, option {option:#x}"
                    has = any(opcode == o for o, _ in there)
                    if (option & 7 == 1 and opcode in coded) or \
                            (option & 7 == 2 and has and opcode not in coded):
                        equal(sense, FIELD, what)
                        continue
                    equal(sense, OK, what)
                    yes = key in there and not (option & 7 == 3 and action and
                                                opcode not in coded)
                    equal(data[1] & 7, 3 if yes else 1, what)
                    if yes:
                        equal(len(data), 4 + there[key] + (12 if option & 0x80 else 0), what)
                        equal(int.from_bytes(data[2:4], "big"), there[key], what)
                        equal(data[4], opcode, what)
        for option in (4, 5, 6, 7, 0x84):
            equal(supported(c, number, 0x28, 0, option)[0], FIELD, f"option {option}")
        for length in (0, 1, 3, 4, 5, 19, 20):
            for option in (0, 3, 0x80, 0x83):
                sense, data = supported(c, number, 0x12, 0, option, length)
                assert sense == OK and len(data) <= length, f"{sense}, {len(data)} of {length}"
        refused_bits(c, number, there)
        assert not known
    c.alive()
    c.close()


def refused_bits(c: Conn, number: int, there: dict[tuple[int, int | None], int]) -> None:
    """Check that a bit outside the usage map is refused, with a field pointer to it."""
    for opcode, action in there:
        _, data = supported(c, number, opcode, action or 0, 1 if action is None else 2)
        usage = bytearray(data[4:])
        if len(usage) > 16:
            continue  # a CDB for an AHS; the unit tests try each of its bits
        for byte in range(1, len(usage)):
            for bit in range(8):
                # Other bits of the service action make another command.
                if usage[byte] >> bit & 1 or (byte == 1 and bit < 5 and action is not None):
                    continue
                cdb = bytearray(len(usage))
                cdb[0] = opcode
                if action is not None:
                    cdb[1] = action
                cdb[byte] |= 1 << bit
                itt = c.scsi(bytes(cdb).ljust(16, b"\0"), lun=number)
                pdu = c.expect(SCSI_RSP, itt)
                what = f"{cdb.hex()}"
                equal(pdu.sense(), FIELD, what)
                equal((pdu.data[2 + 15], int.from_bytes(pdu.data[18:20], "big")),
                      (0xC8 | bit, byte), f"field pointer of {what}")


main()
