"""Task cards in YAML files: read, checked field by field, every problem explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from lifealign_bench.data.cards import (
    Columns,
    Harm,
    HubSource,
    LocalSource,
    Sizes,
    Splits,
    Strict,
    TaskCard,
    TextRules,
    WorldSource,
)
from lifealign_bench.data.errors import InputError, UnknownNameError


def read_card(path: Path) -> TaskCard:
    """The card of a YAML file; a relative local path becomes absolute, from the card's folder.

    Raises:
        InputError: there is no such file, or it holds no valid card.
    """
    card = parse_card(read_yaml(path), str(path))
    if not isinstance(card.source, LocalSource):
        return card
    places = {"path": card.source.path, "evaluation_path": card.source.evaluation_path}
    absolute = {
        name: str((path.parent / Path(place).expanduser()).resolve()) for name, place in places.items() if place
    }
    return card.model_copy(update={"source": card.source.model_copy(update=absolute)})


def read_yaml(path: Path) -> object:
    """The document of a YAML file; InputError where there is none or it is malformed."""
    try:
        return parse_yaml(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, "card file", str(error), "a readable YAML file") from None


def parse_yaml(text: str, where: str) -> object:
    """The document of a YAML text; InputError names the line of what is malformed."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(where, "YAML", " ".join(str(error).split()), "a well-formed document") from None


def parse_card(values: object, where: str) -> TaskCard:
    """A validated card; raises the first of `card_problems`."""
    if not isinstance(values, Mapping):
        raise InputError(where, "document", type(values).__name__, "a mapping of card fields")
    try:
        return TaskCard.model_validate(values)
    except ValidationError as error:
        raise _problems(error, where)[0] from None


def card_problems(values: object, where: str) -> list[InputError]:
    """Everything that is wrong with a card's fields, in the card's order; empty for a valid one."""
    if not isinstance(values, Mapping):
        return [InputError(where, "document", type(values).__name__, "a mapping of card fields")]
    try:
        TaskCard.model_validate(values)
    except ValidationError as error:
        return _problems(error, where)
    return []


def _problems(error: ValidationError, where: str) -> list[InputError]:
    return [_problem(dict(detail), where) for detail in error.errors(include_url=False)]


def _problem(detail: Mapping[str, object], where: str) -> InputError:
    location = detail["loc"] if isinstance(detail["loc"], tuple) else ()
    # pydantic puts the union's tag into the location; a user's file has no such level
    parts = [str(part) for index, part in enumerate(location) if not (index == 1 and part in ("hub", "local"))]
    place = ".".join(parts) or "card"
    if detail["type"] == "extra_forbidden":
        return UnknownNameError(where, place, parts[-1], _known_keys(location))
    shown = "nothing" if detail["type"] == "missing" else repr(detail["input"])
    return InputError(where, place, shown if len(shown) < 80 else shown[:77] + "...", str(detail["msg"]))


def _known_keys(location: Sequence[object]) -> list[str]:
    models: dict[object, type[Strict]] = {
        "hub": HubSource,
        "local": LocalSource,
        "world": WorldSource,
        "splits": Splits,
        "columns": Columns,
        "text": TextRules,
        "harm": Harm,
        "sizes": Sizes,
    }
    nested = [models[part] for part in location[:-1] if part in models]
    return list((nested[-1] if nested else TaskCard).model_fields)
