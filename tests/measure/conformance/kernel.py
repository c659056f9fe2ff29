# SPDX-License-Identifier: GPL-2.0-only
"""Tests how Linux handles a SCSI disk: sd's view in sysfs, sg and bsg at their limits, hot plug.

Usage: kernel.py --main /dev/sdX [--removable /dev/sdY] [--readonly /dev/sdZ]

Prints a line for each item: name, pass, skip or fail, remark.  No item depends on the
target: the values in sysfs are compared with the target's own pages, and data that is
read with data that was written.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import mmap
import os
import struct
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sgio import (
    DIRECT,
    FROM_DEV,
    MMAP,
    NONE,
    SG_GET_RESERVED_SIZE,
    SG_GET_SCSI_ID,
    SG_SET_FORCE_PACK_ID,
    SG_SET_RESERVED_SIZE,
    TO_DEV,
    V3,
    Answer,
    Request,
    bsg_io,
    inquiry,
    noise,
    read10,
    sg_io,
    write10,
)

BLKGETSIZE64, BLKRRPART, BLKDISCARD, BLKZEROOUT = 0x80081272, 0x125F, 0x1277, 0x127F


class SkipError(Exception):
    """The target lacks the feature that the item tests; the text names it."""


def equal(got: object, want: object, what: str) -> None:
    assert got == want, f"{what} is {got}, expected {want}"


class Disk:
    """A disk as sd, sg and bsg show it."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.name = node.removeprefix("/dev/")
        self.sys = Path("/sys/block") / self.name
        self.device = (self.sys / "device").resolve()
        self.sg = "/dev/" + next((self.device / "scsi_generic").iterdir()).name
        self.bsg = f"/dev/bsg/{self.device.name}"

    def attr(self, path: str) -> str:
        return (self.sys / path).read_text().strip()

    @property
    def scsi_disk(self) -> Path:
        return next((self.device / "scsi_disk").iterdir())

    @contextmanager
    def open(self, node: str | None = None, flags: int = os.O_RDWR) -> Iterator[int]:
        fd = os.open(node or self.sg, flags)
        try:
            yield fd
        finally:
            os.close(fd)

    def command(self, cdb: bytes, length: int = 0) -> Answer:
        with self.open() as fd:
            for _ in range(4):
                answer = sg_io(fd, cdb, FROM_DEV if length else NONE, length)
                if answer.key[0] != 6:
                    break
        return answer

    def data(self, cdb: bytes, length: int) -> bytes:
        answer = self.command(cdb, length)
        assert answer.good, answer.words()
        return answer.data

    def page(self, code: int) -> bytes | None:
        """Return a VPD page, or None when page 00h does not list it."""
        listed = self.data(inquiry(255, 0), 255)
        if code not in listed[4 : 4 + listed[3]]:
            return None
        return self.data(inquiry(255, code), 255)

    def blocks(self, lba: int, count: int) -> bytes:
        """Read blocks from the disk, not from the page cache."""
        return self.data(read10(lba, count), count * 512)

    def write(self, lba: int, data: bytes) -> None:
        with self.open() as fd:
            answer = sg_io(fd, write10(lba, len(data) // 512), TO_DEV, len(data), data)
        assert answer.good, answer.words()

    def capacity(self) -> bytes:
        return self.data(struct.pack(">BB8xI2x", 0x9E, 0x10, 32), 32)

    @property
    def block_size(self) -> int:
        return int.from_bytes(self.capacity()[8:12], "big")

    def size(self) -> int:
        with self.open(self.node, os.O_RDONLY) as fd:
            return int(struct.unpack("Q", fcntl.ioctl(fd, BLKGETSIZE64, bytes(8)))[0])


def wait(what: str, condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, f"not within 10 s: {what}"
        time.sleep(0.05)


# --- sd ---


def sd_capacity(main: Disk) -> str:
    rc = main.capacity()
    last, block = struct.unpack(">QI", rc[:12])
    equal(main.size(), (last + 1) * block, "the size")
    equal(int(main.attr("queue/logical_block_size")), block, "logical_block_size")
    exponent = rc[13] & 15
    equal(int(main.attr("queue/physical_block_size")), block << exponent, "physical_block_size")
    return f"{(last + 1) * block} bytes, blocks of {block}, physical {block << exponent}"


def sd_cache_type(main: Disk) -> str:
    mode = main.data(bytes((0x1A, 8, 0x08, 0, 192, 0)), 192)
    wce, dpofua = bool(mode[4 + mode[3] + 2] & 4), bool(mode[2] & 0x10)
    cache = (main.scsi_disk / "cache_type").read_text().strip()
    equal(cache.startswith("write back"), wce, "write back")
    equal(main.attr("queue/write_cache"), "write back" if wce else "write through", "write_cache")
    equal(main.attr("queue/fua"), "1" if dpofua and wce else "0", "fua")
    return f"{cache}, fua {main.attr('queue/fua')}"


def sd_cache_type_changed(main: Disk) -> str:
    path = main.scsi_disk / "cache_type"
    before = path.read_text().strip()
    try:
        path.write_text("write through")
    except OSError as error:
        raise SkipError(f"MODE SELECT: {error.strerror}") from None
    after = path.read_text().strip()
    path.write_text(before)
    equal(path.read_text().strip(), before, "cache_type")
    if after == before:
        raise SkipError("MODE SELECT changes nothing")
    return after


def sd_cache_type_temporary(main: Disk) -> str:
    path = main.scsi_disk / "cache_type"
    before = path.read_text().strip()
    path.write_text("temporary write through")
    equal(main.attr("queue/write_cache"), "write through", "write_cache")
    path.write_text("temporary " + before)
    equal(main.attr("queue/write_cache"), before.split(",")[0], "write_cache")
    return ""


def sd_limits(main: Disk) -> str:
    page = main.page(0xB0)
    if page is None:
        raise SkipError("no page B0h")
    granularity, most, best = struct.unpack(">HII", page[6:16])
    block = main.block_size
    sectors_kb = int(main.attr("queue/max_sectors_kb"))
    if most:
        assert sectors_kb << 10 <= most * block, f"max_sectors_kb {sectors_kb} above {most} blocks"
    # sd ignores an optimal length that is above its limits or no multiple of the physical block.
    optimal = int(main.attr("queue/optimal_io_size"))
    assert optimal in (0, best * block) or best == 0, f"optimal_io_size {optimal}, page says {best}"
    least = int(main.attr("queue/minimum_io_size"))
    if granularity:
        assert least % (granularity * block) == 0, f"minimum_io_size {least}, page says {granularity}"
    return f"max {sectors_kb} KiB, optimal {optimal}, minimum {least}"


def sd_rotational(main: Disk) -> str:
    page = main.page(0xB1)
    if page is None:
        raise SkipError("no page B1h")
    rate = int.from_bytes(page[4:6], "big")
    equal(main.attr("queue/rotational"), "0" if rate == 1 else "1", "rotational")
    return f"rate {rate}"


def sd_provisioning(main: Disk) -> str:
    lbpme = bool(main.capacity()[14] & 0x80)
    mode = (main.scsi_disk / "provisioning_mode").read_text().strip()
    equal(int((main.scsi_disk / "thin_provisioning").read_text()), int(lbpme), "thin_provisioning")
    page = main.page(0xB2)
    ways = page[5] & 0xE0 if page else 0
    if not lbpme:
        equal(mode, "full", "provisioning_mode")
        equal(main.attr("queue/discard_max_bytes"), "0", "discard_max_bytes")
        return mode
    assert (mode in ("full", "disabled")) != bool(ways), f"{mode}, but page B2h says {ways:#x}"
    return f"{mode}, discard up to {main.attr('queue/discard_max_bytes')}"


def sd_identity(main: Disk) -> str:
    known = (main.device / "vpd_pg83").read_bytes()
    equal(known, main.data(inquiry(1024, 0x83), 1024)[: len(known)], "page 83h")
    serial = main.page(0x80)
    assert serial, "no page 80h"
    equal((main.device / "vpd_pg80").read_bytes(), serial[: 4 + serial[3]], "page 80h")
    wwid = (main.device / "wwid").read_text().strip()
    assert wwid.split(".")[0] in ("naa", "eui", "t10"), f"wwid '{wwid}'"
    return wwid


def sd_readonly(readonly: Disk) -> str:
    equal(readonly.attr("ro"), "1", "ro")
    try:
        os.close(os.open(readonly.node, os.O_RDWR))
    except OSError as error:
        assert error.errno in (errno.EROFS, errno.EACCES, errno.EPERM), f"refused with {error.strerror}"
    else:
        raise AssertionError("can be opened for writing")
    answer = readonly.command(bytes(6))
    assert answer.good, answer.words()
    with readonly.open() as fd:
        answer = sg_io(fd, write10(0, 1), TO_DEV, 512, noise(512))
    equal(answer.key, (7, 0x27, 0), "sense of a write")
    return ""


def sd_eject(removable: Disk) -> str:
    equal(removable.attr("removable"), "1", "removable")
    start_stop = struct.Struct("BxxxBx")
    answer = removable.command(start_stop.pack(0x1B, 2))
    if answer.key[0] == 5:
        raise SkipError("no eject")
    assert answer.good, answer.words()
    try:
        equal(removable.command(bytes(6)).key[:2], (2, 0x3A), "sense of TEST UNIT READY")
        try:
            os.close(os.open(removable.node, os.O_RDONLY))
        except OSError as error:
            equal(error.errno, errno.ENOMEDIUM, "error of open")
        else:
            raise AssertionError("opens without a medium")
    finally:
        answer = removable.command(start_stop.pack(0x1B, 3))
    assert answer.good, answer.words()
    with removable.open(removable.node, os.O_RDONLY) as fd:
        equal(len(os.read(fd, 4096)), 4096, "bytes read")
    return ""


def sd_prevent(removable: Disk) -> str:
    """sd prevents medium removal while a process has the disk open."""
    eject = struct.pack("BxxxBx", 0x1B, 2)
    answer = removable.command(struct.pack("BxxxBx", 0x1E, 0))
    if answer.key == (5, 0x20, 0):
        raise SkipError("no PREVENT ALLOW MEDIUM REMOVAL")
    with removable.open(removable.node, os.O_RDONLY):
        answer = removable.command(eject)
    if answer.good:
        removable.command(struct.pack("BxxxBx", 0x1B, 3))
    equal(answer.key, (5, 0x53, 2), "sense of an eject while open")
    answer = removable.command(eject)
    assert answer.good, "after the close: " + answer.words()
    answer = removable.command(struct.pack("BxxxBx", 0x1B, 3))
    assert answer.good, answer.words()
    return ""


def sd_rescan(main: Disk) -> str:
    size = main.size()
    (main.device / "rescan").write_text("1")
    equal(main.size(), size, "the size")
    return ""


def sd_delete_add(main: Disk) -> str:
    """A disk that was deleted by hand comes back by a scan, with its data."""
    host, channel, target, lun = main.device.name.split(":")
    data = noise(4096)
    main.write(0, data)
    (main.device / "delete").write_text("1")
    wait("deletion", lambda: not main.device.exists())
    Path(f"/sys/class/scsi_host/host{host}/scan").write_text(f"{channel} {target} {lun}")
    wait("the disk", lambda: list(main.device.glob("block/*/queue")))
    name = next(main.device.glob("block/*")).name
    wait("its node", lambda: Path("/dev", name).exists())
    main.__init__(f"/dev/{name}")  # type: ignore[misc]
    equal(main.blocks(0, 8) == data, True, "the data's return")
    return name


def sd_partitions(main: Disk) -> str:
    entry = struct.pack("<B3sB3sII", 0, b"\0\0\0", 0x83, b"\0\0\0", 2048, 4096)
    with main.open(main.node) as fd:
        os.pwrite(fd, bytes(446) + entry + bytes(48) + b"\x55\xaa", 0)
        os.fsync(fd)
        fcntl.ioctl(fd, BLKRRPART)
    wait("the partition", lambda: (main.sys / f"{main.name}1").exists())
    equal(main.attr(f"{main.name}1/size"), "4096", "its size")
    with main.open(main.node) as fd:
        os.pwrite(fd, bytes(512), 0)
        os.fsync(fd)
        fcntl.ioctl(fd, BLKRRPART)
    wait("its end", lambda: not (main.sys / f"{main.name}1").exists())
    return ""


def zero_by(main: Disk, request: int) -> None:
    main.write(2048, noise(65536))
    with main.open(main.node) as fd:
        fcntl.ioctl(fd, request, struct.pack("QQ", 2048 * 512 + 4096, 32768))


def sd_zeroout(main: Disk) -> str:
    zero_by(main, BLKZEROOUT)
    assert main.blocks(2056, 64) == bytes(32768), "not zeroes"
    assert bytes(8) not in main.blocks(2048, 8), "zeroes before"
    return f"write_zeroes_max_bytes {main.attr('queue/write_zeroes_max_bytes')}"


def sd_discard(main: Disk) -> str:
    try:
        zero_by(main, BLKDISCARD)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            raise SkipError("not supported") from None
        raise
    assert bytes(8) not in main.blocks(2048, 8), "discarded before"
    if main.capacity()[14] & 0x40:
        assert main.blocks(2056, 64) == bytes(32768), "LBPRZ, but not zeroes"
    return ""


def sd_queue_depth(main: Disk) -> str:
    path = main.device / "queue_depth"
    depth = path.read_text()
    path.write_text("1")
    equal(path.read_text().strip(), "1", "queue_depth")
    with main.open(main.node, os.O_RDONLY | os.O_DIRECT) as fd:
        memory = mmap.mmap(-1, 1 << 20)
        equal(os.preadv(fd, [memory], 0), 1 << 20, "bytes read")
    path.write_text(depth)
    return depth.strip()


# --- sg ---


def sg_inquiry(main: Disk) -> str:
    """The allocation length is larger than the buffer, and the other way round."""
    for allocated, length in ((36, 36), (36, 512), (512, 36), (5, 36), (512, 5), (0, 36)):
        with main.open() as fd:
            answer = sg_io(fd, inquiry(allocated), FROM_DEV, length)
        assert answer.good, f"{allocated}, {length}: {answer.words()}"
        meant = min(allocated, 5 + main.data(inquiry(5), 5)[4])
        # open-iscsi also reports an overflow as a residual.
        accepted = (length - meant,) if meant <= length else (0, meant - length)
        assert answer.resid in accepted, f"resid of {allocated}, {length} is {answer.resid}"
    return ""


def sg_read_long(main: Disk) -> str:
    data = noise(4096)
    main.write(100, data)
    with main.open() as fd:
        answer = sg_io(fd, read10(100, 8), FROM_DEV, 8192)
    assert answer.good, answer.words()
    assert answer.data[:4096] == data, "wrong data"
    equal(answer.resid, 4096, "resid")
    return ""


def sg_read_short(main: Disk) -> str:
    """Read more than the buffer holds: an error or the first half, and nothing beyond it."""
    data = noise(4096)
    main.write(100, data)
    with main.open() as fd:
        answer = sg_io(fd, read10(100, 8), FROM_DEV, 2048)
    if not answer.good:
        return answer.words()
    assert answer.data == data[:2048], "wrong data"
    return "first half"


def sg_write_long(main: Disk) -> str:
    before, data = noise(8192), noise(8192)
    main.write(100, before)
    with main.open() as fd:
        answer = sg_io(fd, write10(100, 8), TO_DEV, 8192, data)
    after = main.blocks(100, 16)
    assert after[4096:] == before[4096:], "more was written than the command says"
    if not answer.good:
        return answer.words()
    assert after[:4096] == data[:4096], "GOOD, but not written"
    equal(answer.resid, 4096, "resid")
    return ""


def sg_write_short(main: Disk) -> str:
    """Send less data than the CDB says: blocks that were not sent must not be invented."""
    before, data = noise(4096), noise(2048)
    main.write(100, before)
    with main.open() as fd:
        answer = sg_io(fd, write10(100, 8), TO_DEV, 2048, data)
    after = main.blocks(100, 8)
    assert after[2048:] == before[2048:], "blocks were written that nobody sent"
    if not answer.good:
        return answer.words()
    assert after[:2048] == data, "GOOD, but not written"
    return "first half"


def sg_no_buffer(main: Disk) -> str:
    with main.open() as fd:
        answer = sg_io(fd, read10(0, 8), NONE)
    alive(main)
    return answer.words()


def sg_wrong_direction(main: Disk) -> str:
    before = noise(4096)
    main.write(0, before)
    with main.open() as fd:
        read = sg_io(fd, read10(0, 8), TO_DEV, 4096, noise(4096))
        write = sg_io(fd, write10(0, 8), FROM_DEV, 4096)
    assert not write.good, "a write without data is GOOD"
    assert main.blocks(0, 8) == before, "the disk was changed"
    alive(main)
    return f"read: {read.words()}; write: {write.words()}"


def alive(main: Disk) -> None:
    answer = main.command(bytes(6))
    assert answer.good, "afterwards: " + answer.words()
    equal((main.device / "state").read_text().strip(), "running", "state")


def sg_sizes(main: Disk) -> str:
    """Transfers around the sizes at which sg and the block layer change their method."""
    with main.open() as fd:
        for kib in (4, 16, 32, 64, 128, 256, 512):
            for length in ((kib << 10) - 512, kib << 10, (kib << 10) + 512):
                data = noise(length)
                answer = sg_io(fd, write10(8, length // 512), TO_DEV, length, data)
                assert answer.good, f"write of {length}: {answer.words()}"
                answer = sg_io(fd, read10(8, length // 512), FROM_DEV, length)
                assert answer.good and answer.data == data, f"read of {length}: {answer.words()}"
    return ""


def sg_iovec(main: Disk) -> str:
    data = noise(16384)
    cut = (512, 3584, 100, 4000, 8188)
    with main.open() as fd:
        answer = sg_io(fd, write10(8, 32), TO_DEV, 16384, data, iovec=cut)
        assert answer.good, answer.words()
        answer = sg_io(fd, read10(8, 32), FROM_DEV, 16384, iovec=cut[::-1])
        assert answer.good and answer.data == data, answer.words()
    return ""


def sg_direct(main: Disk) -> str:
    data = noise(65536)
    with main.open() as fd:
        answer = sg_io(fd, write10(8, 128), TO_DEV, 65536, data, flags=DIRECT)
        assert answer.good, answer.words()
        answer = sg_io(fd, read10(8, 128), FROM_DEV, 65536, flags=DIRECT)
        assert answer.good and answer.data == data, answer.words()
    return ""


def sg_mmap(main: Disk) -> str:
    data = noise(65536)
    main.write(8, data)
    with main.open() as fd:
        fcntl.ioctl(fd, SG_SET_RESERVED_SIZE, struct.pack("i", 65536))
        size = struct.unpack("i", fcntl.ioctl(fd, SG_GET_RESERVED_SIZE, bytes(4)))[0]
        assert size >= 65536, f"reserved are {size}"
        with mmap.mmap(fd, 65536) as memory:
            answer = sg_io(fd, read10(8, 128), FROM_DEV, 65536, flags=MMAP)
            assert answer.good, answer.words()
            assert memory[:] == data, "wrong data"
    return ""


def sg_async(main: Disk) -> str:
    """Send sixteen requests by write(), and read the answers in another order by pack_id."""
    data = [noise(4096) for _ in range(16)]
    with main.open() as fd:
        fcntl.ioctl(fd, SG_SET_FORCE_PACK_ID, struct.pack("i", 1))
        for command in (TO_DEV, FROM_DEV):
            requests = {}
            for i in range(16):
                cdb = (write10 if command == TO_DEV else read10)(8 * i, 8)
                sent = data[i] if command == TO_DEV else b""
                requests[i] = Request(cdb, command, 4096, sent, pack_id=i + 1)
                os.write(fd, requests[i].header.raw[: struct.calcsize(V3)])
            for i in reversed(range(16)):
                # read() takes the pack_id to wait for from the buffer that it will fill.
                os.readv(fd, [requests[i].header])
                answer = requests[i].answer(requests[i].header.raw)
                equal(answer.pack_id, i + 1, "pack_id")
                assert answer.good, answer.words()
                assert command == TO_DEV or answer.data == data[i], f"wrong data in {i}"
    return ""


def sg_sense(main: Disk) -> str:
    with main.open() as fd:
        answer = sg_io(fd, b"\xf0" + bytes(5))
    equal((answer.status, answer.key), (2, (5, 0x20, 0)), "status and sense of F0h")
    with main.open() as fd:
        last = main.size() // main.block_size - 1
        answer = sg_io(fd, read10(last, 2), FROM_DEV, 1024)
    equal((answer.status, answer.key), (2, (5, 0x21, 0)), "status and sense beyond the end")
    return ""


def sg_cdb_lengths(main: Disk) -> str:
    """CDBs that are shorter or longer than their operation code says do no harm."""
    seen = []
    with main.open() as fd:
        variable = b"\x7f\0\0\0\0\0\0\x18\0\x09" + bytes(22)
        for cdb in (read10(0, 8)[:6], bytes(16), b"\x7f" + bytes(31), variable):
            answer = sg_io(fd, cdb, FROM_DEV, 4096)
            seen.append("/".join(f"{b:02x}" for b in answer.key) if answer.status else "good")
    alive(main)
    return " ".join(seen)


def sg_scsi_id(main: Disk) -> str:
    with main.open() as fd:
        answer = fcntl.ioctl(fd, SG_GET_SCSI_ID, bytes(32))
    host, channel, target, lun, kind = struct.unpack("iiiii12x", answer)
    equal(f"{host}:{channel}:{target}:{lun}", main.device.name, "address")
    equal(kind, 0, "type")
    return ""


def sg_block_node(main: Disk) -> str:
    """SG_IO on the block node."""
    with main.open(main.node) as fd:
        answer = sg_io(fd, inquiry(96), FROM_DEV, 96)
        assert answer.good, answer.words()
        equal(answer.data[8:16].decode().strip(), (main.device / "vendor").read_text().strip(), "vendor")
    return ""


def bsg(main: Disk) -> str:
    data = noise(65536)
    with main.open(main.bsg) as fd:
        answer = bsg_io(fd, inquiry(255), 512)
        assert answer.good, answer.words()
        equal(answer.resid, 512 - (5 + answer.data[4]), "resid of INQUIRY")
        answer = bsg_io(fd, write10(8, 128), dout=data)
        assert answer.good and answer.resid == 0, answer.words()
        answer = bsg_io(fd, read10(8, 128), 65536)
        assert answer.good and answer.data == data, answer.words()
        answer = bsg_io(fd, read10(8, 8), 8192)
        equal(answer.resid, 4096, "resid of a short READ")
        answer = bsg_io(fd, b"\xf0" + bytes(5))
        equal((answer.status, answer.key), (2, (5, 0x20, 0)), "status and sense of F0h")
    return ""


ITEMS = (
    sd_capacity, sd_cache_type, sd_cache_type_changed, sd_cache_type_temporary, sd_limits,
    sd_rotational, sd_provisioning, sd_identity, sd_readonly, sd_eject, sd_prevent, sd_rescan,
    sd_partitions, sd_zeroout, sd_discard, sd_queue_depth, sg_inquiry, sg_read_long, sg_read_short,
    sg_write_long, sg_write_short, sg_no_buffer, sg_wrong_direction, sg_sizes, sg_iovec, sg_direct,
    sg_mmap, sg_async, sg_sense, sg_cdb_lengths, sg_scsi_id, sg_block_node, bsg, sd_delete_add,
)


def main() -> None:
    parser = argparse.ArgumentParser()
    for role in ("main", "removable", "readonly"):
        parser.add_argument(f"--{role}", required=role == "main")
    args = parser.parse_args()
    disks = {role: Disk(node) for role, node in vars(args).items() if node}
    for item in ITEMS:
        role = next(iter(item.__annotations__))
        name = item.__name__.replace("_", "-", 1).replace("_", "-")
        try:
            if role not in disks:
                raise SkipError(f"the target has no {role} disk")
            verdict, remark = "pass", item(disks[role])
        except SkipError as skip:
            verdict, remark = "skip", str(skip)
        except Exception as error:  # after a failure of any kind the other items still run
            traceback.print_exc()
            verdict, remark = "fail", f"{error}" or type(error).__name__
        print(name, verdict, remark.replace("\t", " ").replace("\n", " "), sep="\t", flush=True)


if __name__ == "__main__":
    main()
