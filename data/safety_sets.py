"""Safety sets of the hub: which columns hold prompt, category and harm, and the licence that each set has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import model_validator

from lifealign_bench.data.cards import HubSource, Splits, Strict
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record
from lifealign_bench.data.safety import SafetyPrompt, safety_prompt

Harm = Literal["harmful", "harmless"]


class Part(Strict):
    """One split of a set: the columns of prompt, category and item, and what is harmful.

    without: what category names may begin with and are shown without, so that both kinds share a category. harm: of all
    its prompts; else harm_by is the column that says, and harms what its values mean.
    """

    split: str
    prompt: str
    category: str
    item: str | None = None
    config: str | None = None
    without: str = ""
    harm: Harm | None = None
    harm_by: str | None = None
    harms: dict[str, Harm] | None = None

    @model_validator(mode="after")
    def _says_what_is_harmful(self) -> Self:
        if (self.harm is None) == (self.harm_by is None):
            raise ValueError("exactly one of `harm` and `harm_by` is needed")
        return self


class SafetySet(Strict):
    """A set of the hub, pinned by its revision where that is a commit."""

    name: str
    title: str
    licence: str
    citation: str
    dataset: str
    revision: str
    config: str | None = None
    parts: tuple[Part, ...]

    def source(self, part: Part) -> HubSource:
        """Where a part is read."""
        splits = Splits(train=part.split, evaluation=part.split)
        config = part.config or self.config
        return HubSource(kind="hub", dataset=self.dataset, revision=self.revision, config=config, splits=splits)


@cache
def safety_sets() -> dict[str, SafetySet]:
    """The sets that are known by name."""
    text = (resources.files(__package__) / "safety_sets.yaml").read_text("utf-8")
    found = [SafetySet.model_validate(entry, strict=False) for entry in yaml.safe_load(text)]
    return {own.name: own for own in found}


def read_hub_set(chosen: SafetySet) -> tuple[SafetyPrompt, ...]:
    """The prompts of a set of the hub, each text once.

    Raises:
        InputError: the hub cannot be reached, or a row lacks a text or a harm that the set's entry names.
    """
    from lifealign_bench.data import hub

    found: dict[str, SafetyPrompt] = {}
    for part in chosen.parts:
        records, _ = hub.read_split(chosen.source(part), part.split)
        for own in _prompts(chosen, part, records):
            found.setdefault(own.prompt_id, own)
    return tuple(found.values())


def _prompts(chosen: SafetySet, part: Part, records: tuple[Record, ...]) -> Iterator[SafetyPrompt]:
    for record in records:
        text, category = (_text(record, name) for name in (part.prompt, part.category))
        harms = part.harms or {}
        harm = part.harm or harms.get(_text(record, str(part.harm_by)))
        if harm is None:
            found = record.values.get(str(part.harm_by))
            raise InputError(record.where, str(part.harm_by), repr(found), f"one of {', '.join(harms)}")
        item = None if part.item is None else f"{chosen.name}/{harm}/{_text(record, part.item)}"
        yield safety_prompt(text, harm, category.removeprefix(part.without), item)


def _text(record: Record, name: str) -> str:
    value = record.values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(record.where, name, repr(value), "a text")
    return value.strip()
