# SPDX-License-Identifier: GPL-2.0-only
"""Measures when a target's timers fire, as an initiator sees it.

Usage: timing.py WHAT [ARGUMENT]...; WHAT is the name of a function below.  Each function
compares with the configured seconds, to the second, and prints the measured time.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import (
    DATA_IN,
    FINAL,
    IMMEDIATE,
    LOGIN,
    LOGIN_RSP,
    LOGOUT_RSP,
    NONE,
    NOP_IN,
    NOP_OUT,
    R2T,
    SCSI_RSP,
    TEXT,
    TEXT_RSP,
    TMF_RSP,
    WRITE,
    Closed,
    Conn,
)

TARGET = "iqn.2026-01.example:t1"
LONG = 100_000.0
ABORT_TASK, LUN_RESET, TARGET_RESET = 1, 5, 6
REJECTED = 255


class Watch:
    """A stop watch that starts when it is made."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self.start

    def is_at(self, want: float, what: str, late: float = 1) -> None:
        took = self.seconds()
        print(f"{what}: configured {want:g} s, measured {took:.2f} s")
        assert -1 <= took - want <= late, f"{what} after {took:.2f} s, configured {want:g} s"


def connect() -> Conn:
    return Conn(TARGET, login=False, timeout=LONG)


def login_pdu(conn: Conn, flags: int, text: str) -> None:
    bhs = struct.pack(">BBBB4xHIHIHHII16x", LOGIN | IMMEDIATE, flags, 0, 0, 0, 1, 0, 1, 0, 0,
                      conn.cmdsn, conn.statsn)
    conn.send(bhs, text.replace(" ", "\0").encode() + b"\0")


def login(seconds: str) -> None:
    """login_timeout of an initiator that is silent, and of one that stops half-way."""
    watch, conn = Watch(), connect()
    assert conn.closed(), "still open"
    watch.is_at(int(seconds), "a silent connection is closed")

    # The time is that of the whole login: it does not start again at each request.
    watch, conn = Watch(), connect()
    time.sleep(int(seconds) / 2)
    login_pdu(conn, 0x04, f"InitiatorName=iqn.2026-01.example:raw TargetName={TARGET}")
    conn.expect(LOGIN_RSP)
    assert conn.closed(), "still open"
    watch.is_at(int(seconds), "a login that stops half-way is closed")


def discovery(seconds: str) -> None:
    """A discovery session is closed this time after its last request."""
    conn = connect()
    login_pdu(conn, 0x87, "InitiatorName=iqn.2026-01.example:raw SessionType=Discovery")
    conn.expect(LOGIN_RSP)
    time.sleep(int(seconds) * 0.75)
    conn.send(conn.request(TEXT | IMMEDIATE, FINAL, 7, NONE), b"SendTargets=All\0")
    answer = conn.expect(TEXT_RSP, 7)
    assert TARGET.encode() in answer.data, "the target is listed"
    watch = Watch()
    assert conn.closed(), "still open"
    watch.is_at(int(seconds), "an idle discovery session is closed")


def refused(seconds: str) -> None:
    """An initiator whose login is refused has this time to read the response and to close."""
    conn = connect()
    login_pdu(conn, 0x87, "InitiatorName=iqn.2026-01.example:raw TargetName=iqn.2026-01.example:none")
    assert conn.recv().bhs[36:38] == b"\x02\x03", "target not found"
    # A half-closed connection looks closed from this end, so look at the daemon's socket.
    watch, port = Watch(), conn.sock.getsockname()[1]
    assert owned_by(port), "the daemon has dropped it at once"
    while owned_by(port):
        time.sleep(0.05)
        assert time.monotonic() - watch.start < 100, "the daemon keeps it"
    watch.is_at(int(seconds), "a refused connection is dropped")


def owned_by(port: int) -> list[str]:
    """Return the connections to a client's port that a process still has open."""
    rows = []
    for table in "/proc/net/tcp", "/proc/net/tcp6":
        if os.path.exists(table):
            with open(table, encoding="ascii") as lines:
                rows += [line.split() for line in lines][1:]
    # A socket that no process has open has no inode.
    return [r[9] for r in rows if int(r[2].split(":")[1], 16) == port and r[9] != "0"]


def nop(interval: str, timeout: str) -> None:
    """Check NopInInterval and NopInTimeout."""
    ask, give_up = int(interval), int(timeout)
    watch, conn = Watch(), Conn(TARGET, timeout=LONG)
    for _ in range(2):
        ping = conn.expect(NOP_IN)
        watch.is_at(ask, "a silent initiator is asked")
        conn.send(conn.request(NOP_OUT | IMMEDIATE, FINAL, NONE, ping.ttt))
        watch = Watch()
    # Any request of the initiator starts the interval anew.
    time.sleep(ask / 2)
    assert conn.alive()
    watch = Watch()
    conn.expect(NOP_IN)
    watch.is_at(ask, "one that was heard of is asked")
    watch = Watch()
    assert conn.closed(), "still open"
    watch.is_at(give_up, "one that does not answer is closed")


def never_asked(hours: str) -> None:
    """With NopInInterval 0 the target never sends a NOP-In."""
    conn = Conn(TARGET, timeout=LONG)
    assert conn.silent(int(hours) * 3600), "the target said something"
    assert conn.alive()
    print(f"NopInInterval 0: silent for {hours} h, and alive")
    conn.logout()
    conn.expect(LOGOUT_RSP)


def stuck_write(conn: Conn) -> int:
    """Send a write, and wait until the backing has it, which does not finish it.

    Before that, an abort would end the write at once.
    """
    itt = conn.write10(0, 8, bytes(4096))
    # Simulated time passes when the guest is idle, so the backing has the write by then.
    time.sleep(1)
    return itt


def tmf(seconds: str) -> None:
    """Task management functions wait this time for a backing that does not finish."""
    for what, function in ("ABORT TASK", ABORT_TASK), ("LOGICAL UNIT RESET", LUN_RESET), (
            "TARGET WARM RESET", TARGET_RESET):
        conn = Conn(TARGET, isid=function, timeout=LONG)
        assert conn.alive()
        itt = stuck_write(conn)
        watch = Watch()
        rtt = conn.tmf(function, itt if function == ABORT_TASK else NONE, refcmdsn=conn.cmdsn - 1)
        answer = conn.expect(TMF_RSP, rtt)
        assert answer.response == REJECTED, f"response {answer.response}"
        watch.is_at(int(seconds), f"{what} is answered REJECTED", 2)
        conn.close()


def freeze(how: str, folder: str) -> None:
    subprocess.run(["fsfreeze", how, folder], check=True)


def given_up(folder: str) -> None:
    """A reset finds writes in the backing, and a write of another nexus that waits for its data."""
    for function in LUN_RESET, TARGET_RESET:
        mine = Conn(TARGET, isid=1, timeout=LONG)
        busy = Conn(TARGET, isid=2, timeout=LONG)
        idle = Conn(TARGET, isid=3, timeout=LONG, **SOLICITED)
        assert mine.alive() and busy.alive() and idle.alive()
        own, other = stuck_write(mine), stuck_write(busy)
        idle.expect(R2T, idle.write10(0, 8))
        answer = mine.expect(TMF_RSP, mine.tmf(function))
        assert answer.response == REJECTED, f"response {answer.response}"
        # The write that waited for its data has been dropped.
        tur = idle.scsi(bytes(6))
        assert idle.expect(SCSI_RSP, tur).sense() == "06/2f/00", "nobody has told it"
        assert idle.alive()
        # The writes in the backing have not, and no reset is told.
        freeze("-u", folder)
        assert mine.expect(SCSI_RSP, own).sense() == "ok"
        assert busy.expect(SCSI_RSP, other).sense() == "ok"
        for conn in mine, busy:
            assert conn.expect(SCSI_RSP, conn.scsi(bytes(6))).sense() == "ok"
        print(f"function {function} is given up, and all have been told")
        freeze("-f", folder)
        for conn in mine, busy, idle:
            conn.close()
    freeze("-u", folder)


def stuck(ready: str) -> None:
    """Keep a session with a write that does not end, until the target closes the connection."""
    conn = Conn(TARGET, timeout=LONG)
    assert conn.alive()
    stuck_write(conn)
    with open(ready, "w", encoding="ascii"):
        pass
    conn.closed()


def reinstate(seconds: str) -> None:
    """A login that replaces a session waits this time for the old session to end."""
    old = Conn(TARGET, timeout=LONG)
    assert old.alive()
    stuck_write(old)
    watch = Watch()
    try:
        Conn(TARGET, timeout=LONG)
    except Exception as error:  # closed, or refused with a status: both are a refusal
        print(f"the new login: {error!r}")
    else:
        raise AssertionError("the new session started beside a command of the old one")
    watch.is_at(int(seconds), "a login that replaces a stuck session is given up")
    old.close()


def logout(seconds: str) -> None:
    """The backing finishes in this time; until then the target sends no NOP-In."""
    conn = Conn(TARGET, timeout=LONG)
    assert conn.alive()
    watch = Watch()
    stuck_write(conn)
    conn.expect(LOGOUT_RSP, conn.logout())
    watch.is_at(int(seconds), "a logout is answered when the backing lets go")
    assert conn.closed(), "still open"


SOLICITED: dict[str, Any] = {"InitialR2T": "Yes", "ImmediateData": "No"}
PIECE = 64 << 10


def data_never(seconds: str) -> None:
    """DataOutTimeout of an R2T that is not answered."""
    conn = Conn(TARGET, timeout=LONG, **SOLICITED)
    assert conn.alive()
    conn.expect(R2T, conn.write10(0, 8))
    if seconds == "0":
        assert conn.silent(24 * 3600), "the target said something"
        conn.close()
        return
    watch = Watch()
    assert conn.closed(), "still open"
    # The timer wheel may be an eighth late.
    watch.is_at(int(seconds), "one whose data does not come is closed", 1 + int(seconds) / 8)


def data_slow(order: str) -> None:
    """32 MiB at 10 Mbit/s take longer than DataOutTimeout, in either order of the commands."""
    conn = Conn(TARGET, timeout=LONG, MaxBurstLength=16 * PIECE, **SOLICITED)
    assert conn.alive()
    tags = [conn.write10(0, 2048) for _ in range(32)]
    ttts = [conn.expect(R2T, itt).ttt for itt in tags]
    pieces = [(i, n) for i in range(32) for n in range(16)]
    if order == "in_turn":
        pieces.sort(key=lambda piece: piece[1])
    if order == "last_first":
        pieces.sort(key=lambda piece: -piece[0])
    watch = Watch()
    for i, n in pieces:
        time.sleep(0.05)
        conn.data_out(tags[i], ttts[i], n * PIECE, bytes(PIECE), n, n == 15)
    for _ in tags:
        assert conn.expect(SCSI_RSP).sense() == "ok"
    watch.is_at(len(pieces) * 0.05, f"writes whose data comes slowly, {order}, are done")
    conn.close()


def data_starved(seconds: str) -> None:
    """The data of one command does not come, while that of the commands after it does."""
    conn = Conn(TARGET, timeout=LONG, MaxBurstLength=PIECE, FirstBurstLength=PIECE, **SOLICITED)
    assert conn.alive()
    conn.expect(R2T, conn.write10(0, 8))
    watch = Watch()
    try:
        while True:
            itt = conn.write10(0, PIECE // 512)
            conn.data_out(itt, conn.expect(R2T, itt).ttt, 0, bytes(PIECE))
            assert conn.expect(SCSI_RSP, itt).sense() == "ok"
            time.sleep(1)
            assert time.monotonic() - watch.start < 1000, "the one is never missed"
    except Closed:
        watch.is_at(int(seconds), "one whose data alone does not come is closed", 3)


def data_behind_answers(seconds: str) -> None:
    """An R2T is queued behind 16 MiB of Data-In that is read slowly, then not at all."""
    for pause in 2, 0:
        conn = Conn(TARGET, timeout=LONG, MaxRecvDataSegmentLength=1 << 20, **SOLICITED)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        assert conn.alive()
        reads = [conn.read10(0, 2048) for _ in range(16)]
        watch, itt = Watch(), conn.write10(0, 8)
        if not pause:
            while any(sessions(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")):
                time.sleep(0.1)
            watch.is_at(int(seconds), "one who reads nothing is closed", 1 + int(seconds) / 8)
            break
        for tag in reads:
            time.sleep(pause)
            got = 0
            while got < 1 << 20:
                got += len(conn.expect(DATA_IN, tag).data)
        conn.data_out(itt, conn.expect(R2T, itt).ttt, 0, bytes(4096))
        assert conn.expect(SCSI_RSP, itt).sense() == "ok"
        print(f"a write behind answers is done after {time.monotonic() - watch.start:.1f} s")
        conn.close()
        while any(sessions(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")):
            time.sleep(0.1)


def data_behind_trickle(seconds: str) -> None:
    """An R2T is queued behind 16 MiB that are read too slowly to count: 4 KiB a second."""
    conn = Conn(TARGET, timeout=LONG, MaxRecvDataSegmentLength=1 << 20, **SOLICITED)
    assert conn.alive()
    for _ in range(16):
        conn.read10(0, 2048)
    watch = Watch()
    conn.write10(0, 8)
    with contextlib.suppress(ConnectionError):
        while conn.sock.recv(1024):
            time.sleep(0.25)
            assert time.monotonic() - watch.start < 600, "a trickle keeps the write for ever"
    # Data that TCP had taken before counts once as progress.
    watch.is_at(int(seconds), "one who reads next to nothing is closed", int(seconds))


def ping_unasked(conn: Conn) -> None:
    """Send a NOP-Out that wants no answer."""
    conn.send(conn.request(NOP_OUT | IMMEDIATE, FINAL, NONE, NONE))


def data_in_never(seconds: str) -> None:
    """The initiator does not read the data of 16 reads, but sends NOP-Outs.  0: for ever."""
    folder = f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions"
    conn = Conn(TARGET, timeout=LONG, MaxRecvDataSegmentLength=1 << 20)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    assert conn.alive()
    reads = [conn.read10(0, 2048) for _ in range(16)]
    watch = Watch()
    with contextlib.suppress(Closed):
        while sessions(folder) and watch.seconds() < (int(seconds) or 100) * 5:
            time.sleep(0.5)
            ping_unasked(conn)
    if int(seconds):
        watch.is_at(int(seconds), "one who reads nothing is closed", 1 + int(seconds) / 8)
        return
    for tag in reads:
        got = 0
        while got < 1 << 20:
            got += len(conn.expect(DATA_IN, tag).data)
    print(f"what was not taken for {watch.seconds():.0f} s is complete")
    conn.close()
    while sessions(folder):
        time.sleep(0.1)


def data_in_slow(seconds: str) -> None:
    """Reading a megabyte just before each time-out counts as progress; an idle session stays."""
    conn = Conn(TARGET, timeout=LONG, MaxRecvDataSegmentLength=1 << 20)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    assert conn.alive()
    for tag in [conn.read10(0, 2048) for _ in range(16)]:
        time.sleep(int(seconds) - 2)
        got = 0
        while got < 1 << 20:
            got += len(conn.expect(DATA_IN, tag).data)
    time.sleep(3 * int(seconds))
    assert conn.alive()
    conn.close()


def login_with_directory_held(seconds: str) -> None:
    """A login succeeds after this time although a stuck reader holds sessions/."""
    watch = Watch()
    conn = Conn(TARGET, timeout=LONG)
    watch.is_at(int(seconds), "a login waits for its directory", 1)
    conn.alive()
    conn.close()


def retain(offer: str, wait: str) -> None:
    """Check DefaultTime2Wait and DefaultTime2Retain at login, and their values at logout."""
    conn = Conn(TARGET, timeout=LONG, DefaultTime2Wait=0, DefaultTime2Retain=3600)
    keys = conn.negotiated
    assert keys["DefaultTime2Retain"] == offer, keys
    assert keys["DefaultTime2Wait"] == wait, keys
    conn.logout()
    answer = conn.expect(LOGOUT_RSP)
    told = struct.unpack(">HH", answer.bhs[40:44])
    assert told == (int(wait), int(offer)), f"the logout response says {told}"
    print(f"Time2Wait {wait} s and Time2Retain {offer} s are told")


def lost() -> None:
    """A connection ends without a logout: its session ends, too, with its tasks."""
    folder = f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions"
    conn = Conn(TARGET, timeout=LONG)
    assert conn.alive() and len(sessions(folder)) == 1
    # A write whose data can no longer come.
    conn.scsi(struct.pack(">BBIBHB", 0x2A, 0, 0, 0, 2048, 0), FINAL | WRITE, 2048 * 512)
    conn.recv()
    watch = Watch()
    conn.close()
    while sessions(folder):
        time.sleep(0.01)
        assert time.monotonic() - watch.start < 100, "the session stays"
    watch.is_at(0, "nothing is retained at recovery level 0: the session ends")


def sessions(folder: str) -> list[str]:
    return [e.name for e in os.scandir(folder) if e.is_dir()]


def alone(ready: str) -> None:
    """Keep a session without NOP-In, so that only TCP notices the peer's end."""
    conn = Conn(TARGET, timeout=LONG)
    assert conn.alive()
    with open(ready, "w", encoding="ascii"):
        pass
    conn.sock.recv(1)


def gone(seconds: str) -> None:
    """All sessions end after this time."""
    folder = f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions"
    watch = Watch()
    while sessions(folder):
        time.sleep(0.2)
        assert time.monotonic() - watch.start < 10 * int(seconds), "the session stays"
    # The kernel's TCP uses the timer wheel, which may be an eighth late.
    watch.is_at(int(seconds), "the session of a peer that is gone ends", int(seconds) / 8)


def occupy(port: str, seconds: str) -> None:
    """Occupy a port for this time."""
    with socket.create_server(("", int(port))):
        time.sleep(int(seconds))


def watchdog(path: str, seconds: str) -> None:
    """Check the daemon's messages to the service manager."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    watch = None
    beats = 0
    while beats < 4:
        if b"WATCHDOG=1" not in sock.recv(4096).split(b"\n"):
            continue
        if watch:
            watch.is_at(int(seconds) / 2, "the daemon says that it lives")
        watch = Watch()
        beats += 1


def restart(enabled: str, seconds: str) -> None:
    """Check how long a disabled device reports BECOMING READY."""
    conn = Conn(TARGET, timeout=LONG)
    conn.alive()
    with open(enabled, "w") as file:
        file.write("0\n")
    watch = Watch()
    said = ""
    while said != "02/04/03":
        said = conn.expect(SCSI_RSP, conn.scsi(bytes(6))).sense()
        assert said in ("02/04/01", "02/04/03"), said
        time.sleep(0.2)
    watch.is_at(int(seconds), "the device says that it does not become ready")
    conn.close()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
