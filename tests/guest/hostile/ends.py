# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with sessions that end as they begin.

Usage: ends.py TARGET [CASE...]

The target's NopInInterval must be 0: a session whose end the target misses then stays.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import struct
import sys
from typing import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import TARGET, case, conn, equal, main, times, together, until
from rawiscsi import FINAL, IMMEDIATE, LOGIN_RSP, LOGOUT, LOGOUT_RSP, Closed, Conn

SESSIONS = pathlib.Path(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")


def raw_sessions() -> list[str]:
    return [p.name for p in SESSIONS.iterdir() if ":raw" in p.name]


def login_and(isid: int, rest: bytes = b"") -> Conn:
    """Send the login request and the bytes that follow it in one segment."""
    c = Conn(TARGET, isid=isid, login=False)
    bhs = c.login_bhs(itt=next(c.tags))
    c.write(c.pdu(bhs, c.login_keys()) + rest)
    return c


def all_gone() -> None:
    until(20, lambda: not raw_sessions(), "the end of the sessions")


def logout_of(c: Conn) -> bytes:
    return c.pdu(c.request(LOGOUT | IMMEDIATE, FINAL, 77))


@case
def logout_behind_login() -> None:
    def one(n: int) -> None:
        dry = Conn(TARGET, login=False)
        rest = logout_of(dry)
        dry.close()
        for _ in range(times(20, 4)):
            c = login_and(100 + n, rest)
            equal(c.expect(LOGIN_RSP).bhs[36:38], b"\0\0", "status")
            equal(c.expect(LOGOUT_RSP).response, 0, "response")
            assert c.closed(), "still open"

    together(*(lambda n=n: one(n) for n in range(4)))
    all_gone()


def ends(how: Callable[[Conn], None]) -> None:
    def one(n: int) -> None:
        for _ in range(times(20, 4)):
            c = login_and(200 + n)
            with contextlib.suppress(OSError, Closed):
                how(c)
            c.close()

    together(*(lambda n=n: one(n) for n in range(4)))
    # All sessions must be gone without a login or a NOP-In that would find a dead one.
    all_gone()


@case
def end_of_stream_behind_login() -> None:
    ends(lambda c: c.sock.shutdown(socket.SHUT_WR))


@case
def reset_behind_login() -> None:
    ends(lambda c: c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)))


@case
def end_of_stream_in_the_answer() -> None:
    def how(c: Conn) -> None:
        c.sock.recv(1)
        c.sock.shutdown(socket.SHUT_WR)

    ends(how)


@case
def the_next_is_served() -> None:
    conn(isid=200).close()
    all_gone()


main()
