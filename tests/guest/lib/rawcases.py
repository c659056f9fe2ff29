# SPDX-License-Identifier: GPL-2.0-only
"""Runs the named cases of a script, each a function; for tests with rawiscsi.

A script decorates its cases with @case and ends with main().  Its arguments are
the target's name and, optionally, the cases to run.  Prints a line for each case: ok,
or what is wrong.  CST_SLOW says how many times slower than usual the machine is:
counts are divided by it, and time limits multiplied.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from typing import Callable

from rawiscsi import Closed, Conn

SLOW = int(os.environ.get("CST_SLOW", "1"))
TARGET = sys.argv[1] if len(sys.argv) > 1 else ""
cases: dict[str, Callable[[], None]] = {}


def case(fn: Callable[[], None]) -> Callable[[], None]:
    cases[fn.__name__] = fn
    return fn


def times(n: int, least: int = 1) -> int:
    """Return the number of rounds: n, less on a slow machine."""
    return max(n // SLOW, least)


def conn(**keys: object) -> Conn:
    """Log in, and consume the unit attention of the new nexus."""
    c = Conn(TARGET, timeout=20 * SLOW, **keys)  # type: ignore[arg-type]
    c.alive()
    return c


def equal(got: object, want: object, what: str = "answer") -> None:
    assert got == want, f"{what} is {got!r}, expected {want!r}"


def pattern(length: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(length)


def until(seconds: float, condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + seconds * SLOW
    while not condition():
        assert time.monotonic() < end, f"not within {seconds * SLOW:g} s: {what}"
        time.sleep(0.02)


def together(*fns: Callable[[], object]) -> None:
    """Run functions at the same time; raise the first error of any."""
    errors: list[BaseException] = []

    def guarded(fn: Callable[[], object]) -> None:
        try:
            fn()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(fn,)) for fn in fns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main() -> None:
    wrong = 0
    unknown = set(sys.argv[2:]) - set(cases)
    assert not unknown, f"no such case: {unknown}"
    for name, fn in cases.items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        start = time.monotonic()
        try:
            fn()
            result = "ok"
        except Closed:
            result = "the target has closed the connection"
        except TimeoutError:
            result = "no answer"
        except (AssertionError, PermissionError, OSError) as error:
            result = f"{type(error).__name__}: {error}"
        wrong += result != "ok"
        print(f"{name}: {result}", flush=True)
        seconds = f"{time.monotonic() - start:.1f} s"
        print(f"{name}: {seconds}, {result}", file=sys.stderr, flush=True)
    sys.exit(wrong != 0)
