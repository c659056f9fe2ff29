# SPDX-License-Identifier: GPL-2.0-only
"""Disks with a volatile write cache, whose power can be cut: an NBD server for qemu.

A write is kept in memory until a flush makes it durable; a read sees it at once.
The cut comes when a given number of requests have arrived after the guest has asked
for a cut.  From then on no request is answered.  Some of the writes that no flush
covers, chosen at random, reach the medium, whole or torn between physical blocks.
Writes to the same sector keep their order.  The other writes are lost.

A flush covers only the writes that were answered before it came.  So that there are
other writes, too, answers to writes are held back for a while.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from blocks import SECTOR

OPTION_MAGIC = 0x49484156454F5054
REPLY_MAGIC = 0x3E889045565A9
REQUEST = struct.Struct(">IHHQQI")
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
EINVAL = 22
# HAS_FLAGS and SEND_FLUSH, without SEND_FUA: a guest then sends a flush instead of FUA.
TRANSMISSION_FLAGS = 1 | 4
# The size of a cache: when it is full, the older half goes to the medium.
CACHED_WRITES = 4000
HELD_ANSWERS = 8


@dataclass
class Write:
    """A write that no flush has covered yet."""

    offset: int
    data: bytes
    answered: bool = False

    def overlaps(self, other: Write) -> bool:
        return self.offset < other.offset + len(other.data) and other.offset < self.offset + len(self.data)


@dataclass
class Cut:
    """A power cut; everything about it follows from the seed."""

    seed: int
    requests: int
    kept: float
    torn: float

    @classmethod
    def from_seed(cls, seed: int) -> Cut:
        chance = random.Random(seed)
        return cls(seed, int(10 ** chance.uniform(2, 3.4)), chance.choice((0.0, 0.2, 0.5, 0.8, 0.95)),
                   chance.choice((0.0, 0.1, 0.5)))


@dataclass
class Disk:
    """One disk: the medium is a file, the cache a list."""

    name: str
    path: Path
    size: int
    # The bytes that the medium writes whole or not at all, even when the power goes.
    block: int = SECTOR
    cache: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.file, self.size)

    def read(self, offset: int, length: int) -> bytes:
        data = bytearray(os.pread(self.file, length, offset))
        for write in self.cache:
            begin = max(write.offset, offset)
            end = min(write.offset + len(write.data), offset + length)
            if begin < end:
                data[begin - offset : end - offset] = write.data[begin - write.offset : end - write.offset]
        return bytes(data)

    def make_durable(self, writes: list[Write]) -> None:
        for write in writes:
            os.pwrite(self.file, write.data, write.offset)

    def write(self, offset: int, data: bytes) -> Write:
        write = Write(offset, data)
        self.cache.append(write)
        if len(self.cache) > CACHED_WRITES:
            self.make_durable(self.cache[: CACHED_WRITES // 2])
            del self.cache[: CACHED_WRITES // 2]
        return write

    def flush(self) -> None:
        """Make durable all writes that were answered."""
        left: list[Write] = []
        for write in self.cache:
            if not write.answered:
                left.append(write)
                continue
            # Older writes that a covered write overlaps become durable before it.  They
            # were not answered, so that writes below these have no order with them.
            self.make_durable([*(w for w in left if w.overlaps(write)), write])
            left = [w for w in left if not w.overlaps(write)]
        self.cache = left

    def lose_power(self, cut: Cut) -> int:
        """Choose which cached writes reach the medium; return the number of lost ones."""
        chance = random.Random(f"{cut.seed} {self.name}")
        lost = 0
        for write in self.cache:
            if chance.random() >= cut.kept:
                lost += 1
            elif chance.random() < cut.torn:
                lost += 1
                end = write.offset + len(write.data)
                for block in range(write.offset // self.block * self.block, end, self.block):
                    first, last = max(block, write.offset), min(block + self.block, end)
                    if chance.random() < 0.5:
                        os.pwrite(self.file, write.data[first - write.offset : last - write.offset], first)
            else:
                os.pwrite(self.file, write.data, write.offset)
        self.cache = []
        return lost

    def close(self) -> None:
        os.close(self.file)


class Stream:
    """A socket that can tell whether another request is there already."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()

    def read(self, length: int) -> bytes:
        while len(self.buffer) < length:
            more = self.sock.recv(1 << 18)
            if not more:
                raise ConnectionError
            self.buffer += more
        data = bytes(self.buffer[:length])
        del self.buffer[:length]
        return data

    def more(self, seconds: float) -> bool:
        """Return whether another request comes within this time."""
        if len(self.buffer) >= REQUEST.size:
            return True
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(1 << 18)
        except (TimeoutError, BlockingIOError):
            return False
        finally:
            self.sock.settimeout(None)
        if not data:
            raise ConnectionError
        self.buffer += data
        return len(self.buffer) >= REQUEST.size


class Server:
    """Serves disks until the power is cut; `pulled` is called then, to stop the machine."""

    def __init__(self, path: Path, disks: list[Disk], cut: Cut, pulled: Callable[[], None],
                 lies: bool = False) -> None:
        self.disks = {disk.name: disk for disk in disks}
        self.cut = cut
        self.pulled = pulled
        self.lies = lies
        self.lock = threading.Lock()
        self.armed = False
        self.off = False
        self.requests = 0
        self.chance = random.Random(f"{cut.seed} answers")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connection, args=(sock,), daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def connection(self, sock: socket.socket) -> None:
        stream = Stream(sock)
        try:
            disk = self.negotiate(stream)
            while disk and self.requests_of(stream, disk):
                pass
        except ConnectionError:
            pass
        finally:
            sock.close()

    def negotiate(self, stream: Stream) -> Disk | None:
        send = stream.sock.sendall
        send(b"NBDMAGIC" + struct.pack(">QH", OPTION_MAGIC, 3))
        stream.read(4)
        while True:
            _, option, length = struct.unpack(">QII", stream.read(16))
            data = stream.read(length)

            def reply(kind: int, payload: bytes = b"", option: int = option) -> None:
                send(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(payload)) + payload)

            if option == 2:
                reply(1)
                return None
            if option != 7:
                reply((1 << 31) + 1)
                continue
            name = data[4 : 4 + struct.unpack(">I", data[:4])[0]].decode()
            disk = self.disks.get(name)
            if not disk:
                reply((1 << 31) + 6)
                continue
            reply(3, struct.pack(">HQH", 0, disk.size, TRANSMISSION_FLAGS))
            reply(3, struct.pack(">HIII", 3, SECTOR, 4096, 1 << 25))
            reply(1)
            return disk

    def requests_of(self, stream: Stream, disk: Disk) -> bool:
        """Take requests as long as they come at once; then answer the writes among them."""
        held: list[tuple[bytes, Write]] = []
        limit = self.chance.randrange(HELD_ANSWERS)
        go_on = True
        while True:
            _, _, kind, handle, offset, length = REQUEST.unpack(stream.read(REQUEST.size))
            data = stream.read(length) if kind == WRITE else b""
            answer = struct.pack(">IIQ", 0x67446698, 0, handle)
            if kind == DISCONNECT:
                go_on = False
                break
            with self.lock:
                if self.power_is_off(kind, data):
                    return False
                if kind == WRITE:
                    held.append((answer, disk.write(offset, data)))
                elif kind == READ:
                    stream.sock.sendall(answer + disk.read(offset, length))
                elif kind == FLUSH:
                    if not self.lies:
                        disk.flush()
                    stream.sock.sendall(answer)
                else:
                    stream.sock.sendall(struct.pack(">IIQ", 0x67446698, EINVAL, handle))
            if len(held) > limit or not stream.more(0.0005 if held else 0.0):
                break
        with self.lock:
            if self.off:
                return False
            for answer, write in held:
                write.answered = True
                stream.sock.sendall(answer)
        return go_on

    def power_is_off(self, kind: int, data: bytes) -> bool:
        """Count a request; return whether the power is off.  The caller holds self.lock."""
        if self.off:
            return True
        if kind == WRITE and data.startswith(b"cst power: cut"):
            self.armed = True
        elif self.armed and kind in (WRITE, FLUSH):
            self.requests += 1
            if self.requests >= self.cut.requests:
                self.pull()
        return self.off

    def pull(self) -> None:
        self.off = True
        self.pulled()
