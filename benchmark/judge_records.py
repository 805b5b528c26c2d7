"""What a run's record says of its judges: who they are, how much of the answers has a verdict, what they used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Self

from pydantic import Field, JsonValue, model_validator

from lifealign_bench.benchmark.strict_record import Name, Record, Sha256
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.interface import PERSON, JudgeIdentity

ENOUGH = 0.95
"""The share of answers that must have a verdict for a number to be ranked."""


class JudgeRecord(Record):
    """A judge as an instrument: what was asked for, what was served, with which templates and parameters.

    template: the set of templates; templates: the hash of each by its label.
    """

    name: Name
    model_requested: Name
    model_served: Name
    revision: str | None
    template: Name
    template_version: Name
    template_sha256: Sha256
    templates: dict[Name, Sha256]
    parameters: dict[str, JsonValue]

    @classmethod
    def from_identity(cls, identity: JudgeIdentity) -> JudgeRecord:
        """The record of a judge; a model that an endpoint does not name was served as it was asked for."""
        values = asdict(identity)
        return cls(**{**values, "model_served": identity.model_served or identity.model_requested})


def study_of(judge: JudgeRecord) -> str | None:
    """The study in which a person judged; None where it is no person's record."""
    return str(judge.parameters.get("study")) if judge.name.startswith(PERSON) else None


class CoverageRecord(Record):
    """How many answers one dimension was to be judged on, how many have a verdict, and why the others have none."""

    expected: int = Field(ge=0)
    scored: int = Field(ge=0)
    unscored: dict[Name, int]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.scored + sum(self.unscored.values()) != self.expected:
            raise ValueError("scored and unscored do not add up to expected")
        return self

    @property
    def share(self) -> float:
        """The part of the answers that has a verdict, 0-1; 1 where none was expected."""
        return self.scored / self.expected if self.expected else 1.0


class JudgeUsage(Record):
    """What the verdicts of one judge took, cached or not: calls, tokens, and their price where it is known."""

    calls: int = Field(ge=0)
    tokens: dict[Name, int]
    cost: float | None = Field(default=None, ge=0)


def check_panel(names: Sequence[str]) -> None:
    """Raise ValueError where these judges cannot vote together: an even number, or a name that stands twice.

    People may be any number: not everybody rates every answer, and between two of them the mean counts.
    """
    people = all(name.startswith(PERSON) for name in names)
    if len(names) % 2 == 0 and not people:
        raise ValueError(f"{len(names)} judges have no median; a panel is an odd number of them")
    if len(set(names)) != len(names):
        raise ValueError("judges names a judge twice")


def one_model_each(identities: Iterable[JudgeIdentity]) -> tuple[JudgeRecord, ...]:
    """A record for each judge by its name, in the order of their first verdicts.

    Raises:
        InputError: a judge answered as several models, whose verdicts never stand in one ranking.
    """
    found: dict[str, JudgeRecord] = {}
    for record in map(JudgeRecord.from_identity, identities):
        first = found.setdefault(record.name, record)
        if first != record:
            served = f"verdicts of {first.model_served} and of {record.model_served}"
            raise InputError(f"judge {record.name}", "model served", served, "one model; name an exact version of it")
    return tuple(found.values())
