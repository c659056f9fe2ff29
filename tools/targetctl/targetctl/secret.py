# SPDX-License-Identifier: GPL-2.0-only
"""Keeps secret values out of messages and out of the shell's history."""

from __future__ import annotations

from collections.abc import Container

from targetctl import lexer
from targetctl import tree as tp
from targetctl.errors import CtlError
from targetctl.model import as_kernel_prints

MASK = "********"
# The kernel's messages repeat so many bytes of a value at most.
_SAID_BYTES = 64
# The commands of which arguments are values.
_CHANGING = ("set", "create")


def masked(text: str, value: str) -> str:
    """text without value, which the kernel's messages may repeat as a whole or its beginning."""
    beginning = tp.cut(value, _SAID_BYTES)
    for said in (value, value[:_SAID_BYTES], as_kernel_prints(value), as_kernel_prints(beginning)):
        if said:
            text = text.replace(said, MASK)
    return text


def may_have_value(line: str, plain: Container[str]) -> bool:
    """May a typed line that has failed have a secret? Its command may not have come as far as to know that.

    plain has the names of attributes that are known not to be secret.
    """
    try:
        words = [word for word in lexer.split(line) if not word.startswith("-")]
    except CtlError:
        return True
    # A path may be before the command.
    start = next((index for index, word in enumerate(words[:2]) if word in _CHANGING), None)
    for index, word in enumerate(words):
        name, sign, _ = word.partition("=")
        if sign and name not in plain:
            return True
        # The first argument may be a path, but the others are values, also when = was forgotten.
        if not sign and start is not None and index > start + 1:
            return True
    return False
