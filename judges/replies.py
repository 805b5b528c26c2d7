"""What stands in a judge's text: whole JSON objects, and what is left around them. Time is linear in its length."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# The only places where an object of an answer can begin: a brace, a short key, a colon.
_OPENING = re.compile(r'\{\s*"(?:[^"\\]|\\.){0,200}"\s*:')
_LONGEST_INTEGER = 18
# What servers leave around a reply. A line begins after the first of these, too; the second says nothing.
_BEGINNINGS = ("</think>", "<|message|>", "```json")
_TOKEN = re.compile(r"<\|\w+\|>")
_BESIDE = " \t\r\n`[]"


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that strict JSON does not know (a key twice, NaN, a number without end); keys: of a doubled object."""

    reason: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An outermost object."""

    value: dict[str, object] | Invalid

    def has_any(self, keys: frozenset[str]) -> bool:
        """Whether one of the keys stands in it."""
        return bool(keys & (self.value.keys if isinstance(self.value, Invalid) else self.value.keys()))


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """The outermost objects of a text in order, and the text without them.

    last_word: the last object begins its line and nothing but white space, code fences and a server's closing token
    follows it, so that it is no quotation inside a sentence. broken: why an object could not be read.
    """

    objects: tuple[FoundObject, ...]
    around: str
    last_word: bool = False
    broken: str = ""


def read_reply(text: str) -> ReplyParts:
    """The outermost JSON objects of a text; objects inside objects or strings are not looked at.

    An object that begins and cannot be read to its end ends the search: what follows may be a quotation inside it.
    """
    objects: list[FoundObject] = []
    around: list[str] = []
    begin = end = 0
    while opening := _OPENING.search(text, end):
        try:
            value, after = _DECODER.raw_decode(text, opening.start())
        except json.JSONDecodeError as error:
            return ReplyParts((), "", broken=f"an object that breaks off: {error.msg}")
        except RecursionError:
            return ReplyParts((), "", broken="an object of too many levels")
        begin = opening.start()
        around.append(text[end:begin])
        objects.append(FoundObject(value))
        end = after
    last_word = bool(objects) and _alone(text[text.rfind("\n", 0, begin) + 1 : begin], text[end:])
    return ReplyParts(tuple(objects), "{}".join([*around, text[end:]]), last_word)


def _alone(before: str, after: str) -> bool:
    for mark in _BEGINNINGS:
        before = before.rpartition(mark)[2]
    return not (before + _TOKEN.sub("", after)).strip(_BESIDE)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object] | Invalid:
    value = dict(pairs)
    return value if len(value) == len(pairs) else Invalid("a key twice", frozenset(value))


def _integer(digits: str) -> int | Invalid:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Invalid("a number of too many digits")


# Raw line breaks inside strings are let through, so that a string that has one is still seen as one string.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=Invalid, parse_int=_integer, strict=False)
