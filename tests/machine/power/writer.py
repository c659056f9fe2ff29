#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs in the guest: writes to the disks, and tells the host which writes were promised safe.

Usage: writer.py OUT ROUND CONTROL FABRIC:LUN=/dev/sdX...

First every worker's region is read into OUT/found.N, for the host to check.  Then,
unless CONTROL is `none`, the files are saved again and again.  When each file has been
saved once, a write to CONTROL, a block device, tells the host that the power may be
cut, and all workers write until it is.  In every fourth round it is told only when each
worker has got a promise, too.  OUT/promised gets a line for each sector that
the target promised to keep: "WORKER SECTOR VERSION".  It also gets a line before and
after each save of a file: "config begin N", "config done N", and the same with
"pending".  OUT is a folder of the host.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from blocks import DIRECT, REGION, SECTOR, WORKERS, Worker, sector

sys.path.insert(0, "/usr/local/lib/targetctl")

from targetctl.pending import Item, Pending, PendingFile
from targetctl.store import Entry

SG_IO = 0x2285
SG_NONE, SG_TO_DEV = -1, -2
# In each of as many rounds one waits for the promises of all workers.
PATIENT = 4
COMMENT = "/sys/kernel/config/cst/targets/loop/t1/comment"


class SgIo(ctypes.Structure):
    """struct sg_io_hdr"""

    _fields_ = [
        ("interface_id", ctypes.c_int),
        ("dxfer_direction", ctypes.c_int),
        ("cmd_len", ctypes.c_ubyte),
        ("mx_sb_len", ctypes.c_ubyte),
        ("iovec_count", ctypes.c_ushort),
        ("dxfer_len", ctypes.c_uint),
        ("dxferp", ctypes.c_void_p),
        ("cmdp", ctypes.c_void_p),
        ("sbp", ctypes.c_void_p),
        ("timeout", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("pack_id", ctypes.c_int),
        ("usr_ptr", ctypes.c_void_p),
        ("status", ctypes.c_ubyte),
        ("masked_status", ctypes.c_ubyte),
        ("msg_status", ctypes.c_ubyte),
        ("sb_len_wr", ctypes.c_ubyte),
        ("host_status", ctypes.c_ushort),
        ("driver_status", ctypes.c_ushort),
        ("resid", ctypes.c_int),
        ("duration", ctypes.c_uint),
        ("info", ctypes.c_uint),
    ]


def scsi(fd: int, cdb: bytes, data: bytes = b"", offset: int = 0) -> None:
    """Send a command that must end with GOOD; repeat it after a unit attention.

    The data begins offset bytes into a page; over loop the target gets it at this offset.
    """
    memory = mmap.mmap(-1, offset + len(data) + 1)
    memory[offset : offset + len(data)] = data
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory, offset))
    while True:
        sense = ctypes.create_string_buffer(64)
        command = ctypes.create_string_buffer(cdb, len(cdb))
        header = SgIo(
            interface_id=ord("S"),
            dxfer_direction=SG_TO_DEV if data else SG_NONE,
            cmd_len=len(cdb),
            mx_sb_len=64,
            dxfer_len=len(data),
            dxferp=address if data else None,
            cmdp=ctypes.cast(command, ctypes.c_void_p),
            sbp=ctypes.cast(sense, ctypes.c_void_p),
            timeout=60000,
        )
        fcntl.ioctl(fd, SG_IO, header)
        if header.status == 0 and header.host_status == 0:
            return
        # Descriptor or fixed format; only the key UNIT ATTENTION (6) is expected.
        key = sense.raw[1] if sense.raw[0] & 0x7F >= 0x72 else sense.raw[2]
        if header.status != 2 or key & 0xF != 6:
            raise OSError(f"{cdb.hex()}: status {header.status}, host {header.host_status}, "
                          f"sense {sense.raw[:18].hex()}")


class Writer:
    """The disks, and the file for the host, which all workers share."""

    def __init__(self, out: Path, cycle: int, disks: dict[tuple[str, int], str]) -> None:
        self.cycle = cycle
        self.disks = disks
        self.out = out
        # The folder is the host's: when write() returns, the host has the line.
        self.promises = os.open(out / "promised", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def promise(self, lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines).encode()
        if os.write(self.promises, text) != len(text):
            raise OSError("the host did not take a promise whole")

    def dump(self, worker: Worker) -> None:
        """Copy the worker's region of the disk for the host, not from the initiator's cache."""
        length = REGION * SECTOR
        with mmap.mmap(-1, length) as buffer:
            fd = os.open(self.disks[worker.fabric, worker.lun], os.O_RDONLY | os.O_DIRECT)
            if os.preadv(fd, [buffer], worker.base * SECTOR) != length:
                raise OSError("short read")
            os.close(fd)
            (self.out / f"found.{worker.number}").write_bytes(buffer[:])

    def run(self, worker: Worker, ready: threading.Barrier, promised: threading.Event) -> None:
        """Write for ever, once all workers are ready; tell of the first promise."""
        chance = random.Random(f"{self.cycle} {worker.number}")
        path = self.disks[worker.fabric, worker.lun]
        direct = os.O_DIRECT | os.O_DSYNC if worker.mode == "dsync" else 0
        fd = os.open(path, os.O_RDWR | direct)
        # A write that is too small for direct I/O is flushed, and with it the writes of
        # other workers.  In odd cycles there are no such writes.
        whole = worker.lun == DIRECT and self.cycle % 2 == 1
        number = self.cycle * 1000000
        ready.wait()
        while True:
            done: list[str] = []
            for _ in range(chance.randrange(1, 6) if worker.mode == "sync" else 1):
                number += 1
                count = chance.choice((1, 1, 3, 8, 8, 8, 16))
                lba = worker.base + chance.randrange(REGION - count)
                if whole:
                    count = -(-count // 8) * 8
                if whole or (count >= 8 and chance.random() < 0.7):
                    lba &= ~7
                data = b"".join(sector(worker.number, lba + i, number) for i in range(count))
                self.write(fd, worker.mode, lba, data, 0 if whole else 16, chance)
                done += [f"{worker.number} {lba + i} {number}" for i in range(count)]
            if worker.mode == "sync":
                self.flush(fd, worker, chance)
            self.promise(done)
            promised.set()

    def write(
        self, fd: int, mode: str, lba: int, data: bytes, offset: int, chance: random.Random
    ) -> None:
        if mode == "dsync":
            with mmap.mmap(-1, len(data)) as buffer:
                buffer[:] = data
                if os.pwritev(fd, [buffer], lba * SECTOR) != len(data):
                    raise OSError("short write")
            return
        fua = 8 if mode == "fua" else 0
        count = len(data) // SECTOR
        if chance.random() < 0.5:
            scsi(fd, struct.pack(">BBIBHB", 0x2A, fua, lba, 0, count, 0), data, offset)
        else:
            scsi(fd, struct.pack(">BBQIBB", 0x8A, fua, lba, count, 0, 0), data, offset)

    def flush(self, fd: int, worker: Worker, chance: random.Random) -> None:
        """Send a command that makes written data safe, with IMMED or without."""
        immediate = chance.choice((0, 2))
        # The whole disk, or only the region of this worker.
        lba, count = chance.choice(((0, 0), (worker.base, REGION)))
        # START STOP UNIT is not used: it would stop the disk for the other workers, too.
        if chance.random() < 0.5:
            scsi(fd, struct.pack(">BBIBHB", 0x35, immediate, lba, 0, count, 0))
        else:
            scsi(fd, struct.pack(">BBQIBB", 0x91, immediate, lba, count, 0, 0))

    def save(self, saved: threading.Event) -> None:
        """Let targetctl save configurations; a value that it sets next shows that it has saved."""
        # One process makes all saves: only its commands matter.
        shell = subprocess.Popen(["targetctl", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert shell.stdin
        number = self.cycle * 1000000
        while True:
            number += 1
            self.promise([f"config begin {number}"])
            shell.stdin.write(f"set /targets/loop/t1 comment={number}\nsave\n".encode())
            shell.stdin.write(f"set /targets/loop/t1 comment={number}.saved\n".encode())
            shell.stdin.flush()
            while Path(COMMENT).read_text().strip() != f"{number}.saved":
                if shell.poll() is not None:
                    raise OSError(f"targetctl ended with status {shell.returncode}")
                time.sleep(0.002)
            self.promise([f"config done {number}"])
            saved.set()

    def keep_pending(self, saved: threading.Event) -> None:
        """Write and remove the list of pending objects, by turns."""
        file = PendingFile("/var/lib/cst/power.json", print)
        number = self.cycle * 1000000
        while True:
            number += 1
            self.promise([f"pending begin {number}"])
            item = Item(Entry("/handlers/none/device", {"number": str(number)}), True, "no such handler")
            file.store(Pending([item] if number % 2 else []))
            self.promise([f"pending done {number}"])
            saved.set()
            time.sleep(0.05)


def arm(control: str) -> None:
    """Tell the host that it may cut the power from now on."""
    with mmap.mmap(-1, SECTOR) as buffer:
        buffer[:14] = b"cst power: cut"
        fd = os.open(control, os.O_WRONLY | os.O_DIRECT)
        os.pwritev(fd, [buffer], 0)
        os.close(fd)


def main() -> None:
    out, cycle, control = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    disks = {}
    for word in sys.argv[4:]:
        name, path = word.split("=")
        fabric, lun = name.split(":")
        disks[fabric, int(lun)] = path
    writer = Writer(out, cycle, disks)
    for worker in WORKERS:
        writer.dump(worker)
    if control == "none":
        return

    def start(name: str, function: Callable[..., None], *args: object) -> None:
        def body() -> None:
            try:
                function(*args)
            except BaseException as error:
                print(f"{name}: {error!r}", flush=True)
                os._exit(1)

        threading.Thread(target=body, name=name, daemon=True).start()

    for name, function in (("save", writer.save), ("pending", writer.keep_pending)):
        saved = threading.Event()
        start(name, function, saved)
        saved.wait()
    # Without a barrier the first worker might write alone until the power is cut.
    ready = threading.Barrier(len(WORKERS) + 1)
    promised = {worker: threading.Event() for worker in WORKERS}
    for worker in WORKERS:
        start(f"worker {worker.number}", writer.run, worker, ready, promised[worker])
    # Soon after, the power is cut: early in most rounds, but then a slow worker gets nowhere.
    if cycle % PATIENT:
        arm(control)
    ready.wait()
    for event in promised.values():
        event.wait()
    if not cycle % PATIENT:
        arm(control)
    # Until the power is cut.
    signal.pause()


main()
