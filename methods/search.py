"""What a method lets be tuned: a range or a list of choices for fields of its `Config`, free of any optimiser.

A `Config` declares it as a class attribute, which a subclass replaces or extends:

    search_space: ClassVar[SearchSpace] = {"buffer_fraction": FloatRange(0.05, 0.5)}

Without one, or with an empty one, the method has nothing to tune.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.methods.base import Method

Value = float | int | str | bool
"""One value of a hyper-parameter that can be tuned."""


@dataclass(frozen=True, slots=True)
class FloatRange:
    """Numbers from `low` to `high`, both included; `log` searches by order of magnitude."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        ok = math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high
        if not ok or (self.log and self.low <= 0):
            expected = "low < high, both finite, and low > 0 on a log scale"
            raise InputError("search space", "FloatRange", f"{self.low} to {self.high}", expected)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (" (log)" if self.log else "")


@dataclass(frozen=True, slots=True)
class IntRange:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise InputError("search space", "IntRange", f"{self.low} to {self.high}", "low < high")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}, whole numbers"


@dataclass(frozen=True, slots=True)
class Choices:
    """One of these values."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(set(self.values)) != len(self.values) or len(self.values) < 2:
            raise InputError("search space", "Choices", repr(self.values), "two values or more, each once")

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return " or ".join(str(value) for value in self.values)


Dimension = FloatRange | IntRange | Choices
SearchSpace = Mapping[str, Dimension]


def search_space(method: type[Method], fixed: Mapping[str, object] | None = None) -> dict[str, Dimension]:
    """The fields of a method's `Config` that may be tuned, by name; `fixed` ones stay as they are given.

    Raises:
        UnknownNameError: the space names a field that the `Config` does not have.
        InputError: an entry that is no dimension, or that does not hold the field's default.
    """
    where = f"search space of method {method.spec.name}"
    declared: Mapping[str, object] = getattr(method.Config, "search_space", {})
    fields = {item.name for item in dataclasses.fields(method.Config)}
    defaults = method.Config()
    found: dict[str, Dimension] = {}
    for name, dimension in sorted(declared.items()):
        if name not in fields:
            raise UnknownNameError(where, "field", name, fields or {"(no settings)"})
        if not isinstance(dimension, FloatRange | IntRange | Choices):
            raise InputError(where, name, repr(dimension), "a FloatRange, IntRange or Choices")
        default = getattr(defaults, name)
        if default not in dimension:
            raise InputError(where, name, f"{dimension} for a default of {default!r}", "a space that holds the default")
        if name not in (fixed or {}):
            found[name] = dimension
    return found
