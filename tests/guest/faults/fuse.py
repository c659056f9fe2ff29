# SPDX-License-Identifier: GPL-2.0-only
"""A file system by FUSE, with one file, whose server can leave STATFS without an answer.

Usage: fuse.py STORE FOLDER

The file FOLDER/img has its data in the file STORE.  With SIGUSR1 the server keeps each STATFS
that comes from then on, and prints "held" for it.  With SIGUSR2 it answers those, and the next
ones again.  All other requests are answered at once.  The server ends when FOLDER is unmounted.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import struct
import sys

HEADER = struct.Struct("<IIQQIIII")
ROOT, FILE = 1, 2
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS = 1, 2, 3, 4, 14, 15, 16, 17
RELEASE, FSYNC, FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT, DESTROY = 18, 20, 25, 26, 27, 29, 36, 38
BATCH_FORGET, FALLOCATE = 42, 43
BLOCK = 4096
BLOCKS = 1 << 20    # of the file system

libc = ctypes.CDLL(None, use_errno=True)


class Server:
    """The connection to the kernel, and the file."""

    def __init__(self, store: str, folder: str) -> None:
        self.store = os.open(store, os.O_RDWR)
        self.fuse = os.open("/dev/fuse", os.O_RDWR)
        self.holds = False
        self.held: list[int] = []
        options = f"fd={self.fuse},rootmode=40000,user_id=0,group_id=0,allow_other"
        if libc.mount(b"cst-test", folder.encode(), b"fuse", ctypes.c_ulong(0), options.encode()):
            sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
        signal.signal(signal.SIGUSR1, self.hold)
        signal.signal(signal.SIGUSR2, self.let_go)

    def hold(self, *_: object) -> None:
        self.holds = True

    def let_go(self, *_: object) -> None:
        self.holds = False
        for unique in self.held:
            self.answer(unique, statfs())
        self.held.clear()

    def answer(self, unique: int, data: bytes = b"", error: int = 0) -> None:
        # Whoever asked may have been killed.
        with contextlib.suppress(FileNotFoundError):
            os.write(self.fuse, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def attributes(self, node: int) -> bytes:
        size = os.fstat(self.store).st_size if node == FILE else 0
        mode = 0o100600 if node == FILE else 0o40755
        return struct.pack("<6Q10I", node, size, os.fstat(self.store).st_blocks, 0, 0, 0,
                           0, 0, 0, mode, 1, 0, 0, 0, BLOCK, 0)

    def file_request(self, opcode: int, body: bytes) -> bytes:
        if opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return os.pread(self.store, size, offset)
        if opcode == WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            return struct.pack("<II", os.pwrite(self.store, body[40:40 + size], offset), 0)
        if opcode == FALLOCATE:
            _, offset, length, mode = struct.unpack_from("<QQQI", body)
            if libc.fallocate(self.store, mode, ctypes.c_long(offset), ctypes.c_long(length)):
                raise OSError(ctypes.get_errno(), "fallocate")
            return b""
        if opcode == FSYNC:
            os.fsync(self.store)
            return b""
        raise OSError(errno.ENOSYS, "not known")

    def reply(self, opcode: int, node: int, body: bytes) -> bytes:
        if opcode == INIT:
            return struct.pack("<4I2H2I2H8I", 7, 31, 1 << 17, 1 << 5, 12, 9, 1 << 17, 1, 0, 0, *[0] * 8)
        if opcode == LOOKUP:
            if body.rstrip(b"\0") != b"img":
                raise FileNotFoundError(errno.ENOENT, "no such file")
            return struct.pack("<4Q2I", FILE, 0, 0, 0, 0, 0) + self.attributes(FILE)
        if opcode in (GETATTR, SETATTR):
            return struct.pack("<Q2I", 0, 0, 0) + self.attributes(node)
        if opcode in (OPEN, OPENDIR):
            return struct.pack("<Q2I", 0, 0, 0)
        if opcode in (RELEASE, RELEASEDIR, FLUSH, DESTROY):
            return b""
        return self.file_request(opcode, body)

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self.fuse, (1 << 17) + BLOCK)
            except OSError as error:
                if error.errno == errno.ENODEV:     # unmounted
                    return
                if error.errno == errno.ENOENT:     # taken back
                    continue
                raise
            _, opcode, unique, node, *_ = HEADER.unpack_from(request)
            if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            if opcode == STATFS and self.holds:
                self.held.append(unique)
                print("held", flush=True)
                continue
            try:
                data = statfs() if opcode == STATFS else self.reply(opcode, node, request[HEADER.size:])
                self.answer(unique, data)
            except OSError as error:
                self.answer(unique, error=error.errno or errno.EIO)


def statfs() -> bytes:
    return struct.pack("<5Q10I", BLOCKS, BLOCKS // 2, BLOCKS // 2, 2, 0, BLOCK, 255, BLOCK, *[0] * 7)


if __name__ == "__main__":
    Server(sys.argv[1], sys.argv[2]).serve()
