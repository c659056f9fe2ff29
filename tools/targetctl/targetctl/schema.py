# SPDX-License-Identifier: GPL-2.0-only
"""Reads a `schema` file, which describes the attributes of a directory of the tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_FIELDS = 8
_SUFFIX = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_NUMBER = re.compile(r"0*(\d+)([KMGTkmgt]?)")


@dataclass(frozen=True)
class Attribute:
    """One attribute, by its line of the schema, or by the mode of its file if there is no line."""

    name: str
    type: str
    access: str
    when: str
    default: str
    range: str
    unit: str
    help: str
    described: bool = True

    @property
    def readable(self) -> bool:
        return self.access in ("ro", "rw")

    @property
    def writable(self) -> bool:
        return self.access in ("wo", "rw")

    @property
    def is_generated(self) -> bool:
        """Does the kernel give each object its own value? It has no default then, and cannot be empty."""
        if self.default or not self.described:
            return False
        return self.type != "string" or not self.range.startswith("0..")

    def choices(self) -> list[str]:
        """All values of the attribute, for completion; empty if they cannot be listed."""
        low, dots, high = self.range.partition("..")
        if dots and low == high:
            return [low]
        if self.type == "bool":
            return ["0", "1"]
        if self.type == "enum":
            return [value for value in self.range.replace("\\|", "|").split("|") if value]
        return []

    def canonical(self, value: str) -> str:
        """value as the kernel would show it afterwards, as far as the schema says that."""
        if self.type != "uint":
            return value
        match = _NUMBER.fullmatch(value.strip())
        if not match:
            return value
        number, suffix = int(match.group(1)), match.group(2).upper()
        if suffix and self.unit != "bytes":
            return value
        return str(number * _SUFFIX.get(suffix, 1))


Schema = Mapping[str, Attribute]


@lru_cache(maxsize=256)
def parse_schema(text: str) -> Schema:
    """The attributes of a schema file in the file's order. A line without eight fields is ignored."""
    result: dict[str, Attribute] = {}
    for line in text.split("\n"):
        fields = line.split("\t", _FIELDS - 1)
        if len(fields) == _FIELDS:
            name, kind, access, when, default, limits, unit, text = fields
            result[name] = Attribute(name, kind, access, when, default, limits, unit, text)
    return result


def undescribed(name: str, mode: int) -> Attribute:
    """The Attribute for a file that has no line in the schema."""
    access = {(True, True): "rw", (True, False): "ro", (False, True): "wo"}.get(
        (bool(mode & 0o444), bool(mode & 0o222)), "ro"
    )
    return Attribute(
        name, "string", access, "-" if access == "ro" else "always", "", "", "", "", described=False
    )
