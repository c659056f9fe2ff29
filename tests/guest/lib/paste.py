#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pastes text into a program on a terminal of its own, as a user does, and prints its output.

Usage: paste.py PROMPT COMMAND... <TEXT

When PROMPT appears, the script pastes TEXT and then types `exit`. The paste is bracketed when the
program has asked the terminal for that. The terminal keeps text that the program does not read at
once, as it does for a user. The exit status is COMMAND's; 124 when COMMAND has not ended after
TIMEOUT seconds (120).
"""

import os
import pty
import select
import signal
import sys
import time

BRACKETS = b"\x1b[?2004h"


def main() -> int:
    prompt, command = sys.argv[1].encode(), sys.argv[2:]
    text = sys.stdin.buffer.read().rstrip(b"\n").replace(b"\n", b"\r")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    seen, pasted = b"", False
    end = time.monotonic() + int(os.environ.get("TIMEOUT", "120"))
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 124
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            # The program has gone.
            break
        seen += piece
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        if not pasted and prompt in seen:
            pasted = True
            if BRACKETS in seen:
                text = b"\x1b[200~" + text + b"\x1b[201~"
            os.write(terminal, text + b"\r" + b"exit\r")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
