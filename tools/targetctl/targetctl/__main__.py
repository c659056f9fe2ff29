# SPDX-License-Identifier: GPL-2.0-only
"""Run from a checkout: python3 -m targetctl."""

import sys

from targetctl.cli import main

if __name__ == "__main__":
    sys.exit(main())
