# SPDX-License-Identifier: GPL-2.0-only
"""The lock between processes, and the access to real files and links."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from targetctl.context import Files
from targetctl.errors import CtlError
from targetctl.lock import Lock
from targetctl.tree import OsTree

from tests.base import DISK, CommandTest

HOLDER = """
import sys
from targetctl.lock import Lock
with Lock(sys.argv[1], 0).held():
    print("held", flush=True)
    sys.stdin.readline()
"""


class LockTest(CommandTest):
    def hold(self) -> subprocess.Popen[str]:
        """Start another process that holds the lock until its input gets a line."""
        holder = subprocess.Popen(
            [sys.executable, "-B", "-c", HOLDER, os.path.join(self.dir, "targetctl.lock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.path.dirname(HERE)},
            text=True,
        )
        assert holder.stdin and holder.stdout
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdin.close)
        self.assertEqual(holder.stdout.readline(), "held\n")
        return holder

    def test_busy(self) -> None:
        holder = self.hold()
        for timeout in ("0", "0.2"):
            text = self.fails(5, "--lock-timeout", timeout, "create", DISK)
            self.assertIn(f"pid {holder.pid}, user ", text)
        self.assertFalse(self.tree.is_dir(DISK))

    def test_reading_needs_no_lock(self) -> None:
        self.hold()
        for words in (("ls",), ("get", "/"), ("sessions",), ("version",), ("cd", "/")):
            self.ok("--lock-timeout", "0", *words)

    def test_waits(self) -> None:
        holder = self.hold()
        assert holder.stdin
        timer = threading.Timer(
            0.3, lambda: holder.stdin and holder.stdin.write("\n") and holder.stdin.flush()
        )
        timer.start()
        start = time.monotonic()
        self.ok("--lock-timeout", "30", "create", DISK)
        timer.join()
        self.assertGreater(time.monotonic() - start, 0.2)

    def test_nested_and_released(self) -> None:
        path = os.path.join(self.dir, "run", "lock")
        lock = Lock(path, 0)
        with lock.held(), lock.held(), self.assertRaises(CtlError), Lock(path, 0).held():
            self.fail("held twice")
        with Lock(path, 0).held():
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(os.path.getsize(path), 0)

    def test_each_tree_has_its_own(self) -> None:
        os.environ.pop("CST_RUN_DIR")
        os.environ.pop("CST_STATE_DIR")
        live = Files.for_tree("/sys/kernel/config/cst", True)
        self.assertEqual(live, Files("/run/cst/targetctl.lock", "/var/lib/cst/pending.json"))
        one, two = Files.for_tree("/a", False), Files.for_tree("/b", False)
        self.assertEqual(len({live.lock, one.lock, two.lock, live.pending, one.pending, two.pending}), 6)


class OsTreeTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.root = os.path.join(self.dir, "root")
        os.makedirs(os.path.join(self.root, "a", "b"))
        self.real = OsTree(self.root)

    def file(self, name: str, data: bytes) -> None:
        with open(os.path.join(self.root, name), "wb") as stream:
            stream.write(data)

    def test_values(self) -> None:
        self.file("a/x", b"long old value\n")
        for value in ("new", "", " spaces ", "ü", "\udcff", "line1\nline2"):
            self.real.write("/a/x", value)
            self.assertEqual(self.real.read("/a/x"), value)
        self.file("a/x", b"\n")
        self.assertEqual(self.real.read("/a/x"), "")
        self.file("a/x", b"two\n\n")
        self.assertEqual(self.real.read("/a/x"), "two\n")

    def test_one_write_call_with_a_newline(self) -> None:
        reader, writer = os.pipe()
        os.mkfifo(os.path.join(self.root, "a", "fifo"))
        os.close(reader)
        os.close(writer)
        keep = os.open(os.path.join(self.root, "a", "fifo"), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, keep)
        self.real.write("/a/fifo", "")
        self.assertEqual(os.read(keep, 100), b"\n")

    def test_too_long(self) -> None:
        self.file("a/x", b"")
        with self.assertRaises(OSError) as caught:
            self.real.write("/a/x", "x" * 4094)
        self.assertEqual(caught.exception.errno, errno.E2BIG)
        self.assertEqual(self.real.read("/a/x"), "")

    def test_nothing_is_created_or_followed(self) -> None:
        with self.assertRaises(FileNotFoundError):
            self.real.write("/a/none", "1")
        os.symlink("/etc/passwd", os.path.join(self.root, "a", "link"))
        with self.assertRaises(OSError):
            self.real.read("/a/link")

    def test_links(self) -> None:
        self.real.symlink("/a/b", "/a/l")
        self.assertEqual(os.readlink(os.path.join(self.root, "a", "l")), os.path.join(self.root, "a", "b"))
        self.assertEqual(self.real.readlink("/a/l"), "/a/b")
        os.symlink("../a/b", os.path.join(self.root, "a", "relative"))
        self.assertEqual(self.real.readlink("/a/relative"), "/a/b")
        os.symlink("../../..", os.path.join(self.root, "a", "outside"))
        self.assertEqual(self.real.readlink("/a/outside"), os.path.dirname(self.dir))

    def test_listing(self) -> None:
        self.file("a/x", b"")
        os.symlink("b", os.path.join(self.root, "a", "l"))
        os.mkdir(os.path.join(os.fsencode(self.root), b"a", b"\xff"))
        listing = self.real.listing("/a")
        self.assertEqual(
            (sorted(listing.dirs), listing.files, listing.links), (["b", "\udcff"], ["x"], ["l"])
        )
        self.assertTrue(self.real.is_dir("/a/\udcff"))
        self.assertFalse(self.real.is_dir("/a/x"))
        self.assertFalse(self.real.is_dir("/a/l"))
        self.assertFalse(self.real.is_dir("/a/" + "x" * 300))


class ProcessTest(CommandTest):
    """The program as a process: arguments, streams and status as the caller sees them."""

    def call(self, *argv: bytes, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.path.dirname(HERE),
            "CST_ROOT": self.dir + "/root",
            **more,
        }
        command = [os.fsencode(sys.executable), b"-B", b"-m", b"targetctl", *argv]
        return subprocess.run(
            command, input=stdin, capture_output=True, env=environment
        )

    def setUp(self) -> None:
        super().setUp()
        os.makedirs(os.path.join(self.dir, "root", "a"))
        with open(os.path.join(self.dir, "root", "a", "x"), "w") as stream:
            stream.write("\n")

    def test_bytes_survive_in_any_locale(self) -> None:
        for locale in ("C", "C.UTF-8", "POSIX"):
            value = "ü€".encode() + b"\xff 'q'"
            done = self.call(b"set", b"/a", b"x=" + value, LC_ALL=locale)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            with open(os.path.join(self.dir, "root", "a", "x"), "rb") as stream:
                self.assertEqual(stream.read(), value + b"\n")

    def test_script_on_standard_input(self) -> None:
        done = self.call(stdin="set /a x='ä b'\nget /a x\nbad\nget /a x\n".encode())
        self.assertEqual((done.returncode, done.stdout), (2, "ä b\n".encode()))
        self.assertIn(b"standard input:3: no such command: bad", done.stderr)

    def test_reader_that_goes_away(self) -> None:
        for number in range(3000):
            os.mkdir(os.path.join(self.dir, "root", f"dir{number}"))
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(HERE), "CST_ROOT": self.dir + "/root"}
        command = f"{sys.executable} -B -m targetctl ls | head -n 1"
        done = subprocess.run(["sh", "-c", command], capture_output=True, env=environment)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_no_traceback_without_permission(self) -> None:
        done = self.call(b"set", b"/a", b"x=1", CST_RUN_DIR="/proc/nowhere")
        self.assertIn(done.returncode, (3, 6))
        self.assertIn(b"lock", done.stderr)
        self.assertNotIn(b"Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
