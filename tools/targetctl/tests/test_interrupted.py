# SPDX-License-Identifier: GPL-2.0-only
"""A restore that something interrupts. Not tested here: `watch`, which goes on with it."""

from __future__ import annotations

import errno
import operator
import os
import sys
import unittest
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Callable
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from targetctl import store

from tests.base import DISK, ISCSI, LOOP
from tests.faketree import Steps
from tests.test_store import GROUPS, StoreTest


class Killed(BaseException):
    """Stands in for whatever ends the process: nothing is done after it."""


class InterruptedTest(StoreTest):
    def killed(self, at: int) -> Steps:
        """A tree in which the process ends before the operation with that number."""

        def die() -> None:
            steps.at = steps.count
            raise Killed

        steps = Steps(self.tree, at, die)
        return steps

    def forget(self) -> None:
        store.remove(os.path.join(self.dir, "pending.json"))

    def interrupted(self, at: int, *words: str) -> bool:
        """Run a command that ends before the operation with that number. False if it has ended earlier."""
        whole = self.tree
        self.tree = self.killed(at)  # type: ignore[assignment]
        try:
            self.run_ctl(*words)
            return False
        except Killed:
            return True
        finally:
            self.tree = whole

    def by_path(self, objects: Any) -> Any:
        return sorted(objects, key=operator.itemgetter("path"))

    def check_save(self, saved: Any) -> None:
        """A save now has all that was saved, and the groups in their order."""
        copy = os.path.join(self.dir, "copy.json")
        self.ok("save", copy)
        objects = self.loaded(copy)["objects"]
        self.assertEqual(self.by_path(objects), self.by_path(saved["objects"]))
        groups = [entry["path"] for entry in objects if entry["path"].startswith(GROUPS)]
        self.assertEqual(groups, [path for path in self.paths(saved) if path.startswith(GROUPS)])

    def each_step(self, prepare: Callable[[], None], *words: str) -> Iterator[None]:
        """Prepare and interrupt the command at each of its steps that come after the first change."""
        at, more = 0, True
        while more:
            prepare()
            before = len(self.tree.changes())
            more = self.interrupted(at, *words)
            if len(self.tree.changes()) > before:
                yield
            self.last = at
            at += 1

    def configure(self) -> Any:
        self.make_iscsi()
        self.make_loop()
        self.ok("set", "/targets/iscsi", "isns_server=192.0.2.9")
        return self.save()

    def test_restore_after_a_boot(self) -> None:
        saved = self.configure()
        state = self.state()

        def prepare() -> None:
            self.forget()
            self.reboot()

        for _ in self.each_step(prepare, "restore", self.config):
            self.check_save(saved)
            self.ok("restore", self.config)
            self.assertEqual(self.state(), state)
            self.assertIsNone(self.pending())
        self.assertGreater(self.last, 100)

    def test_restore_with_force(self) -> None:
        """It disables targets, and takes links away."""
        saved = self.configure()
        whole = self.tree

        def prepare() -> None:
            self.forget()
            self.tree = deepcopy(whole)
            self.ok("disable", ISCSI)
            self.ok("set", f"{ISCSI}/params", "MaxBurstLength=4096")
            self.ok("unlink", f"{ISCSI}/luns/0")
            self.ok("link", f"{ISCSI}/luns/0", "vdisk_nullio/null1")
            self.ok("delete", "-r", f"{GROUPS}/ant")
            self.ok("enable", ISCSI)

        for _ in self.each_step(prepare, "restore", "--force", self.config):
            self.check_save(saved)
        self.assertGreater(self.last, 100)

    def test_target_that_the_file_does_not_speak_of(self) -> None:
        """It is disabled for a change of one of its parts."""
        self.ok("create", ISCSI, "enabled=1")
        whole = self.tree
        self.write({"path": f"{ISCSI}/params", "attributes": {"ImmediateData": "0"}})

        def prepare() -> None:
            self.forget()
            self.tree = deepcopy(whole)

        for _ in self.each_step(prepare, "restore", "--force", self.config):
            copy = os.path.join(self.dir, "copy.json")
            self.ok("save", copy)
            self.assertEqual(self.entry(self.loaded(copy), ISCSI)["attributes"]["enabled"], "1")

    def test_what_the_user_does_afterwards_counts(self) -> None:
        saved = self.configure()
        self.reboot()
        for name in ("mkdir", "write"):
            with mock.patch.object(self.tree, name, side_effect=Killed), self.assertRaises(Killed):
                self.run_ctl("restore", self.config)
        # The disk was made, and has none of its values. The target was not made.
        self.assertEqual(self.value(f"{DISK}/filename"), "")
        self.assertIn("not restored", self.ok("ls", "/", "0"))
        self.ok("set", DISK, "comment=mine", "size=4096")
        self.ok("create", ISCSI, "comment=mine")
        self.ok("delete", LOOP)
        document = self.save()
        disk = self.entry(document, DISK)["attributes"]
        wanted = {**self.entry(saved, DISK)["attributes"], "comment": "mine", "size": "4096"}
        self.assertEqual(disk, wanted)
        target = self.entry(document, ISCSI)["attributes"]
        self.assertEqual((target["comment"], target["enabled"]), ("mine", "0"))
        self.assertIn(f"{ISCSI}/luns/0", self.paths(document))
        self.assertNotIn(LOOP, self.paths(document))
        # Parts of an object that was removed by other means are not made again.
        self.tree.rmdir(ISCSI)
        self.assertNotIn(f"{ISCSI}/luns/0", self.paths(self.save()))

    def test_ends_while_it_writes_the_list(self) -> None:
        saved = self.configure()
        for call in ("rename", "fsync"):
            self.reboot()
            with mock.patch(f"os.{call}", side_effect=Killed), self.assertRaises(Killed):
                self.run_ctl("restore", self.config)
            self.assertEqual(self.tree.changes(), [])
        self.reboot()
        with mock.patch("targetctl.store.remove", side_effect=Killed), self.assertRaises(Killed):
            self.run_ctl("restore", self.config)
        self.check_save(saved)

    def test_list_that_cannot_be_written(self) -> None:
        """A full disk of the host stops no target. It is told."""
        self.configure()
        state = self.state()
        self.reboot()
        with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            text = self.fails(8, "restore", self.config)
        self.assertIn("No space left", text)
        self.assertIn("restore again", text)
        self.assertEqual(self.state(), state)


if __name__ == "__main__":
    unittest.main()
