# SPDX-License-Identifier: GPL-2.0-only
"""SCSI commands through sg (version 3), a block node's SG_IO, and bsg (version 4)."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from dataclasses import dataclass

SG_IO = 0x2285
SG_SET_RESERVED_SIZE = 0x2275
SG_GET_RESERVED_SIZE = 0x2272
SG_SET_FORCE_PACK_ID = 0x227B
SG_GET_SCSI_ID = 0x2276
NONE, TO_DEV, FROM_DEV = -1, -2, -3
DIRECT, MMAP = 1, 4

V3 = "iiBBHIPPPIiiPBBBBHHiII0P"
V4 = "iIIIQQIIIIQIIIIQQIIQIIIIIIIIiiQII"


@dataclass
class Answer:
    """The result of a command: data is the whole buffer, of which resid bytes are unused."""

    status: int
    host: int
    driver: int
    resid: int
    sense: bytes
    data: bytes
    pack_id: int = 0

    @property
    def key(self) -> tuple[int, int, int]:
        """Return sense key, additional sense code and qualifier."""
        s = self.sense
        if not s or s[0] & 0x7F not in (0x70, 0x71, 0x72, 0x73):
            return (0, 0, 0)
        return (s[1] & 15, s[2], s[3]) if s[0] & 0x7F >= 0x72 else (s[2] & 15, s[12], s[13])

    @property
    def good(self) -> bool:
        return self.status == 0 and self.host == 0 and self.driver & 0xF7 == 0

    def words(self) -> str:
        key = "/".join(f"{b:02x}" for b in self.key)
        status = f"status {self.status:#x} host {self.host:#x} driver {self.driver:#x}"
        return f"{status} sense {key} resid {self.resid}"


class Request:
    """A v3 request, and the memory that it points to."""

    def __init__(self, cdb: bytes, direction: int = NONE, length: int = 0, data: bytes = b"",
                 flags: int = 0, iovec: tuple[int, ...] = (), timeout: int = 20000,
                 pack_id: int = 0) -> None:
        self.cdb = ctypes.create_string_buffer(cdb, len(cdb))
        self.sense = ctypes.create_string_buffer(64)
        self.length = length
        # Direct I/O needs whole pages; 0xA5 marks bytes that were not written.
        self.memory = ctypes.create_string_buffer(length + 8192)
        self.start = -ctypes.addressof(self.memory) % 4096
        ctypes.memset(self.memory, 0xA5, length + 8192)
        ctypes.memmove(self.address, data, len(data))
        pointer = 0 if flags & MMAP else self.address
        if iovec:
            assert sum(iovec) == length
            parts, at = b"", self.address
            for part in iovec:
                parts += struct.pack("PN", at, part)
                at += part
            self.iovec = ctypes.create_string_buffer(parts, len(parts))
            pointer = ctypes.addressof(self.iovec)
        self.header = ctypes.create_string_buffer(struct.pack(
            V3, ord("S"), direction, len(cdb), 64, len(iovec), length, pointer,
            ctypes.addressof(self.cdb), ctypes.addressof(self.sense), timeout, flags, pack_id,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    @property
    def address(self) -> int:
        return ctypes.addressof(self.memory) + self.start

    def answer(self, header: bytes) -> Answer:
        h = struct.unpack(V3, header[: struct.calcsize(V3)])
        data = self.memory.raw[self.start :]
        assert set(data[self.length :]) <= {0xA5}, "written beyond the buffer"
        return Answer(h[13], h[17], h[18], h[19], self.sense.raw[: h[16]], data[: self.length], h[11])


def sg_io(fd: int, *args: object, **how: object) -> Answer:
    request = Request(*args, **how)  # type: ignore[arg-type]
    fcntl.ioctl(fd, SG_IO, request.header)
    return request.answer(request.header.raw)


def bsg_io(fd: int, cdb: bytes, din: int = 0, dout: bytes = b"", timeout: int = 20000) -> Answer:
    memory = ctypes.create_string_buffer(max(din, 1))
    out = ctypes.create_string_buffer(dout, max(len(dout), 1))
    command = ctypes.create_string_buffer(cdb, len(cdb))
    sense = ctypes.create_string_buffer(64)
    address = ctypes.addressof
    header = ctypes.create_string_buffer(struct.pack(
        V4, ord("Q"), 0, 0, len(cdb), address(command), 0, 0, 0, 0, 64, address(sense),
        0, len(dout), 0, din, address(out) if dout else 0, address(memory) if din else 0,
        timeout, 0, 0, 0, *[0] * 7, 0, 0, 0, 0, 0))
    fcntl.ioctl(fd, SG_IO, header)
    h = struct.unpack(V4, header.raw[: struct.calcsize(V4)])
    driver, transport, status, length, din_resid, dout_resid = h[21], h[22], h[23], h[27], h[28], h[29]
    return Answer(status, transport, driver, dout_resid if dout else din_resid, sense.raw[:length],
                  memory.raw[:din])


def rw10(opcode: int, lba: int, blocks: int, byte1: int = 0) -> bytes:
    return struct.pack(">BBIBHB", opcode, byte1, lba, 0, blocks, 0)


def read10(lba: int, blocks: int) -> bytes:
    return rw10(0x28, lba, blocks)


def write10(lba: int, blocks: int) -> bytes:
    return rw10(0x2A, lba, blocks)


def inquiry(length: int, page: int | None = None) -> bytes:
    return struct.pack(">BBBHB", 0x12, page is not None, page or 0, length, 0)


def noise(length: int) -> bytes:
    return os.urandom(length)
