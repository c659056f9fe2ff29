# SPDX-License-Identifier: GPL-2.0-only
"""The interactive shell, on configshell-fb.

configshell has the loop, the object nodes with their commands, and the terminal. Three parts of it are
replaced here. Its parser cuts values at characters that it does not know: the lexer of this package is used.
It keeps preferences in a pickle, and logs all command lines: there is no preferences directory and no log. It
keeps a copy of the tree, and adding a child there searches all siblings: nodes here read the live tree.
Without configshell or readline a plain loop is the shell.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Optional

from targetctl import commands, complete, lexer, render, script, secret
from targetctl import tree as tp
from targetctl.context import Context, user_state_directory
from targetctl.errors import EXIT_OK, CtlError
from targetctl.model import Node

try:
    import readline
except ImportError:
    readline = None  # type: ignore[assignment]

try:
    if readline is None:
        raise ImportError("readline")
    try:
        from configshell_fb import ConfigNode, ConfigShell
    except ImportError:
        from configshell import ConfigNode, ConfigShell
    HAVE_CONFIGSHELL = True
except ImportError:
    ConfigNode = ConfigShell = object
    HAVE_CONFIGSHELL = False

HISTORY_LENGTH = 1000
_PROMPT_LENGTH = 60


def prompt(context: Context) -> str:
    """The current path. The middle of a long one is left out."""
    path = render.visible(context.cwd)
    if len(path) > _PROMPT_LENGTH:
        half = (_PROMPT_LENGTH - 3) // 2
        path = f"{path[:half]}...{path[-half:]}"
    return f"{path}> "


class History:
    """The command history: a file of mode 0600, without lines that have a secret or may have one."""

    def __init__(self) -> None:
        self.path = os.path.join(user_state_directory(), "history")
        self._usable = False

    def open(self) -> None:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            os.fchmod(handle, 0o600)
            os.close(handle)
            readline.read_history_file(self.path)
            self._usable = True
        except OSError:
            self._usable = False
        readline.set_history_length(HISTORY_LENGTH)

    @staticmethod
    def drop_last() -> None:
        """Remove the line that was just typed."""
        length = readline.get_current_history_length()
        if length:
            readline.remove_history_item(length - 1)

    def save(self) -> None:
        if not self._usable:
            return
        before = os.umask(0o077)
        try:
            readline.write_history_file(self.path)
        except OSError:
            self._usable = False
        finally:
            os.umask(before)


def run_line(context: Context, line: str) -> int:
    """Run one typed line. Errors are shown and do not end the shell; EOFError, of `exit`, does."""
    context.secret_used = False
    context.plain = {commands.DEVICE}
    try:
        return script.run_words(context, lexer.split(line))
    except CtlError as error:
        context.report(error)
        return error.code
    except BrokenPipeError:
        return EXIT_OK


def plain_loop(context: Context, read: Callable[[str], str] = input) -> int:
    """Run the shell without configshell."""
    while True:
        try:
            run_line(context, read(prompt(context)))
        except EOFError:
            context.say("")
            return EXIT_OK
        except KeyboardInterrupt:
            context.say("")


class LiveNode(ConfigNode):  # type: ignore[misc]
    """A configshell node that has only a path. Its children are read from the tree when they are needed."""

    def __init__(self, context: Context, path: str, parent: Optional[LiveNode], shell: Any) -> None:
        self.context = context
        self.tree_path = path
        if parent is None:
            super().__init__("/", shell=shell)
            return
        # Set the fields that ConfigNode's methods use. Its constructor would search all siblings.
        self._name = tp.base(path)
        self._parent = parent
        self._shell = None
        self._children: set[LiveNode] = set()
        self._configuration_groups: dict[str, Any] = {}

    def _list_children(self) -> list[LiveNode]:
        try:
            names = Node(self.context.tree, self.tree_path).sorted_dirs()
        except CtlError:
            return []
        return [LiveNode(self.context, tp.join(self.tree_path, name), self, None) for name in names]

    children = property(_list_children)

    def get_child(self, name: str) -> LiveNode:
        path = tp.join(self.tree_path, name)
        if not self.context.tree.is_dir(path):
            raise ValueError(f"No such path {path}")
        return LiveNode(self.context, path, self, None)

    def get_node(self, path: Optional[str]) -> LiveNode:
        node = self.get_root()
        for name in tp.parts(tp.resolve(self.tree_path, path or ".")):
            node = node.get_child(name)
        return node  # type: ignore[no-any-return]

    def list_commands(self) -> list[str]:
        return sorted(commands.COMMANDS)

    def summary(self) -> tuple[str, Optional[bool]]:
        enabled = Node(self.context.tree, self.tree_path).enabled()
        return {True: ("enabled", True), False: ("disabled", None), None: ("", None)}[enabled]

    def execute_command(self, command: str, pparams: Any = (), kparams: Any = None) -> Any:
        """Run a command of the table, with this node as the current object and arguments as whole words."""
        del kparams
        self.context.cwd = self.tree_path
        commands.execute(self.context, [command, *pparams])
        return self.get_root().get_node(self.context.cwd)


class Shell(ConfigShell):  # type: ignore[misc]
    """configshell's loop with the commands of targetctl."""

    def __init__(self, context: Context) -> None:
        # Without a preferences directory configshell neither reads nor writes preferences, history or log.
        super().__init__(None)
        self.context = context
        self.history = History()
        self.prefs["logfile"] = None
        self.prefs["loglevel_console"] = "warning"
        LiveNode(context, "/", None, self)
        readline.set_completer_delims(" \t\n")
        readline.set_completion_display_matches_hook(None)

    def _get_prompt(self) -> str:
        return prompt(self.context)

    def _complete(self, text: str, state: int) -> Optional[str]:
        """readline calls this to complete, with state 0, 1, ... until it returns None."""
        if state == 0:
            line = readline.get_line_buffer()[: readline.get_endidx()]
            self._current_completions = complete.complete_line(
                self.context, line, readline.get_begidx(), True
            )
        if state < len(self._current_completions):
            return self._current_completions[state]
        return None

    def run_cmdline(self, cmdline: str) -> None:
        """Run one typed line. `exit` and the end of input end the loop."""
        failed = True
        try:
            failed = run_line(self.context, cmdline) != EXIT_OK
        except EOFError:
            self._exit = True
        finally:
            # Also after an interrupt.
            self._current_node = self._root_node
            if cmdline and (
                self.context.secret_used or (failed and secret.may_have_value(cmdline, self.context.plain))
            ):
                self.history.drop_last()

    def _cli_loop(self) -> None:
        readline.parse_and_bind("tab: complete")
        readline.set_completer(self._complete)
        while not self._exit:
            try:
                line = input(self._get_prompt())
            except EOFError:
                self.context.say("")
                self._exit = True
                break
            self.run_cmdline(line)
            self.history.save()


def interact(context: Context) -> int:
    """Run the shell until the user leaves it."""
    context.interactive = True
    if not HAVE_CONFIGSHELL:
        return plain_loop(context)
    shell = Shell(context)
    shell.history.open()
    shell.run_interactive()
    return EXIT_OK
