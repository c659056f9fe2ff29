# SPDX-License-Identifier: GPL-2.0-only
"""Attacks on memory: how much an initiator can make the target keep, and for how long.

Usage: pinning.py TARGET DISK [CASE...]

DISK is the disk of another session, which is under load meanwhile: the load must keep
half of its speed.  Needs cmd_mem_limit_mb 64 and QueuedCommands 128.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import case, conn, equal, main, times, until
from rawiscsi import NOP_IN, R2T, SCSI_RSP, TMF_RSP, Conn

SOLICITED = {"InitialR2T": "Yes", "ImmediateData": "No"}
DISK = os.path.basename(sys.argv.pop(2))
LIMIT_MB = 64
WINDOW = 3.0


def rate() -> float:
    """Return the I/Os per second of the other session."""
    def ios() -> int:
        with open(f"/sys/block/{DISK}/stat") as f:
            fields = f.read().split()
        return int(fields[0]) + int(fields[4])

    begin, start = ios(), time.monotonic()
    time.sleep(WINDOW)
    return (ios() - begin) / (time.monotonic() - start)


def half_remains(hold: Callable[[], list[Conn]], let_go: Callable[[list[Conn]], None],
                 what: str) -> None:
    """Alternate rest and attack four times, since a busy host may disturb one pair."""
    ratios = []
    for _ in range(4):
        rest = rate()
        held = hold()
        under = rate()
        let_go(held)
        ratios.append(under / max(rest, 1))
        print(f"{what}: {rest:.0f} IOPS at rest, {under:.0f} under attack", file=sys.stderr)
        if ratios[-1] >= 0.5:
            return
    raise AssertionError(f"{what}: the other session has {max(ratios):.0%} of its IOPS")


def open_writes(c: Conn, blocks: int, count: int) -> set[int]:
    """Send so many writes; return their tags."""
    return {c.write10(0, blocks) for _ in range(count)}


def answers(c: Conn, tags: set[int]) -> int:
    """Return how many of these writes get an R2T; the others wait for memory in vain."""
    waiting: set[int] = set()
    refused = 0
    while len(waiting) + refused < len(tags):
        pdu = c.recv()
        if pdu.opcode == R2T:
            waiting.add(pdu.itt)
        else:
            assert pdu.opcode == SCSI_RSP and pdu.status in (0x28, 8), \
                f"opcode {pdu.opcode:#x} status {pdu.status:#x}"
            assert pdu.itt in tags
            refused += 1
    return len(waiting)


def fill(c: Conn, blocks: int, count: int) -> int:
    """Send so many writes and take the answers; return how many get an R2T."""
    return answers(c, open_writes(c, blocks, count))


def close_all(conns: list[Conn]) -> None:
    for c in conns:
        c.close()


@case
def thousands_of_open_writes() -> None:
    """Sixteen sessions send all writes that their windows hold, and no data."""
    def hold() -> list[Conn]:
        conns = [conn(isid=100 + n, **SOLICITED) for n in range(times(16, 4))]
        for c in conns:
            equal(fill(c, 1, 128), 128, "open writes of a block")
        return conns

    half_remains(hold, close_all, "open writes")


@case
def one_takes_a_part() -> None:
    """Writes of eight megabytes: one session gets less than half of the memory."""
    c = conn(isid=90, **SOLICITED)
    got = fill(c, 16384, 64)
    print(f"one session holds {got * 8} of {LIMIT_MB} MiB", file=sys.stderr)
    assert 1 <= got * 8 <= LIMIT_MB // 2, f"{got * 8} MiB of {LIMIT_MB} are held by one session"
    # Another session still has room for a large command.
    other = conn(isid=91, **SOLICITED)
    assert fill(other, 8192, 1) == 1, "there is no room for four megabytes"
    c.close()
    other.close()


@case
def a_write_waits_for_memory() -> None:
    """A write for which there is no memory yet gets its R2T when there is, and is not refused."""
    c = conn(isid=93, **SOLICITED)
    waiting = {c.write10(0, 16384) for _ in range(8)}
    ping = c.nop()
    held = []
    while (pdu := c.recv()).opcode != NOP_IN:
        equal(pdu.opcode, R2T, "opcode")
        held.append(pdu.itt)
    equal(pdu.itt, ping, "tag of the NOP-In")
    waiting -= set(held)
    assert held and waiting, f"{len(held)} of 8 writes of 8 MiB have their memory"
    tmf = c.tmf(1, rtt=held[0])
    equal(c.expect(TMF_RSP, tmf).response, 0, "ABORT TASK")
    pdu = c.recv()
    equal(pdu.opcode, R2T, "opcode")
    assert pdu.itt in waiting, f"an R2T for {pdu.itt:#x}"
    # A write that waits for memory can be aborted, and then gets no R2T.
    waiting.remove(pdu.itt)
    tmf = c.tmf(1, rtt=waiting.pop())
    equal(c.expect(TMF_RSP, tmf).response, 0, "ABORT TASK")
    # The others do not wait for ever.
    while waiting:
        pdu = c.recv()
        equal((pdu.opcode, pdu.status), (SCSI_RSP, 0x28), "opcode and status")
        waiting.remove(pdu.itt)
    c.close()


@case
def many_take_almost_all() -> None:
    """Ten sessions ask for much memory: each gets a share; small commands of others find room."""
    def hold() -> list[Conn]:
        conns = [conn(isid=100 + n, **SOLICITED) for n in range(10)]
        opened = [open_writes(c, 2048, 64) for c in conns]
        got = [answers(c, tags) for c, tags in zip(conns, opened)]
        print(f"held: {got} MiB of {LIMIT_MB}", file=sys.stderr)
        assert sum(got) <= LIMIT_MB, "more than the limit"
        assert all(got), "a session got nothing at all"
        return conns

    half_remains(hold, close_all, "memory full of writes")


@case
def answers_that_nobody_reads() -> None:
    """The data of reads waits for TCP for ever, while the initiator sends NOP-Outs."""
    def hold() -> list[Conn]:
        conns = []
        for n in range(4):
            c = conn(isid=100 + n)
            for _ in range(100):
                c.read10(0, 4096)
            conns.append(c)
        return conns

    half_remains(hold, close_all, "answers unread")


@case
def memory_is_back() -> None:
    """After all these cases one session can get a large part of the memory again."""
    c = conn(isid=92, **SOLICITED)
    until(30, lambda: fill_and_clear(c) >= LIMIT_MB // 4, "a quarter of the memory")
    c.close()


def fill_and_clear(c: Conn) -> int:
    got = fill(c, 2048, 64)
    equal(c.expect(TMF_RSP, c.tmf(2)).response, 0, "ABORT TASK SET")
    return got


main()
