# SPDX-License-Identifier: GPL-2.0-only
"""The interactive shell: on configshell-fb, on a real terminal (a pty), and without configshell.

Most tests need python3-configshell-fb.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from targetctl import shell
from targetctl.context import Context, Files

from tests.base import DISK, ISCSI, CommandTest

needs_configshell = unittest.skipUnless(shell.HAVE_CONFIGSHELL, "python3-configshell-fb is not installed")


class ShellTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        files = Files(os.path.join(self.dir, "lock"), os.path.join(self.dir, "pending.json"))
        self.context = Context(self.tree, self.stdout, self.stderr, files)


class PlainTest(ShellTest):
    def feed(self, *lines: str) -> None:
        rest = list(lines)

        def read(prompt: str) -> str:
            self.stdout.write(prompt)
            if not rest:
                raise EOFError
            return rest.pop(0)

        self.assertEqual(shell.plain_loop(self.context, read), 0)

    def test_errors_do_not_end_it(self) -> None:
        self.feed(f"create {DISK}", "nonsense", "set 'x", f"cd {DISK}", "get size", "exit", "never reached")
        self.assertEqual(self.stdout.getvalue().count("> "), 6)
        self.assertIn(f"{DISK}> 0\n", self.stdout.getvalue())
        self.assertIn("no such command: nonsense", self.stderr.getvalue())
        self.assertIn("is not closed", self.stderr.getvalue())

    def test_path_alone_goes_there(self) -> None:
        self.feed("/handlers", "vdisk_fileio/", "pwd", "..", "pwd", "/targets ls", "pwd")
        self.assertIn("/handlers/vdisk_fileio\n", self.stdout.getvalue())
        self.assertTrue(self.stdout.getvalue().rstrip("> \n").endswith("/handlers"))

    def test_deleting_where_we_are(self) -> None:
        self.feed(f"create {ISCSI}", f"cd {ISCSI}/luns", f"delete -r {ISCSI}", "pwd")
        self.assertIn("/targets/iscsi\n", self.stdout.getvalue())

    def test_idle_shell_holds_no_lock(self) -> None:
        self.feed(f"create {DISK}")
        self.ok("--lock-timeout", "0", "set", DISK, "size=1")


@needs_configshell
class ConfigshellTest(ShellTest):
    def setUp(self) -> None:
        super().setUp()
        self.shell = shell.Shell(self.context)

    def test_nodes_are_live(self) -> None:
        root = self.shell._root_node
        self.assertEqual([node.name for node in root.children], ["handlers", "targets"])
        node = root.get_node("/handlers/vdisk_fileio")
        self.assertEqual(len(node.children), 0)
        self.make_disk()
        self.assertEqual([child.name for child in node.children], ["disk1"])
        self.assertEqual(node.get_child("disk1").path, DISK)
        self.assertEqual(node.get_child("disk1").summary(), ("enabled", True))
        self.ok("delete", "-r", DISK)
        with self.assertRaises(ValueError):
            node.get_child("disk1")

    def test_command_of_a_node(self) -> None:
        self.make_disk()
        node = self.shell._root_node.get_node(DISK)
        self.assertIn("create", node.list_commands())
        node.execute_command("set", ["comment=a b^c"])
        self.assertEqual(self.value(f"{DISK}/comment"), "a b^c")

    def test_prompt(self) -> None:
        self.assertEqual(self.shell._get_prompt(), "/> ")
        self.context.cwd = "/" + "x" * 200
        self.assertLess(len(self.shell._get_prompt()), 70)

    def test_values_that_configshell_would_cut(self) -> None:
        self.shell.run_cmdline(f"create {DISK} comment='a b^c{{d}}|ü \"q\"'")
        self.assertEqual(self.value(f"{DISK}/comment"), 'a b^c{d}|ü "q"')

    def test_nothing_is_written(self) -> None:
        self.shell.run_cmdline("ls")
        found = [name for _, _, names in os.walk(self.dir) for name in names]
        self.assertEqual(found, [])
        self.assertIsNone(self.shell.prefs["logfile"])

    def history_after(self, *lines: str) -> list[str]:
        """Run lines as if they were typed. Returns those that the history has afterwards."""
        import readline

        readline.clear_history()
        self.addCleanup(readline.clear_history)
        for line in lines:
            readline.add_history(line)
            with contextlib.suppress(KeyboardInterrupt):
                self.shell.run_cmdline(line)
        length = readline.get_current_history_length()
        return [readline.get_history_item(index) for index in range(1, length + 1)]

    def test_failed_line_with_a_secret_is_not_in_the_history(self) -> None:
        self.make_disk()
        self.ok("create", ISCSI)
        self.tree.fail("write", f"{ISCSI}/comment", errno.EIO)
        other = ISCSI + "b"
        lines = [
            f"create {ISCSI} secret=swordfish",
            "create /targets/none/x secret=swordfish",
            f"create {other} nonsense=1 secret=swordfish",
            f"create {other} secret=swordfish secret=swordfish",
            f"set {ISCSI} comment=x secret=swordfish",
            f"set {ISCSI}/none secret=swordfish",
            f"set {ISCSI} sercet=swordfish",
            f"set {ISCSI} secret swordfish",
            f"{ISCSI} set {ISCSI} secret swordfish",
            f"set {ISCSI} 'secret=swordfish",
            f"crate {ISCSI} secret=swordfish",
        ]
        self.assertEqual(self.history_after(*lines), [])
        with mock.patch.object(self.context.lock, "held", side_effect=KeyboardInterrupt):
            self.assertEqual(self.history_after(f"set {ISCSI} secret=swordfish"), [])
        # What cannot have a secret can be typed again.
        harmless = [f"set {DISK} mode=warp", f"set {DISK} size=1", f"create {DISK}", "cd /none", "nonsense x"]
        self.assertEqual(self.history_after(*harmless), harmless)
        self.assertEqual(self.history_after(f"set {DISK} comment=x"), [f"set {DISK} comment=x"])

    def test_exit(self) -> None:
        self.shell.run_cmdline("exit")
        self.assertTrue(self.shell._exit)


class Terminal:
    """The program on a pty, over a plain directory that looks like a tree."""

    def __init__(self, root: str, home: str) -> None:
        environment = {
            **os.environ,
            "CST_ROOT": root,
            "HOME": home,
            "TERM": "xterm",
            "PYTHONPATH": os.path.dirname(HERE),
            "INPUTRC": "/dev/null",
            "LC_ALL": "C.UTF-8",
        }
        self.master, slave = pty.openpty()
        command = [sys.executable, "-B", "-m", "targetctl"]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.text = ""

    def expect(self, wanted: str, seconds: float = 30) -> str:
        """Read the output up to wanted, and including it."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            ready, _, _ = select.select([self.master], [], [], max(end - time.monotonic(), 0))
            if not ready:
                raise AssertionError(f"no {wanted!r} in {self.text!r}")
            try:
                data = os.read(self.master, 4096)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"ended without {wanted!r}: {self.text!r}")
            self.text += data.decode("utf-8", "replace")
        before, _, self.text = self.text.partition(wanted)
        return before

    def interrupt(self, wanted: str) -> None:
        """Send SIGINT until wanted is printed. Between two waits Python sees it only at the next wait."""
        for _ in range(10):
            self.process.send_signal(signal.SIGINT)
            try:
                self.expect(wanted, 2)
                return
            except AssertionError:
                continue
        raise AssertionError("no reaction to SIGINT")

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())


@needs_configshell
class TerminalTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.root = os.path.join(self.dir, "root")
        disk = os.path.join(self.root, "handlers", "vdisk_fileio", "disk one")
        os.makedirs(disk)
        for name, text, mode in (
            (
                "schema",
                "comment\tstring\trw\talways\t\t0..64\tbytes\tText.\nkey\tstring\trw\talways\t\t\t\tKey.\n",
                0o444,
            ),
            ("comment", "\n", 0o644),
            ("key", "\n", 0o600),
        ):
            with open(os.path.join(disk, name), "w") as stream:
                stream.write(text)
            os.chmod(os.path.join(disk, name), mode)
        self.disk = disk
        self.terminal = Terminal(self.root, self.dir)
        self.addCleanup(self.terminal.process.kill)

    def test_session(self) -> None:
        terminal = self.terminal
        terminal.expect("/> ")
        terminal.send("cd han\tvdisk\tdisk\t\n")
        terminal.expect("/handlers/vdisk_fileio/disk one> ")
        terminal.send("set comm\t'ä b'\n")
        terminal.expect("one> ")
        terminal.send("get comment\n")
        terminal.expect("ä b\r\n")
        terminal.expect("one> ")
        terminal.send("set key=swordfish\n")
        terminal.expect("one> ")
        terminal.interrupt("one> ")
        terminal.send("nonsense\n")
        terminal.expect("no such command")
        terminal.expect("one> ")
        terminal.send("\x04")
        self.assertEqual(terminal.process.wait(30), 0)
        os.close(terminal.master)
        with open(os.path.join(self.disk, "key")) as stream:
            self.assertEqual(stream.read(), "swordfish\n")
        history = os.path.join(self.dir, ".local", "state", "targetctl", "history")
        self.assertEqual(stat.S_IMODE(os.stat(history).st_mode), 0o600)
        with open(history, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn("set comment='ä b'", text)
        self.assertNotIn("swordfish", text)
        names = [name for _, _, names in os.walk(self.dir) for name in names]
        self.assertFalse([name for name in names if name.startswith(("prefs", "log"))])


class WithoutTest(CommandTest):
    def test_no_configshell_no_readline(self) -> None:
        """There is a shell without these modules, too."""
        os.makedirs(os.path.join(self.dir, "root", "handlers"))
        program = """
import sys
for name in ("readline", "configshell", "configshell_fb"):
    sys.modules[name] = None
from targetctl import shell
assert not shell.HAVE_CONFIGSHELL
from targetctl.context import Context, Files
from targetctl.tree import OsTree
context = Context(OsTree(sys.argv[1]), sys.stdout, sys.stderr, Files("/none", "/none"))
sys.exit(shell.interact(context))
"""
        command = [sys.executable, "-B", "-c", program, os.path.join(self.dir, "root")]
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(HERE)}
        done = subprocess.run(
            command,
            input="cd handlers\npwd\n",
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            check=True,
        )
        self.assertIn("/handlers> /handlers\n", done.stdout)

    def test_one_shot_does_not_import_configshell(self) -> None:
        program = "import sys; from targetctl import cli; cli.run(['version'], sys.stdout, sys.stderr)\n"
        program += "print([n for n in sys.modules if 'configshell' in n or n in ('readline', 'pyparsing')])"
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(HERE)}
        command = [sys.executable, "-B", "-c", program]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
        self.assertTrue(done.stdout.endswith("[]\n"), done.stdout)


class PrefsTest(unittest.TestCase):
    @needs_configshell
    def test_configshell_does_not_read_pickles(self) -> None:
        with mock.patch("pickle.load", side_effect=AssertionError), mock.patch(
            "pickle.loads", side_effect=AssertionError
        ):
            context = Context(mock.Mock(is_live=False), io.StringIO(), io.StringIO(), Files("/none", "/none"))
            shell.Shell(context)


if __name__ == "__main__":
    unittest.main()
