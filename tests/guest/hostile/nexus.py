# SPDX-License-Identifier: GPL-2.0-only
"""Attacks by task management, task attributes and reinstatement, which affect other nexuses.

Usage: nexus.py TARGET [CASE...]
"""

from __future__ import annotations

import os
import pathlib
import random
import socket
import sys
import time
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawcases import SLOW, TARGET, case, conn, equal, main, pattern, times, together
from rawiscsi import (
    ASYNC,
    DATA_IN,
    FINAL,
    IMMEDIATE,
    LOGOUT,
    LOGOUT_RSP,
    NONE,
    R2T,
    READ,
    SCSI_CMD,
    SCSI_RSP,
    TMF,
    TMF_RSP,
    Conn,
)

SOLICITED: dict[str, Any] = {"InitialR2T": "Yes", "ImmediateData": "No"}
SESSIONS = pathlib.Path(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")
ORDERED, HEAD, SYNC = 2, 3, b"\x35" + bytes(9)


def drain(c: Conn, seconds: float = 0.1) -> None:
    """Receive PDUs until none comes for a while."""
    c.sock.settimeout(seconds * SLOW)
    try:
        while True:
            c.recv()
    except TimeoutError:
        pass
    c.sock.settimeout(20 * SLOW)


# --- task management ---


@case
def abort_storm() -> None:
    """Hundreds of aborts of finished, unknown, never sent, own and foreign tasks."""
    other = conn(isid=21, **SOLICITED)
    foreign = other.write10(0, 1)
    ttt = other.expect(R2T, foreign).ttt
    c = conn(**SOLICITED)
    waiting = {c.write10(i, 1): 0 for i in range(40)}
    for itt in waiting:
        waiting[itt] = c.expect(R2T, itt).ttt
    rng = random.Random(25)
    for _ in range(times(400, 60)):
        victim = rng.choice((1, foreign + 7777, rng.getrandbits(32) | 0x10000, NONE))
        tag = c.tmf(1, victim, refcmdsn=rng.choice((c.cmdsn - 1, c.cmdsn + 3, 0, NONE)) & NONE)
        assert c.expect(TMF_RSP, tag).response in (0, 1), "an answer to an abort"
    for itt in list(waiting)[::2]:
        equal(c.expect(TMF_RSP, c.tmf(1, itt, refcmdsn=c.cmdsn - 1)).response, 0, "response")
        equal(c.expect(TMF_RSP, c.tmf(1, itt, refcmdsn=c.cmdsn - 1)).response, 1, "the second")
    for itt in list(waiting)[1::2]:
        c.data_out(itt, waiting[itt], 0, pattern(512))
        equal(c.expect(SCSI_RSP, itt).sense(), "ok")
    # The task of the same tag in another session is not hit.
    other.data_out(foreign, ttt, 0, pattern(512))
    equal(other.expect(SCSI_RSP, foreign).sense(), "ok")


@case
def many_functions_in_one_segment() -> None:
    """As many functions as CIT_PDU_MAX lets the target answer at a time, and more, at once."""
    c = conn(**SOLICITED)
    for _ in range(times(10, 2)):
        writes = [c.write10(i, 8) for i in range(30)]
        for itt in writes:
            c.expect(R2T, itt)
        batch, tags = b"", set()
        for i in range(100):
            itt = next(c.tags)
            tags.add(itt)
            function, rtt = (1, writes[i % 30]) if i % 3 else ((2, 4, 5)[i // 3 % 3], NONE)
            batch += c.pdu(c.request(TMF | IMMEDIATE, FINAL | function, itt, rtt,
                                     rest=(c.cmdsn - 1 & NONE).to_bytes(4, "big")))
        c.write(batch)
        while tags:
            pdu = c.expect(TMF_RSP)
            tags.remove(pdu.itt)
            assert pdu.response in (0, 1), f"response {pdu.response}"
        c.alive()


@case
def resets_from_many_at_once() -> None:
    """LUN and target resets by five sessions, each with writes that wait for data."""
    def one(n: int) -> None:
        rng = random.Random(n)
        c = Conn(TARGET, isid=30 + n, timeout=40 * SLOW, **SOLICITED)
        for _ in range(times(15, 3)):
            for i in range(rng.randrange(8)):
                c.write10(i, 4)
            itt = c.tmf(rng.choice((2, 4, 5, 5, 6)))
            while True:
                pdu = c.recv()
                if pdu.opcode == TMF_RSP:
                    break
                assert pdu.opcode in (R2T, SCSI_RSP, DATA_IN), f"opcode {pdu.opcode:#x}"
            equal((pdu.itt, pdu.response), (itt, 0), "answer to a reset")
            if rng.random() < 0.3:
                c.read10(0, 64)
        drain(c)
        c.close()

    together(*(lambda n=n: one(n) for n in range(5)))


@case
def function_and_the_end() -> None:
    """The connection ends while the function is still under way."""
    for function in (1, 2, 4, 5, 6, 7):
        for _ in range(3):
            c = conn(isid=40, **SOLICITED)
            itt = c.write10(0, 64)
            c.expect(R2T, itt)
            c.tmf(function, itt, refcmdsn=c.cmdsn - 1)
            c.close()
    conn(isid=40)


@case
def reset_beside_somebody_who_reads_nothing() -> None:
    """An initiator does not read its answers; another one's reset must not wait for that."""
    deaf = conn(isid=22)
    for _ in range(40):
        deaf.read10(0, 1024)
    c = conn()
    for function in (5, 4, 6):
        begin = time.monotonic()
        equal(c.expect(TMF_RSP, c.tmf(function)).response, 0, f"function {function}")
        took = time.monotonic() - begin
        assert took < 10 * SLOW, f"{took:.0f} s for function {function}"
    sense = c.expect(SCSI_RSP, c.scsi(bytes(6))).sense()
    assert sense.startswith("06/29"), sense
    deaf.close()


@case
def hundreds_of_functions_that_wait() -> None:
    """Aborts wait for answers that their initiators do not read; other aborts must not wait."""
    deaf = [conn(isid=70 + n) for n in range(5)]
    # Choose reads in the middle: they have been answered, but the socket has no room for them.
    victims = [[d.read10(0, 1024) for _ in range(40)][20] for d in deaf]
    time.sleep(min(10, 1 + SLOW))
    for d, itt in zip(deaf, victims):
        refcmdsn = (d.cmdsn - 20 & NONE).to_bytes(4, "big")
        d.write(b"".join(d.pdu(d.request(TMF | IMMEDIATE, FINAL | 1, next(d.tags), itt,
                                         rest=refcmdsn))
                         for _ in range(64)))
    # Leave time for the target to start work on them.
    time.sleep(min(10, 1 + 2 * SLOW))
    c = conn(**SOLICITED)
    for function in (1, 2, 5):
        itt = c.write10(0, 8)
        c.expect(R2T, itt)
        begin = time.monotonic()
        answer = c.expect(TMF_RSP, c.tmf(function, itt, refcmdsn=c.cmdsn - 1))
        equal(answer.response, 0, f"function {function}")
        took = time.monotonic() - begin
        # The waiting aborts are given up after 10 seconds.
        assert took < 5, f"{took:.0f} s for function {function}"
        if function == 5:
            assert c.expect(SCSI_RSP, c.scsi(bytes(6))).sense().startswith("06/29")
    for d in deaf:
        d.close()


@case
def clear_by_another() -> None:
    """A write that waits for its data is cleared, and its initiator gets a unit attention."""
    victim = conn(isid=23, **SOLICITED)
    itt = victim.write10(0, 8)
    ttt = victim.expect(R2T, itt).ttt
    c = conn()
    equal(c.expect(TMF_RSP, c.tmf(4)).response, 0, "CLEAR TASK SET")
    victim.data_out(itt, ttt, 0, pattern(4096, 99))
    equal(victim.expect(SCSI_RSP, victim.scsi(bytes(6))).sense(), "06/2f/00")
    assert c.read(0, 8) != pattern(4096, 99), "written after it was cleared"


# --- attributes ---


@case
def ordered_and_head_floods() -> None:
    """Three sessions send commands with every attribute, valid or not, at once."""
    def one(n: int) -> None:
        rng = random.Random(n)
        c = Conn(TARGET, isid=50 + n, timeout=60 * SLOW)
        c.alive()
        for _ in range(times(20, 3)):
            tags = set()
            for _ in range(60):
                attr = rng.choice((0, 1, ORDERED, ORDERED, HEAD, 4, 5, 7))
                if rng.random() < 0.5:
                    tags.add(c.scsi(SYNC, FINAL | attr))
                else:
                    cdb = b"\x28" + bytes(6) + b"\0\1\0"
                    tags.add(c.scsi(cdb, FINAL | READ | attr, 512))
            while tags:
                pdu = c.recv()
                if pdu.opcode == SCSI_RSP or pdu.flags & 1:
                    tags.remove(pdu.itt)
        c.close()

    together(*(lambda n=n: one(n) for n in range(3)))


@case
def ordered_behind_a_dead_write() -> None:
    """The write's connection ends: commands that wait behind the write go on at once."""
    for end in ("close", "logout", "abort", "reset"):
        c = conn(isid=24, **SOLICITED)
        itt = c.write10(0, 8)
        c.expect(R2T, itt)
        other = conn(isid=25)
        waiting = [other.scsi(SYNC, FINAL | ORDERED) for _ in range(20)]
        assert other.silent(0.2), "ORDERED has passed an older write"
        begin = time.monotonic()
        if end == "close":
            c.close()
        elif end == "logout":
            c.expect(LOGOUT_RSP, c.logout())
        elif end == "abort":
            equal(c.expect(TMF_RSP, c.tmf(1, itt, refcmdsn=c.cmdsn - 1)).response, 0, "abort")
        else:
            # The reset ends the session's own ORDERED commands, too.
            equal(other.expect(TMF_RSP, other.tmf(5)).response, 0, "reset")
            waiting = []
        for tag in waiting:
            equal(other.expect(SCSI_RSP, tag).sense(), "ok")
        assert time.monotonic() - begin < 10 * SLOW, f"{end}: others waited too long"
        c.close()
        other.close()


# --- the end of a session by the target ---


def directories(c: Conn) -> list[pathlib.Path]:
    """Return the session's directories; older sessions of the initiator may still be ending."""
    found = []
    for folder in SESSIONS.iterdir():
        try:
            tsih = int((folder / "tsih").read_text())
        except OSError:
            continue
        if tsih == c.tsih:
            found.append(folder)
    return found


@case
def told_before_the_end() -> None:
    """A session that is force-closed gets an Async Message before the connection is closed."""
    c = conn(isid=29)
    mine = directories(c)
    equal(len(mine), 1, "directories of the session")
    (mine[0] / "force_close").write_text("1")
    pdu = c.expect(ASYNC)
    equal((pdu.bhs[36], pdu.itt), (3, NONE), "event and tag")
    assert c.closed(), "still open"


# --- reinstatement, logout ---


@case
def reinstated_under_load() -> None:
    """Twenty sessions replace each other, each with reads and writes under way."""
    old = None
    for _ in range(times(20, 5)):
        c = Conn(TARGET, isid=26, timeout=40 * SLOW, **SOLICITED)
        for n in range(20):
            c.write10(n, 16)
            c.read10(n, 128)
        c.scsi(SYNC, FINAL | ORDERED)
        if old:
            assert old.closed(), "the old connection is still open"
        old = c
    conn(isid=26)


@case
def logout_under_load() -> None:
    for reason in (0, 1, 0, 1):
        c = conn(isid=27, **SOLICITED)
        for n in range(30):
            c.write10(n, 16)
            c.read10(n, 64)
        itt = c.logout(reason)
        while (pdu := c.recv()).opcode != LOGOUT_RSP:
            pass
        equal((pdu.itt, pdu.response), (itt, 0), "answer to the logout")
        assert c.closed(), "still open"


@case
def logout_twice_and_go_on() -> None:
    """Requests after a logout, in the same segment."""
    c = conn(isid=28)
    bhs = c.request(LOGOUT | IMMEDIATE, FINAL, 5, 0)
    c.write(c.pdu(bhs) * 3 + c.pdu(c.request(SCSI_CMD, FINAL, 6)) * 50)
    c.expect(LOGOUT_RSP)
    assert c.closed(), "still open"


@case
def sessions_come_and_go() -> None:
    """Eight threads open sessions, send commands and disappear."""
    def one(n: int) -> None:
        rng = random.Random(n)
        for _ in range(times(15, 3)):
            c = Conn(TARGET, isid=60 + n, timeout=40 * SLOW, **SOLICITED)
            for i in range(rng.randrange(10)):
                blocks = rng.choice((1, 8, 256))
                if rng.random() < 0.5:
                    c.write10(i, blocks)
                else:
                    c.read10(i, blocks)
            if rng.random() < 0.3:
                c.tmf(5)
            if rng.random() < 0.3:
                c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            c.close()

    together(*(lambda n=n: one(n) for n in range(8)))


main()
