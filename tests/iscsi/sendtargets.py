# SPDX-License-Identifier: GPL-2.0-only
"""The addresses of one target, asked for by its name in a discovery session and by no
name in a session with it: both must say the same.

Usage: sendtargets.py IQN
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from rawiscsi import FINAL, NONE, TEXT, TEXT_RSP, Conn


def addresses(conn: Conn, name: str) -> list[str]:
    conn.send(conn.request(TEXT, FINAL, 9, NONE), b"SendTargets=" + name.encode() + b"\0")
    text = conn.expect(TEXT_RSP).data.decode().rstrip("\0").split("\0")
    assert text[0] == f"TargetName={sys.argv[1]}", text
    return [line.split("=", 1)[1] for line in text[1:]]


def main() -> None:
    discovery = Conn(sys.argv[1], login=False)
    discovery.login({"SessionType": "Discovery"})
    found = addresses(discovery, sys.argv[1])
    discovery.close()
    session = Conn(sys.argv[1])
    assert addresses(session, "") == found, found
    session.close()
    print("\n".join(found))


if __name__ == "__main__":
    main()
