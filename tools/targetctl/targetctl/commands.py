# SPDX-License-Identifier: GPL-2.0-only
"""The commands, a function for each, and the table that parsing, help and completion use.

The shell and the one-shot program call the same functions. A function gets its arguments as a list of words.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from targetctl import __version__, lexer, render, secret, snapshot, store
from targetctl import pending as pd
from targetctl import tree as tp
from targetctl.context import Context
from targetctl.edit import Editor, check_value
from targetctl.errors import (
    EXIT_BUSY,
    EXIT_DENIED,
    EXIT_DIFFERS,
    EXIT_EXISTS,
    EXIT_OK,
    EXIT_PARTIAL,
    CtlError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from targetctl.look import Looker
from targetctl.model import (
    ENABLED,
    SESSIONS,
    Node,
    Session,
    Users,
    handler_path,
    missing,
    optional_value,
    sessions,
    short_target,
    try_node,
    unless_gone,
)
from targetctl.restore import keep_older, restore
from targetctl.schema import Attribute
from targetctl.tree import Tree
from targetctl.watch import Watcher

DEVICE = "device"
# Attributes of a device in a file: where the file is, its size, and the switch that makes it.
FILENAME, SIZE, MAKE_FILE = "filename", "size", "make_file"

Options = Mapping[str, Union[str, bool]]
Run = Callable[[Context, Options, Sequence[str]], int]


@dataclass(frozen=True)
class Option:
    """An option of a command. `letter` is its short form, or empty."""

    name: str
    letter: str
    help: str


@dataclass(frozen=True)
class Command:
    """One command. `words` says for completion what each argument is; further ones are as the last one."""

    name: str
    run: Run
    usage: str
    summary: str
    text: str
    words: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    least: int = 0
    most: Optional[int] = None
    shell_only: bool = False


JSON_OPTION = Option("json", "", "print JSON")
SECRETS_OPTION = Option("show-secrets", "", "show values that only root may read")


def parse_arguments(command: Command, words: Sequence[str]) -> tuple[dict[str, bool], list[str]]:
    """Split the words after a command into options and arguments. -- ends the options."""
    names = {f"--{option.name}": option.name for option in command.options}
    letters = {f"-{option.letter}": option.name for option in command.options if option.letter}
    options: dict[str, bool] = {}
    arguments: list[str] = []
    for index, word in enumerate(words):
        if word == "--":
            arguments.extend(words[index + 1 :])
            break
        if word in ("-h", "--help"):
            options["help"] = True
        elif word in names:
            options[names[word]] = True
        elif word in letters:
            options[letters[word]] = True
        elif word.startswith("-") and word != "-":
            raise UsageError(f"{command.name}: unknown option {word}", f"usage: {command.usage}")
        else:
            arguments.append(word)
    return options, arguments


def execute(context: Context, words: Sequence[str]) -> int:
    """Run one command given as words. Returns the exit code."""
    command = find(words[0])
    options, arguments = parse_arguments(command, words[1:])
    if options.get("help"):
        return show_help(context, {}, [command.name])
    if len(arguments) < command.least or (command.most is not None and len(arguments) > command.most):
        raise UsageError(f"{command.name}: wrong number of arguments", f"usage: {command.usage}")
    json_before, secrets_before = context.as_json, context.show_secrets
    context.as_json = json_before or bool(options.get("json"))
    context.show_secrets = secrets_before or bool(options.get("show-secrets"))
    try:
        if context.as_json and JSON_OPTION not in command.options:
            raise UsageError(f"{command.name}: no JSON output", f"it is there for {', '.join(with_json())}")
        return command.run(context, options, arguments)
    finally:
        context.as_json, context.show_secrets = json_before, secrets_before


def find(name: str) -> Command:
    """The command of that name."""
    command = COMMANDS.get(name)
    if command is None:
        close = difflib.get_close_matches(name, COMMANDS, 1)
        raise UsageError(f"no such command: {name}", f"did you mean {close[0]}?" if close else "try: help")
    return command


def with_json() -> list[str]:
    return [command.name for command in COMMANDS.values() if JSON_OPTION in command.options]


def for_each(context: Context, items: Sequence[str], action: Callable[[str], None]) -> int:
    """Do action for every item, also after errors. Returns EXIT_PARTIAL if it worked for some only."""
    errors = []
    for item in items:
        try:
            action(item)
        except CtlError as error:
            context.report(error)
            errors.append(error)
    if not errors:
        return EXIT_OK
    return errors[0].code if len(errors) == len(items) else EXIT_PARTIAL


def assignments(words: Sequence[str]) -> dict[str, str]:
    """Split attr=value words at the first =."""
    result: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name or "/" in name:
            raise UsageError(f"wanted attr=value, got {lexer.quote(word)}")
        if name in result:
            raise UsageError(f"{name} is given twice")
        check_value(name, value)
        result[name] = value
    return result


def check_known(node: Node, name: str) -> Attribute:
    """The attribute of that name. The error for an unknown name has a hint with the nearest name."""
    try:
        return node.attribute(name)
    except NotFoundError as error:
        close = difflib.get_close_matches(name, [attribute.name for attribute in node.attributes()], 1)
        if close:
            error.hint = f"did you mean {close[0]}?"
        raise


def check_writable(context: Context, node: Node, name: str) -> Attribute:
    """The attribute of that name, which is to be written. The context learns whether it is secret."""
    attribute = check_known(node, name)
    if node.is_secret(name):
        context.secret_used = True
    else:
        context.plain.add(name)
    return attribute


def owner_to_disable(context: Context, path: str) -> Optional[str]:
    """The nearest object at or above path that has `enabled`, if it is enabled; else None."""
    while path != "/":
        value = optional_value(context.tree, tp.join(path, ENABLED))
        if value is not None:
            return path if value == "1" else None
        path = tp.parent(path)
    return None


def set_attribute(context: Context, editor: Editor, node: Node, name: str, value: str) -> None:
    """Write one attribute."""
    attribute = check_writable(context, node, name)
    try:
        editor.set(node.path, name, value)
    except RefusedError as error:
        if error.number == errno.EBUSY and attribute.when == "disabled":
            owner = owner_to_disable(context, node.path)
            if owner is not None:
                error.hint = f"written only while disabled: disable {lexer.quote(owner)}"
        raise


# Reading


def depth_of(word: str) -> int:
    if not word.isdecimal():
        raise UsageError(f"ls: depth must be a number, got {lexer.quote(word)}")
    return int(word)


def run_ls(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = context.resolve(arguments[0]) if arguments else context.cwd
    depth = depth_of(arguments[1]) if len(arguments) > 1 else None
    colour = render.use_colour(context.out)
    view = render.TreeView(context.tree, depth, bool(options.get("all")), context.show_secrets, colour)
    if context.as_json:
        context.say_json("ls", {"path": path, "tree": view.data(path)})
        return EXIT_OK
    note = ""
    if path == "/":
        waiting = pending_count(context)
        note = f"{waiting} not restored" if waiting else ""
    for line in view.lines(path, note):
        context.say(line)
    return EXIT_OK


def pending_count(context: Context) -> int:
    """The number of pending objects; 0 for a user who may not read the file, and if it is damaged."""
    try:
        return len(context.pending.load().outstanding(context.tree))
    except pd.DamagedError as error:
        context.report(error)
    except CtlError as error:
        if error.code != EXIT_DENIED:
            raise
    return 0


def run_cd(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = context.resolve(arguments[0]) if arguments else "/"
    if not context.tree.is_dir(path):
        raise missing(context.tree, path)
    context.cwd = path
    return EXIT_OK


def run_pwd(context: Context, options: Options, arguments: Sequence[str]) -> int:
    context.say(context.cwd)
    return EXIT_OK


def get_arguments(context: Context, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Path and attribute names from the arguments. The path may end in the name of an attribute."""
    path = context.resolve(arguments[0]) if arguments else context.cwd
    names = list(arguments[1:])
    if not names and path != "/" and not context.tree.is_dir(path) and context.tree.is_dir(tp.parent(path)):
        node = Node(context.tree, tp.parent(path))
        if tp.base(path) in node.files:
            return node.path, [tp.base(path)]
    return path, names


def attribute_json(node: Node, attribute: Attribute, value: Optional[str]) -> dict[str, Any]:
    return {
        "name": attribute.name,
        "value": value,
        "masked": value is None and attribute.readable,
        "type": attribute.type,
        "access": attribute.access,
        "when": attribute.when,
        "default": attribute.default,
        "range": attribute.range,
        "unit": attribute.unit,
        "help": attribute.help,
    }


def describe(attribute: Attribute) -> list[str]:
    """Indented lines with what the schema says of an attribute."""
    if not attribute.described:
        return [f"    {attribute.access}, not described by the kernel"]
    parts = [attribute.type, attribute.access]
    if attribute.when == "disabled":
        parts.append("only while disabled")
    if attribute.default:
        parts.append(f"default {attribute.default}")
    if attribute.range:
        parts.append(f"range {attribute.range}")
    if attribute.unit:
        parts.append(f"unit {attribute.unit}")
    return ["    " + ", ".join(parts), "    " + attribute.help]


def run_get(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path, names = get_arguments(context, arguments)
    node = Node(context.tree, path)
    wanted = [check_known(node, name) for name in names] if names else node.attributes()
    view = render.TreeView(context.tree, 0, True, context.show_secrets, False)
    values = {a.name: view.value(node, a.name) if a.readable else None for a in wanted}
    for attribute in wanted:
        if names and not attribute.readable:
            raise CtlError(EXIT_DENIED, f"{path}: {attribute.name} can only be written")
    if context.as_json:
        attributes = [attribute_json(node, attribute, values[attribute.name]) for attribute in wanted]
        links = {} if names else {name: node.link_target(name) for name in node.links}
        context.say_json("get", {"path": path, "attributes": attributes, "links": links})
        return EXIT_OK
    verbose = bool(options.get("verbose"))
    if len(names) == 1 and not verbose:
        value = values[names[0]]
        text = secret.MASK if value is None else value
        if context.out.isatty():
            text = "\n".join(render.visible(line) for line in text.split("\n"))
        context.say(text)
        return EXIT_OK
    for attribute in wanted:
        value = values[attribute.name]
        if not attribute.readable:
            context.say(f"{attribute.name} (write only)")
        else:
            context.say(
                f"{attribute.name}={secret.MASK if value is None else lexer.quote(render.visible(value))}"
            )
        if verbose:
            for line in describe(attribute):
                context.say(line)
    if not names:
        for name in node.links:
            context.say(f"{name} -> {render.visible(short_target(node.link_target(name)))}")
    return EXIT_OK


def readable_values(node: Node) -> dict[str, str]:
    return {
        attribute.name: node.read(attribute.name) for attribute in node.attributes() if attribute.readable
    }


def connections_of(session: Session) -> list[tuple[Node, dict[str, str]]]:
    """The connections of a session with their attributes, without those that have ended meanwhile."""
    found = []
    for connection in session.connections:
        with unless_gone(connection.tree, connection.path):
            found.append((connection, readable_values(connection)))
    return found


def session_json(session: Session) -> dict[str, Any]:
    return {
        "path": session.node.path,
        "fabric": session.fabric,
        "target": session.target,
        "initiator": session.initiator,
        "attributes": readable_values(session.node),
        "luns": [{"lun": lun, "device": device} for lun, device in session.luns],
        "connections": [
            {"cid": connection.name, "attributes": values}
            for connection, values in connections_of(session)
        ],
    }


def session_row(session: Session) -> list[str]:
    """A row of the table. The names of addresses end in `address`, those of counters in `commands`."""
    addresses = []
    for _, values in connections_of(session):
        addresses.append(
            " > ".join(value for name, value in values.items() if name.endswith("address") and value)
        )
    counts = [value for name, value in readable_values(session.node).items() if name.endswith("commands")]
    luns = ",".join(lun for lun, _ in session.luns)
    cells = (
        session.initiator,
        f"{session.fabric}/{session.target}",
        ", ".join(address for address in addresses if address),
        luns,
        "/".join(counts),
    )
    return [render.visible(cell) or "-" for cell in cells]


def run_sessions(context: Context, options: Options, arguments: Sequence[str]) -> int:
    if arguments[:1] == ["kill"]:
        if len(arguments) < 2:
            raise UsageError("sessions kill: which one?", "usage: sessions kill PATH|PATTERN...")
        chosen: list[str] = []
        code = for_each(context, arguments[1:], lambda word: chosen.extend(sessions_meant(context, word)))
        killed = for_each(context, list(dict.fromkeys(chosen)), lambda path: kill_session(context, path))
        return EXIT_PARTIAL if code and chosen and not killed else code or killed
    if len(arguments) > 1:
        raise UsageError("sessions: one pattern at most", f"usage: {COMMANDS['sessions'].usage}")
    if not context.tree.is_dir("/"):
        raise missing(context.tree, "/")
    found = [session for session in sessions(context.tree) if not arguments or session.matches(arguments[0])]
    if context.as_json:
        rows = []
        for session in found:
            with unless_gone(context.tree, session.node.path):
                rows.append(session_json(session))
        context.say_json("sessions", {"sessions": rows})
        return EXIT_OK
    lines = [["INITIATOR", "TARGET", "CONNECTIONS", "LUNS", "COMMANDS"]]
    for session in found:
        with unless_gone(context.tree, session.node.path):
            lines.append(session_row(session))
    if len(lines) > 1:
        for line in render.table(lines):
            context.say(line)
    return EXIT_OK


def sessions_meant(context: Context, word: str) -> list[str]:
    """Paths of the sessions that word means: it is a path, or a pattern as for `sessions`."""
    path = context.resolve(word)
    if context.tree.is_dir(path):
        return [path]
    found = [session.node.path for session in sessions(context.tree) if session.matches(word)]
    if not found:
        raise NotFoundError(f"no session matches {lexer.quote(word)}", "sessions lists them")
    return found


def kill_session(context: Context, path: str) -> None:
    """Close a session by its only write-only attribute. A session that cannot be closed so has none."""
    names = tp.parts(path)
    if len(names) < 2 or names[-2] != SESSIONS:
        raise UsageError(f"{path} is not a session", "paths of sessions: sessions --json")
    node = Node(context.tree, path)
    switches = [attribute.name for attribute in node.attributes() if attribute.access == "wo"]
    if len(switches) != 1:
        raise CtlError(
            EXIT_DENIED, f"{path} cannot be closed from here", "a session made by mkdir: delete it"
        )
    with context.lock.held(), unless_gone(context.tree, path):
        context.editor().set(path, switches[0], "1")


def run_version(context: Context, options: Options, arguments: Sequence[str]) -> int:
    kernel = optional_value(context.tree, "/version")
    if context.as_json:
        context.say_json("version", {"targetctl": __version__, "kernel": kernel, "root": context.tree.root})
    else:
        context.say(f"targetctl {__version__}")
        context.say(f"cst {kernel}" if kernel else f"cst is not loaded ({context.tree.root} does not exist)")
    return EXIT_OK


def show_help(context: Context, options: Options, arguments: Sequence[str]) -> int:
    if not arguments:
        rows = [[command.name, command.summary] for command in COMMANDS.values()]
        for line in render.table(rows):
            context.say(line)
        context.say("")
        context.say("help COMMAND tells more. Words with spaces go in quotes: set . comment='two words'.")
        return EXIT_OK
    command = find(arguments[0])
    context.say(f"usage: {command.usage}")
    context.say("")
    context.say(command.text)
    if command.options:
        context.say("")
        for option in command.options:
            head = f"  --{option.name}" + (f", -{option.letter}" if option.letter else "")
            context.say(f"{head:22}{option.help}")
    return EXIT_OK


# Changing


def run_create(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = context.resolve(arguments[0])
    values = assignments(arguments[1:])
    with context.lock.held():
        if context.tree.is_dir(path):
            raise CtlError(EXIT_EXISTS, f"{path} exists already")
        editor = context.editor()
        made = editor.make(path, bool(options.get("parents")))
        storage = NewFile()
        try:
            fill(context, editor, Node(context.tree, path), values, storage)
        except BaseException:
            editor.undo(made)
            # Keep the file while the object exists: somebody else may use it by now, or an interrupt may have
            # come after the kernel had done the last step.
            if not context.tree.is_dir(path):
                storage.undo()
            raise
        context.pending.forget_objects(made)
    return EXIT_OK


class NewFile:
    """The file with the data of a new device, if it was made together with the device."""

    def __init__(self) -> None:
        self.path: Optional[str] = None
        self.is_same: tuple[int, int] = (0, 0)

    def make(self, editor: Editor, node: Node, values: Mapping[str, str]) -> None:
        """Make the file, if the handler can make one, a size is given, and there is no such file."""
        path = values.get(FILENAME, "")
        if MAKE_FILE not in node.files or SIZE not in values or not path or os.path.lexists(path):
            return
        if path.startswith("/dev/"):
            # The kernel makes no file there. Enabling will say that the device is missing.
            return
        try:
            editor.set(node.path, MAKE_FILE, "1")
        except RefusedError as error:
            if error.number != errno.EEXIST:
                raise
            return
        if os.path.lexists(path):
            info = os.lstat(path)
            self.path, self.is_same = path, (info.st_dev, info.st_ino)

    def undo(self) -> None:
        """Remove the file that was made, unless something has been written to it."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            info = os.lstat(self.path)
            if (info.st_dev, info.st_ino) == self.is_same and info.st_blocks == 0:
                os.unlink(self.path)


def fill(context: Context, editor: Editor, node: Node, values: dict[str, str], storage: NewFile) -> None:
    """Set the attributes of a new object in the order given, make its file, link its device, enable it."""
    device = values.pop(DEVICE, None) if DEVICE not in node.files else None
    enabled = values.pop(ENABLED, None)
    for name in values:
        check_writable(context, node, name)
    for name, value in values.items():
        set_attribute(context, editor, node, name, value)
    storage.make(editor, node, values)
    if device is not None:
        editor.link(node.path, DEVICE, handler_path(device))
    if enabled is not None:
        set_attribute(context, editor, node, ENABLED, enabled)


def run_delete(context: Context, options: Options, arguments: Sequence[str]) -> int:
    paths = [context.resolve(argument) for argument in arguments]
    recursive = bool(options.get("recursive"))
    users = Users(context.tree)
    gone: list[str] = []

    def one(path: str) -> None:
        waits = any(tp.is_below(item.entry.path, path) for item in pending.items)
        if context.tree.is_dir(path) or not waits:
            delete(context, path, recursive, users)
        gone.append(path)

    with context.lock.held():
        pending = context.pending.take()
        try:
            return for_each(context, paths, one)
        finally:
            context.pending.forget_all(gone)


def delete(context: Context, path: str, recursive: bool, users: Users) -> None:
    tree = context.tree
    if path == "/":
        raise UsageError("delete: the root cannot be deleted", "clear deletes everything below it")
    node = Node(tree, path)
    editor = context.editor()
    if recursive:
        delete_tree(editor, path, users)
    else:
        try:
            editor.remove_object(path)
        except RefusedError as error:
            error.hint = delete_hint(node, error, users)
            raise
    while not tree.is_dir(context.cwd) and context.cwd != "/":
        context.cwd = tp.parent(context.cwd)


def delete_tree(editor: Editor, path: str, users: Users) -> None:
    found = users.of(path)
    if found:
        raise CtlError(EXIT_BUSY, f"cannot delete {path}: {in_use(found)}", "unlink or delete those first")
    try:
        # Try this before anything is changed: for an object that can never be deleted the kernel says EPERM.
        editor.rmdir(path)
        return
    except RefusedError as error:
        if error.number == errno.EPERM:
            raise
    editor.take_down(path)
    editor.remove_below(path)
    editor.remove_object(path)


def in_use(users: Sequence[str]) -> str:
    more = f" and {len(users) - 3} more" if len(users) > 3 else ""
    return f"in use by {', '.join(users[:3])}{more}"


def delete_hint(node: Node, error: RefusedError, users: Users) -> Optional[str]:
    if error.number not in (errno.EBUSY, errno.ENOTEMPTY):
        return None
    if node.enabled():
        return "disable it first, or delete --recursive"
    found = users.of(node.path)
    if found:
        return in_use(found)
    return "delete --recursive" if node.dirs else None


def run_set(context: Context, options: Options, arguments: Sequence[str]) -> int:
    words = list(arguments)
    path = context.cwd
    if "=" not in words[0] or words[0].startswith(("/", ".")):
        path = context.resolve(words.pop(0))
    values = assignments(words)
    if not values:
        raise UsageError("set: nothing to set", f"usage: {COMMANDS['set'].usage}")
    with context.lock.held():
        node = Node(context.tree, path)
        for name in values:
            if name in node.links or (name == DEVICE and name not in node.files):
                raise UsageError(f"{name} is a link, not an attribute", "link and unlink change it")
            check_writable(context, node, name)
        editor = context.editor()
        done: list[str] = []
        try:
            for name, value in values.items():
                set_attribute(context, editor, node, name, value)
                done.append(name)
        except RefusedError as error:
            if done:
                error.code = EXIT_PARTIAL
                error.hint = "; ".join(filter(None, [f"already set: {', '.join(done)}", error.hint]))
            raise
        finally:
            context.pending.forget(path, done)
    return EXIT_OK


def switch(context: Context, arguments: Sequence[str], value: str) -> int:
    def one(argument: str) -> None:
        path = context.resolve(argument)
        node = Node(context.tree, path)
        if ENABLED not in node.files:
            raise NotFoundError(f"{path} cannot be enabled or disabled")
        set_attribute(context, context.editor(), node, ENABLED, value)
        context.pending.forget(path, [ENABLED])

    with context.lock.held():
        return for_each(context, arguments or [context.cwd], one)


def run_enable(context: Context, options: Options, arguments: Sequence[str]) -> int:
    return switch(context, arguments, "1")


def run_disable(context: Context, options: Options, arguments: Sequence[str]) -> int:
    return switch(context, arguments, "0")


def run_link(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = context.resolve(arguments[0])
    given = arguments[1]
    target = context.resolve(given)
    if not given.startswith(("/", ".")) and not context.tree.is_dir(target):
        target = handler_path(given)
    with context.lock.held():
        node = Node(context.tree, path)
        if DEVICE in node.links:
            current = node.link_target(DEVICE)
            raise CtlError(
                EXIT_EXISTS, f"{path} is linked to {short_target(current)} already", "unlink it first"
            )
        context.editor().link(path, DEVICE, target)
        context.pending.forget(path, [DEVICE])
    return EXIT_OK


def run_unlink(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = context.resolve(arguments[0]) if arguments else context.cwd
    with context.lock.held():
        node = Node(context.tree, path)
        if DEVICE not in node.links:
            raise NotFoundError(f"{path} is not linked to a device")
        context.editor().unlink(path, DEVICE)
        context.pending.forget(path, [DEVICE])
    return EXIT_OK


# The whole configuration


def run_save(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = arguments[0] if arguments else store.DEFAULT_FILE
    with context.lock.held():
        taken, steady = snapshot.take(context.tree)
        entries, kept = pd.merge(taken, context.pending.take(), context.tree)
        if not options.get("force"):
            context.pending.check_aside()
        origin = {"targetctl": __version__, "kernel": optional_value(context.tree, "/version") or ""}
        data = store.dump(entries, origin)
        if path == "-":
            context.out.write(data.decode("utf-8"))
        else:
            if not options.get("force"):
                store.check_overwrite(path, entries)
            store.write_atomic(path, data)
    if not steady:
        context.warn(
            "targetctl: the tree changed again and again while it was read; save again when it is quiet"
        )
    if path != "-":
        note = f", {kept} of them not restored yet" if kept else ""
        context.say(f"saved {len(entries)} objects to {path}{note}")
    return EXIT_OK


def run_restore(context: Context, options: Options, arguments: Sequence[str]) -> int:
    path = arguments[0] if arguments else store.DEFAULT_FILE
    if path == "-":
        entries = store.parse("standard input", sys.stdin.buffer.read())
    else:
        entries = store.load(path)
    with context.lock.held():
        old = context.pending.take()
        result = restore(
            context.editor(),
            entries,
            bool(options.get("force")),
            context.pending,
            lambda pending: keep_older(pending, old, entries),
            Looker().look,
        )
    for error in result.errors:
        context.report(error)
    context.say(f"restored {path}: {result.changes} changes, {len(result.errors)} errors")
    if result.pending.items:
        context.say(
            f"{len(result.pending.items)} objects are incomplete; save keeps them ({context.files.pending})"
        )
    return EXIT_PARTIAL if result.errors else EXIT_OK


def run_watch(context: Context, options: Options, arguments: Sequence[str]) -> int:
    def say(line: str) -> None:
        context.say(render.visible(line))
        context.out.flush()

    Watcher(context.tree, context.lock, context.pending, context.editor, say).run()
    return EXIT_OK


def confirmed(context: Context, question: str) -> bool:
    context.out.write(question + " [y/N] ")
    context.out.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def run_clear(context: Context, options: Options, arguments: Sequence[str]) -> int:
    ask = sys.stdin.isatty() and context.out.isatty() and not options.get("yes")
    if ask and not confirmed(context, "Close all sessions and delete every target and device?"):
        return EXIT_DIFFERS
    with context.lock.held():
        editor = context.editor()
        problems: list[CtlError] = []
        tops = Node(context.tree, "/").sorted_dirs()
        middle = [name for name in tops if name not in ("targets", "handlers")]
        for name in ("targets", *middle, "handlers"):
            if name in tops:
                editor.take_down("/" + name, problems)
        for name in (*middle, "targets", "handlers"):
            if name in tops:
                editor.remove_below("/" + name, problems)
        reset(context, editor, "/", problems)
        context.pending.forget("/")
        context.cwd = "/"
        left = objects(context.tree)
    for problem in problems:
        context.report(problem)
    for path in left:
        context.warn(f"still there: {path}")
    context.say(f"{editor.changes} changes, {len(problems)} errors")
    return EXIT_PARTIAL if problems else EXIT_OK


def objects(tree: Tree) -> list[str]:
    """Paths of all devices and targets."""
    found = []
    for top in ("/handlers", "/targets"):
        above = try_node(tree, top)
        for kind in above.sorted_dirs() if above else []:
            node = try_node(tree, tp.join(top, kind))
            found += [node.child_path(name) for name in node.sorted_dirs()] if node else []
    return found


def reset(context: Context, editor: Editor, path: str, problems: list[CtlError]) -> None:
    """Set attributes of objects that the kernel made to their defaults. Other objects stay as they are."""
    node = Node(context.tree, path)
    for attribute in node.attributes():
        if attribute.access == "rw" and attribute.default and node.read(attribute.name) != attribute.default:
            try:
                editor.set(path, attribute.name, attribute.default)
            except RefusedError as error:
                problems.append(error)
    for name in node.sorted_dirs():
        if not store.is_user_object(node.child_path(name)):
            reset(context, editor, node.child_path(name), problems)


def run_exit(context: Context, options: Options, arguments: Sequence[str]) -> int:
    raise EOFError


def _table(*commands: Command) -> dict[str, Command]:
    return {command.name: command for command in commands}


COMMANDS: dict[str, Command] = _table(
    Command(
        "ls",
        run_ls,
        "ls [-a] [--json] [PATH] [DEPTH]",
        "draw the tree",
        "Draws the objects at and below PATH, DEPTH levels deep, with what was set on each. Parts that hold\n"
        "nothing but values to read are left out.",
        ("path", "none"),
        (Option("all", "a", "also parts that hold only values to read"), JSON_OPTION, SECRETS_OPTION),
        most=2,
    ),
    Command(
        "cd",
        run_cd,
        "cd [PATH]",
        "go to an object",
        "Makes PATH, or the root, the current object.",
        ("path",),
        most=1,
    ),
    Command("pwd", run_pwd, "pwd", "print the current path", "Prints the current path.", most=0),
    Command(
        "create",
        run_create,
        "create [-p] PATH [attr=value...]",
        "make an object",
        "Makes the object, sets its attributes in the order given, and enabled=1 last. A LUN takes\n"
        "device=HANDLER/DEVICE. If a step fails, the object is removed again.",
        ("path", "assign"),
        (Option("parents", "p", "make missing objects above it too"),),
        least=1,
    ),
    Command(
        "delete",
        run_delete,
        "delete [-r] PATH...",
        "delete objects",
        "Deletes objects that are disabled and have nothing below them. With --recursive disables what is\n"
        "enabled in them first, then deletes from the inside out.",
        ("path",),
        (Option("recursive", "r", "with everything below, disabling it first"),),
        least=1,
    ),
    Command(
        "get",
        run_get,
        "get [-v] [--json] [PATH] [ATTR...]",
        "show attributes",
        "Shows all attributes of an object, or those named. One alone is printed as its bare value.",
        ("path", "attr"),
        (Option("verbose", "v", "with type, default, range, unit and help"), JSON_OPTION, SECRETS_OPTION),
    ),
    Command(
        "set",
        run_set,
        "set [PATH] attr=value...",
        "set attributes",
        "Sets attributes in the order given and stops at the first that is refused.",
        ("path", "assign"),
        least=1,
    ),
    Command(
        "enable", run_enable, "enable [PATH...]", "bring objects to life", "Writes 1 to `enabled`.", ("path",)
    ),
    Command(
        "disable",
        run_disable,
        "disable [PATH...]",
        "take objects down",
        "Writes 0 to `enabled`: closes sessions, lets running commands finish.",
        ("path",),
    ),
    Command(
        "link",
        run_link,
        "link LUN HANDLER/DEVICE",
        "give a LUN its device",
        "Makes the link `device` in the LUN. The device may also be given as a path.",
        ("path", "device"),
        least=2,
        most=2,
    ),
    Command(
        "unlink",
        run_unlink,
        "unlink [LUN]",
        "take a LUN's device away",
        "Removes the link.",
        ("path",),
        most=1,
    ),
    Command(
        "sessions",
        run_sessions,
        "sessions [--json] [PATTERN] | sessions kill PATH|PATTERN...",
        "list or close sessions",
        "Lists the sessions of all fabrics; those of which the initiator, target, fabric or path matches\n"
        "PATTERN (*, ?, [...]). kill closes sessions; initiators may log in again.",
        ("session",),
        (JSON_OPTION,),
    ),
    Command(
        "save",
        run_save,
        "save [--force] [FILE]",
        "write the configuration to a file",
        f"Writes all that differs from the defaults to FILE ({store.DEFAULT_FILE}; - is standard\n"
        "output), as a whole or not at all, with what the last restore could not do.",
        ("file",),
        (Option("force", "f", "overwrite what is not ours, or objects by none"),),
        most=1,
    ),
    Command(
        "restore",
        run_restore,
        "restore [--force] [FILE]",
        "make the tree what a file says",
        f"Makes and changes what FILE ({store.DEFAULT_FILE}; - is standard input) says and the tree\n"
        "does not have yet. Deletes nothing. Goes on after errors and reports each.",
        ("file",),
        (Option("force", "f", "disable objects where a change needs it, replace links"),),
        most=1,
    ),
    Command(
        "watch",
        run_watch,
        "watch",
        "bring up what is pending",
        "Restores what the last restore had to leave out as soon as it can be: when its file, mount or\n"
        "device is there. Makes and grows no storage. Ends when nothing is pending.",
        most=0,
    ),
    Command(
        "clear",
        run_clear,
        "clear [--yes]",
        "delete everything",
        "Closes all sessions, deletes all targets and devices, resets what is left. Asks on a terminal.",
        options=(Option("yes", "y", "do not ask"),),
        most=0,
    ),
    Command("help", show_help, "help [COMMAND]", "explain", "Explains a command.", ("command",), most=1),
    Command(
        "version",
        run_version,
        "version [--json]",
        "print versions",
        "Prints versions.",
        (),
        (JSON_OPTION,),
        most=0,
    ),
    Command("exit", run_exit, "exit", "leave the shell", "Leaves the shell.", most=0, shell_only=True),
)
