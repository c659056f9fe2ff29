# SPDX-License-Identifier: GPL-2.0-only
"""Tests the directories of sessions.

Usage: heldnames.py TARGET names    the names that the directories get
       heldnames.py TARGET held     while another process keeps the directory locked; prints
                                    done when that process may unlock it
"""

from __future__ import annotations

import os
import pathlib
import sys
import time
from typing import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from rawiscsi import LOGOUT_RSP, Conn

TARGET = sys.argv[1]
SESSIONS = pathlib.Path(f"/sys/kernel/config/cst/targets/iscsi/{TARGET}/sessions")
NAME = "iqn.2026-01.example:n"
LOGINS = 6


def names() -> list[str]:
    return sorted(p.name for p in SESSIONS.iterdir() if p.is_dir())


def until(seconds: float, condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def which_names() -> None:
    """A session gets the initiator's name if it is free, else the name with a free number."""
    conns = [Conn(TARGET, name=NAME + x, isid=isid) for isid in range(30) for x in "ab"]
    # An initiator whose login was answered finds its session's directory at once.
    assert len(names()) == len(conns) and {f"{NAME}a", f"{NAME}b"} < set(names()), names()
    real = {n: (SESSIONS / n / "initiator_name").read_text().strip() for n in names()}
    assert all(n.partition("_")[0] == real[n] for n in real), real
    assert sorted(real.values()) == [f"{NAME}a"] * 30 + [f"{NAME}b"] * 30, real
    # The next session gets a name that is free again.
    conns[0].close()
    until(20, lambda: f"{NAME}a" not in names(), "the end of a session")
    conns[0] = Conn(TARGET, name=f"{NAME}a", isid=99)
    assert (SESSIONS / f"{NAME}a" / "isid").read_text().strip() == f"{99:012x}", names()
    for c in conns:
        c.close()
    until(20, lambda: not names(), "the end of the sessions")
    # Without any session, the numbers begin anew.
    conns = [Conn(TARGET, name=NAME, isid=isid) for isid in range(3)]
    assert names() == [NAME, f"{NAME}_1", f"{NAME}_2"], names()
    for c in conns:
        c.close()


def held() -> None:
    begin = time.monotonic()
    for _ in range(LOGINS):
        c = Conn(TARGET)
        c.alive()
        c.expect(LOGOUT_RSP, c.logout())
        assert c.closed()
    # A login waits for the session of the same name and ISID to end, but not for its directory.
    old = Conn(TARGET)
    new = Conn(TARGET)
    new.alive()
    assert old.closed(), "the old session is still open"
    took = time.monotonic() - begin
    assert took < 5 * (LOGINS + 2), f"{LOGINS + 2} logins took {took:.1f} s"
    print("done", flush=True)
    until(20, lambda: names() == ["iqn.2026-01.example:raw"], "the directory of the session")
    new.alive()
    new.close()


which_names() if sys.argv[2] == "names" else held()
