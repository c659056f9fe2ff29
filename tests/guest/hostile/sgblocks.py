# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with commands that hold blocks for themselves, through SG_IO on two hosts.

Usage: sgblocks.py /dev/sgX /dev/sgY FROZEN [CASE...]

Both are the same disk of 16 MiB, whose file lies on the file system at FROZEN.  While that
is frozen, a write does not end, a COMPARE AND WRITE of the same blocks waits for the write,
and all other commands that write these blocks wait for the COMPARE AND WRITE.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Iterator

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, case, equal, main, times, together, until
from sgio import FROM_DEV, NONE, TO_DEV, Command, read10, write10

SG, SAME, FROZEN = sys.argv[1], sys.argv.pop(2), sys.argv.pop(2)
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
OK, MISCOMPARE, LENGTH, FIELD, OTHER_WAY = "ok", "0e/1d/00", "05/0e/03", "05/24/00", "05/49/00"
TIMED_OUT = "host 3"


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def caw(lba: int, blocks: int) -> bytes:
    return struct.pack(">BBQ3xBBB", 0x89, 0, lba, blocks, 0, 0)


def same16(lba: int, blocks: int, flags: int = 0) -> bytes:
    return struct.pack(">BBQIBB", 0x93, flags, lba, blocks, 0, 0)


def run(command: Command, fd: int) -> str:
    """Run a command; repeat it after unit attentions, which resets by others cause."""
    while (result := command.run(fd)).startswith("06/"):
        pass
    return result


def opened(path: str = SG) -> int:
    return os.open(path, os.O_RDWR)


def in_pieces(command: Command, data: bytes, rng: random.Random) -> list[ctypes.Array[ctypes.c_char]]:
    """Put the data into odd pieces at odd addresses; the caller keeps the returned memory."""
    cuts = sorted({0, len(data), *(rng.randrange(len(data) + 1) for _ in range(rng.randrange(9)))})
    pieces, vectors = [], []
    for begin, end in zip(cuts, cuts[1:]):
        offset = rng.randrange(64)
        piece = ctypes.create_string_buffer(bytes(offset) + data[begin:end], offset + end - begin)
        pieces.append(piece)
        vectors.append(IoVec(ctypes.addressof(piece) + offset, end - begin))
    array = (IoVec * len(vectors))(*vectors)
    command.hdr.iovec_count = len(vectors)
    command.hdr.dxferp = ctypes.addressof(array)
    return [*pieces, array]  # type: ignore[list-item]


@contextlib.contextmanager
def frozen() -> Iterator[None]:
    fd = os.open(FROZEN, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.ioctl(fd, FIFREEZE, 0)
    try:
        yield
    finally:
        fcntl.ioctl(fd, FITHAW, 0)
        os.close(fd)


def busy(path: str) -> int:
    with open(f"/sys/class/scsi_generic/{os.path.basename(path)}/device/device_busy") as f:
        return int(f.read())


class Child:
    """A process that runs one command; its exit status is the result."""

    def __init__(self, path: str, command: Command):
        self.pid = os.fork()
        if not self.pid:
            result = "error"
            with contextlib.suppress(OSError):
                result = command.run(opened(path))
            os._exit({OK: 0, TIMED_OUT: 3}.get(result, 9))

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


# --- lengths ---


@case
def lengths_that_do_not_fit() -> None:
    fd = opened()
    run(write10(0, bytes(512 * 1024)), fd)
    for blocks in (0, 1, 2, 16, 255):
        wants = 1024 * blocks
        for length in sorted({0, 1, 511, 512, 513, max(wants - 512, 0), max(wants - 1, 0), wants,
                              wants + 1, wants + 512, 2 * wants}):
            command = Command(caw(0, blocks), TO_DEV if length else NONE, bytes(length))
            what = f"{blocks} blocks with {length} bytes"
            equal(run(command, fd), OK if length >= wants else LENGTH, what)
            if length >= wants:
                equal(command.hdr.resid, length - wants, f"residual of {what}")
        equal(run(Command(caw(0, blocks), FROM_DEV, 4096), fd), OTHER_WAY if blocks else OK,
              "as a read")
    for blocks in (1, 8, 4096):
        for flags, wants in ((0, 512), (1, 0), (8, 512), (9, 0)):
            for length in (0, 1, 511, 512, 513, 4096, 65536):
                command = Command(same16(0, blocks, flags), TO_DEV if length else NONE,
                                  bytes(length))
                what = f"WRITE SAME {flags} of {blocks} blocks with {length} bytes"
                equal(run(command, fd), OK if length >= wants else LENGTH, what)
                if length >= wants:
                    equal(command.hdr.resid, length - wants, f"residual of {what}")
            # Without UNMAP, which is for thin disks, as this one is.
            for bit in (0x10, 0x18, 0x20, 2):
                equal(run(Command(same16(0, blocks, flags | bit), TO_DEV, bytes(512)), fd), FIELD,
                      f"byte 1 {flags | bit:#x}")
    os.close(fd)


@case
def data_in_odd_pieces() -> None:
    """Page boundaries and pieces lie anywhere in the data that is compared and written."""
    rng = random.Random(6)
    fd = opened()
    now = bytearray(64 * 512)
    equal(run(write10(0, bytes(now)), fd), OK, "write")
    for _ in range(times(1600, 100)):
        lba, blocks = rng.randrange(40), rng.choice((1, 2, 3, 8, 24))
        at = slice(lba * 512, (lba + blocks) * 512)
        old, new = bytearray(now[at]), rng.randbytes(blocks * 512)
        wrong = rng.random() < 0.5
        if wrong:
            where = rng.choice((0, 511, len(old) - 1, rng.randrange(len(old))))
            old[where] ^= 1 << rng.randrange(8)
        command = Command(caw(lba, blocks), TO_DEV, bytes(old) + new)
        kept = in_pieces(command, bytes(old) + new, rng)
        equal(run(command, fd), MISCOMPARE if wrong else OK, f"{len(kept) - 1} pieces")
        if wrong:
            equal(int.from_bytes(command.sense.raw[3:7], "big"), where, "INFORMATION")
        else:
            now[at] = new
        if rng.random() < 0.3:
            lba, blocks, block = rng.randrange(32), rng.randrange(1, 32), rng.randbytes(512)
            command = Command(same16(lba, blocks), TO_DEV, block)
            kept = in_pieces(command, block, rng)
            equal(run(command, fd), OK, "WRITE SAME")
            now[lba * 512:(lba + blocks) * 512] = block * blocks
        if rng.random() < 0.2:
            command = read10(0, 64)
            equal(run(command, fd), OK, "read")
            equal(command.data == now, True, "what is there is what was written")
    os.close(fd)


# --- waiting ---


def attention_gone() -> None:
    for path in (SG, SAME):
        fd = opened(path)
        run(Command(bytes(6)), fd)
        os.close(fd)


def commands(rng: random.Random, number: int, timeout: float) -> list[Command]:
    return [rng.choice((
        Command(caw(64, 1), TO_DEV, b"1" * 512 + b"2" * 512, timeout),
        Command(caw(60, 12), TO_DEV, bytes(12288), timeout),
        Command(struct.pack(">BBIBHB", 0x2A, 0, 64, 0, 8, 0), TO_DEV, bytes(4096), timeout),
        Command(same16(0, 100), TO_DEV, bytes(512), timeout),
        Command(same16(66, 100, 1), NONE, 0, timeout))) for _ in range(number)]


def held() -> list[Child]:
    """Start a write of blocks 64 to 71 on the frozen file system, and commands that wait for it."""
    cdb = struct.pack(">BBIBHB", 0x2A, 0, 64, 0, 8, 0)
    first = Child(SG, Command(cdb, TO_DEV, b"1" * 4096, 200))
    until(20, lambda: busy(SG) == 1, "the write is under way")
    second = Child(SG, Command(caw(64, 8), TO_DEV, b"1" * 4096 + b"2" * 4096, 200))
    until(20, lambda: busy(SG) == 2, "the holder is under way")
    return [first, second]


@case
def timed_out_while_they_wait() -> None:
    """Linux aborts the waiting commands after a time-out and goes on; others are not affected."""
    attention_gone()
    rng = random.Random(1)
    with frozen():
        holders = held()
        begin = time.monotonic()
        children = [Child(SAME, c) for c in commands(rng, 12, 1)]
        equal({child.wait() for child in children}, {3}, "all have timed out")
        took = time.monotonic() - begin
        assert took < 8 + 2 * SLOW, f"{took:.0f} s"
        fd = opened(SAME)
        equal(run(Command(bytes(6)), fd), OK, "the disk is there")
        os.close(fd)
    equal([child.wait() for child in holders], [0, 0], "the write and the holder")
    fd = opened(SAME)
    command = read10(64, 8)
    equal(run(command, fd), OK, "read")
    equal(command.data, b"2" * 4096, "what the holder wrote")
    os.close(fd)


@case
def killed_while_they_wait() -> None:
    """The processes of waiting commands are killed, so that no process takes the answers."""
    attention_gone()
    rng = random.Random(2)
    with frozen():
        holders = held()
        children = [Child(rng.choice((SG, SAME)), c) for c in commands(rng, 12, 100)]
        until(20, lambda: busy(SG) + busy(SAME) == 14, "they are under way")
        for child in children:
            os.kill(child.pid, signal.SIGKILL)
        equal({child.wait() for child in children}, {-signal.SIGKILL}, "ends")
    equal([child.wait() for child in holders], [0, 0], "the write and the holder")
    until(20, lambda: not busy(SG) and not busy(SAME), "all of them have ended")


@case
def reset_while_they_wait() -> None:
    """One host resets the unit while commands of both hosts wait."""
    attention_gone()
    rng = random.Random(3)
    with frozen():
        holders = held()
        children = [Child(rng.choice((SG, SAME)), c) for c in commands(rng, 12, 200)]
        until(20, lambda: busy(SG) + busy(SAME) == 14, "they are under way")
        resetter = os.fork()
        if not resetter:
            with contextlib.suppress(OSError):
                # SG_SCSI_RESET of the device
                fcntl.ioctl(opened(SAME), 0x2284, struct.pack("i", 1))
            os._exit(0)
        # The reset waits for the write.
        time.sleep(0.5)
    os.waitpid(resetter, 0)
    # The mid-layer repeats some commands and returns others; none is lost.
    for child in holders + children:
        child.wait()
    until(20, lambda: not busy(SG) and not busy(SAME), "all of them have ended")
    attention_gone()
    fd = opened(SG)
    equal(run(write10(64, bytes(4096)), fd), OK, "the blocks are nobody's")
    os.close(fd)


@case
def many_at_once() -> None:
    """Eight threads send commands by both hosts: every result is one of the allowed ones."""
    def one(n: int) -> None:
        rng = random.Random(n)
        fd = opened(rng.choice((SG, SAME)))
        for command in commands(rng, times(1600, 100), 60):
            result = run(command, fd)
            assert result in (OK, MISCOMPARE), f"{result}"
        os.close(fd)

    together(*(functools.partial(one, n) for n in range(8)))


main()
