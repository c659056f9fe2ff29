# SPDX-License-Identifier: GPL-2.0-only
"""Save and restore, what could not be restored, and the files of both.

Not tested: that the data really reaches the disk before the rename.
"""

from __future__ import annotations

import contextlib
import errno
import json
import operator
import os
import stat
import sys
import time
import unittest
from typing import Any
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from targetctl import pending, store
from targetctl.errors import CtlError, UsageError
from targetctl.look import Looker

from tests.base import DISK, ISCSI, LOOP, CommandTest
from tests.faketree import FakeTree

GROUPS = f"{ISCSI}/ini_groups"


class StoreTest(CommandTest):
    def save(self) -> Any:
        self.ok("save", self.config)
        return self.loaded(self.config)

    def paths(self, document: Any) -> list[str]:
        return [entry["path"] for entry in document["objects"]]

    def loaded(self, path: str) -> Any:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)

    def entry(self, document: Any, path: str) -> Any:
        return next(entry for entry in document["objects"] if entry["path"] == path)

    def write(self, *objects: Any, **more: Any) -> None:
        document = {"format": "cst-config", "version": 1, "objects": list(objects), **more}
        with open(self.config, "w", encoding="utf-8") as stream:
            json.dump(document, stream)

    def pending(self) -> Any:
        try:
            with open(os.path.join(self.dir, "pending.json"), encoding="utf-8") as stream:
                return json.load(stream)
        except FileNotFoundError:
            return None

    def reboot(self) -> FakeTree:
        """Make a new tree, as after a boot. The backing files stay."""
        files = self.tree.files
        self.tree = FakeTree()
        self.tree.files = files
        return self.tree

    def state(self) -> Any:
        """The tree as data, without what the kernel counts or makes."""

        def strip(node: Any) -> None:
            for name in ("generation", "last_error", "order"):
                node["attributes"].pop(name, None)
            for child in node["children"]:
                strip(child)

        tree = self.json("ls", "--json", "--show-secrets")["tree"]
        strip(tree)
        return tree


class SaveTest(StoreTest):
    def test_content(self) -> None:
        self.make_iscsi()
        document = self.save()
        self.assertEqual((document["format"], document["version"]), ("cst-config", 1))
        disk = self.entry(document, DISK)["attributes"]
        self.assertEqual(
            disk,
            {"enabled": "1", "filename": "/srv/a.img", "size": "1048576", "usn": self.value(f"{DISK}/usn")},
        )
        self.assertEqual(self.entry(document, f"{ISCSI}/params")["attributes"], {"MaxBurstLength": "1048576"})
        self.assertEqual(self.entry(document, ISCSI)["attributes"]["secret"], "swordfish")
        lun = self.entry(document, f"{ISCSI}/luns/10")
        self.assertEqual(lun["links"], {"device": "/handlers/vdisk_nullio/null1"})
        self.assertEqual(lun["attributes"], {"read_only": "1"})
        paths = self.paths(document)
        for path in (
            f"{ISCSI}/luns",
            f"{DISK}/stats",
            "/handlers/vdisk_fileio",
            "/targets/loop",
            f"{GROUPS}/ant/luns",
        ):
            self.assertNotIn(path, paths)
        for path in (f"{ISCSI}/portals/192.0.2.1:3260", f"{GROUPS}/ant/initiators/iqn.*:ant"):
            self.assertIn(path, paths)

    def test_groups_in_creation_order(self) -> None:
        self.make_iscsi()
        paths = self.paths(self.save())
        groups = [path for path in paths if path.startswith(GROUPS) and path.count("/") == 5]
        self.assertEqual([path.rpartition("/")[2] for path in groups], ["zebra", "ant", "mouse"])

    def test_sessions_only_where_the_user_makes_them(self) -> None:
        self.make_iscsi()
        self.make_loop()
        self.tree.login(ISCSI, "iqn.x:1")
        paths = [path for path in self.paths(self.save()) if "/sessions" in path]
        self.assertEqual(paths, [f"{LOOP}/sessions/host1"])

    def test_disabled_objects(self) -> None:
        self.ok("create", DISK)
        self.assertEqual(self.entry(self.save(), DISK)["attributes"]["enabled"], "0")

    def test_file_mode_and_directory(self) -> None:
        self.config = os.path.join(self.dir, "new", "config.json")
        self.make_disk()
        self.assertIn("No such file", self.fails(3, "save", self.config))
        self.assertFalse(os.path.exists(os.path.dirname(self.config)))
        os.mkdir(os.path.dirname(self.config))
        before = os.umask(0)
        try:
            self.save()
        finally:
            os.umask(before)
        self.assertEqual(stat.S_IMODE(os.stat(self.config).st_mode), 0o600)
        self.assertEqual(os.listdir(os.path.dirname(self.config)), ["config.json"])

    def test_link_to_the_file_stays(self) -> None:
        real = os.path.join(self.dir, "real.json")
        os.symlink(real, self.config)
        self.make_disk()
        self.save()
        self.assertTrue(os.path.islink(self.config))
        self.assertTrue(os.path.isfile(real))

    def test_failed_write_keeps_the_old_file(self) -> None:
        self.make_disk()
        old = self.save()
        self.ok("create", DISK + "b")
        for call in ("fsync", "rename"):
            with mock.patch(f"os.{call}", side_effect=OSError(errno.ENOSPC, "No space left on device")):
                self.assertIn("No space", self.fails(7, "save", self.config))
            with open(self.config, encoding="utf-8") as stream:
                self.assertEqual(json.load(stream), old)
            self.assertEqual([name for name in os.listdir(self.dir) if name.endswith(".tmp")], [])

    def test_power_cut_leaves_no_temporary_files(self) -> None:
        self.make_disk()
        for name in (".config.json.ab12.tmp", ".config.json.cd34.tmp", ".other.json.ab12.tmp"):
            with open(os.path.join(os.path.dirname(self.config), name), "w"):
                pass
        self.save()
        left = [name for name in os.listdir(os.path.dirname(self.config)) if name.endswith(".tmp")]
        self.assertEqual(left, [".other.json.ab12.tmp"])

    def test_folders_are_durable(self) -> None:
        self.make_disk()
        deep = os.path.join(self.dir, "a", "b", "config.json")
        synced: list[str] = []
        with mock.patch("targetctl.store.sync_directory", synced.append):
            store.write_atomic(deep, b"x", (os.path.dirname(deep),))
        self.assertEqual([os.path.relpath(path, self.dir) for path in synced], [".", "a", "a/b"])
        synced.clear()
        with mock.patch("targetctl.store.sync_directory", synced.append):
            store.remove(deep)
            store.remove(deep)
        self.assertEqual([os.path.relpath(path, self.dir) for path in synced], ["a/b"])

    def test_empty_tree_does_not_replace_a_configuration(self) -> None:
        self.make_disk()
        self.save()
        self.reboot()
        self.assertIn("--force", self.fails(6, "save", self.config))
        self.assertIn(DISK, self.paths(self.loaded(self.config)))
        self.ok("save", "--force", self.config)
        self.assertNotIn(DISK, self.paths(self.loaded(self.config)))
        self.ok("save", self.config)

    def test_foreign_file_is_not_replaced(self) -> None:
        self.make_disk()
        with open(self.config, "w") as stream:
            stream.write('{"storage_objects": []}')
        self.assertIn("LIO", self.fails(6, "save", self.config))
        self.ok("save", "-f", self.config)

    def test_unreadable_attribute_stops_the_save(self) -> None:
        self.make_disk()
        self.save()
        self.tree.fail("read", f"{DISK}/usn", errno.EIO)
        self.fails(7, "save", self.config)
        self.tree.faults.clear()
        self.assertIn("usn", self.entry(self.loaded(self.config), DISK)["attributes"])

    def test_to_standard_output(self) -> None:
        self.make_disk()
        self.assertIn(DISK, self.paths(json.loads(self.ok("save", "-"))))

    def test_nasty_values(self) -> None:
        self.ok("create", '/handlers/vdisk_fileio/a \udcff"b', 'comment=\udc80 ü \\ " {|}^')
        before = self.state()
        self.save()
        self.reboot()
        self.ok("restore", self.config)
        self.assertEqual(self.state(), before)


class FileTest(StoreTest):
    def test_not_ours(self) -> None:
        for text, word in (
            ('{"storage_objects": [], "targets": []}', "LIO"),
            ('{"subsystems": [], "ports": [], "hosts": []}', "nvmetcli"),
            ('{"format": "other"}', "other"),
            ("[]", "no format marker"),
            ("HANDLER vdisk_fileio {", "line 1, column 1"),
            ("", "is empty"),
            ("\0" * 100, "is empty"),
            ('{"format": "cst-config", "ver', "line 1"),
            ('{"format": "cst-config", "version": 2, "objects": []}', "version 2"),
            ('{"format": "cst-config", "version": 1}', "objects must be a list"),
            ("[" * 100000, "nested too deeply"),
        ):
            with open(self.config, "w") as stream:
                stream.write(text)
            self.assertIn(word, self.fails(2, "restore", self.config))
        with open(self.config, "wb") as binary:
            binary.write(b"\xff{}")
        self.assertIn("UTF-8", self.fails(2, "restore", self.config))
        self.fails(3, "restore", os.path.join(self.dir, "none"))
        self.fails(7, "restore", self.dir)

    def test_bad_entries(self) -> None:
        for raw in (
            {},
            {"path": "handlers/x"},
            {"path": "/a/../b"},
            {"path": "/a/"},
            {"path": "/a", "attributes": []},
            {"path": "/a", "attributes": {"x/y": "1"}},
            {"path": "/a", "attributes": {"..": "1"}},
            {"path": "/a", "attributes": {"x": None}},
            {"path": "/a", "attributes": {"x": 1.5}},
            {"path": "/a", "attributes": {"x": "a\nb"}},
            {"path": "/a", "links": {"x": "relative"}},
            {"path": "/a", "attribute": {}},
            "text",
        ):
            self.write(raw)
            self.fails(2, "restore", self.config)
        self.assertEqual(self.tree.changes(), [])

    def test_doubles(self) -> None:
        self.write({"path": "/a"}, {"path": "/a"})
        self.assertIn("twice", self.fails(2, "restore", self.config))
        with self.assertRaises(UsageError):
            store.parse("x", b'{"format": "cst-config", "format": "cst-config", "version": 1, "objects": []}')

    def test_whole_numbers_and_truth(self) -> None:
        self.write({"path": DISK, "attributes": {"size": 4096, "filename": "/srv/a.img", "enabled": True}})
        self.ok("restore", self.config)
        self.assertEqual(self.value(f"{DISK}/size"), "4096")

    def test_fuzz(self) -> None:
        """A damaged file is refused with a message, or is still a valid one. There is no other error."""
        import random

        chance = random.Random(1)
        good = store.dump([store.Entry(DISK, {"a": "b", "enabled": "1"}, {"device": "/x"})], {"kernel": "1"})
        for _ in range(3000):
            data = bytearray(good)
            for _ in range(chance.randrange(1, 4)):
                data[chance.randrange(len(data))] = chance.choice(b'{}[]",:x\\/1\x00\xff')
            with contextlib.suppress(CtlError):
                store.parse("x", bytes(data))


class RestoreTest(StoreTest):
    def test_round_trip_and_idempotence(self) -> None:
        self.make_iscsi()
        self.make_loop()
        self.ok("set", "/targets/iscsi", "isns_server=192.0.2.9")
        self.ok("set", "/", "cmd_mem_limit_mb=512")
        before = self.state()
        saved = self.save()
        self.reboot()
        self.assertRegex(self.ok("restore", self.config), r": \d+ changes, 0 errors")
        self.assertEqual(self.state(), before)
        again = len(self.tree.changes())
        self.assertIn(": 0 changes, 0 errors", self.ok("restore", self.config))
        self.assertEqual(len(self.tree.changes()), again)
        self.assertEqual(self.save()["objects"], saved["objects"])
        self.assertIsNone(self.pending())

    def test_order(self) -> None:
        self.make_iscsi()
        self.make_loop()
        self.save()
        self.reboot()
        self.ok("restore", self.config)
        log = self.tree.changes()

        def at(*what: str) -> int:
            return log.index(what)

        self.assertLess(at("write", f"{DISK}/filename", "/srv/a.img"), at("write", f"{DISK}/enabled", "1"))
        self.assertLess(at("write", f"{DISK}/enabled", "1"), at("mkdir", ISCSI))
        self.assertLess(at("mkdir", f"{ISCSI}/portals/192.0.2.1:3260"), at("mkdir", f"{ISCSI}/luns/0"))
        lun = f"{ISCSI}/luns/10"
        self.assertLess(
            at("write", f"{lun}/read_only", "1"),
            at("symlink", f"{lun}/device", "/handlers/vdisk_nullio/null1"),
        )
        self.assertLess(at("mkdir", f"{GROUPS}/zebra"), at("mkdir", f"{GROUPS}/ant"))
        last = [what[1] for what in log[-2:]]
        self.assertEqual(sorted(last), [f"{ISCSI}/enabled", f"{LOOP}/enabled"])

    def test_suffixes_are_idempotent(self) -> None:
        self.write({"path": DISK, "attributes": {"size": "1G"}})
        self.ok("restore", self.config)
        self.assertIn(": 0 changes", self.ok("restore", self.config))

    def test_missing_parents_are_made(self) -> None:
        self.write({"path": f"{LOOP}/luns/3"})
        self.ok("restore", self.config)
        self.assertTrue(self.tree.is_dir(f"{LOOP}/luns/3"))

    def test_every_error_is_reported(self) -> None:
        self.make_iscsi()
        self.save()
        self.reboot()
        self.tree.files.clear()
        self.tree.fail("mkdir", f"{ISCSI}/portals/192.0.2.1:3260", errno.EADDRNOTAVAIL)
        self.tree.fail("write", f"{ISCSI}/comment", errno.EIO, "broken")
        text = self.fails(8, "restore", self.config)
        self.assertIn(f"cannot set {DISK}: enabled: No such file", text)
        self.assertIn("kernel: filename: cannot open '/srv/a.img'", text)
        self.assertIn("EADDRNOTAVAIL", text)
        self.assertIn("kernel: broken", text)
        self.assertIn("3 errors", self.out)
        self.assertTrue(self.tree.is_dir(f"{ISCSI}/luns/0"))

    def test_secrets_are_not_in_messages(self) -> None:
        self.make_iscsi()
        self.save()
        self.reboot()
        self.tree.fail("write", f"{ISCSI}/secret", errno.EINVAL, "too short: 'swordfish'")
        text = self.fails(8, "restore", self.config)
        self.assertIn("kernel: too short: '********'", text)
        self.tree.faults.clear()
        self.ok("restore", self.config)
        # The value does not change.
        self.tree._dir(ISCSI).values["secret"] = "hunter2"
        with mock.patch.object(self.tree, "write"):
            text += self.fails(8, "restore", self.config)
        self.assertIn("secret still reads ********", text)
        for word in ("swordfish", "hunter2"):
            self.assertNotIn(word, text)

    def test_missing_module(self) -> None:
        self.make_iscsi()
        self.save()
        self.tree = FakeTree(handlers=False)
        text = self.fails(8, "restore", self.config)
        self.assertIn("/handlers/vdisk_fileio does not exist: no loaded module provides it", text)
        # The LUNs are there, without devices, so their numbers are not lost; the target runs.
        self.assertTrue(self.tree.is_dir(f"{ISCSI}/luns/10"))
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")

    def test_children_of_what_is_missing_are_short(self) -> None:
        self.make_iscsi()
        self.save()
        self.reboot()
        self.tree.fail("mkdir", ISCSI, errno.ENOMEM)
        text = self.fails(8, "restore", self.config)
        self.assertEqual(text.count("ENOMEM"), 1)
        self.assertIn(f"not created: {ISCSI}/luns/0, because {ISCSI} is missing", text)

    def test_enabled_object_needs_force(self) -> None:
        self.make_disk()
        self.save()
        self.ok("disable", DISK)
        self.ok("set", DISK, "size=4M")
        self.ok("enable", DISK)
        text = self.fails(8, "restore", self.config)
        self.assertIn("may be written only while", text)
        self.assertEqual(self.value(f"{DISK}/size"), "4194304")
        # The change must not happen by itself when somebody disables the disk later.
        self.assertIsNone(self.pending())
        self.ok("restore", "--force", self.config)
        self.assertEqual(self.value(f"{DISK}/size"), "1048576")
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")
        self.assertIn(": 0 changes", self.ok("restore", "--force", self.config))

    def test_force_disables_the_owner_of_a_part(self) -> None:
        self.make_iscsi()
        self.save()
        self.ok("disable", ISCSI)
        self.ok("set", f"{ISCSI}/params", "ImmediateData=0", "MaxBurstLength=4096")
        self.ok("enable", ISCSI)
        self.fails(8, "restore", self.config)
        self.ok("restore", "--force", self.config)
        self.assertEqual(self.value(f"{ISCSI}/params/MaxBurstLength"), "1048576")
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")

    def test_force_leaves_enabled_what_the_file_does_not_speak_of(self) -> None:
        self.make_disk()
        self.write({"path": DISK, "attributes": {"size": 4096}})
        self.ok("restore", "--force", self.config)
        self.assertEqual((self.value(f"{DISK}/size"), self.value(f"{DISK}/enabled")), ("4096", "1"))
        self.ok("create", ISCSI, "enabled=1")
        self.write({"path": f"{ISCSI}/params", "attributes": {"ImmediateData": False}})
        self.ok("restore", "--force", self.config)
        self.assertEqual(self.value(f"{ISCSI}/params/ImmediateData"), "0")
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")

    def test_disables_what_the_file_says_is_disabled(self) -> None:
        self.make_disk()
        self.ok("disable", DISK)
        self.save()
        self.ok("enable", DISK)
        self.ok("restore", self.config)
        self.assertEqual(self.value(f"{DISK}/enabled"), "0")

    def test_other_link(self) -> None:
        self.make_iscsi()
        self.save()
        self.ok("unlink", f"{ISCSI}/luns/0")
        self.ok("link", f"{ISCSI}/luns/0", "vdisk_nullio/null1")
        self.assertIn("links to /handlers/vdisk_nullio/null1", self.fails(8, "restore", self.config))
        self.ok("restore", "-f", self.config)
        self.assertEqual(self.tree.readlink(f"{ISCSI}/luns/0/device"), DISK)

    def test_what_can_be_made_only_later(self) -> None:
        """A session that can be made only in an enabled target is made in the second pass."""
        self.make_disk()
        self.make_loop()
        self.save()
        tree = self.reboot()
        make = tree.mkdir

        def mkdir(path: str) -> None:
            if path == f"{LOOP}/sessions/host1" and tree.read(f"{LOOP}/enabled") != "1":
                raise OSError(errno.ENOTCONN, "not connected", path)
            make(path)

        with mock.patch.object(tree, "mkdir", mkdir):
            self.ok("restore", self.config)
        self.assertTrue(tree.is_dir(f"{LOOP}/sessions/host1"))


class FailClosedTest(StoreTest):
    def restore_with(self, operation: str, path: str, number: int = errno.EIO) -> str:
        self.make_iscsi()
        self.save()
        self.reboot()
        self.tree.fail(operation, path, number)
        return self.fails(8, "restore", self.config)

    def test_missing_portal(self) -> None:
        text = self.restore_with("mkdir", f"{ISCSI}/portals/192.0.2.1:3260")
        self.assertIn(f"not enabled: {ISCSI}: 1 of its parts", text)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "0")

    def test_missing_group_stops_later_ones(self) -> None:
        text = self.restore_with("mkdir", f"{GROUPS}/ant")
        self.assertIn("mouse must come after ant", text)
        self.assertEqual(self.tree.listing(GROUPS).dirs, ["zebra"])
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "0")
        # When the reason is gone, the same restore makes the rest, in the right order.
        self.tree.faults.clear()
        self.ok("restore", self.config)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        orders = [int(self.value(f"{GROUPS}/{name}/order")) for name in ("zebra", "ant", "mouse")]
        self.assertEqual(orders, sorted(orders))

    def test_missing_pattern(self) -> None:
        self.restore_with("mkdir", f"{GROUPS}/ant/initiators/iqn.*:ant")
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "0")

    def test_missing_lun_is_no_harm(self) -> None:
        self.restore_with("mkdir", f"{GROUPS}/ant/luns/0")
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")

    def test_lun_that_may_be_too_open_gets_no_device(self) -> None:
        self.restore_with("write", f"{ISCSI}/luns/10/read_only")
        self.assertEqual(self.tree.listing(f"{ISCSI}/luns/10").links, [])
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        (item,) = self.pending()["objects"]
        self.assertEqual(item["links"], {"device": "/handlers/vdisk_nullio/null1"})

    def test_groups_come_before_luns_that_all_see(self) -> None:
        self.make_iscsi()
        self.save()
        self.reboot()
        self.ok("restore", self.config)
        for path in (f"{ISCSI}/luns/0", f"{GROUPS}/ant", f"{GROUPS}/mouse"):
            self.ok("delete", "-r", path)
        self.tree.fail("mkdir", f"{GROUPS}/ant", errno.EIO)
        text = self.fails(8, "restore", self.config)
        self.assertIn("lacks a part that decides who sees it", text)
        self.assertEqual(self.tree.listing(f"{ISCSI}/luns").dirs, ["10"])
        self.tree.faults.clear()
        before = len(self.tree.changes())
        self.ok("restore", self.config)
        log = self.tree.changes()[before:]
        ant = f"{GROUPS}/ant/initiators/iqn.*:ant"
        self.assertLess(log.index(("mkdir", ant)), log.index(("mkdir", f"{ISCSI}/luns/0")))
        self.assertIn("0", self.tree.listing(f"{ISCSI}/luns").dirs)

    def test_path_that_does_not_answer(self) -> None:
        self.make_iscsi()
        saved = self.save()
        self.reboot()
        with mock.patch.object(Looker, "look", return_value={}) as look:
            text = self.fails(8, "restore", self.config)
        look.assert_called_once_with(["/srv/."])
        self.assertIn(f"not enabled: {DISK}: /srv does not answer", text)
        self.assertNotIn(("write", f"{DISK}/enabled", "1"), self.tree.changes())
        # The LUN of that disk is there, and the target serves the others.
        self.assertEqual(self.tree.readlink(f"{ISCSI}/luns/0/device"), DISK)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        (item,) = self.pending()["objects"]
        self.assertEqual((item["path"], item["attributes"]), (DISK, {"enabled": "1"}))
        self.ok("restore", self.config)
        self.assertEqual(self.save()["objects"], saved["objects"])

    def test_lun_open_already(self) -> None:
        self.make_iscsi()
        self.save()
        self.ok("disable", ISCSI)
        self.ok("set", f"{ISCSI}/luns/10", "read_only=0")
        self.tree.fail("write", f"{ISCSI}/luns/10/read_only", errno.EIO)
        self.fails(8, "restore", self.config)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "0")

    def test_device_is_not_enabled_half_configured(self) -> None:
        self.restore_with("write", f"{DISK}/size")
        self.assertEqual(self.value(f"{DISK}/enabled"), "0")
        (item,) = self.pending()["objects"]
        self.assertEqual(item["attributes"], {"size": "1048576", "enabled": "1"})

    def test_group_order_that_differs(self) -> None:
        self.make_iscsi()
        self.save()
        self.ok("delete", "-r", ISCSI)
        for name in ("mouse", "other", "zebra"):
            self.ok("create", "-p", f"{GROUPS}/{name}")
        self.ok("restore", self.config)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "1")
        names = ("zebra", "ant", "mouse", "other")
        orders = [int(self.value(f"{GROUPS}/{name}/order")) for name in names]
        self.assertEqual(orders, sorted(orders))

    def test_group_order_of_a_file_without_numbers(self) -> None:
        for name in ("b", "other", "a"):
            self.ok("create", "-p", f"{GROUPS}/{name}")
        self.write({"path": f"{GROUPS}/a"}, {"path": f"{GROUPS}/b"})
        self.ok("restore", self.config)
        orders = [int(self.value(f"{GROUPS}/{name}/order")) for name in ("a", "b")]
        self.assertEqual(orders, sorted(orders))
        self.ok("restore", self.config)
        self.assertIn(" 0 changes", self.out)

    def test_group_named_like_a_harmless_part(self) -> None:
        self.ok("create", ISCSI, "enabled=1")
        for name in ("sessions", "luns"):
            self.ok("create", f"{GROUPS}/{name}")
        self.assertEqual(self.paths(self.save())[-2:], [f"{GROUPS}/sessions", f"{GROUPS}/luns"])
        self.reboot()
        self.tree.fail("mkdir", f"{GROUPS}/luns", errno.EIO)
        self.fails(8, "restore", self.config)
        self.assertEqual(self.value(f"{ISCSI}/enabled"), "0")


DOCUMENT = '{"format": "cst-pending", "version": 1, "objects": %s, "sequence": %s}'


class PendingTest(StoreTest):
    def break_and_restore(self) -> None:
        """Restore when the backing of disk1 and the handler of null1 are missing."""
        self.make_iscsi()
        self.saved = self.save()
        self.reboot()
        self.tree.files.clear()
        del self.tree.top.dirs["handlers"].dirs["vdisk_nullio"]
        self.fails(8, "restore", self.config)

    def test_save_keeps_what_could_not_be_restored(self) -> None:
        self.break_and_restore()
        self.assertIn("not restored yet", self.ok("save", self.config))
        again = self.loaded(self.config)
        self.assertEqual(
            sorted(again["objects"], key=operator.itemgetter("path")),
            sorted(self.saved["objects"], key=operator.itemgetter("path")),
        )
        self.assertIn("not restored", self.ok("ls", "/", "0"))

    def test_second_restore_completes(self) -> None:
        self.break_and_restore()
        self.tree.files.add("/srv/a.img")
        self.tree.top.dirs["handlers"].dirs["vdisk_nullio"] = (
            FakeTree().top.dirs["handlers"].dirs["vdisk_nullio"]
        )
        self.ok("restore", self.config)
        self.assertIsNone(self.pending())
        self.assertEqual(self.save()["objects"], self.saved["objects"])

    def test_restore_of_another_file_keeps_it(self) -> None:
        self.break_and_restore()
        self.write({"path": LOOP})
        self.ok("restore", self.config)
        paths = self.paths(self.save())
        self.assertIn("/handlers/vdisk_nullio/null1", paths)
        self.assertIn(LOOP, paths)

    def test_the_users_word_is_last(self) -> None:
        self.break_and_restore()
        self.ok("disable", DISK)
        self.ok("delete", f"{ISCSI}/luns/10")
        document = self.save()
        self.assertEqual(self.entry(document, DISK)["attributes"]["enabled"], "0")
        self.assertNotIn(f"{ISCSI}/luns/10", self.paths(document))
        self.assertEqual(
            self.entry(document, f"{GROUPS}/ant/luns/0")["links"], {"device": "/handlers/vdisk_nullio/null1"}
        )

    def test_changes_behind_our_back_win(self) -> None:
        self.break_and_restore()
        self.tree.files.add("/srv/a.img")
        self.tree.write(f"{DISK}/enabled", "1")
        self.tree.write(f"{DISK}/enabled", "0")
        self.tree.symlink(DISK, f"{ISCSI}/luns/10/device")
        document = self.save()
        self.assertEqual(self.entry(document, f"{ISCSI}/luns/10")["links"], {"device": DISK})

    def test_part_of_a_target_removed_behind_our_back(self) -> None:
        self.make_disk()
        self.make_loop()
        self.save()
        self.reboot()
        self.tree.fail("mkdir", f"{LOOP}/luns/0", errno.EIO)
        self.fails(8, "restore", self.config)
        self.assertEqual(self.pending()["objects"][0]["path"], f"{LOOP}/luns/0")
        self.tree.faults.clear()
        self.tree.write(f"{LOOP}/enabled", "0")
        self.tree.rmdir(f"{LOOP}/sessions/host1")
        self.tree.rmdir(LOOP)
        self.assertNotIn(f"{LOOP}/luns/0", self.paths(self.save()))

    def test_made_by_hand_meanwhile(self) -> None:
        self.make_disk()
        self.save()
        self.reboot()
        self.tree.fail("mkdir", DISK, errno.ENOMEM)
        self.fails(8, "restore", self.config)
        self.assertTrue(self.pending()["objects"][0]["absent"])
        self.tree.faults.clear()
        self.ok("create", DISK, "comment=new")
        self.assertIsNone(self.pending())
        self.assertEqual(self.entry(self.save(), DISK)["attributes"]["comment"], "new")

    def test_clear_forgets(self) -> None:
        self.break_and_restore()
        self.ok("clear", "-y")
        self.assertIsNone(self.pending())

    def test_group_keeps_its_place(self) -> None:
        self.make_iscsi()
        saved = self.save()
        self.reboot()
        self.tree.fail("mkdir", f"{GROUPS}/zebra", errno.EIO)
        self.fails(8, "restore", self.config)
        self.assertEqual(self.save()["objects"], saved["objects"])
        self.reboot()
        self.tree.fail("mkdir", f"{GROUPS}/ant", errno.EIO)
        self.fails(8, "restore", self.config)
        self.assertEqual(self.save()["objects"], saved["objects"])

    def test_missing_group_goes_before_one_that_is_there(self) -> None:
        self.make_iscsi()
        saved = self.save()
        self.reboot()
        self.ok("create", "-p", f"{GROUPS}/mouse")
        self.tree.fail("mkdir", f"{GROUPS}/zebra", errno.EIO)
        self.fails(8, "restore", self.config)
        self.assertEqual(self.save()["objects"], saved["objects"])

    def test_made_behind_our_back(self) -> None:
        self.make_disk()
        self.save()
        self.reboot()
        self.tree.fail("mkdir", DISK, errno.ENOMEM)
        self.fails(8, "restore", self.config)
        self.tree.faults.clear()
        self.tree.mkdir(DISK)
        self.assertNotIn("filename", self.entry(self.save(), DISK)["attributes"])

    def test_unknown_attribute_is_refused_with_its_place(self) -> None:
        self.make_disk("disk2")
        self.ok("create", ISCSI)
        self.write(
            {"path": "/handlers/vdisk_fileio/disk2", "attributes": {"comment": "new"}},
            {"path": DISK, "attributes": {"filenam": "7", "comment": "kept", "enabled": "1"}},
            {"path": f"{ISCSI}/luns/0", "attributes": {"future": 1}, "links": {"device": DISK}},
            {"path": ISCSI, "attributes": {"enabled": "1"}},
        )
        text = self.fails(8, "restore", self.config)
        place = f"{self.config}: objects[1].attributes.filenam"
        self.assertIn(f"{place}: {DISK} has no attribute 'filenam'", text)
        self.assertIn("did you mean filename?", text)
        # Everything else is done. What was refused does not come back with the next save or boot.
        self.assertEqual(self.value("/handlers/vdisk_fileio/disk2/comment"), "new")
        self.assertEqual((self.value(f"{DISK}/comment"), self.value(f"{DISK}/enabled")), ("kept", "0"))
        self.assertEqual(self.tree.listing(f"{ISCSI}/luns/0").links, [])
        self.assertIsNone(self.pending())
        self.assertNotIn("filenam", self.entry(self.save(), DISK)["attributes"])
        self.ok("restore", self.config)

    def test_target_that_lacks_a_refused_part_is_not_pending(self) -> None:
        self.make_disk()
        self.write(
            {"path": ISCSI, "attributes": {"enabled": "1"}},
            {"path": f"{ISCSI}/params", "attributes": {"MaxBurstLength": "1"}},
        )
        self.assertIn("not enabled", self.fails(8, "restore", self.config))
        self.assertIsNone(self.pending())

    def test_impossible_name_is_forgotten(self) -> None:
        """A target whose portal or group the kernel never takes is not enabled, and nothing is pending."""
        self.make_disk()
        for part, number in (("portals/x", errno.EINVAL), ("ini_groups/x", errno.ENAMETOOLONG)):
            self.tree.fail("mkdir", f"{ISCSI}/{part}", number)
            later = {"path": f"{ISCSI}/ini_groups/y"}
            self.write({"path": ISCSI, "attributes": {"enabled": "1"}}, {"path": f"{ISCSI}/{part}"}, later)
            self.fails(8, "restore", self.config)
            self.assertEqual(self.value(f"{ISCSI}/enabled"), "0")
            self.assertIsNone(self.pending())
            self.ok("delete", "-r", ISCSI)

    def test_pending_part_that_the_next_file_lacks(self) -> None:
        self.make_disk()
        self.tree.fail("mkdir", f"{ISCSI}/portals/x", errno.EIO)
        self.write({"path": ISCSI, "attributes": {"enabled": "1"}}, {"path": f"{ISCSI}/portals/x"})
        self.fails(8, "restore", self.config)
        self.assertIsNotNone(self.pending())
        self.write({"path": ISCSI, "attributes": {"enabled": "1"}})
        self.ok("restore", self.config)
        self.assertIsNone(self.pending())

    def test_target_with_a_late_attribute_is_still_to_be_enabled(self) -> None:
        self.make_disk()
        self.tree.fail("write", f"{ISCSI}/rel_tgt_id", errno.EEXIST)
        self.write({"path": ISCSI, "attributes": {"enabled": "1", "rel_tgt_id": "7"}})
        self.fails(8, "restore", self.config)
        self.assertEqual(self.entry(self.save(), ISCSI)["attributes"]["enabled"], "1")

    def test_poisoned_list_is_healed(self) -> None:
        self.make_disk()
        item: dict[str, Any] = {"path": DISK, "attributes": {"future": "7"}, "seen": {"future": None}}
        item.update({"absent": False, "error": "x"})
        document = {"format": "cst-pending", "version": 1, "objects": [item], "sequence": {}}
        with open(os.path.join(self.dir, "pending.json"), "w", encoding="utf-8") as stream:
            json.dump(document, stream)
        self.assertNotIn("future", self.entry(self.save(), DISK)["attributes"])

    def test_mode(self) -> None:
        self.break_and_restore()
        mode = os.stat(os.path.join(self.dir, "pending.json")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    DAMAGED = (
        "{}",
        "[]",
        '{"format"',
        DOCUMENT % ("null", "{}"),
        DOCUMENT % ("3", "{}"),
        DOCUMENT % ('{"a": 1}', "{}"),
        DOCUMENT % ("[]", "[1]"),
        DOCUMENT % ("[]", '{"/a": 7}'),
        DOCUMENT % ("[]", '{"/a": [["b"]]}'),
        DOCUMENT % ("[]", '{"a": []}'),
        DOCUMENT % ("[]", '{}, "more": 1'),
        DOCUMENT % ("[7]", "{}"),
        DOCUMENT % ('[{"path": "/a"}]', "{}"),
        *(
            DOCUMENT % (f'[{{"path": "/a", "absent": {absent}, "error": {error}, "seen": {seen}}}]', "{}")
            for absent, error, seen in (
                ('"no"', '""', "{}"),
                ("true", "7", "{}"),
                ("true", '""', "7"),
                ("true", '""', '"text"'),
                ("true", '""', '{"a": 7}'),
                ("true", '""', "[[1, 2]]"),
            )
        ),
    )

    def damage(self, text: str) -> None:
        with open(os.path.join(self.dir, "pending.json"), "w", encoding="utf-8") as stream:
            stream.write(text)

    def aside(self) -> list[str]:
        """The contents of the files that were moved aside, which are removed."""
        found = []
        for name in sorted(os.listdir(self.dir)):
            if "damaged" in name:
                with open(os.path.join(self.dir, name), encoding="utf-8") as stream:
                    found.append(stream.read())
                os.unlink(os.path.join(self.dir, name))
        return found

    def test_damaged_file_is_kept_aside(self) -> None:
        self.make_disk()
        self.save()
        for text in self.DAMAGED:
            for words in (
                ("set", DISK, "comment=x"),
                ("disable", DISK),
                ("restore", self.config),
                ("create", DISK + "b"),
                ("delete", DISK + "b"),
                ("watch",),
            ):
                self.damage(text)
                with self.subTest(text, words=words):
                    self.assertEqual(self.run_ctl(*words), 0, self.err)
                    self.assertIn("pending.json", self.err)
                    self.assertIsNone(self.pending())
                    self.assertEqual(self.aside(), [text])
            self.assertFalse(self.tree.is_dir(DISK + "b"))
            self.damage(text)
            self.assertEqual(self.run_ctl("ls", "/", "0"), 0)
            self.assertIn("pending.json", self.err)
            self.assertEqual(self.aside(), [])

    def test_save_waits_for_a_decision_about_a_damaged_file(self) -> None:
        self.make_disk()
        for text in ("{}", "[]"):
            self.damage(text)
            self.assertIn("not saving", self.fails(6, "save", self.config))
        self.assertIn("not saving", self.fails(6, "save", self.config))
        self.assertFalse(os.path.exists(self.config))
        self.ok("save", "--force", self.config)
        self.assertEqual(self.aside(), ["{}", "[]"])
        self.ok("save", self.config)

    def test_fuzz(self) -> None:
        """A damaged list is refused as a whole, or is still a valid one. There is no other error."""
        import random

        self.break_and_restore()
        path = os.path.join(self.dir, "pending.json")
        with open(path, "rb") as stream:
            good = stream.read()
        document = pending.parse("x", store.load_json("x", good))
        self.assertEqual(len(document.items), len(self.loaded(path)["objects"]))
        chance = random.Random(1)
        for _ in range(3000):
            data = bytearray(good)
            for _ in range(chance.randrange(1, 4)):
                data[chance.randrange(len(data))] = chance.choice(b'{}[]",:x\\/1\x00\xff')
            with contextlib.suppress(UsageError):
                found = pending.parse("x", store.load_json("x", bytes(data)))
                found.outstanding(self.tree)
                found.forget("/", ["x"])


class ScaleTest(StoreTest):
    LUNS = 10000

    def cost(self, luns: int) -> tuple[int, float]:
        """The operations and seconds that a restore of a target with that many LUNs takes."""
        self.reboot()
        lun = [{"path": f"{LOOP}/luns/{n}", "links": {"device": DISK}} for n in range(luns)]
        self.write({"path": DISK}, {"path": LOOP, "attributes": {"enabled": "1"}}, *lun)
        self.tree.calls.clear()
        start = time.monotonic()
        self.ok("restore", self.config)
        return sum(self.tree.calls.values()), time.monotonic() - start

    def test_linear(self) -> None:
        few, _ = self.cost(100)
        many, seconds = self.cost(self.LUNS)
        self.assertLess(many, few * (self.LUNS / 100) * 1.1)
        self.assertLess(seconds, 30)
        self.tree.calls.clear()
        self.ok("ls")
        self.ok("save", self.config)
        self.ok("restore", self.config)
        self.assertLess(sum(self.tree.calls.values()), self.LUNS * 60)
        self.assertLess(self.tree.calls["listing"], self.LUNS * 8)


if __name__ == "__main__":
    unittest.main()
