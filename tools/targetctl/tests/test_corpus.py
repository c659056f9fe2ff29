# SPDX-License-Identifier: GPL-2.0-only
"""Runs every input of the fuzzer's corpus once, so that what has failed before does not fail again."""

from __future__ import annotations

import os
import tempfile
import unittest
from unittest import mock

from tests import fuzz


class CorpusTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        home = directory.name
        names = {"CST_RUN_DIR": home, "CST_STATE_DIR": home, "HOME": home, "XDG_STATE_HOME": ""}
        environment = mock.patch.dict(os.environ, names)
        environment.start()
        self.addCleanup(environment.stop)

    def check_target(self, name: str) -> None:
        for data in fuzz.seeds(name):
            with self.subTest(data=data[:60]):
                self.assertIsNone(fuzz.check(fuzz.TARGETS[name], data))

    def test_lexer(self) -> None:
        self.check_target("lexer")

    def test_config(self) -> None:
        self.check_target("config")

    def test_schema(self) -> None:
        self.check_target("schema")

    def test_script(self) -> None:
        self.check_target("script")

    def test_restore(self) -> None:
        self.check_target("restore")


if __name__ == "__main__":
    unittest.main()
