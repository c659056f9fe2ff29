# SPDX-License-Identifier: GPL-2.0-only
"""Sends SCSI commands by SG_IO, and prints their results.

Usage: sgio.py DISK read|readfua|write|writefua LBA BLOCKS | sync | cdb HEX
Prints "ok", "03/11/00" (sense key, ASC, ASCQ), "status 28" or "host 1".  A write fills
its blocks with the byte A5h.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import sys

SG_IO, NONE, TO_DEV, FROM_DEV = 0x2285, -1, -2, -3
SENSE_MAX = 252


class SgIo(ctypes.Structure):
    """struct sg_io_hdr of <scsi/sg.h>"""

    _fields_ = [("interface_id", ctypes.c_int), ("dxfer_direction", ctypes.c_int),
                ("cmd_len", ctypes.c_ubyte), ("mx_sb_len", ctypes.c_ubyte),
                ("iovec_count", ctypes.c_ushort), ("dxfer_len", ctypes.c_uint),
                ("dxferp", ctypes.c_void_p), ("cmdp", ctypes.c_void_p),
                ("sbp", ctypes.c_void_p), ("timeout", ctypes.c_uint),
                ("flags", ctypes.c_uint), ("pack_id", ctypes.c_int),
                ("usr_ptr", ctypes.c_void_p), ("status", ctypes.c_ubyte),
                ("masked_status", ctypes.c_ubyte), ("msg_status", ctypes.c_ubyte),
                ("sb_len_wr", ctypes.c_ubyte), ("host_status", ctypes.c_ushort),
                ("driver_status", ctypes.c_ushort), ("resid", ctypes.c_int),
                ("duration", ctypes.c_uint), ("info", ctypes.c_uint)]


def sense_text(sense: bytes) -> str:
    if sense[0] & 0x7F >= 0x72:
        return f"{sense[1] & 15:02x}/{sense[2]:02x}/{sense[3]:02x}"
    return f"{sense[2] & 15:02x}/{sense[12]:02x}/{sense[13]:02x}"


class Command:
    """A command; its memory is allocated here, so that run() is only an ioctl."""

    def __init__(self, cdb: bytes, direction: int = NONE, data: bytes | int = 0,
                 timeout: float = 60):
        self.buffer = ctypes.create_string_buffer(data, len(data) if isinstance(data, bytes)
                                                  else max(data, 1))
        self.sense = ctypes.create_string_buffer(SENSE_MAX)
        self.cdb = ctypes.create_string_buffer(cdb, len(cdb))
        length = data if isinstance(data, int) else len(data)
        self.hdr = SgIo(interface_id=ord("S"), dxfer_direction=direction if length else NONE,
                        cmd_len=len(cdb), mx_sb_len=SENSE_MAX, dxfer_len=length,
                        dxferp=ctypes.addressof(self.buffer),
                        cmdp=ctypes.addressof(self.cdb), sbp=ctypes.addressof(self.sense),
                        timeout=int(timeout * 1000))

    def run(self, fd: int) -> str:
        self.hdr.status = self.hdr.host_status = self.hdr.driver_status = 0
        fcntl.ioctl(fd, SG_IO, self.hdr)
        return self.result()

    def result(self) -> str:
        if self.hdr.status == 2:
            return sense_text(self.sense.raw)
        if self.hdr.host_status:
            return f"host {self.hdr.host_status}"
        return f"status {self.hdr.status:02x}" if self.hdr.status else "ok"

    @property
    def data(self) -> bytes:
        return self.buffer.raw[:self.hdr.dxfer_len - self.hdr.resid]


def read10(lba: int, blocks: int, block: int = 512, fua: bool = False) -> Command:
    cdb = struct.pack(">BBIBHB", 0x28, 8 * fua, lba, 0, blocks, 0)
    return Command(cdb, FROM_DEV, blocks * block)


def write10(lba: int, data: bytes, fua: bool = False, block: int = 512) -> Command:
    cdb = struct.pack(">BBIBHB", 0x2A, 8 * fua, lba, 0, len(data) // block, 0)
    return Command(cdb, TO_DEV, data)


def sync10() -> Command:
    return Command(bytes([0x35]) + bytes(9))


def main(disk: str, what: str, *args: str) -> None:
    with open(f"/sys/class/block/{os.path.basename(disk)}/ro") as f:
        mode = os.O_RDONLY if f.read() == "1\n" else os.O_RDWR
    fd = os.open(disk, mode | os.O_NONBLOCK)
    if what in ("read", "readfua"):
        command = read10(int(args[0]), int(args[1]), fua=what == "readfua")
    elif what in ("write", "writefua"):
        command = write10(int(args[0]), bytes([0xA5]) * 512 * int(args[1]), what == "writefua")
    elif what == "sync":
        command = sync10()
    else:
        command = Command(bytes.fromhex("".join(args)))
    result = command.run(fd)
    # A unit attention is not the command's result, so send the command again.
    while result.startswith("06/"):
        result = command.run(fd)
    print(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
