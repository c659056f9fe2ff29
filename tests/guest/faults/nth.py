# SPDX-License-Identifier: GPL-2.0-only
"""Runs every operation of configuration and every SCSI command on loop, with its first,
second, third ... allocation failing, until none is left to fail.

Usage: nth.py FOLDER LOOP-DISK [PART]...     parts: configure command login load

After each failure the answer must be one that lack of memory explains.  A refused operation
must have changed nothing, and must succeed when it is repeated.  Prints a line for each
operation: how many of its allocations were failed, and the answers.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Optional

import failing
from failing import ROOT, BrokenError, Nth, get, no_memory_allowed, put
from rawiscsi import Conn
from sgio import FROM_DEV, Command, read10, sync10, write10

LIMIT = 4000
# A number above the allocations of a module's load; and how many of the last ones are failed.
LOADS, LOADS_FAILED = 1000000, 100
# System calls that the C library has no function for, as x86-64 numbers them.
FINIT_MODULE, DELETE_MODULE = 313, 176


class Step:
    """An operation, its opposite, and a check whether it has been done."""

    def __init__(self, name: str, do: Callable[[], object], undo: Callable[[], object],
                 done: Callable[[], bool]):
        self.name, self.do, self.undo, self.done = name, do, undo, done

    def sweep(self, nth: Nth) -> None:
        answers: Counter[str] = Counter()
        for n in range(1, LIMIT):
            seen, failed = nth.run(n, self.do)
            answers[seen or "done"] += 1
            if self.done() == bool(seen):
                raise BrokenError(f"{self.name}, allocation {n}: answered {seen or 'done'}, "
                             f"but is {'' if seen else 'not '}done")
            if seen and not failed:
                raise BrokenError(f"{self.name}: {seen}, although nothing was failed")
            if seen:
                self.do()
                if not self.done():
                    raise BrokenError(f"{self.name}, allocation {n}: not done when repeated")
            if not failed:
                print(f"{self.name}: {n - 1} failed, {dict(answers)}", flush=True)
                return
            self.undo()
        raise BrokenError(f"{self.name}: no end after {LIMIT} allocations")


def mkdir(path: str) -> Step:
    return Step(f"mkdir {path}", lambda: os.mkdir(f"{ROOT}/{path}"),
                lambda: os.rmdir(f"{ROOT}/{path}"), lambda: os.path.isdir(f"{ROOT}/{path}"))


def rmdir(path: str) -> Step:
    step = mkdir(path)
    return Step(f"rmdir {path}", step.undo, step.do, lambda: not step.done())


def store(path: str, value: str, before: str | None = None) -> Step:
    path = f"{ROOT}/{path}"
    old = get(path).rstrip("\n") if before is None else before
    return Step(f"{path[len(ROOT) + 1:]} = {value}", lambda: put(path, value),
                lambda: put(path, old), lambda: get(path) == f"{value}\n")


def make_file(device: str, file: str) -> Step:
    """Make a file: it is either complete, or nothing is left of it."""
    return Step(f"make_file {device}", lambda: failing.make_file(device),
                lambda: os.unlink(file), lambda: os.path.exists(file))


def link(lun: str, device: str) -> Step:
    path = f"{ROOT}/{lun}/device"
    return Step(f"ln {lun}", lambda: os.symlink(f"{ROOT}/{device}", path),
                lambda: os.unlink(path), lambda: os.path.islink(path))


def unlink(lun: str, device: str) -> Step:
    step = link(lun, device)
    return Step(f"rm {lun}", step.undo, step.do, lambda: not step.done())


def show(path: str) -> Step:
    """Read an attribute: the text is either complete or refused; there is nothing to undo."""
    path = f"{ROOT}/{path}"
    whole = get(path)
    state: dict[str, Optional[str]] = {"text": None}

    def do() -> None:
        state["text"] = None
        state["text"] = get(path)
    return Step(f"cat {path[len(ROOT) + 1:]}", do, lambda: None, lambda: state["text"] == whole)


def configure(folder: str) -> None:
    """Build a tree from nothing to a session that is logged in, and remove it."""
    nth = Nth()

    def keep(step: Step) -> None:
        step.sweep(nth)

    iqn = "targets/iscsi/iqn.2026-01.example:nth"
    keep(mkdir("handlers/vdisk_fileio/nth"))
    keep(store("handlers/vdisk_fileio/nth/filename", f"{folder}/nth.img"))
    keep(store("handlers/vdisk_fileio/nth/size", "1048576"))
    keep(make_file("handlers/vdisk_fileio/nth", f"{folder}/nth.img"))
    keep(store("handlers/vdisk_fileio/nth/usn", "nth"))
    keep(store("handlers/vdisk_fileio/nth/enabled", "1"))
    keep(mkdir("handlers/vdisk_nullio/nth"))
    keep(store("handlers/vdisk_nullio/nth/enabled", "1"))
    for file in ("handlers/vdisk_fileio/nth/exported", "handlers/vdisk_fileio/nth/schema",
                 "handlers/vdisk_fileio/nth/stats/latency_us", "last_error", "features"):
        keep(show(file))
    for target in ("targets/loop/nth", iqn):
        keep(mkdir(target))
        keep(store(target + "/comment", "some words"))
        keep(store(target + "/rel_tgt_id", "4711"))
        keep(mkdir(target + "/luns/0"))
        keep(link(target + "/luns/0", "handlers/vdisk_fileio/nth"))
        keep(store(target + "/luns/0/read_only", "1"))
        keep(mkdir(target + "/ini_groups/g"))
        keep(mkdir(target + "/ini_groups/g/luns/1"))
        keep(link(target + "/ini_groups/g/luns/1", "handlers/vdisk_nullio/nth"))
        if target == iqn:
            keep(mkdir(iqn + "/portals/127.0.0.1:3270"))
            keep(store(iqn + "/params/MaxOutstandingR2T", "2"))
        keep(store(target + "/enabled", "1"))
        if target != iqn:
            keep(mkdir(target + "/sessions/nth"))
        # With a live session on loop, whose map changes with each step.
        keep(mkdir(target + "/ini_groups/g/initiators/nth"))
        keep(mkdir(target + "/ini_groups/g/luns/2"))
        keep(link(target + "/ini_groups/g/luns/2", "handlers/vdisk_fileio/nth"))
        if target != iqn:
            keep(show(target + "/sessions/nth/luns"))
        keep(unlink(target + "/ini_groups/g/luns/2", "handlers/vdisk_fileio/nth"))
        keep(rmdir(target + "/ini_groups/g/luns/2"))
        keep(rmdir(target + "/ini_groups/g/initiators/nth"))
        if target != iqn:
            keep(rmdir(target + "/sessions/nth"))
        keep(store(target + "/enabled", "0"))
        keep(unlink(target + "/ini_groups/g/luns/1", "handlers/vdisk_nullio/nth"))
        keep(rmdir(target + "/ini_groups/g/luns/1"))
        keep(rmdir(target + "/ini_groups/g"))
        keep(unlink(target + "/luns/0", "handlers/vdisk_fileio/nth"))
        keep(rmdir(target + "/luns/0"))
        if target == iqn:
            keep(rmdir(iqn + "/portals/127.0.0.1:3270"))
        keep(rmdir(target))
    keep(store("handlers/vdisk_nullio/nth/enabled", "0"))
    keep(rmdir("handlers/vdisk_nullio/nth"))
    keep(store("handlers/vdisk_fileio/nth/enabled", "0"))
    keep(rmdir("handlers/vdisk_fileio/nth"))


def empty_pools() -> None:
    """Change the memory limit, which gives idle chunks of all pools back to the system."""
    for limit in (4096, 0):
        put(f"{ROOT}/cmd_mem_limit_mb", limit)


COMMANDS = {
    "TEST UNIT READY": lambda: Command(bytes(6)),
    "INQUIRY": lambda: Command(bytes([0x12, 0, 0, 0, 255, 0]), FROM_DEV, 255),
    "INQUIRY page 83h": lambda: Command(bytes([0x12, 1, 0x83, 0, 255, 0]), FROM_DEV, 255),
    "MODE SENSE (10)": lambda: Command(bytes([0x5A, 0, 0x3F, 0, 0, 0, 0, 1, 0, 0]), FROM_DEV, 256),
    "READ CAPACITY (16)": lambda: Command(bytes([0x9E, 0x10]) + bytes(11) + b"\x20\0\0",
                                          FROM_DEV, 32),
    "REPORT LUNS": lambda: Command(bytes([0xA0]) + bytes(7) + b"\x20\0\0\0", FROM_DEV, 8192),
    "REPORT SUPPORTED OPERATION CODES":
        lambda: Command(bytes([0xA3, 0x0C]) + bytes(6) + b"\x20\0\0\0", FROM_DEV, 8192),
    "READ 4 KiB": lambda: read10(0, 8),
    "READ 1 MiB": lambda: read10(0, 2048),
    "WRITE 4 KiB": lambda: write10(0, bytes([7]) * 4096),
    "WRITE 1 MiB": lambda: write10(0, bytes([7]) * 1048576),
    "WRITE FUA": lambda: write10(8, bytes([7]) * 4096, True),
    "VERIFY compare": lambda: Command(bytes([0x2F, 2, 0, 0, 0, 0, 0, 0, 8, 0]), -2,
                                      bytes([7]) * 4096),
    "SYNCHRONIZE CACHE": sync10,
}


def command(disk: str) -> None:
    """Send each class of command by SG_IO; all of it runs in the submitting task."""
    fd = os.open(disk, os.O_RDWR | os.O_NONBLOCK)
    nth = Nth()
    for name, make in COMMANDS.items():
        if write10(0, bytes([7]) * 1048576).run(fd) != "ok":
            raise BrokenError("the disk cannot be written")
        answers: Counter[str] = Counter()
        for n in range(1, LIMIT):
            empty_pools()
            cmd, failed = make(), False
            with no_memory_allowed() as seen:
                nth.arm(n)
                try:
                    seen.append(cmd.run(fd))
                finally:
                    failed = nth.disarm() == 0
            answer = seen[0]
            answers[answer] += 1
            # BUSY and TASK SET FULL (08, 28) ask the initiator to repeat the command.
            if answer not in ("ok", "ENOMEM", "status 08", "status 28"):
                raise BrokenError(f"{name}, allocation {n}: {answer}")
            if answer == "ok" and name.startswith("READ ") and "iB" in name and \
                    cmd.data.strip(b"\7"):
                raise BrokenError(f"{name}, allocation {n}: wrong data")
            again = make()
            if again.run(fd) != "ok":
                raise BrokenError(f"{name}, allocation {n}: {again.result()} when repeated")
            if not failed:
                if answer != "ok":
                    raise BrokenError(f"{name}: {answer}, although nothing was failed")
                print(f"{name}: {n - 1} failed, {dict(answers)}", flush=True)
                break
    os.close(fd)


def login() -> None:
    """Log in while the nth allocation in the daemon's system calls fails."""
    iqn = os.environ["CST_IQN"]
    daemon = int(os.environ["CST_DAEMON"])
    nth = Nth(daemon)
    answers: Counter[str] = Counter()
    for n in range(1, LIMIT):
        failed = False
        with no_memory_allowed() as seen:
            nth.arm(n)
            try:
                conn = Conn(iqn, timeout=20, isid=77)
            finally:
                failed = nth.disarm() == 0
            conn.alive()
            conn.close()
        answers[seen[0] if seen else "done"] += 1
        if seen and not failed:
            raise BrokenError(f"login: {seen[0]}, although nothing was failed")
        if not os.path.isdir(f"/proc/{daemon}"):
            raise BrokenError(f"login, allocation {n}: the daemon is gone")
        again = Conn(iqn, timeout=20, isid=77)
        again.alive()
        again.close()
        if not failed:
            print(f"login: {n - 1} failed, {dict(answers)}", flush=True)
            return
    raise BrokenError("login: no end")


class Module:
    """A module that is not loaded."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, path: str):
        self.name = os.path.basename(path)[:-3]
        self.fd = os.open(path, os.O_RDONLY)

    def check(self, failed: int) -> None:
        if failed:
            raise OSError(ctypes.get_errno(), self.name)

    def insert(self) -> None:
        self.check(self.libc.syscall(FINIT_MODULE, self.fd, b"", 0))

    def remove(self) -> None:
        self.check(self.libc.syscall(DELETE_MODULE, self.name.encode(), os.O_NONBLOCK))


def load() -> None:
    """Load modules while one of the last allocations fails: those of our init functions."""
    nth = Nth()
    for path in os.environ["CST_MODULES"].split():
        module = Module(path)
        total = LOADS
        # The first load makes allocations that stay for the others, so load three times.
        for _ in range(3):
            nth.arm(LOADS)
            module.insert()
            total = min(total, LOADS - nth.disarm())
            module.remove()
        answers: Counter[str] = Counter()
        for n in range(max(1, total - LOADS_FAILED), total + 20):
            seen, failed = nth.run(n, module.insert)
            answers[seen or "done"] += 1
            if seen and not failed:
                raise BrokenError(f"{module.name}: {seen}, although nothing was failed")
            if not seen:
                module.remove()
            if not failed:
                break
        print(f"{module.name}: {total} allocations, the last {LOADS_FAILED} failed, {dict(answers)}",
              flush=True)
        module.insert()
        os.close(module.fd)


def main() -> None:
    folder, disk, parts = sys.argv[1], sys.argv[2], sys.argv[3:]
    failing.set_up()
    for part in parts:
        if part == "configure":
            configure(folder)
        elif part == "command":
            command(disk)
        elif part == "login":
            login()
        elif part == "load":
            load()
        else:
            sys.exit(f"no part '{part}'")


if __name__ == "__main__":
    main()
