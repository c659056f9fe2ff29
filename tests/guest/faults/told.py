# SPDX-License-Identifier: GPL-2.0-only
"""The daemon notices a change although there was no memory for the message about it.

Usage: told.py IQN PORT      the target is enabled, and no portal listens on PORT yet
"""

from __future__ import annotations

import os
import socket
import sys

import failing
from failing import ROOT, BrokenError, Site, function, wait_for


def main() -> None:
    iqn, port = sys.argv[1], int(sys.argv[2])

    def listens() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            return False
        return True

    if listens():
        raise BrokenError(f"somebody listens on {port} already")
    failing.set_up()
    with Site(*function("cst_iscsi", "cit_notify_work")) as site:
        os.mkdir(f"{ROOT}/targets/iscsi/{iqn}/portals/127.0.0.1:{port}")
        wait_for(site.hit, 10, "an allocation fails")
        wait_for(listens, 10, "the daemon listens")


if __name__ == "__main__":
    main()
