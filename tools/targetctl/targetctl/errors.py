# SPDX-License-Identifier: GPL-2.0-only
"""Exit codes, and the exceptions that hold them."""

from __future__ import annotations

import errno
import os
from typing import Optional

EXIT_OK = 0
EXIT_DIFFERS = 1
EXIT_USAGE = 2
EXIT_NOT_FOUND = 3
EXIT_EXISTS = 4
EXIT_BUSY = 5
EXIT_DENIED = 6
EXIT_KERNEL = 7
EXIT_PARTIAL = 8

_BY_ERRNO = {
    errno.ENOENT: EXIT_NOT_FOUND,
    errno.ENODEV: EXIT_NOT_FOUND,
    errno.ENXIO: EXIT_NOT_FOUND,
    errno.ENOTDIR: EXIT_NOT_FOUND,
    errno.EEXIST: EXIT_EXISTS,
    errno.EBUSY: EXIT_BUSY,
    errno.ENOTEMPTY: EXIT_BUSY,
    errno.ETXTBSY: EXIT_BUSY,
    errno.EACCES: EXIT_DENIED,
    errno.EPERM: EXIT_DENIED,
    errno.EROFS: EXIT_DENIED,
}

# What an errno means for one kind of operation, where the text of strerror would mislead.
_MEANING = {
    ("create", errno.EPERM): "objects cannot be created here",
    ("create", errno.ENOENT): "the directory to create it in does not exist",
    ("delete", errno.EPERM): "made by the kernel, cannot be deleted",
    ("delete", errno.EBUSY): "enabled or in use",
    ("delete", errno.ENOTEMPTY): "there are objects or links below it",
    ("set", errno.EACCES): "the attribute cannot be written",
    ("set", errno.ENOENT): "the object or the file named in the value does not exist",
    ("get", errno.EACCES): "the attribute cannot be read",
    ("link", errno.EPERM): "links cannot be made here, or not to that object",
}


def exit_code(number: int) -> int:
    """Exit code for an errno."""
    return _BY_ERRNO.get(number, EXIT_KERNEL)


def errno_text(number: int, action: str) -> str:
    """The meaning of an errno and its name, such as `Device or resource busy (EBUSY)`."""
    text = _MEANING.get((action, number))
    base = os.strerror(number)
    if text:
        base = f"{base}: {text}"
    return f"{base} ({errno.errorcode.get(number, number)})"


class CtlError(Exception):
    """An error with an exit code, and perhaps a hint at what to do."""

    def __init__(self, code: int, message: str, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def lines(self) -> list[str]:
        """The message for the terminal, line by line."""
        result = [self.message]
        if self.hint:
            result.append(f"  hint: {self.hint}")
        return result


class UsageError(CtlError):
    """The command line or an input file is wrong."""

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(EXIT_USAGE, message, hint)


class NotFoundError(CtlError):
    """An object, attribute or file that was named does not exist."""

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(EXIT_NOT_FOUND, message, hint)


class RefusedError(CtlError):
    """The kernel refused an operation on the tree."""

    def __init__(
        self,
        action: str,
        path: str,
        number: int,
        attribute: Optional[str] = None,
        kernel: Optional[str] = None,
        hint: Optional[str] = None,
    ) -> None:
        where = f"{path}: {attribute}" if attribute else path
        super().__init__(exit_code(number), f"cannot {action} {where}: {errno_text(number, action)}", hint)
        self.action = action
        self.path = path
        self.attribute = attribute
        self.number = number
        self.kernel = kernel

    def lines(self) -> list[str]:
        result = [self.message]
        if self.kernel:
            result.append(f"  kernel: {self.kernel}")
        if self.hint:
            result.append(f"  hint: {self.hint}")
        return result
