# SPDX-License-Identifier: GPL-2.0-only
"""restore --force, when what it disables and takes away cannot be as the file says."""

from __future__ import annotations

import errno
import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from targetctl.look import Looker

from tests.base import DISK, ISCSI
from tests.test_store import GROUPS, StoreTest

PARAMS = f"{ISCSI}/params"


class ForceTest(StoreTest):
    def setUp(self) -> None:
        super().setUp()
        self.make_iscsi()
        self.saved = self.save()
        self.start = len(self.tree.changes())

    def count(self, *change: str) -> int:
        return self.tree.changes()[self.start :].count(change)

    def refuse_to_enable(self, path: str) -> None:
        """Make the kernel refuse to enable the object, but not to disable it."""
        write = self.tree.write

        def refusing(file: str, value: str) -> None:
            if (file, value) == (f"{path}/enabled", "1"):
                raise OSError(errno.EIO, "Input/output error", file)
            write(file, value)

        self.refusing = mock.patch.object(self.tree, "write", refusing)
        self.refusing.start()
        self.addCleanup(mock.patch.stopall)

    def test_target_serves_again_with_the_old_value(self) -> None:
        # The other change, which the kernel takes, is made back: the values may belong together.
        other = {"path": PARAMS, "attributes": {"MaxBurstLength": "4096", "ImmediateData": "0"}}
        self.write({"path": ISCSI, "attributes": {"enabled": "1"}}, other)
        for number in (errno.EINVAL, errno.EIO):
            self.start = len(self.tree.changes())
            self.tree.fail("write", f"{PARAMS}/MaxBurstLength", number, "no")
            text = self.fails(8, "restore", "--force", self.config)
            self.assertIn("MaxBurstLength", text)
            self.assertIn("kernel: no", text)
            self.assertIn(f"{PARAMS}: ImmediateData is what it was", text)
            self.assertNotIn("not enabled", text)
            self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
            self.assertEqual(self.value(f"{PARAMS}/MaxBurstLength"), "1048576")
            self.assertEqual(self.value(f"{PARAMS}/ImmediateData"), "1")
            # Its sessions have ended once.
            self.assertEqual(self.count("write", f"{ISCSI}/enabled", "0"), 1)
            # It is in use, so no change comes later by itself.
            self.assertIsNone(self.pending())
        self.assertEqual(self.save()["objects"], self.saved["objects"])

    def test_target_that_the_file_does_not_speak_of(self) -> None:
        self.tree.fail("write", f"{PARAMS}/MaxBurstLength", errno.EINVAL)
        self.write({"path": PARAMS, "attributes": {"MaxBurstLength": "4096"}})
        self.fails(8, "restore", "--force", self.config)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        self.assertIsNone(self.pending())

    def test_device_whose_new_file_is_missing(self) -> None:
        wanted = {"filename": "/srv/none.img", "size": "4096", "enabled": "1"}
        self.write({"path": DISK, "attributes": wanted})
        text = self.fails(8, "restore", "--force", self.config)
        self.assertIn("cannot open '/srv/none.img'", text)
        self.assertIn(f"{DISK}: filename is what it was", text)
        self.assertEqual(self.value(f"{DISK}/filename"), "/srv/a.img")
        self.assertEqual(self.value(f"{DISK}/size"), "1048576")
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")
        self.assertIsNone(self.pending())

    def test_refused_and_stuck(self) -> None:
        """It cannot be enabled with the old value either: it is told, and pending."""
        self.tree.fail("write", f"{PARAMS}/MaxBurstLength", errno.EINVAL)
        self.write(
            {"path": ISCSI, "attributes": {"enabled": "1"}},
            {"path": PARAMS, "attributes": {"MaxBurstLength": "4096"}},
        )
        self.refuse_to_enable(ISCSI)
        text = self.fails(8, "restore", "--force", self.config)
        self.assertIn(f"cannot set {ISCSI}: enabled", text)
        self.assertIn("it is pending now", text)
        (item,) = self.pending()["objects"]
        self.assertEqual((item["path"], item["attributes"]), (ISCSI, {"enabled": "1"}))
        self.assertEqual(self.entry(self.save(), ISCSI)["attributes"]["enabled"], "1")
        self.refusing.stop()
        self.ok("restore", self.config)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        self.assertIsNone(self.pending())

    def test_stuck_with_a_value_that_may_come(self) -> None:
        """What the file says is pending, with the enabling."""
        self.write({"path": DISK, "attributes": {"filename": "/srv/later.img", "enabled": "1"}})
        self.refuse_to_enable(DISK)
        self.fails(8, "restore", "--force", self.config)
        self.refusing.stop()
        (item,) = self.pending()["objects"]
        self.assertEqual(item["attributes"], {"filename": "/srv/later.img", "enabled": "1"})
        disk = self.entry(self.save(), DISK)["attributes"]
        self.assertEqual((disk["filename"], disk["enabled"]), ("/srv/later.img", "1"))

    def test_link_is_made_again(self) -> None:
        link = f"{ISCSI}/luns/0/device"
        self.write({"path": f"{ISCSI}/luns/0", "links": {"device": "/handlers/vdisk_fileio/none"}})
        self.fails(8, "restore", "--force", self.config)
        self.assertEqual(self.tree.readlink(link), DISK)
        self.assertEqual(self.count("unlink", link), 1)

    def test_no_lun_for_all_while_a_group_is_missing(self) -> None:
        """A target that is disabled for a change only is treated as one that serves."""
        self.tree.fail("mkdir", f"{GROUPS}/new", errno.EIO)
        self.write(
            {"path": ISCSI, "attributes": {"enabled": "1"}},
            {"path": PARAMS, "attributes": {"MaxBurstLength": "4096"}},
            {"path": f"{GROUPS}/new"},
            {"path": f"{ISCSI}/luns/7", "links": {"device": DISK}},
        )
        text = self.fails(8, "restore", "--force", self.config)
        self.assertIn("lacks a part that decides who sees it", text)
        self.assertFalse(self.tree.is_dir(f"{ISCSI}/luns/7"))
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        self.assertEqual(self.value(f"{PARAMS}/MaxBurstLength"), "1048576")

    def test_path_that_does_not_answer(self) -> None:
        """A device is not disabled if it could not be enabled again."""
        self.write({"path": DISK, "attributes": {"filename": "/srv/a.img", "size": "4096", "enabled": "1"}})
        with mock.patch.object(Looker, "look", return_value={}):
            self.assertIn("/srv does not answer", self.fails(8, "restore", "--force", self.config))
        self.assertEqual((self.value(f"{DISK}/size"), self.value(f"{DISK}/enabled")), ("1048576", "1"))


if __name__ == "__main__":
    unittest.main()
