# SPDX-License-Identifier: GPL-2.0-only
"""Tests the effect of a logout on commands that are under way.

Usage: logout.py TARGET FOLDER

The disk of the target is a file in FOLDER, the root of a file system that is frozen
now: writes do not end.
"""

from __future__ import annotations

import os
import pathlib
import struct
import subprocess
import sys
import time
from typing import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import ASYNC, FINAL, IMMEDIATE, LOGOUT, LOGOUT_RSP, R2T, SCSI_CMD, WRITE, Conn

TARGET, FOLDER = sys.argv[1:]
SESSIONS = pathlib.Path(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")


def freeze(how: str) -> None:
    subprocess.run(["fsfreeze", how, FOLDER], check=True)


def sessions() -> list[pathlib.Path]:
    return [p for p in SESSIONS.iterdir() if p.is_dir()]


def until(seconds: float, condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def in_the_backing() -> bool:
    """Return whether a kernel thread is in uninterruptible sleep."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state = path.read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state == "D":
            return True
    return False


def write_stuck(c: Conn) -> None:
    """Send a write, and wait until the backing has it: before that an abort would end it."""
    c.write10(0, 8, b"1" * 4096)
    until(20, in_the_backing, "a write that waits for the backing")


def stuck() -> Conn:
    c = Conn(TARGET)
    c.alive()
    write_stuck(c)
    return c


def waits_for_the_backing() -> None:
    c = stuck()
    itt = c.logout()
    assert c.silent(2), "an answer while a write is under way"
    freeze("-u")
    c.expect(LOGOUT_RSP, itt)
    assert c.closed(), "still open"
    freeze("-f")


def closed_meanwhile() -> None:
    """The initiator closes the connection; the session ends when its command does."""
    c = stuck()
    c.logout()
    assert c.silent(), "an answer while a write is under way"
    c.close()
    time.sleep(1)
    assert len(sessions()) == 1, "the session has ended before its command"
    freeze("-u")
    until(10, lambda: not sessions(), "the end of the session")
    freeze("-f")


def dismissed_meanwhile() -> None:
    c = stuck()
    c.logout()
    assert c.silent(), "an answer while a write is under way"
    (sessions()[0] / "force_close").write_text("1")
    c.expect(ASYNC)
    assert c.closed(), "still open"
    freeze("-u")
    until(10, lambda: not sessions(), "the end of the session")
    freeze("-f")


def commands_that_wait_for_data() -> None:
    """No more data is asked for, and only the logout is answered."""
    c = Conn(TARGET, InitialR2T="Yes", ImmediateData="No")
    c.alive()
    for _ in range(3):
        c.expect(R2T, c.write10(0, 8))
    c.expect(LOGOUT_RSP, c.logout())
    assert c.closed(), "still open"
    # A command whose answer waits for its unsolicited data.
    c = Conn(TARGET, InitialR2T="No", ImmediateData="Yes")
    c.alive()
    c.write10(0x7FFFFFF0, 4, bytes(512), flags=WRITE)
    c.expect(LOGOUT_RSP, c.logout())
    assert c.closed(), "still open"


def requests_behind_it() -> None:
    """Requests after a logout are ignored, while the logout waits and when it is answered."""
    freeze("-u")
    for held in False, True:
        c = Conn(TARGET)
        c.alive()
        if held:
            freeze("-f")
            write_stuck(c)
        itt = next(c.tags)
        logout = c.pdu(c.request(LOGOUT | IMMEDIATE, FINAL, itt))
        write = c.pdu(c.request(SCSI_CMD, FINAL | WRITE, next(c.tags), 4096,
                                rest=struct.pack(">BBIBHB", 0x2A, 0, 8, 0, 8, 0)), b"2" * 4096)
        c.write(logout + write)
        if held:
            assert c.silent(), "an answer while a write is under way"
            freeze("-u")
        c.expect(LOGOUT_RSP, itt)
        assert c.closed(), "still open"
        c = Conn(TARGET)
        c.alive()
        assert c.read(8, 8) == bytes(4096), "a write behind the logout was done"
        c.logout()
        c.expect(LOGOUT_RSP)
    freeze("-f")


waits_for_the_backing()
closed_meanwhile()
dismissed_meanwhile()
commands_that_wait_for_data()
requests_behind_it()
freeze("-u")
