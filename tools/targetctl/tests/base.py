# SPDX-License-Identifier: GPL-2.0-only
"""What the command tests share: a fake tree, state files of the test, and calls of the program."""

from __future__ import annotations

import io
import json
import os
import tempfile
import unittest
from typing import Any
from unittest import mock

from targetctl import cli

from tests.faketree import FakeTree

DISK = "/handlers/vdisk_fileio/disk1"
ISCSI = "/targets/iscsi/iqn.2026-01.example:t1"
LOOP = "/targets/loop/t1"


class CommandTest(unittest.TestCase):
    """Each test has a new tree, and a directory for files."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name
        names = {"CST_RUN_DIR": self.dir, "CST_STATE_DIR": self.dir, "HOME": self.dir, "XDG_STATE_HOME": ""}
        environment = mock.patch.dict(os.environ, names)
        environment.start()
        self.addCleanup(environment.stop)
        self.tree = FakeTree()
        self.config = os.path.join(self.dir, "config.json")
        self.out = ""
        self.err = ""

    def run_ctl(self, *argv: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        code = cli.run(argv, out, err, self.tree)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def ok(self, *argv: str) -> str:
        """Run a command that must succeed and write nothing to stderr. Returns its output."""
        self.assertEqual((self.run_ctl(*argv), self.err), (0, ""), argv)
        return self.out

    def fails(self, code: int, *argv: str) -> str:
        """Run a command that must fail with code. Returns its messages."""
        self.assertEqual(self.run_ctl(*argv), code, f"{argv}\n{self.out}{self.err}")
        self.assertTrue(self.err)
        return self.err

    def json(self, *argv: str) -> Any:
        return json.loads(self.ok(*argv))

    def value(self, path: str) -> str:
        return self.tree.read(path)

    def make_disk(self, name: str = "disk1", filename: str = "/srv/a.img") -> str:
        path = f"/handlers/vdisk_fileio/{name}"
        self.ok("create", path, f"filename={filename}", "size=1M", "enabled=1")
        return path

    def make_iscsi(self) -> None:
        """A target with LUNs, groups in an order that is not alphabetical, a portal, and settings."""
        self.make_disk()
        self.ok("create", "/handlers/vdisk_nullio/null1", "enabled=1")
        self.ok("create", ISCSI, "comment=two words", "secret=swordfish")
        self.ok("set", f"{ISCSI}/params", "MaxBurstLength=1M")
        self.ok("create", f"{ISCSI}/portals/192.0.2.1:3260")
        self.ok("create", f"{ISCSI}/luns/0", "device=vdisk_fileio/disk1")
        self.ok("create", f"{ISCSI}/luns/10", "read_only=1", "device=vdisk_nullio/null1")
        for group in ("zebra", "ant", "mouse"):
            self.ok("create", f"{ISCSI}/ini_groups/{group}")
            self.ok("create", f"{ISCSI}/ini_groups/{group}/initiators/iqn.*:{group}")
        self.ok("create", f"{ISCSI}/ini_groups/ant/luns/0", "device=vdisk_nullio/null1")
        self.ok("enable", ISCSI)

    def make_loop(self) -> None:
        self.ok("create", LOOP)
        self.ok("create", f"{LOOP}/luns/0", "device=vdisk_fileio/disk1")
        self.ok("create", f"{LOOP}/sessions/host1")
        self.ok("enable", LOOP)
