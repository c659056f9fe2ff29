# SPDX-License-Identifier: GPL-2.0-only
"""What is pending is restored by `watch`. Not tested here: mounts, and real file systems that hang."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import unittest
from typing import Any, NoReturn
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from targetctl import look, watch
from targetctl.context import Context, Files
from targetctl.edit import Editor

from tests.base import DISK, LOOP
from tests.faketree import FakeTree, Steps
from tests.test_store import StoreTest


class LookerTest(unittest.TestCase):
    def test_tells_what_changed(self) -> None:
        path = os.path.join("/tmp", f"watch-{os.getpid()}")
        looker = look.Looker()
        self.assertEqual(looker.look([path, "/"]).keys(), {path, "/"})
        self.assertIsNone(looker.look([path])[path])
        with open(path, "w") as stream:
            first = looker.look([path])[path]
            self.assertIsNotNone(first)
            stream.write("x")
        self.addCleanup(os.unlink, path)
        self.assertNotEqual(looker.look([path])[path], first)

    def test_one_that_hangs_stops_no_other(self) -> None:
        """A path that does not answer stops no other. A script stands in for stat, and hangs on that path."""
        script = 'for p; do [ "$p" != /hung ] || exec sleep 60; printf "%s\\0here\\0" "$p"; done'
        looker = look.Looker()
        with mock.patch.multiple(look, _STAT=("/bin/sh", "-c", script, "sh"), ANSWER_S=0.5):
            self.assertEqual(looker.look(["/a", "/hung", "/b"]), {"/a": "here", "/b": "here"})
            (question,) = looker.hanging
            self.assertEqual(question.paths, ["/hung"])
            with mock.patch.object(question.process, "poll", return_value=None):
                start = time.monotonic()
                self.assertEqual(looker.look(["/a", "/hung"]), {"/a": "here"})
                self.assertLess(time.monotonic() - start, 0.5)
        question.process.wait()
        self.assertIsInstance(question.process, subprocess.Popen)


    def test_many_that_hang_are_few_processes(self) -> None:
        """A path that answers is heard in the end, however many others do not answer."""
        script = 'for p; do case $p in /hung*) exec sleep 60 ;; esac; printf "%s\\0here\\0" "$p"; done'
        looker = look.Looker()
        hung = [f"/hung{number}" for number in range(9)]
        heard: look.Look = {}
        stat = ("/bin/sh", "-c", script, "sh")
        with mock.patch.multiple(look, _STAT=stat, ANSWER_S=0.1, _SINGLE=3):
            for _ in range(100):
                with mock.patch.object(looker, "_ask", side_effect=looker._ask) as asked:
                    heard.update(looker.look([*hung, "/a"]))
                self.assertLessEqual(asked.call_count, 1 + 3)
                if heard:
                    break
        self.assertEqual(heard, {"/a": "here"})


class WatchTest(StoreTest):
    def setUp(self) -> None:
        super().setUp()
        self.said: list[str] = []
        files = Files(os.path.join(self.dir, "targetctl.lock"), os.path.join(self.dir, "pending.json"))
        context = Context(self.tree, sys.stdout, sys.stderr, files)
        self.looks: look.Look = {}
        self.answers = True
        self.context = context
        self.watcher = watch.Watcher(
            self.tree, context.lock, context.pending, self.editor, self.said.append, self.stand_in
        )

    def editor(self) -> Editor:
        self.context.tree = self.tree
        return self.context.editor()

    def stand_in(self, paths: list[str]) -> look.Look:
        return {path: self.looks.get(path) for path in paths} if self.answers else {}

    def lose(self) -> None:
        """Restore after a boot, when the file of the disk is missing. The LUN is there."""
        self.make_disk()
        self.make_loop()
        self.save()
        self.watcher.tree = self.reboot()
        self.tree.files.discard("/srv/a.img")
        self.fails(8, "restore", self.config)
        self.assertEqual(self.tree.readlink(f"{LOOP}/luns/0/device"), DISK)
        self.assertEqual((self.value(f"{DISK}/enabled"), self.value(f"{LOOP}/enabled")), ("0", "1"))

    def test_comes_up_when_the_file_appears(self) -> None:
        self.lose()
        self.assertTrue(self.watcher.step())
        self.assertTrue(any("cannot open" in line for line in self.said))
        before = list(self.said)
        self.tree.files.add("/srv/a.img")
        # The look has found no change, so nothing is tried.
        self.assertTrue(self.watcher.step())
        self.assertEqual(self.value(f"{DISK}/enabled"), "0")
        self.looks["/srv/a.img"] = "here"
        self.assertFalse(self.watcher.step())
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")
        self.assertEqual(self.said[len(before) :], ["1 changes, 0 objects still pending"])
        self.assertIsNone(self.pending())

    def test_is_tried_again_now_and_then(self) -> None:
        self.lose()
        self.watcher.step()
        self.tree.files.add("/srv/a.img")
        with mock.patch.object(watch, "AGAIN_S", 0.0):
            self.assertFalse(self.watcher.step())
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")

    def test_the_users_word_is_last(self) -> None:
        self.lose()
        self.ok("disable", DISK)
        self.tree.files.add("/srv/a.img")
        self.assertFalse(self.watcher.step())
        self.assertEqual(self.value(f"{DISK}/enabled"), "0")

    def test_path_that_does_not_answer_is_left_alone(self) -> None:
        self.lose()
        self.tree.files.add("/srv/a.img")
        self.answers = False
        self.assertTrue(self.watcher.step())
        self.assertEqual(self.value(f"{DISK}/enabled"), "0")

    def test_module_that_is_installed_later(self) -> None:
        """modprobe is tried again, as the module that has failed to load may be there by now."""
        self.make_disk()
        self.make_disk("disk2", "/srv/b.img")
        self.save()
        self.tree = FakeTree(handlers=False)
        self.tree.is_live = True
        self.watcher.tree = self.context.tree = self.tree
        asked: list[str] = []

        def modprobe(command: list[str], **options: Any) -> Any:
            asked.append(command[-1])
            if len(asked) > 3:
                self.tree.load_handlers()
            return mock.Mock(returncode=0 if len(asked) > 3 else 1)

        with mock.patch("os.geteuid", return_value=0), mock.patch("subprocess.run", modprobe):
            self.fails(8, "restore", self.config)
            with mock.patch.object(watch, "AGAIN_S", 0.0):
                self.assertTrue(self.watcher.step())
                self.assertTrue(self.watcher.step())
                self.assertFalse(self.watcher.step())
        # Each restore asks once.
        self.assertEqual(asked, ["cst-handler-vdisk_fileio"] * 4)
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")

    def test_killed_restore_is_continued(self) -> None:
        """A restore that was killed at any step is completed, also when that is killed again."""
        self.make_iscsi()
        self.make_loop()
        self.save()
        state = self.state()

        def killed() -> NoReturn:
            raise KeyboardInterrupt

        for at in range(100, 700, 13):
            whole = self.reboot()
            self.tree = Steps(whole, at, killed)  # type: ignore[assignment]
            with contextlib.suppress(KeyboardInterrupt):
                self.run_ctl("restore", self.config)
            for again in (150, 300, 100000):
                self.tree = self.watcher.tree = Steps(whole, again, killed)  # type: ignore[assignment]
                self.watcher.tried = 0.0
                with contextlib.suppress(KeyboardInterrupt), mock.patch.object(watch, "AGAIN_S", 0.0):
                    self.watcher.step()
            self.tree = whole
            with self.subTest(at=at):
                self.assertIsNone(self.pending())
                self.assertEqual(self.state(), state)

    def test_nothing_pending(self) -> None:
        self.ok("watch")


if __name__ == "__main__":
    unittest.main()
