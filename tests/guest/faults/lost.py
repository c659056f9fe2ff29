# SPDX-License-Identifier: GPL-2.0-only
"""Enables a target while the allocation for the event fails.

Usage: lost.py FABRIC TARGET
"""

from __future__ import annotations

import sys

import failing
from failing import ROOT, Site, function, put, wait_for


def main() -> None:
    fabric, target = sys.argv[1:]
    failing.set_up()
    with Site(*function("cst", "cst_event_target")) as site:
        put(f"{ROOT}/targets/{fabric}/{target}/enabled", 1)
        wait_for(site.hit, 10, "an allocation fails")


if __name__ == "__main__":
    main()
