# SPDX-License-Identifier: GPL-2.0-only
"""Tests logins that replace a session, or its connection.

Usage: replaced.py TARGET FOLDER EVENTS

The disk of the target is a file in FOLDER, the root of a file system that is frozen
now: writes do not end.  EVENTS is what tests/guest/cfs/events.py prints.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time
from typing import Any, Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import LOGIN_RSP, Conn

TARGET, FOLDER, EVENTS = sys.argv[1:]
SESSIONS = pathlib.Path(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")
SESSION_KEYS = {"InitialR2T": "0", "ImmediateData": "1", "MaxBurstLength": "524288",
                "FirstBurstLength": "131072", "MaxOutstandingR2T": "4"}
STUCK = 12
SCALE = int(os.environ.get("CST_SCALE", "1"))


def freeze(how: str) -> None:
    subprocess.run(["fsfreeze", how, FOLDER], check=True)


def sessions() -> list[pathlib.Path]:
    return [p for p in SESSIONS.iterdir() if p.is_dir()]


def until(seconds: float, condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + seconds * SCALE
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def read(path: pathlib.Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def states() -> list[str]:
    return [read(p) for p in SESSIONS.glob("*/connections/*/state")]


def sleepers() -> list[str]:
    """Return the workers that sleep in a work function of cst."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        text = read(path)
        name, _, rest = text.partition("(")[2].rpartition(")")
        if "+cst_iscsi_close" in name and rest.split()[0] == "D":
            found.append(name)
    return found


def ask(isid: int = 1, tsih: int = 0, source: str = "", **keys: object) -> Conn:
    """Return a connection whose login request has been sent."""
    c = Conn(TARGET, isid=isid, tsih=tsih, login=False, source=source)
    c.send(c.login_bhs(itt=next(c.tags)), c.login_keys(**keys))
    return c


def answered(c: Conn) -> None:
    rsp = c.expect(LOGIN_RSP)
    assert rsp.bhs[36:38] == b"\0\0", rsp.bhs[36:38].hex()


def stuck(isid: int) -> Conn:
    """Return a session with a write that does not end."""
    c = Conn(TARGET, isid=isid)
    c.alive()
    c.write10(isid, 1, bytes(512))
    until(20, lambda: any(read(p) == "1" for p in SESSIONS.glob("*/active_commands")),
          "a write in the backing")
    return c


def keys_are_kept() -> None:
    """The session's keys are kept; digests and data segment lengths belong to a connection."""
    old = Conn(TARGET, InitialR2T="No", ImmediateData="Yes", MaxBurstLength=524288,
               FirstBurstLength=131072, MaxOutstandingR2T=4, HeaderDigest="CRC32C",
               MaxRecvDataSegmentLength=65536)
    old.alive()
    # The keys of a leading login are irrelevant when a connection is replaced: nothing changes.
    given: list[dict[str, Any]] = [{}, {"MaxBurstLength": 4096}]
    for keys in given:
        new = Conn(TARGET, tsih=old.tsih, MaxRecvDataSegmentLength=32768, **keys)
        new.alive()
        assert old.closed(), "the old connection is still open"
        until(10, lambda: len(sessions()) == 1, "the end of the old connection")
        folder = sessions()[0]
        now = {k: read(folder / k) for k in SESSION_KEYS}
        assert now == SESSION_KEYS, now
        assert read(folder / "HeaderDigest") == "None"
        assert read(folder / "MaxXmitDataSegmentLength") == "32768"
        old = new
    # The keys are in effect: the target takes unsolicited data without an R2T.
    assert new.write10(0, 8, bytes(4096))
    assert new.recv().sense() == "ok"
    new.close()
    until(10, lambda: not sessions(), "the end of the session")


def nobody_sleeps_for_a_backing() -> None:
    """Sessions end, and logins wait for them, while writes are stuck; no worker may sleep."""
    freeze("-f")
    conns = [stuck(isid) for isid in range(1, STUCK + 1)]
    for c in conns:
        c.close()
    until(20, lambda: states() == ["closing"] * STUCK, "sessions that end")
    waiting = [ask(isid) for isid in range(1, STUCK + 1)]
    assert waiting[-1].silent(1), "an answer before the older session has ended"
    # Only the newest login waits; the connection of the older login is closed at once.
    begin = time.monotonic()
    newer = [ask(isid) for isid in range(1, STUCK + 1)]
    for c in waiting:
        assert c.closed(), "a login that has been replaced still waits"
    assert time.monotonic() - begin < 15, "a login that has been replaced has waited"
    until(5, lambda: not sleepers(), f"workers that sleep: {sleepers()}")
    # Another initiator can log in and out.
    c = Conn(TARGET, name="iqn.2026-01.example:other")
    c.alive()
    c.close()
    until(10, lambda: len(sessions()) == STUCK, "the end of another session")
    freeze("-u")
    for c in newer:
        answered(c)
        c.close()
    until(20, lambda: not sessions(), "the end of the sessions")


def tsih_is_not_given_twice() -> None:
    """A TSIH stays in use when the login that was to get it fails and the old session goes on."""
    freeze("-f")
    old = stuck(1)
    old.close()
    until(20, lambda: states() == ["closing"], "a session that ends")
    waiting = ask(1, tsih=old.tsih)
    assert waiting.silent(1), "an answer before the older session has ended"
    newer = ask(1)
    assert waiting.closed(), "a login that has been replaced still waits"
    other = Conn(TARGET, name="iqn.2026-01.example:other")
    assert other.tsih != old.tsih, "the TSIH of a session that is still there"
    other.close()
    freeze("-u")
    answered(newer)
    newer.close()
    until(20, lambda: not sessions(), "the end of the sessions")


def waits_no_longer_than_the_target() -> None:
    """A login that waits is refused as soon as the target is being disabled."""
    freeze("-f")
    stuck(1).close()
    until(20, lambda: states() == ["closing"], "a session that ends")
    c = ask(1)
    assert c.silent(1), "an answer before the older session has ended"
    enabled = SESSIONS.parent / "enabled"
    writer = subprocess.Popen(["sh", "-c", f"echo 0 >{enabled}"])
    begin = time.monotonic()
    assert c.closed() and time.monotonic() - begin < 15, "a login waits at a closed target"
    freeze("-u")
    assert writer.wait() == 0, "the target is not disabled"
    enabled.write_text("1")
    until(10, lambda: subprocess.run(["sh", "-c", "ss -Hltn sport = :3260 | grep -q ."],
                                     check=False).returncode == 0, "a listener")


def two_hosts_of_one_name() -> None:
    """Two hosts of one name are named in the log and in an event; a reconnecting host is not."""
    def told() -> list[str]:
        log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
        return [line for line in log.splitlines() if "have two hosts one name?" in line]

    name = "iqn.2026-01.example:Twin"
    one = Conn(TARGET, name=name, source="127.0.0.2")
    before = len(told())
    one.close()
    one = Conn(TARGET, name=name, source="127.0.0.2")
    one = Conn(TARGET, name=name, source="127.0.0.2")
    assert len(told()) == before, told()
    port = one.sock.getsockname()[1]
    two = Conn(TARGET, name=name, source="127.0.0.3")
    new = two.sock.getsockname()[1]
    assert one.closed(), "the first session is still open"
    lines = told()[before:]
    assert len(lines) == 1 and f"127.0.0.2:{port}" in lines[0] and \
        f"127.0.0.3:{new}" in lines[0], lines
    event = (f"replaced object=targets/iscsi/{TARGET} initiator={name.lower()} "
             f"address=127.0.0.3:{new} old_address=127.0.0.2:{port}")
    until(5, lambda: event in pathlib.Path(EVENTS).read_text().splitlines(), event)
    two.close()
    until(10, lambda: not sessions(), "the end of the session")


freeze("-u")
keys_are_kept()
nobody_sleeps_for_a_backing()
tsih_is_not_given_twice()
waits_no_longer_than_the_target()
two_hosts_of_one_name()
