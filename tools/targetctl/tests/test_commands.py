# SPDX-License-Identifier: GPL-2.0-only
"""Every command against the fake tree: effects, messages, exit codes. Not tested here: save and restore."""

from __future__ import annotations

import copy
import errno
import functools
import io
import os
import sys
import threading
import unittest
from typing import Callable
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from targetctl import cli
from targetctl import tree as tp
from targetctl.model import Users
from targetctl.tree import natural_key, resolve

from tests.base import DISK, ISCSI, LOOP, CommandTest
from tests.faketree import FakeTree, Steps


class PathTest(unittest.TestCase):
    def test_resolve(self) -> None:
        for cwd, path, wanted in (
            ("/", "a/b", "/a/b"),
            ("/a/b", "../c/./d/", "/a/c/d"),
            ("/a", "/x//y/", "/x/y"),
            ("/a", "../../..", "/"),
            ("/a", "", "/a"),
        ):
            self.assertEqual(resolve(cwd, path), wanted)

    def test_natural_order(self) -> None:
        names = ["10", "9", "a10", "a9", "b", "1a"]
        self.assertEqual(sorted(names, key=natural_key), ["1a", "9", "10", "a9", "a10", "b"])


class CreateTest(CommandTest):
    def test_size_makes_the_file(self) -> None:
        self.ok("create", DISK, "filename=/srv/new.img", "size=1M", "enabled=1")
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")
        self.assertIn(("write", f"{DISK}/make_file", "1"), self.tree.changes())

    def test_no_file_without_a_size_nor_below_dev(self) -> None:
        self.fails(3, "create", DISK, "filename=/srv/new.img", "enabled=1")
        self.fails(3, "create", DISK, "filename=/dev/nothing", "size=1M", "enabled=1")
        self.assertEqual([call for call in self.tree.changes() if call[1].endswith("make_file")], [])

    def test_failure_takes_the_file_back(self) -> None:
        path = os.path.join(self.dir, "new.img")
        write = self.tree.write

        def make(where: str, value: str) -> None:
            write(where, value)
            if where.endswith("make_file"):
                with open(path, "xb") as stream:
                    stream.truncate(1 << 20)

        self.tree.fail("write", f"{DISK}/enabled", errno.EIO)
        with mock.patch.object(self.tree, "write", make):
            self.fails(7, "create", DISK, f"filename={path}", "size=1M", "enabled=1")
        self.assertFalse(os.path.exists(path))
        self.assertFalse(self.tree.is_dir(DISK))

    def test_interrupt_behind_the_enabling_leaves_the_file(self) -> None:
        path = os.path.join(self.dir, "new.img")
        write = self.tree.write

        def make(where: str, value: str) -> None:
            write(where, value)
            if where.endswith("make_file"):
                with open(path, "xb") as stream:
                    stream.truncate(1 << 20)
            if where.endswith("/enabled"):
                raise KeyboardInterrupt

        with mock.patch.object(self.tree, "write", make), self.assertRaises(KeyboardInterrupt):
            self.run_ctl("create", DISK, f"filename={path}", "size=1M", "enabled=1")
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")
        self.assertTrue(os.path.exists(path))

    def test_hint_fits(self) -> None:
        self.ok("create", ISCSI)
        self.assertIn("there are: ini_groups, luns, params", self.fails(3, "create", f"{ISCSI}/acls/x"))
        self.assertIn("--parents", self.fails(3, "create", f"{ISCSI}/ini_groups/g/luns/0"))

    def test_target_in_another_letter_case(self) -> None:
        self.ok("create", ISCSI)
        self.fails(4, "create", ISCSI.upper().replace("/TARGETS/ISCSI", "/targets/iscsi"))
        self.ok("set", "/targets/iscsi/IQN.2026-01.example:T1", "comment=x")
        self.assertEqual(self.value(f"{ISCSI}/comment"), "x")
        self.ok("delete", "/targets/iscsi/IQN.2026-01.EXAMPLE:T1")
        self.assertFalse(self.tree.is_dir(ISCSI))

    def test_attributes_in_order_and_enabled_last(self) -> None:
        self.ok("create", DISK, "enabled=1", "size=4K", "filename=/srv/a.img")
        written = [what[1].rpartition("/")[2] for what in self.tree.changes() if what[0] == "write"]
        self.assertEqual(written, ["size", "filename", "enabled"])
        self.assertEqual(self.value(f"{DISK}/size"), "4096")

    def test_nasty_values_survive(self) -> None:
        self.ok("create", DISK)
        for value in (
            "two words",
            "q\"u'o",
            "bäck\\slash",
            "^{|}`$HOME;&",
            "日本語",
            "",
            " x ",
            "a=b",
            "-x",
            "\udcff\udc80",
        ):
            self.ok("set", DISK, f"comment={value}")
            self.assertEqual(self.value(f"{DISK}/comment"), value)
            self.assertEqual(self.ok("get", DISK, "comment"), value + "\n")
            self.assertEqual(self.json("get", "--json", DISK, "comment")["attributes"][0]["value"], value)

    def test_what_cannot_be_a_value(self) -> None:
        self.ok("create", DISK)
        self.assertIn("newline", self.fails(2, "set", DISK, "comment=a\nb"))
        self.assertIn("NUL", self.fails(2, "set", DISK, "comment=a\0b"))
        self.assertIn("4093", self.fails(2, "set", DISK, "comment=" + "ä" * 2047))
        self.ok("set", DISK, "comment=" + "ä" * 2046)

    def test_lun_with_device(self) -> None:
        self.make_disk()
        self.ok("create", LOOP)
        for number, device in enumerate(("vdisk_fileio/disk1", "handlers/vdisk_fileio/disk1", DISK)):
            self.ok("create", f"{LOOP}/luns/{number}", f"device={device}", "read_only=1")
            self.assertEqual(self.tree.readlink(f"{LOOP}/luns/{number}/device"), DISK)

    def test_failure_leaves_nothing(self) -> None:
        self.ok("create", LOOP)
        before = self.json("ls", "--json")["tree"]
        text = self.fails(3, "create", DISK, "filename=/nowhere", "enabled=1")
        self.assertIn("kernel: filename: cannot open '/nowhere'", text)
        self.fails(7, "create", DISK, "size=lots")
        self.fails(3, "create", DISK, "nonsense=1")
        self.fails(3, "create", f"{LOOP}/luns/0", "read_only=1", "device=vdisk_fileio/none")
        after = self.json("ls", "--json")["tree"]
        for tree in (before, after):
            tree["attributes"].clear()
        self.assertEqual(before, after)

    def test_link_is_undone_too(self) -> None:
        self.make_disk()
        self.ok("create", LOOP)
        self.fails(3, "create", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1", "enabled=1")
        self.assertFalse(self.tree.is_dir(f"{LOOP}/luns/0"))

    def test_exists(self) -> None:
        self.make_disk()
        self.assertIn("exists", self.fails(4, "create", DISK, "size=1"))
        self.assertEqual(self.value(f"{DISK}/size"), str(1 << 20))

    def test_parents(self) -> None:
        self.assertIn("--parents", self.fails(3, "create", f"{LOOP}/luns/0"))
        self.ok("create", "-p", f"{LOOP}/luns/0")
        self.fails(7, "create", "--parents", "/targets/loop/t2/luns/x")
        self.assertFalse(self.tree.is_dir("/targets/loop/t2"))

    def test_where_nothing_can_be_made(self) -> None:
        self.assertIn("cannot be created here", self.fails(6, "create", "/foo"))
        self.assertIn("no loaded module", self.fails(3, "create", "/handlers/none/x"))
        self.assertIn("must be a number", self.fails(7, "create", "-p", f"{LOOP}/luns/x"))

    def test_usage(self) -> None:
        self.fails(2, "create")
        self.fails(2, "create", DISK, "size")
        self.fails(2, "create", DISK, "size=1", "size=2")
        self.fails(2, "create", DISK, "=1")
        self.fails(2, "create", "--what", DISK)
        self.assertFalse(self.tree.is_dir(DISK))

    def test_module_is_loaded(self) -> None:
        self.tree = FakeTree(handlers=False)
        self.tree.is_live = True

        tree = self.tree
        names: list[str] = []

        class Loader:
            def load(self, name: str) -> bool:
                names.append(name)
                tree.load_handlers()
                return True

        with mock.patch("targetctl.context.Modprobe", Loader):
            self.ok("create", DISK)
        self.assertEqual(names, ["cst-handler-vdisk_fileio"])


class SetTest(CommandTest):
    def test_paths_and_current_object(self) -> None:
        self.ok("create", DISK)
        self.assertEqual(
            self.run_script("cd handlers/vdisk_fileio/disk1\nset size=1K comment='x y'\nget size\n"), 0
        )
        self.assertEqual(self.out, "1024\n")
        self.assertEqual(self.value(f"{DISK}/comment"), "x y")

    def run_script(self, text: str, *options: str) -> int:
        name = os.path.join(self.dir, "script")
        with open(name, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        return self.run_ctl(*options, "-f", name)

    def test_unknown_attribute(self) -> None:
        self.ok("create", DISK)
        self.assertIn("did you mean blocksize?", self.fails(3, "set", DISK, "block_size=512"))
        self.assertIn("attributes here:", self.fails(3, "set", DISK, "zzz=512"))

    def test_refused_values(self) -> None:
        self.ok("create", DISK)
        text = self.fails(7, "set", DISK, "mode=warp")
        self.assertIn("Invalid argument (EINVAL)", text)
        self.assertIn("kernel: must be one of auto|fast|safe", text)
        self.assertIn("cannot be written", self.fails(6, "set", DISK, "exported=1"))

    def test_while_enabled(self) -> None:
        self.make_disk()
        text = self.fails(5, "set", DISK, "size=2M")
        self.assertIn("kernel: may be written only while disabled", text)
        self.assertIn(f"hint: written only while disabled: disable {DISK}", text)
        self.make_iscsi_target()
        self.assertIn(f"disable {ISCSI}", self.fails(5, "set", f"{ISCSI}/params", "ImmediateData=0"))

    def make_iscsi_target(self) -> None:
        self.ok("create", ISCSI, "enabled=1")

    def test_stops_at_first(self) -> None:
        self.ok("create", DISK)
        self.assertIn("already set: size", self.fails(8, "set", DISK, "size=1", "mode=bad", "comment=x"))
        self.assertEqual([self.value(f"{DISK}/{name}") for name in ("size", "comment")], ["1", ""])

    def test_foreign_last_error_is_not_shown(self) -> None:
        self.ok("create", DISK)
        self.ok("create", DISK + "0")
        self.fails(7, "set", DISK + "0", "mode=warp")
        self.tree.fail("write", f"{DISK}/mode", errno.EIO)
        self.assertNotIn("kernel:", self.fails(7, "set", DISK, "mode=fast"))
        self.tree.meanwhile = "handlers/vdisk_fileio/disk1: size: another"
        self.assertNotIn("kernel:", self.fails(7, "set", DISK, "mode=fast"))
        self.tree.meanwhile = "handlers/vdisk_fileio: disk1: another"
        self.assertNotIn("kernel:", self.fails(7, "set", DISK, "mode=fast"))
        self.make_loop_lun_at("/targets/loop/t9")
        self.tree.meanwhile = "targets/loop/t9/luns/0: read_only: another"
        self.tree.fail("symlink", "/targets/loop/t9/luns/0/device", errno.ENOMEM)
        self.assertNotIn("kernel:", self.fails(7, "link", "/targets/loop/t9/luns/0", DISK))

    def test_older_last_error_is_not_shown(self) -> None:
        self.ok("create", DISK)
        self.assertIn("kernel:", self.fails(7, "set", DISK, "mode=warp"))
        self.tree.fail("write", f"{DISK}/mode", errno.EIO)
        self.assertNotIn("kernel:", self.fails(7, "set", DISK, "mode=fast"))
        self.tree.say("handlers/vdisk_fileio: disk2: about an earlier attempt")
        self.tree.fail("mkdir", "/handlers/vdisk_fileio/disk2", errno.ENOMEM)
        self.assertNotIn("kernel:", self.fails(7, "create", "/handlers/vdisk_fileio/disk2"))
        self.make_loop_lun_at("/targets/loop/t9")
        self.tree.say("targets/loop/t9/luns/0: there is a link to older already")
        self.tree.fail("symlink", "/targets/loop/t9/luns/0/device", errno.ENOMEM)
        self.assertNotIn("kernel:", self.fails(7, "link", "/targets/loop/t9/luns/0", DISK))

    def make_loop_lun_at(self, target: str) -> None:
        self.ok("create", "-p", f"{target}/luns/0")

    def test_reasons_about_odd_names(self) -> None:
        self.assertIn("kernel: must be a number", self.fails(7, "create", "-p", f"{LOOP}/luns/ä b"))
        path = "/handlers/vdisk_fileio/ä: b"
        self.ok("create", path)
        self.assertIn("kernel: must be 0 or 1", self.fails(7, "set", path, "enabled=x"))
        self.assertIn("kernel: must be a number", self.fails(7, "set", path, "size=x"))
        self.assertIn("is not in 1..65536", self.fails(7, "set", "/", "cmd_mem_limit_mb=0"))

    def test_device_is_no_attribute(self) -> None:
        self.make_loop_lun()
        self.assertIn("link", self.fails(2, "set", f"{LOOP}/luns/0", "device=x"))

    def make_loop_lun(self) -> None:
        self.make_disk()
        self.ok("create", "-p", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1")

    def test_write_only(self) -> None:
        self.make_disk()
        self.ok("set", DISK, "resync_size=1")
        self.assertIn("only be written", self.fails(6, "get", DISK, "resync_size"))
        self.assertIn("resync_size (write only)\n", self.ok("get", DISK))


class SecretTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.ok("create", ISCSI, "secret=swordfish")

    def test_masked(self) -> None:
        for words in (
            ("ls",),
            ("ls", "--json"),
            ("get", ISCSI),
            ("get", "-v", ISCSI),
            ("get", "--json", ISCSI),
        ):
            self.assertNotIn("swordfish", self.ok(*words))
        self.assertEqual(self.ok("get", ISCSI, "secret"), "********\n")
        item = next(a for a in self.json("get", "--json", ISCSI)["attributes"] if a["name"] == "secret")
        self.assertEqual((item["value"], item["masked"]), (None, True))

    def test_shown_on_demand(self) -> None:
        self.assertEqual(self.ok("get", "--show-secrets", ISCSI, "secret"), "swordfish\n")
        self.assertEqual(self.ok("--show-secrets", "get", ISCSI, "secret"), "swordfish\n")
        self.assertIn("swordfish", self.ok("--show-secrets", "ls", "--json"))

    def test_not_in_messages(self) -> None:
        self.tree.fail("write", f"{ISCSI}/secret", errno.EINVAL, "too short: 'hunter2'")
        text = self.fails(7, "set", ISCSI, "secret=hunter2")
        self.assertIn("too short: '********'", text)
        self.assertNotIn("hunter2", text)
        long = "pä" * 60
        self.tree.fail("write", f"{ISCSI}/secret", errno.EINVAL, f"too long: {long[:43]}")
        self.assertNotIn("p\\xc3", self.fails(7, "set", ISCSI, f"secret={long}"))


class DeleteTest(CommandTest):
    def test_many_cost_so_many(self) -> None:
        """Deleting an object takes the same number of operations however many there are."""

        def cost(number: int) -> int:
            names = [f"/handlers/vdisk_nullio/n{index}" for index in range(number)]
            for name in names:
                self.ok("create", name, "enabled=1")
            self.tree.calls.clear()
            self.ok("delete", "-r", *names)
            return sum(self.tree.calls.values())

        self.ok("create", LOOP)
        few = cost(10)
        self.assertLess(cost(100), few * 10 * 1.2)

    def test_clear_waits_for_all_at_once(self) -> None:
        """Targets that do not end are waited for together, are reported once, and stay as they are."""
        names = [f"/targets/loop/t{index}" for index in range(8)]
        for name in names:
            self.ok("create", name, "enabled=1")
        self.ok("create", "/targets/loop/well", "enabled=1")
        together = threading.Barrier(len(names))
        write = self.tree.write

        def stuck(path: str, value: str) -> None:
            if path.endswith("/enabled") and tp.parent(path) in names:
                together.wait(20)
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            write(path, value)

        with mock.patch.object(self.tree, "write", stuck):
            text = self.fails(8, "clear", "-y")
        self.assertEqual(text.count("cannot set"), len(names))
        left = [line for line in text.splitlines() if "still there" in line]
        self.assertEqual(left, [f"still there: {name}" for name in names])
        self.assertFalse(self.tree.is_dir("/targets/loop/well"))

    def test_simple(self) -> None:
        self.ok("create", DISK)
        self.ok("delete", DISK)
        self.fails(3, "delete", DISK)

    def test_enabled(self) -> None:
        self.make_disk()
        text = self.fails(5, "delete", DISK)
        self.assertIn("enabled or in use", text)
        self.assertIn("disable it first", text)

    def test_lun_takes_its_link_along(self) -> None:
        self.make_disk()
        self.ok("create", "-p", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1")
        self.ok("delete", f"{LOOP}/luns/0")
        self.assertFalse(self.tree.is_dir(f"{LOOP}/luns/0"))

    def test_link_comes_back(self) -> None:
        self.make_disk()
        self.ok("create", "-p", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1")
        self.tree.fail("rmdir", f"{LOOP}/luns/0", errno.EBUSY)
        self.fails(5, "delete", f"{LOOP}/luns/0")
        self.assertEqual(self.tree.readlink(f"{LOOP}/luns/0/device"), DISK)

    def test_in_use(self) -> None:
        self.make_disk()
        self.ok("create", "-p", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1")
        self.ok("disable", DISK)
        self.assertIn(f"in use by {LOOP}/luns/0/device", self.fails(5, "delete", DISK))
        self.ok("enable", DISK)
        self.assertIn(f"in use by {LOOP}/luns/0/device", self.fails(5, "delete", "-r", DISK))
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")

    def test_recursive(self) -> None:
        self.make_iscsi()
        self.tree.login(ISCSI, "iqn.x:1")
        self.assertIn("--recursive", self.fails(5, "delete", ISCSI))
        self.ok("delete", "--recursive", ISCSI)
        self.assertFalse(self.tree.is_dir(ISCSI))
        self.assertTrue(self.tree.is_dir(DISK))
        removed = [what[1] for what in self.tree.changes() if what[0] == "rmdir"]
        self.assertEqual(removed[-1], ISCSI)
        disabled = self.tree.changes().index(("write", f"{ISCSI}/enabled", "0"))
        first = min(i for i, what in enumerate(self.tree.changes()) if what[0] in ("rmdir", "unlink"))
        self.assertLess(disabled, first)

    def test_kernel_made(self) -> None:
        self.make_iscsi()
        count = len(self.tree.changes())
        for path in ("/targets/iscsi", "/targets", f"{ISCSI}/luns", f"{DISK}/stats"):
            self.assertIn("made by the kernel", self.fails(6, "delete", "-r", path))
        self.assertEqual(len(self.tree.changes()), count)
        self.fails(2, "delete", "-r", "/")

    def test_several(self) -> None:
        self.ok("create", DISK)
        self.fails(8, "delete", "/handlers/vdisk_fileio/none", DISK)
        self.assertFalse(self.tree.is_dir(DISK))
        self.fails(3, "delete", "/handlers/vdisk_fileio/none", DISK)


class SwitchAndLinkTest(CommandTest):
    def test_enable_disable(self) -> None:
        self.make_disk()
        self.ok("disable", DISK)
        self.ok("disable", DISK)
        self.assertEqual(self.value(f"{DISK}/enabled"), "0")
        self.ok("enable", DISK)
        self.assertEqual(self.value(f"{DISK}/enabled"), "1")
        self.assertIn("cannot be enabled", self.fails(3, "enable", f"{DISK}/stats"))
        self.fails(8, "disable", DISK, "/nothing")

    def test_link_unlink(self) -> None:
        self.make_disk()
        lun = f"{LOOP}/luns/0"
        self.ok("create", "-p", lun)
        self.fails(3, "unlink", lun)
        self.fails(3, "link", lun, "vdisk_fileio/none")
        self.assertIn("must point to a device", self.fails(7, "link", lun, "/handlers/vdisk_fileio"))
        self.ok("link", lun, "vdisk_fileio/disk1")
        self.assertIn("already", self.fails(4, "link", lun, "vdisk_fileio/disk1"))
        self.ok("unlink", lun)
        self.ok("link", lun, DISK)
        self.fails(6, "link", LOOP, DISK)
        self.fails(2, "link", lun)


class GetTest(CommandTest):
    def test_all(self) -> None:
        self.make_disk()
        self.ok("set", DISK, "comment=it's me")
        lines = self.ok("get", DISK).splitlines()
        self.assertIn("enabled=1", lines)
        self.assertIn('comment="it\'s me"', lines)

    def test_verbose_shows_the_schema(self) -> None:
        self.make_disk()
        text = self.ok("get", "-v", DISK, "blocksize")
        self.assertIn(
            "uint, rw, only while disabled, default 512, range 512..4096 power of two, unit bytes", text
        )
        self.assertIn("    Helps.", text)

    def test_path_may_end_in_attribute(self) -> None:
        self.make_disk()
        self.assertEqual(self.ok("get", f"{DISK}/size"), "1048576\n")
        self.fails(3, "get", f"{DISK}/none")
        self.fails(3, "get", DISK, "none")

    def test_json(self) -> None:
        self.make_disk()
        data = self.json("get", "--json", DISK, "mode")
        self.assertEqual(data["schema_version"], 1)
        self.assertEqual(
            data["attributes"],
            [
                {
                    "name": "mode",
                    "value": "auto",
                    "masked": False,
                    "type": "enum",
                    "access": "rw",
                    "when": "always",
                    "default": "auto",
                    "range": "auto|fast|safe",
                    "unit": "",
                    "help": "Helps.",
                }
            ],
        )

    def test_links(self) -> None:
        self.make_disk()
        self.ok("create", "-p", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1")
        self.assertIn("device -> vdisk_fileio/disk1\n", self.ok("get", f"{LOOP}/luns/0"))
        self.assertEqual(self.json("get", "--json", f"{LOOP}/luns/0")["links"], {"device": DISK})

    def test_json_only_where_there_is_some(self) -> None:
        self.fails(2, "--json", "pwd")
        self.fails(2, "save", "--json")


class LsTest(CommandTest):
    def test_who_may_not_read_what_is_pending(self) -> None:
        with open(os.path.join(self.dir, "pending.json"), "w"):
            pass
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with mock.patch("targetctl.store.open", side_effect=denied, create=True):
            self.ok("ls")

    def test_counts(self) -> None:
        self.ok("create", LOOP)
        self.ok("create", ISCSI)
        self.ok("create", "/targets/loop/t2")
        self.assertRegex(self.ok("ls", "/targets", "0"), r"\[3 targets\]")
        self.assertRegex(self.ok("ls", "/targets/loop", "0"), r"\[2 targets\]")

    def test_tree(self) -> None:
        self.make_iscsi()
        self.tree.login(ISCSI, "iqn.2026-01.example:host")
        with mock.patch.dict(os.environ, {"COLUMNS": "120"}):
            text = self.ok("ls")
        lines = text.splitlines()

        def line(name: str) -> str:
            return next(line for line in lines if line.lstrip(" |").startswith(f"o- {name} "))

        self.assertTrue(line("disk1").endswith("]"), line("disk1"))
        self.assertIn("[enabled, filename=/srv/a.img, size=1048576", line("disk1"))
        self.assertIn(
            "[enabled, 1 session, comment='two words', secret=********, rel_tgt_id=1]",
            line("iqn.2026-01.example:t1"),
        )
        self.assertIn("[-> vdisk_nullio/null1, read_only=1]", line("10"))
        self.assertIn("[2 luns]", line("luns"))
        self.assertIn("[1 session]", line("sessions"))
        self.assertIn("[1 device]", line("vdisk_fileio"))
        self.assertIn("[enabled, 1 target]", line("iscsi"))
        self.assertIn("[MaxBurstLength=1048576]", line("params"))
        self.assertNotIn("stats", text)
        groups = [text.index(f"o- {name} ") for name in ("zebra", "ant", "mouse")]
        self.assertEqual(groups, sorted(groups))
        self.assertLess(text.index("o- 0 "), text.index("o- 10 "))
        self.assertTrue(all(len(line) <= 120 for line in lines))

    def test_depth_and_all(self) -> None:
        self.make_disk()
        self.assertEqual(len(self.ok("ls", "/", "0").splitlines()), 1)
        self.assertEqual(len(self.ok("ls", "/", "1").splitlines()), 3)
        self.assertIn("stats", self.ok("ls", "-a"))
        self.fails(2, "ls", "/", "x")
        self.fails(3, "ls", "/handlers/none")

    def test_json(self) -> None:
        self.make_disk()
        data = self.json("ls", "--json", DISK)
        self.assertEqual((data["schema_version"], data["command"], data["path"]), (1, "ls", DISK))
        self.assertEqual(list(data["tree"]), ["path", "name", "enabled", "attributes", "links", "children"])
        self.assertEqual(data["tree"]["enabled"], True)
        self.assertEqual(data["tree"]["attributes"]["filename"], "/srv/a.img")
        self.assertNotIn("resync_size", data["tree"]["attributes"])

    def test_names_cannot_drive_the_terminal(self) -> None:
        self.make_iscsi()
        self.tree.login(ISCSI, "evil\x1b[2J")
        for words in (("ls",), ("sessions",)):
            text = self.ok(*words)
            self.assertNotIn("\x1b", text)
            self.assertIn("evil\\x1b[2J", text)

    def test_not_loaded(self) -> None:
        from targetctl.tree import OsTree

        self.tree = OsTree(os.path.join(self.dir, "none"))  # type: ignore[assignment]
        for words in (
            ("ls",),
            ("sessions",),
            ("save", self.config),
            ("create", DISK),
            ("restore", self.config),
        ):
            if words[0] == "restore":
                with open(self.config, "w") as stream:
                    stream.write('{"format": "cst-config", "version": 1, "objects": []}')
            self.assertIn("modprobe cst", self.fails(3, *words), words)
        self.assertIn("not loaded", self.ok("version"))


class SessionsTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.make_iscsi()
        self.path = self.tree.login(ISCSI, "iqn.2026-01.example:host")

    def test_table(self) -> None:
        self.make_loop()
        text = self.ok("sessions")
        rows = [line.split() for line in text.splitlines()]
        self.assertEqual(rows[0], ["INITIATOR", "TARGET", "CONNECTIONS", "LUNS", "COMMANDS"])
        self.assertEqual(rows[1][0], "iqn.2026-01.example:host")
        self.assertEqual(rows[1][2:], ["192.0.2.7:40000", ">", "192.0.2.1:3260", "0,10", "42/3"])
        self.assertEqual(rows[2], ["host1", "loop/t1", "-", "0", "0"])

    def test_second_session_of_an_initiator(self) -> None:
        path = self.tree.login(ISCSI, "iqn.2026-01.example:host_1")
        self.tree._dir(path).values["initiator_name"] = "iqn.2026-01.example:host"
        rows = [line.split()[0] for line in self.ok("sessions", "iqn.2026-01.example:host").splitlines()]
        self.assertEqual(rows[1:], ["iqn.2026-01.example:host"] * 2)

    def test_pattern(self) -> None:
        self.assertEqual(len(self.ok("sessions", "IQN.*:HOST").splitlines()), 2)
        self.assertEqual(self.ok("sessions", "nobody*"), "")

    def test_json(self) -> None:
        (session,) = self.json("sessions", "--json")["sessions"]
        self.assertEqual(
            list(session), ["path", "fabric", "target", "initiator", "attributes", "luns", "connections"]
        )
        self.assertEqual(session["luns"][0], {"lun": "0", "device": DISK})
        self.assertEqual(session["connections"][0]["cid"], "0")

    def test_kill_by_pattern(self) -> None:
        other = self.tree.login(ISCSI, "iqn.2026-01.example:other")
        self.fails(3, "sessions", "kill", "iqn.*:nobody")
        self.ok("sessions", "kill", "IQN.*:OTHER")
        self.assertFalse(self.tree.is_dir(other))
        self.assertTrue(self.tree.is_dir(self.path))
        self.assertEqual(self.run_ctl("sessions", "kill", "nobody", self.path), 8)
        self.assertFalse(self.tree.is_dir(self.path))

    def test_kill(self) -> None:
        self.ok("sessions", "kill", self.path)
        self.assertFalse(self.tree.is_dir(self.path))
        self.fails(3, "sessions", "kill", self.path)
        self.fails(2, "sessions", "kill", ISCSI)
        self.fails(2, "sessions", "kill")

    def test_what_vanishes_meanwhile_is_left_out(self) -> None:
        """Whatever vanishes, and whenever, nothing fails: what is there is shown."""
        self.make_loop()
        lun, connection = f"{ISCSI}/luns/10", f"{self.path}/connections/0"

        def looks() -> None:
            for words in (("sessions",), ("sessions", "--json"), ("ls", "--json", ISCSI)):
                self.assertIn("iqn.2026-01.example:other", self.ok(*words))
            self.assertIn(f"{ISCSI}/luns/0/device", Users(self.tree).of(DISK))

        self.tree.login(ISCSI, "iqn.2026-01.example:other")
        whole = self.tree
        for victim in (f"{lun}/device", lun, connection, self.path, LOOP, f"{ISCSI}/ini_groups/ant"):
            at, steps = 0, Steps(whole, 0, lambda: None)
            while steps.count >= at:
                tree = copy.deepcopy(whole)
                above = tree._dir(tp.parent(victim))
                pop: Callable[[str], object] = above.dirs.pop
                if tp.base(victim) == "device":
                    pop = above.links.pop
                steps = Steps(tree, at, functools.partial(pop, tp.base(victim)))
                self.tree = steps  # type: ignore[assignment]
                with self.subTest(victim, at=at):
                    looks()
                at += 1
            self.assertGreater(at, 50)

    def test_loop_session_has_no_switch(self) -> None:
        self.make_loop()
        self.assertIn("delete it", self.fails(6, "sessions", "kill", f"{LOOP}/sessions/host1"))


class ProgramTest(CommandTest):
    def script(self, text: str, *options: str) -> int:
        name = os.path.join(self.dir, "script")
        with open(name, "w", encoding="utf-8") as stream:
            stream.write(text)
        return self.run_ctl(*options, "-f", name)

    def test_script(self) -> None:
        text = f"# comment\n\ncreate {DISK} comment='ä b'\n{DISK} set size=1K\ncd {DISK}\nget comment\npwd\n"
        self.assertEqual((self.script(text), self.err), (0, ""))
        self.assertEqual(self.out, f"ä b\n{DISK}\n")
        self.assertEqual(self.value(f"{DISK}/size"), "1024")

    def test_script_stops_at_first_error(self) -> None:
        self.assertEqual(self.script(f"create {DISK}\nset {DISK} x=1\ndelete {DISK}\n"), 3)
        self.assertIn("script:2: ", self.err)
        self.assertTrue(self.tree.is_dir(DISK))

    def test_script_keeps_going(self) -> None:
        self.assertEqual(self.script(f"create {DISK}\nset {DISK} 'x=1\nnonsense\ndelete {DISK}\n", "-k"), 8)
        self.assertIn("script:2: column", self.err)
        self.assertIn("script:3: no such command", self.err)
        self.assertFalse(self.tree.is_dir(DISK))

    def test_script_ends_at_exit(self) -> None:
        self.assertEqual(self.script("exit\nnonsense\n"), 0)

    def test_script_from_standard_input(self) -> None:
        for options in ((), ("-f", "-")):
            stdin = io.TextIOWrapper(io.BytesIO(b"get / version\nnonsense\nget / version\n"))
            with mock.patch.object(sys, "stdin", stdin):
                self.assertEqual(self.run_ctl(*options), 2)
            self.assertEqual(self.out, "0.1.0\n")
            self.assertIn("standard input:2: no such command: nonsense", self.err)

    def test_script_missing(self) -> None:
        self.fails(3, "-f", "/nonexistent/script")

    def test_usage_errors(self) -> None:
        self.assertIn("did you mean create?", self.fails(2, "craete"))
        self.fails(2, "--what")
        self.fails(2, "--root")
        self.fails(2, "--lock-timeout", "soon", "ls")
        self.fails(2, "-f", "x", "ls")
        self.fails(2, "cd", "a", "b")

    def test_help(self) -> None:
        text = self.ok("help")
        for name in ("ls", "create", "restore", "sessions"):
            self.assertIn(f"\n{name} ", "\n" + text)
            self.assertIn("usage: " + name, self.ok("help", name))
            self.assertEqual(self.out, self.ok(name, "--help"))
        self.assertIn("--lock-timeout", self.ok("--help"))
        self.fails(2, "help", "nonsense")

    def test_version(self) -> None:
        self.assertIn("cst 0.1.0", self.ok("version"))
        self.assertEqual(self.json("version", "--json")["kernel"], "0.1.0")
        self.assertEqual(self.out, self.ok("--json", "version"))

    def test_words_are_never_split_again(self) -> None:
        self.ok("create", "/handlers/vdisk_fileio/a b 'c'", "comment= x  # y")
        self.assertEqual(self.value("/handlers/vdisk_fileio/a b 'c'/comment"), " x  # y")

    def test_double_dash(self) -> None:
        self.ok("create", "--", "/handlers/vdisk_fileio/-r")
        self.ok("delete", "--", "handlers/vdisk_fileio/-r")

    def test_cd_in_one_shot(self) -> None:
        self.ok("cd", "/handlers")
        self.fails(3, "cd", "/nowhere")

    def test_clear(self) -> None:
        self.make_iscsi()
        self.make_loop()
        self.tree.login(ISCSI, "iqn.x:1")
        self.ok("set", "/", "cmd_mem_limit_mb=512")
        self.ok("clear", "--yes")
        for path in ("/handlers/vdisk_fileio", "/handlers/vdisk_nullio", "/targets/iscsi", "/targets/loop"):
            self.assertEqual(self.tree.listing(path).dirs, [])
        self.assertEqual(self.value("/cmd_mem_limit_mb"), "256")
        self.assertEqual(self.value("/targets/iscsi/enabled"), "1")

    def test_clear_reports_and_goes_on(self) -> None:
        self.make_iscsi()
        self.make_loop()
        self.tree.fail("write", f"{ISCSI}/enabled", errno.ETIMEDOUT, "commands do not end")
        text = self.fails(8, "clear")
        self.assertIn("commands do not end", text)
        self.assertFalse(self.tree.is_dir(LOOP))
        self.assertTrue(self.tree.is_dir(ISCSI))

    def test_parse_inline_values(self) -> None:
        arguments = cli.parse(["--root=/x", "--lock-timeout=3", "-k", "ls", "--json"])
        self.assertEqual(
            (arguments.root, arguments.lock_timeout, arguments.words), ("/x", 3.0, ["ls", "--json"])
        )


if __name__ == "__main__":
    unittest.main()
