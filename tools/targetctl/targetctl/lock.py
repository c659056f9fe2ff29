# SPDX-License-Identifier: GPL-2.0-only
"""The lock that keeps two runs of targetctl from changing the tree at the same time."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Optional

from targetctl.errors import EXIT_BUSY, CtlError
from targetctl.store import file_error


class _TimeoutError(Exception):
    pass


def _on_alarm(number: int, frame: Optional[FrameType]) -> None:
    raise _TimeoutError


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


class Lock:
    """flock on a file. While it is held, the file's text names the owner."""

    def __init__(self, path: str, timeout: float) -> None:
        self.path = path
        self.timeout = timeout
        self._depth = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock. Nested use in one process does not lock again."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        handle = self._open()
        try:
            self._acquire(handle)
            os.ftruncate(handle, 0)
            os.pwrite(
                handle, f"pid {os.getpid()}, user {_user()}, since {time.strftime('%F %T')}\n".encode(), 0
            )
            self._depth = 1
            try:
                yield
            finally:
                self._depth = 0
                os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def _open(self) -> int:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise file_error("open the lock", self.path, error) from error

    def _acquire(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise file_error("lock", self.path, error) from error
        if self.timeout > 0 and self._wait(handle):
            return
        owner = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "an unknown process"
        raise CtlError(
            EXIT_BUSY,
            f"another change is under way ({owner}); gave up after {self.timeout:g} s",
            "--lock-timeout SECONDS",
        )

    def _wait(self, handle: int) -> bool:
        """Block in flock until the lock is ours, or the signal of the timer ends the wait."""
        before = signal.signal(signal.SIGALRM, _on_alarm)
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, self.timeout)
                fcntl.flock(handle, fcntl.LOCK_EX)
                return True
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except _TimeoutError:
            return False
        finally:
            signal.signal(signal.SIGALRM, before)
