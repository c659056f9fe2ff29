# SPDX-License-Identifier: GPL-2.0-only
"""Completion for the shell and for bash. The test of the bash file needs bash."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from targetctl import complete
from targetctl.context import Context, Files

from tests.base import DISK, ISCSI, LOOP, CommandTest

BASH_FILE = os.path.join(os.path.dirname(HERE), "completions", "targetctl")


class CompleteTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.make_iscsi()
        self.make_loop()
        files = Files(os.path.join(self.dir, "lock"), os.path.join(self.dir, "pending.json"))
        self.context = Context(self.tree, io.StringIO(), io.StringIO(), files)

    def shell(self, line: str) -> list[str]:
        """Completions of the end of line, as readline asks for them: from the last blank on."""
        start = max(line.rfind(" "), line.rfind("\t")) + 1
        return complete.complete_line(self.context, line, start, True)

    def bash(self, line: str) -> list[str]:
        return complete.complete_bash(self.context, "targetctl " + line, " \t\n\"'><=;|&(:")


class ShellTest(CompleteTest):
    def test_commands(self) -> None:
        self.assertEqual(self.shell("del"), ["delete "])
        self.assertIn("exit ", self.shell(""))
        self.assertEqual(self.shell("s"), ["set ", "sessions ", "save "])
        self.assertEqual(self.shell("help cle"), ["clear "])
        self.assertEqual(self.shell("nonsense "), [])

    def test_paths(self) -> None:
        self.assertEqual(self.shell("ls /h"), ["/handlers/"])
        self.assertEqual(self.shell("ls /handlers/"), ["/handlers/vdisk_fileio/", "/handlers/vdisk_nullio/"])
        self.assertEqual(
            self.shell("cd /handlers/vdisk_fileio/disk1/s"), ["/handlers/vdisk_fileio/disk1/stats "]
        )
        self.context.cwd = "/handlers"
        self.assertEqual(self.shell("get vdisk_f"), ["vdisk_fileio/"])
        self.assertEqual(self.shell("get ../ta"), ["../targets/"])
        self.assertEqual(self.shell("get nowhere/"), [])

    def test_path_before_the_command(self) -> None:
        self.assertEqual(self.shell("/handlers/vdisk_f"), ["/handlers/vdisk_fileio/"])
        self.assertEqual(self.shell(f"{DISK} set si"), ["size="])

    def test_attributes(self) -> None:
        self.assertEqual(self.shell(f"get {DISK} fi"), ["filename "])
        self.assertEqual(self.shell(f"set {DISK} bl"), ["blocksize="])
        self.assertNotIn("exported=", self.shell(f"set {DISK} "))
        self.context.cwd = DISK
        self.assertEqual(self.shell("set comm"), ["comment="])
        self.assertEqual(self.shell("set comment=x si"), ["size="])

    def test_values(self) -> None:
        self.assertEqual(self.shell(f"set {DISK} mode="), ["mode=auto ", "mode=fast ", "mode=safe "])
        self.assertEqual(self.shell(f"set {DISK} enabled="), ["enabled=0 ", "enabled=1 "])
        self.assertEqual(self.shell(f"set {DISK} size="), ["size=1048576 "])
        self.assertEqual(self.shell(f"set {DISK} resync_size="), ["resync_size=1 "])
        self.assertEqual(self.shell(f"set {ISCSI} secret="), [])
        self.assertEqual(self.shell(f"set {ISCSI} comment="), ["comment=two\\ words "])

    def test_create_knows_the_attributes_before_the_object(self) -> None:
        self.assertEqual(self.shell("create /handlers/vdisk_fileio/new filen"), ["filename="])
        self.assertEqual(self.shell("create /handlers/vdisk_nullio/new si"), ["size="])
        self.assertEqual(self.shell(f"create {LOOP}/luns/1 "), ["read_only=", "device="])
        names = ["device=vdisk_fileio/disk1 ", "device=vdisk_nullio/null1 "]
        self.assertEqual(self.shell(f"create {LOOP}/luns/1 device="), names)
        self.tree.rmdir(f"{LOOP}/sessions/host1")
        self.ok("delete", "-r", LOOP)
        self.assertEqual(self.shell("create /handlers/vdisk_fileio/a blocksize="), ["blocksize=512 "])

    def test_devices_sessions_options_files(self) -> None:
        self.assertEqual(self.shell(f"link {LOOP}/luns/0 vdisk_n"), ["vdisk_nullio/null1 "])
        self.assertEqual(self.shell("sessions k"), ["kill "])
        self.assertEqual(self.shell("sessions kill "), [f"{LOOP}/sessions/host1 "])
        self.assertEqual(self.shell("delete --r"), ["--recursive "])
        open(os.path.join(self.dir, "saved.json"), "w").close()
        self.assertEqual(self.shell(f"save {self.dir}/sav"), [f"{self.dir}/saved.json "])

    def test_quoting(self) -> None:
        self.ok("create", "/handlers/vdisk_fileio/my disk", "comment=it's")
        self.assertEqual(self.shell("get /handlers/vdisk_fileio/m"), ["/handlers/vdisk_fileio/my\\ disk/"])
        self.assertEqual(self.shell("get /handlers/vdisk_fileio/my\\ d"), ["disk/"])
        self.assertEqual(self.shell("get '/handlers/vdisk_fileio/my d"), ["disk/"])
        self.assertEqual(self.shell('get "/handlers/vdisk_fileio/my disk" co'), ["comment "])
        self.assertEqual(self.shell("set '/handlers/vdisk_fileio/my disk' comment="), ["comment=it\\'s "])
        self.assertEqual(self.shell("get 'comment"), [])
        # What was typed is quoted in another way than ours. Then it is not replaced.
        self.assertEqual(self.shell("get /handlers/vdisk_fileio/my' d"), [])

    def test_what_completion_gives_the_lexer_reads(self) -> None:
        """A completed line splits into words that name the object, with any characters in its name."""
        from targetctl import lexer

        for name in ("a b", "q'uote", 'd"q', "back\\slash", "#hash", "ü", "a=b"):
            self.ok("create", f"/handlers/vdisk_nullio/{name}")
        for quote in ("", "'", '"'):
            for raw in self.shell(f"get {quote}/handlers/vdisk_nullio/"):
                if quote == "'" and "q'" in raw:
                    continue
                (_, path) = lexer.split("get " + (raw[:-1] if raw.endswith(" ") else raw + quote))
                self.assertTrue(self.tree.is_dir(path.rstrip("/")), raw)


class BashTest(CompleteTest):
    def test_breaks_are_cut_off(self) -> None:
        self.assertEqual(self.bash("ls /targets/iscsi/iqn.2026-01.example:"), ["t1/"])
        self.assertEqual(self.bash(f"set {DISK} mode=f"), ["fast "])
        self.assertEqual(self.bash("--root /x -k del"), ["delete "])
        self.assertEqual(self.bash("exi"), [])
        self.assertEqual(self.bash("ls 'open"), [])

    def test_never_fails(self) -> None:
        for line in (
            "",
            "ls",
            "\\",
            "'",
            "set = =",
            "create",
            "link x",
            "get //..//",
            "sessions kill x",
            "ls #",
        ):
            self.bash(line)
            self.shell(line)

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_file(self) -> None:
        """Call the function of the file as bash does, with a program that prints its arguments."""
        program = os.path.join(self.dir, "targetctl")
        with open(program, "w") as stream:
            stream.write('#!/bin/sh\n[ "$1" = --complete ] && printf "%s\\n" "two words " "$3/"\n')
        os.chmod(program, 0o755)
        script = f"""
            PATH={self.dir}:$PATH
            . {BASH_FILE}
            COMP_LINE='targetctl ls /h more' COMP_POINT=15 COMP_WORDS=(targetctl ls /h more) COMP_CWORD=2
            compopt() {{ :; }}
            _targetctl
            printf '<%s>' "${{COMPREPLY[@]}}"
            complete -p targetctl
        """
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=True, text=True)
        self.assertIn("<two words ><targetctl ls /h/>", done.stdout)
        self.assertIn("_targetctl", done.stdout)


if __name__ == "__main__":
    unittest.main()
