# SPDX-License-Identifier: GPL-2.0-only
"""Initiators contend for one block by COMPARE AND WRITE, beside random writes of 64 KiB.

Usage: contention.py SECONDS DISK DISK DISK...

The disks are one logical unit, each through another session.  The last two write at random
places behind the block.  All others play rounds: each expects the block of the present round,
and wants to write that of the next one, with its own number.  The block names round and winner, so
a round with two winners, or with none, shows.
"""

from __future__ import annotations

import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from sgio import TO_DEV, Command, read10, write10

LBA = 77
AT = 200            # byte of the block where the round is
SECONDS_P99 = 1.0


def run(command: Command, fd: int) -> str:
    result = command.run(fd)
    while result.startswith("06/"):
        result = command.run(fd)
    return result


def block(round_: int, winner: int) -> bytes:
    # The lowest byte comes first: it differs from that of each of the next 255 rounds.
    return bytes([0x5A]) * AT + struct.pack("<QQ", round_, winner) + bytes(512 - AT - 16)


def what(data: bytes) -> tuple[int, int]:
    round_, winner = struct.unpack_from("<QQ", data, AT)
    assert data == block(round_, winner), "the block is torn"
    return round_, winner


def check_miscompare(command: Command, mine: int, now: int) -> None:
    """The sense says where the block differs: where the rounds first do."""
    sense = command.sense.raw
    assert sense[0] == 0xF0, f"no INFORMATION: {sense[:18].hex()}"
    offset = struct.unpack_from(">I", sense, 3)[0]
    allowed = range(AT, AT + 16) if now - mine > 255 else range(AT, AT + 1)
    assert offset in allowed, f"offset {offset}, rounds {mine} to {now}"


def contend(disk: str, me: int, until: float, out: int) -> None:
    fd = os.open(disk, os.O_RDWR)
    took, wins, misses = [], [], 0
    reading = read10(LBA, 1)
    assert run(reading, fd) == "ok"
    round_, winner = what(reading.data)
    while time.monotonic() < until:
        old, new = block(round_, winner), block(round_ + 1, me)
        command = Command(struct.pack(">BBQ3xBBB", 0x89, 0, LBA, 1, 0, 0), TO_DEV, old + new)
        start = time.monotonic()
        result = run(command, fd)
        took.append(time.monotonic() - start)
        if result == "ok":
            wins.append(round_ + 1)
            round_, winner = round_ + 1, me
        else:
            assert result == "0e/1d/00", f"COMPARE AND WRITE: {result}"
            misses += 1
        # The winner lets the others have a look, too.
        assert run(reading, fd) == "ok"
        now, by = what(reading.data)
        assert now >= round_, f"round {round_} is lost: the block has {now}"
        if result != "ok":
            assert now > round_, f"round {round_} has no other winner"
            check_miscompare(command, round_, now)
        round_, winner = now, by
    with os.fdopen(out, "wb") as f:
        f.write(struct.pack("<II", len(wins), misses))
        f.write(b"".join(struct.pack("<Q", w) for w in wins))
        f.write(b"".join(struct.pack("<d", t) for t in took))


def load(disk: str, me: int, until: float, out: int) -> None:
    fd = os.open(disk, os.O_RDWR)
    rng = random.Random(me)
    writes = [write10(0, bytes([i + 1]) * 65536) for i in range(4)]
    done = 0
    while time.monotonic() < until:
        command = writes[done % len(writes)]
        struct.pack_into(">I", command.cdb, 2, LBA + 1 + rng.randrange(64 * 1024))
        result = run(command, fd)
        assert result == "ok", f"WRITE: {result}"
        done += 1
    with os.fdopen(out, "wb") as f:
        f.write(struct.pack("<II", 0, done))


def main(seconds: str, *disks: str) -> None:
    until = time.monotonic() + int(seconds)
    first = os.open(disks[0], os.O_RDWR)
    assert run(write10(LBA, block(0, 0)), first) == "ok"
    children = []
    for me, disk in enumerate(disks):
        out, to = os.pipe()
        job = load if me >= len(disks) - 2 else contend
        pid = os.fork()
        if not pid:
            status = 1
            try:
                job(disk, me, until, to)
                status = 0
            except AssertionError as e:
                print(e, file=sys.stderr)
            finally:
                os._exit(status)
        os.close(to)
        children.append((pid, out))

    wins: list[int] = []
    took: list[float] = []
    misses = writes = failed = 0
    for me, (pid, out) in enumerate(children):
        with os.fdopen(out, "rb") as f:
            data = f.read()
        failed += os.waitpid(pid, 0)[1] != 0
        if not data:
            continue
        won, missed = struct.unpack_from("<II", data)
        if me >= len(disks) - 2:
            writes += missed
            continue
        misses += missed
        wins += struct.unpack_from(f"<{won}Q", data, 8)
        took += struct.unpack_from(f"<{won + missed}d", data, 8 + 8 * won)
        assert won, f"initiator {me} has never won"
    assert not failed, f"{failed} of {len(children)} processes failed"
    reading = read10(LBA, 1)
    assert run(reading, first) == "ok"
    last = what(reading.data)[0]
    assert sorted(wins) == list(range(1, last + 1)), "a round has no winner, or two"
    took.sort()
    p99 = took[len(took) * 99 // 100]
    print(f"{last} rounds, {misses} misses, {writes} writes of 64 KiB; COMPARE AND WRITE took "
          f"{took[len(took) // 2] * 1000:.2f} ms (median), {p99 * 1000:.2f} ms (99 %), "
          f"{took[-1] * 1000:.2f} ms at most")
    assert misses, "nobody has contended"
    assert p99 < SECONDS_P99, f"{p99} s"


if __name__ == "__main__":
    main(*sys.argv[1:])
