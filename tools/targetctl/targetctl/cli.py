# SPDX-License-Identifier: GPL-2.0-only
"""The program: global options, then one command, a script, or the shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional, TextIO

from targetctl import __version__, commands, complete, render, script
from targetctl import tree as tp
from targetctl.context import Context, Files
from targetctl.errors import EXIT_KERNEL, EXIT_OK, CtlError, UsageError
from targetctl.store import file_error
from targetctl.tree import OsTree, Tree

USAGE = """usage: targetctl [OPTION...] [COMMAND [ARGUMENT...]]

Without a command: a shell on a terminal, else commands are read from standard input.

  --root DIR            the tree to work on (CST_ROOT; default /sys/kernel/config/cst)
  --file FILE, -f FILE  read commands from FILE (- is standard input), stop at the first error
  --keep-going, -k      with commands from a file: go on after errors
  --json                print JSON (ls, get, sessions, version)
  --show-secrets        show values that only root may read
  --lock-timeout SEC    how long to wait for another change to end (default 10)
  --help, -h            this text; `help COMMAND` explains a command
  --version, -V         print versions
"""


@dataclass
class Arguments:
    """The global options, and the words of the command after them."""

    root: str
    file: Optional[str] = None
    keep_going: bool = False
    as_json: bool = False
    show_secrets: bool = False
    lock_timeout: float = 10.0
    complete: Optional[tuple[str, str]] = None
    words: list[str] = field(default_factory=list)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86400:
        raise UsageError(f"--lock-timeout: wanted seconds from 0 to 86400, got {text!r}")
    return value


def parse(argv: Sequence[str]) -> Arguments:
    """Parse the global options, which end where the command begins. The command parses the words after it."""
    result = Arguments(os.environ.get("CST_ROOT") or tp.DEFAULT_ROOT)
    rest = list(argv)

    def value(option: str) -> str:
        if not rest:
            raise UsageError(f"{option} needs a value")
        return rest.pop(0)

    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        name, sign, inline = option.partition("=")
        if sign and name in ("--root", "--file", "--lock-timeout"):
            option = name
            rest.insert(0, inline)
        if option == "--":
            break
        if option == "--root":
            result.root = value(option)
        elif option in ("--file", "-f"):
            result.file = value(option)
        elif option == "--lock-timeout":
            result.lock_timeout = _seconds(value(option))
        elif option in ("--keep-going", "-k"):
            result.keep_going = True
        elif option == "--json":
            result.as_json = True
        elif option == "--show-secrets":
            result.show_secrets = True
        elif option == "--complete":
            result.complete = value(option), value(option)
        elif option in ("--help", "-h"):
            result.words = ["help"]
            return result
        elif option in ("--version", "-V"):
            result.words = ["version"]
            return result
        else:
            raise UsageError(f"unknown option {option}", "targetctl --help")
    result.words = rest
    if result.file is not None and result.words:
        raise UsageError("--file and a command exclude each other")
    return result


def _utf8(argv: Sequence[str]) -> list[str]:
    """Decode the arguments as UTF-8 with any locale, because names and values are bytes to the kernel."""
    return [tp.decode(os.fsencode(argument)) for argument in argv]


def run(argv: Sequence[str], out: TextIO, err: TextIO, tree: Optional[Tree] = None) -> int:
    """Run the program without process-wide side effects. Tests pass a tree of their own."""
    try:
        arguments = parse(argv)
        real = tree if tree is not None else OsTree(arguments.root)
        files = Files.for_tree(real.root, real.is_live)
        context = Context(
            real, out, err, files, arguments.lock_timeout, arguments.as_json, arguments.show_secrets
        )
    except CtlError as error:
        for index, line in enumerate(error.lines()):
            err.write(render.visible(line if index else f"targetctl: {line}") + "\n")
        return error.code
    try:
        return _dispatch(context, arguments)
    except EOFError:
        return EXIT_OK
    except CtlError as error:
        context.report(error)
        return error.code
    except BrokenPipeError:
        raise
    except OSError as error:
        # The tree changed while it was read (a session ended), or this machine is in trouble. The error says
        # which call has failed.
        context.warn(f"targetctl: {error}")
        return EXIT_KERNEL


def _dispatch(context: Context, arguments: Arguments) -> int:
    if arguments.complete is not None:
        for line in complete.complete_bash(context, arguments.complete[1], arguments.complete[0]):
            context.say(line)
        return EXIT_OK
    if arguments.words == ["help"]:
        context.out.write(USAGE + "\n")
        return commands.execute(context, ["help"])
    if arguments.words:
        return commands.execute(context, arguments.words)
    if arguments.file is not None and arguments.file != "-":
        try:
            with open(arguments.file, "rb") as stream:
                return script.run_lines(context, arguments.file, stream, arguments.keep_going)
        except OSError as error:
            raise file_error("read", arguments.file, error) from error
    if arguments.file is None and sys.stdin.isatty() and context.out.isatty():
        from targetctl import shell

        context.say(f"targetctl {__version__}: `help` lists the commands, Tab completes, `exit` leaves.")
        return shell.interact(context)
    return script.run_lines(context, "standard input", sys.stdin.buffer, arguments.keep_going)


def main() -> int:
    """Entry point of the installed program."""
    render.open_output(sys.stdout)
    render.open_output(sys.stderr)
    try:
        code = run(_utf8(sys.argv[1:]), sys.stdout, sys.stderr)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of our output has ended, as `| head` does. Without this the interpreter would write an
        # error about the lost output when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_KERNEL
    except KeyboardInterrupt:
        return 130
