"""Typed access to the columns of one record, with errors that name the line and the column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message, Role

_ROLES: dict[object, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a source and the place it stands at, for messages (`train.jsonl:17`)."""

    where: str
    values: Mapping[str, object]

    def entries(self, name: str) -> list[object] | None:
        """The entries of a list column, None where the column holds anything else."""
        value = self.values[name]
        return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else None

    def text(self, name: str) -> str:
        """The text of a column, empty for null."""
        value = self.values[name]
        if value is None or isinstance(value, str):
            return value or ""
        raise self.fault(name, f"{type(value).__name__} {str(value)[:40]!r}", "text")

    def texts(self, name: str) -> list[str]:
        """A column that lists texts."""
        entries = self.entries(name)
        texts = [entry for entry in entries or () if isinstance(entry, str)]
        if entries is None or len(texts) != len(entries):
            raise self.fault(name, f"{type(self.values[name]).__name__}", "a list of texts")
        return texts

    def messages(self, name: str) -> list[Message]:
        """A column that lists chat messages."""
        return [self._message(name, entry) for entry in self.entries(name) or ()]

    def side(self, name: str) -> int:
        """A column that names one of two sides, 0 or 1."""
        value = self.values[name]
        if isinstance(value, int) and value in (0, 1):
            return int(value)
        raise self.fault(name, repr(value), "0 or 1")

    def flag(self, name: str) -> bool:
        """A column that is true or false."""
        value = self.values[name]
        if isinstance(value, bool):
            return value
        raise self.fault(name, repr(value), "true or false")

    def optional(self, name: str | None) -> str | None:
        """A column as text, None where it is unnamed, absent, null or empty."""
        value = self.values.get(name) if name else None
        return str(value) if value not in (None, "") else None

    def fault(self, name: str, found: str, expected: str) -> InputError:
        """The error of a column that does not hold what is expected."""
        return InputError(self.where, f"column {name!r}", found, expected)

    def _message(self, name: str, entry: object) -> Message:
        if isinstance(entry, Mapping) and isinstance(entry.get("role"), str) and entry["role"] in _ROLES:
            content = entry.get("content")
            if isinstance(content, str):
                return Message(_ROLES[entry["role"]], content)
        expected = "chat messages with `role` (system, user or assistant) and `content`"
        raise self.fault(name, str(entry)[:60], expected)
