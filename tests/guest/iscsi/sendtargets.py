# SPDX-License-Identifier: GPL-2.0-only
"""Prints the addresses of a target.

The program asks for the target by name in a discovery session, and without a name in a
session with the target; both answers must agree.  With --targets it prints the names of
all targets that a discovery session finds.

Usage: sendtargets.py [--targets] IQN [ADDRESS PORT]
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from rawiscsi import FINAL, NONE, TEXT, TEXT_RSP, Conn


def ask(conn: Conn, name: str) -> list[str]:
    conn.send(conn.request(TEXT, FINAL, 9, NONE), b"SendTargets=" + name.encode() + b"\0")
    return conn.expect(TEXT_RSP).data.decode().rstrip("\0").split("\0")


def addresses(conn: Conn, target: str, name: str) -> list[str]:
    text = ask(conn, name)
    assert text[0] == f"TargetName={target}", text
    return [line.split("=", 1)[1] for line in text[1:]]


def main() -> None:
    args = sys.argv[1:]
    all_targets = args[0] == "--targets"
    target, *at = args[all_targets:]
    address = (at[0], int(at[1])) if at else ("127.0.0.1", 3260)
    discovery = Conn(target, login=False, address=address)
    discovery.login({"SessionType": "Discovery"})
    if all_targets:
        print("\n".join(line.removeprefix("TargetName=") for line in ask(discovery, "All")))
        return
    found = addresses(discovery, target, target)
    discovery.close()
    session = Conn(target, address=address)
    assert addresses(session, target, "") == found, found
    session.close()
    print("\n".join(found))


if __name__ == "__main__":
    main()
