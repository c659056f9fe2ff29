# SPDX-License-Identifier: GPL-2.0-only
"""Attacks with connections: floods, half-open ones, slow logins, discovery without end.

Usage: flood.py TARGET [CASE...]
"""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any, Optional

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import contextlib

from rawcases import SLOW, TARGET, case, conn, equal, main, times, together, until
from rawiscsi import (
    DATA_OUT,
    FINAL,
    IMMEDIATE,
    LOGIN_RSP,
    NONE,
    REJECT,
    SCSI_CMD,
    SNACK,
    TEXT,
    TEXT_RSP,
    TMF,
    Closed,
    Conn,
)

PORTAL = ("127.0.0.1", 3260)
LINGER_0 = b"\1\0\0\0\0\0\0\0"


def good_login(what: str, limit: float = 3.0) -> None:
    begin = time.monotonic()
    c = conn(isid=200)
    took = time.monotonic() - begin
    assert took < limit * SLOW, f"{what}: a good login took {took:.1f} s"
    c.close()


def idle(n: int, source: str = "") -> list[socket.socket]:
    socks = []
    for _ in range(n):
        s = socket.socket()
        s.settimeout(20 * SLOW)
        if source:
            s.bind((source, 0))
        s.connect(PORTAL)
        socks.append(s)
    return socks


@case
def idle_connections() -> None:
    """Connections never send a byte; a correct login is as fast as without them."""
    good_login("alone")
    socks = []
    for n in (1, 4, 300):
        socks += idle(n)
        good_login(f"beside {len(socks)} idle connections")
    for s in socks:
        s.close()


@case
def idle_from_many_sources() -> None:
    socks = []
    for n in range(times(40, 10)):
        socks += idle(20, f"127.0.1.{n + 1}")
    good_login(f"beside {len(socks)} idle connections")
    for s in socks:
        s.close()


@case
def slow_login() -> None:
    """A byte of the login comes now and then: the login must end within fifteen seconds."""
    c = Conn(TARGET, login=False, isid=201)
    stream = c.pdu(c.login_bhs(), c.login_keys())
    begin = time.monotonic()
    try:
        for byte in stream:
            c.write(bytes([byte]))
            good_login("beside a slow one")
            time.sleep(0.3)
            assert time.monotonic() - begin < 40 * SLOW, "a slow login may take for ever"
    except Closed:
        pass
    assert c.closed(), "still open"


@case
def connect_and_close() -> None:
    """Eight threads make connections that end at once, with FIN and with RST."""
    def one(n: int) -> None:
        for i in range(times(200, 30)):
            s = socket.create_connection(PORTAL, 20 * SLOW)
            if i & 1:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            if i & 2:
                s.send(b"\x43\x87" + bytes(30))
            s.close()

    together(*(lambda n=n: one(n) for n in range(8)))
    good_login("after the storm")


@case
def garbage_instead_of_a_login() -> None:
    for data in (b"GET / HTTP/1.0\r\n\r\n" * 10, b"\0" * 5000, b"\xff" * 5000,
                 b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + bytes(500), b"\x43" * 5000):
        c = Conn(TARGET, login=False, timeout=20 * SLOW)
        with contextlib.suppress(Closed):
            c.write(data)
        assert c.closed(), f"still open after {data[:10]!r}"
    good_login("after garbage")


@case
def half_closed() -> None:
    """The peer half-closes the connection, in the middle of a login, a session and a command."""
    for what in ("login", "session", "command"):
        c = Conn(TARGET, login=False, isid=202, timeout=20 * SLOW)
        if what == "login":
            c.write(c.pdu(c.login_bhs(), c.login_keys())[:60])
        else:
            c.login({})
            if what == "command":
                for _ in range(20):
                    c.read10(0, 256)
        c.sock.shutdown(socket.SHUT_WR)
        assert c.closed(), f"still open after half a close: {what}"


@case
def more_sessions_than_allowed() -> None:
    """Logins beyond MaxSessions are refused with a status; a free place can be used again."""
    conns = []
    try:
        for n in range(100):
            conns += [Conn(TARGET, isid=300 + n, timeout=20 * SLOW)]
    except PermissionError as error:
        equal(str(error), "0302", "status of one too many")
    assert len(conns) < 100, "no limit"
    conns.pop().close()

    def again() -> bool:
        try:
            conns.append(Conn(TARGET, isid=500, timeout=20 * SLOW))
        except PermissionError:
            return False
        return True

    until(20, again, "a session in the place of one that has gone")
    for c in conns:
        c.close()


# --- discovery ---


def discovery(**keys: Any) -> Conn:
    c = Conn(TARGET, login=False, timeout=20 * SLOW)
    c.send(c.login_bhs(), c.login_keys(SessionType="Discovery", TargetName=None, **keys))
    rsp = c.expect(LOGIN_RSP)
    equal(rsp.bhs[36:38].hex(), "0000", "status of a discovery login")
    return c


def ask(c: Conn, data: bytes, flags: int = FINAL, ttt: int = NONE, itt: Optional[int] = None,
        opcode: int = TEXT | IMMEDIATE) -> int:
    itt = next(c.tags) if itt is None else itt
    c.send(c.request(opcode, flags, itt, ttt), data)
    return itt


@case
def discovery_of_many() -> None:
    """The whole list comes in the smallest parts, and never a part of an old list."""
    there = [d for d in os.listdir("/sys/kernel/config/cst/targets/iscsi") if d.startswith("iqn.")]
    assert len(there) > 20, "few targets"
    for dsl in (512, 8192):
        c = discovery(MaxRecvDataSegmentLength=dsl)
        itt = ask(c, b"SendTargets=All\0")
        text, parts = b"", 0
        while True:
            rsp = c.expect(TEXT_RSP, itt)
            assert len(rsp.data) <= dsl, f"{len(rsp.data)} bytes, {dsl} declared"
            text += rsp.data
            parts += 1
            if rsp.flags & FINAL:
                break
            ask(c, b"", FINAL, rsp.ttt, itt)
        names = text.count(b"TargetName=")
        equal(names, len(there), f"targets in {parts} parts")
        equal(len(set(text.split(b"\0"))) - 1, names + 1, "distinct lines")
        c.close()


@case
def discovery_abuse() -> None:
    for data, flags, ttt in ((b"SendTargets=All\0" * 2, FINAL, NONE), (b"SendTargets", FINAL, NONE),
                             (b"SendTargets=" + b"x" * 8000 + b"\0", FINAL, NONE),
                             (b"\xff" * 8192, FINAL, NONE), (b"=\0", FINAL, NONE),
                             (b"SendTargets=All\0", FINAL, 5), (b"SendTargets=All\0", 0xC0, NONE),
                             (b"X-k%d=1\0" * 900, FINAL, NONE), (b"A=B\0" * 2000, FINAL, NONE)):
        c = discovery()
        ask(c, data, flags, ttt)
        try:
            rsp = c.recv()
            assert rsp.opcode in (REJECT, TEXT_RSP), f"opcode {rsp.opcode:#x}"
            assert len(rsp.data) <= 8192, "an answer that is longer than declared"
        except Closed:
            pass
        c.close()
    # A list that is requested without end.
    c = discovery()
    try:
        for _ in range(100000):
            ask(c, b"", 0x40, itt=7, opcode=TEXT | IMMEDIATE)
            if c.recv().opcode == REJECT:
                break
        else:
            raise AssertionError("a text without end is taken")
    except Closed:
        pass


@case
def discovery_that_never_reads_its_list() -> None:
    """Lists are made and dropped again and again; then a session asks and does not read."""
    c = discovery(MaxRecvDataSegmentLength=512)
    try:
        for _ in range(times(2000, 200)):
            ask(c, b"SendTargets=All\0")
    except (Closed, TimeoutError):
        pass
    good_login("beside a discovery that does not read")
    c.close()


@case
def discovery_is_no_session() -> None:
    """Requests of a normal session do not work in a discovery session."""
    for opcode in (SCSI_CMD, TMF, DATA_OUT, SNACK):
        c = discovery()
        c.send(c.request(opcode | IMMEDIATE, FINAL | 1, 9))
        with contextlib.suppress(Closed):
            equal(c.recv().opcode, REJECT, f"answer to opcode {opcode:#x}")
        c.close()


main()
