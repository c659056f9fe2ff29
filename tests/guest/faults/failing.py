# SPDX-License-Identifier: GPL-2.0-only
"""Allocation failures on demand, by the kernel's fault injection, and their allowed effects.

Used by this folder's programs, in a guest whose kernel has FAULT_INJECTION.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import sys
import time
from collections.abc import Callable, Iterator

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from rawiscsi import Closed

ROOT = "/sys/kernel/config/cst"
DEBUG = "/sys/kernel/debug"
CAPABILITIES = ("failslab", "fail_page_alloc")
SLOW = int(os.environ.get("CST_SCALE", "1"))

# The errors of an operation without memory.  The kernel's own file system code also uses
# other errors than ENOMEM.
NO_MEMORY = {errno.ENOMEM, errno.ENFILE, errno.ENOBUFS}


class BrokenError(Exception):
    """A fault that lack of memory does not explain."""


def make_file(device: str) -> None:
    """Write make_file; tmpfs answers ENOSPC when it has no memory for an inode."""
    try:
        put(f"{ROOT}/{device}/make_file", 1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error


def put(path: str, value: object) -> None:
    """Write a value by one write(2), like the shell's echo."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, f"{value}\n".encode())
    finally:
        os.close(fd)


def get(path: str) -> str:
    with open(path, "rb", buffering=0) as f:
        return f.read(65536).decode()


def wait_for(what: Callable[[], object], seconds: float = 30, text: str = "") -> None:
    """Wait until what() is true; raise BrokenError after this time, longer on a slow kernel."""
    end = time.monotonic() + seconds * SLOW
    while not what():
        if time.monotonic() > end:
            raise BrokenError(f"not within {seconds} s: {text or what.__name__}")
        time.sleep(0.02)


def set_up() -> None:
    """Prepare fault injection: every kind of allocation may fail, none does yet, no messages."""
    for name in CAPABILITIES:
        put(f"{DEBUG}/{name}/ignore-gfp-wait", "N")
        put(f"{DEBUG}/{name}/verbose", 0)
        put(f"{DEBUG}/{name}/probability", 0)
        # Reset the filter that another test's Site may have left.
        put(f"{DEBUG}/{name}/require-start", 0)
        put(f"{DEBUG}/{name}/require-end", (1 << 64) - 1)
    put(f"{DEBUG}/fail_page_alloc/min-order", 0)
    put(f"{DEBUG}/fail_page_alloc/ignore-gfp-highmem", "N")


def function(module: str, name: str) -> tuple[int, int]:
    """Return the address of a module's function, and its length in bytes."""
    with open("/proc/kallsyms", encoding="ascii") as lines:
        symbols = [line.split() for line in lines if line.rstrip().endswith(f"[{module}]")]
    addresses = sorted(int(symbol[0], 16) for symbol in symbols)
    begin = next(int(symbol[0], 16) for symbol in symbols if symbol[2] == name)
    return begin, next(address for address in addresses if address > begin) - begin


# The functions by which kmemleak hears of an allocation; the kernel's code has them together.
LEAK_CHECKER = {"kmemleak_alloc", "kmemleak_alloc_percpu", "kmemleak_alloc_phys", "kmemleak_vmalloc"}


@functools.cache
def leak_checker() -> tuple[int, int]:
    """Return the begin and the end of LEAK_CHECKER's code; (0, 0) without kmemleak."""
    with open("/proc/kallsyms", encoding="ascii") as lines:
        symbols = [line.split() for line in lines]
    own = [int(symbol[0], 16) for symbol in symbols if symbol[2] in LEAK_CHECKER]
    if not own:
        return 0, 0
    return min(own), min(address for symbol in symbols if (address := int(symbol[0], 16)) > max(own))


class Site:
    """Makes the next allocation below one call instruction fail, in any context.

    Allocations of kmemleak do not fail: no operation would be affected.
    """

    def __init__(self, address: int, length: int = 1):
        """address: the call's return address; with a length, the start of a function"""
        self.address, self.length = address, length

    def __enter__(self) -> Site:
        begin, end = leak_checker()
        for name in CAPABILITIES:
            put(f"{DEBUG}/{name}/reject-start", f"{begin:#x}")
            put(f"{DEBUG}/{name}/reject-end", f"{end:#x}")
            put(f"{DEBUG}/{name}/require-start", f"{self.address:#x}")
            put(f"{DEBUG}/{name}/require-end", f"{self.address + self.length:#x}")
            put(f"{DEBUG}/{name}/stacktrace-depth", 32)
            put(f"{DEBUG}/{name}/interval", 1)
            put(f"{DEBUG}/{name}/times", 1)
            put(f"{DEBUG}/{name}/probability", 100)
        return self

    def __exit__(self, *_: object) -> None:
        for name in CAPABILITIES:
            put(f"{DEBUG}/{name}/probability", 0)

    def hit(self) -> bool:
        return any(get(f"{DEBUG}/{name}/times").strip() == "0" for name in CAPABILITIES)


class Nth:
    """Makes the nth allocation of one task fail."""

    def __init__(self, task: int = 0):
        path = f"/proc/{task}/task/{task}/fail-nth" if task else "/proc/thread-self/fail-nth"
        self.fd = os.open(path, os.O_RDWR)

    def arm(self, n: int) -> None:
        os.pwrite(self.fd, str(n).encode(), 0)

    def disarm(self) -> int:
        """Stop, and return the number of allocations left to count; 0: one has failed."""
        left = int(os.pread(self.fd, 32, 0))
        os.pwrite(self.fd, b"0", 0)
        return left

    def run(self, n: int, do: Callable[[], object]) -> tuple[str, bool]:
        """Return the answer of do() for lack of memory, or ""; and whether an allocation failed."""
        failed = False
        with no_memory_allowed() as seen:
            self.arm(n)
            try:
                do()
            finally:
                failed = self.disarm() == 0
        return seen[0] if seen else "", failed


@contextlib.contextmanager
def no_memory_allowed() -> Iterator[list[str]]:
    """Catch errors that a failed allocation may cause, and yield a list of them."""
    seen: list[str] = []
    try:
        yield seen
    except Closed:
        seen.append("connection closed")
    except PermissionError as error:
        # Login refused: 0301 service unavailable, 0302 out of resources, 0300 target error.
        if not re.fullmatch("03..", str(error)):
            raise
        seen.append(f"login status {error}")
    except (ConnectionError, TimeoutError) as error:
        seen.append(type(error).__name__)
    except OSError as error:
        if error.errno not in NO_MEMORY:
            raise
        seen.append(errno.errorcode[error.errno or 0])
