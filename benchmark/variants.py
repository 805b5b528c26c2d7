"""Variants of a suite: the same suite with a few fields changed, each with a name that its results are kept under."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import yaml
from pydantic import JsonValue

from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.conditions import Condition
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest

NOT_VARIED = ("name", "description", "protocol", "tasks", "methods", "orders", "seeds", "report_to", "limits")
"""What names runs, or tells one suite from another, is no variant of it."""
SHORT = {name: f"condition.{name}" for name in Condition.model_fields} | {
    "base": "base.source",
    "draw": "evaluation.draw",
    "phrasing": "evaluation.phrasing",
    "temperature": "evaluation.temperature",
}
"""Fields by the names that a command line may call them by."""
LONGEST = 60


@dataclass(frozen=True)
class Variant:
    """A suite and what it changed: dotted fields (`condition.label_noise`) with their values, none where it is as it
    is written."""

    suite: Suite
    changed: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The folder of its results: the suite's name, then every change."""
        return self.suite.name + "".join(f"+{_part(name, value)}" for name, value in sorted(self.changed.items()))


Settings = Mapping[str, Sequence[JsonValue]]
"""Values to try by dotted field."""


def parse_settings(texts: Sequence[str], option: str) -> dict[str, tuple[JsonValue, ...]]:
    """Fields and their values of texts like `label_noise=0,0.2 size_ratio=1,4`.

    Raises:
        InputError: no `field=value`, or a field twice.
    """
    found: dict[str, tuple[JsonValue, ...]] = {}
    for part in (part for text in texts for part in text.split()):
        name, sign, values = part.partition("=")
        if not sign or not name or not values:
            raise InputError(option, "setting", repr(part), "field=value, or field=value,value")
        dotted = SHORT.get(name, name)
        if dotted in found:
            raise InputError(option, "field", f"{name} twice", "each field once")
        found[dotted] = tuple(dict.fromkeys(_parsed(dotted, value, option) for value in values.split(",")))
    return found


def grid(suite: Suite, settings: Settings) -> tuple[Variant, ...]:
    """Every combination of the settings' values, the first field varying slowest.

    Raises:
        InputError: a field that a suite has not, or a value that it may not have.
    """
    names = list(settings)
    cells = [dict(zip(names, values, strict=True)) for values in product(*settings.values())]
    return _distinct([variant(suite, cell) for cell in cells])


def one_at_a_time(suite: Suite, settings: Settings) -> tuple[Variant, ...]:
    """The suite as it is, then each value of each field with everything else as it is; raises as `grid`."""
    changes = [{name: value} for name, values in settings.items() for value in values]
    return _distinct([Variant(suite), *(variant(suite, change) for change in changes)])


def crossed(variants: Sequence[Variant], settings: Settings) -> tuple[Variant, ...]:
    """Every variant in every combination of further settings; raises as `grid`."""
    pairs = [(own, further) for own in variants for further in grid(own.suite, settings)]
    return _distinct([Variant(further.suite, {**own.changed, **further.changed}) for own, further in pairs])


def variant(suite: Suite, changes: Mapping[str, JsonValue]) -> Variant:
    """The suite with these fields changed; a value that it has already is no change.

    Raises:
        InputError: as `grid`.
    """
    values: dict[str, Any] = suite.model_dump(mode="json")
    changed: dict[str, JsonValue] = {}
    for dotted, value in changes.items():
        place, last = _place(values, dotted)
        before = place[last]
        place[last] = value
        if dotted == "base.source" and not _same(before, value):
            # They are of the other base.
            place |= {"revision": None, "parameters": None}
        if not _same(before, value):
            changed[dotted] = value
    if not changed:
        return Variant(suite)
    tops = {dotted.split(".")[0] for dotted in changed}
    return Variant(suite.with_overrides({name: values[name] for name in tops}), changed)


def _place(values: dict[str, Any], dotted: str) -> tuple[dict[str, Any], str]:
    """The mapping in which a dotted field stands; parts of a list go by the `kind` of its entries."""
    *path, last = dotted.split(".")
    if dotted.split(".")[0] in NOT_VARIED:
        raise InputError("variant", "field", dotted, f"a field other than {', '.join(NOT_VARIED)}")
    found: Any = values
    for part in path:
        entries = {entry.get("kind"): entry for entry in found} if isinstance(found, list) else found
        if not isinstance(entries, dict) or part not in entries:
            raise InputError("variant", "field", dotted, _known(entries))
        found = entries[part]
    if not isinstance(found, dict) or last not in found:
        raise InputError("variant", "field", dotted, _known(found))
    return found, last


def _known(entries: object) -> str:
    names = [str(name) for name in entries] if isinstance(entries, dict) else []
    return f"one of {', '.join(names)} there" if names else "a field of a suite"


def _parsed(dotted: str, text: str, option: str) -> JsonValue:
    if dotted == "condition.recurrence":
        return "+".join(name for name in text.split("+") if name and name != "none")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise InputError(option, dotted, repr(text), "a value") from None
    # YAML takes 3e-3 for a text.
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9.]+e[-+]?[0-9]+", value):
        return float(value)
    if not isinstance(value, str | int | float | bool | None):
        raise InputError(option, dotted, repr(text), "a value")
    return value


def _same(before: object, value: object) -> bool:
    if isinstance(before, list):
        return "+".join(str(part) for part in before) == value
    numbers = (before, value)
    if all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        return float(str(before)) == float(str(value))
    return before == value


def _distinct(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    found: dict[str, Variant] = {}
    for own in variants:
        found.setdefault(own.folder, own)
    return tuple(found.values())


def _part(name: str, value: JsonValue) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{name.rpartition('.')[2]}-{shown}")
    # Fields of the same last name, and long values, are told apart by a hash.
    plain = name in SHORT.values() and len(text) <= LONGEST
    return text if plain else f"{text[:LONGEST]}-{digest([name, value])[:6]}"
