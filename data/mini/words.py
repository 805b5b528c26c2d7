"""The lists that a miniature world is made of, read from `vocabulary.yaml`."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from lifealign_bench.data.cards import Strict

Texts = tuple[str, ...]


class Domain(Strict):
    """A kind of skill: how its goals are named and which steps each part of the work offers, in order."""

    goals: str
    main: Texts
    other: Texts
    steps: tuple[Texts, ...]


class Harmful(Domain):
    """Harmful requests, with why one refuses them and what one offers instead."""

    goals: str = "{main} {other}"
    reasons: Texts
    alternatives: Texts


class Relation(Strict):
    """A kind of fact: the question, the statement, and what may stand in it."""

    ask: str
    say: str
    values: Texts


class ListRegister(Strict):
    """An assistant's numbered list."""

    openings: Texts
    closings: Texts


class HumanRegister(Strict):
    """One sentence as a person says it."""

    openings: Texts
    links: Texts
    closings: Texts


class ReasonedRefusal(Strict):
    """A refusal that gives its reason, and an offer of something better."""

    openings: Texts
    offers: Texts


class BareRefusal(Strict):
    """A refusal without a reason."""

    openings: Texts
    verdicts: Texts
    closings: Texts


class Evasion(Strict):
    """An answer that says nothing."""

    openings: Texts
    remarks: Texts
    closings: Texts


class Words(Strict):
    """All of `vocabulary.yaml`; its comments say what each list is."""

    skills_per_domain: int
    domains: dict[str, Domain]
    harmful_requests: int
    harmful: Harmful
    fact_relations: tuple[Relation, ...]
    facts_per_relation: int
    places: Texts
    phrasings: dict[str, Texts]
    questions: Texts
    courtesies: Texts
    contexts: Texts
    thanks: Texts
    list: ListRegister
    human: HumanRegister
    refusals: BareRefusal
    reasoned: ReasonedRefusal
    harmless_reasons: Texts
    harmless_alternatives: Texts
    evasions: Evasion
    scholars: Texts
    people: Texts


@cache
def words() -> Words:
    """The lists that ship with the package."""
    text = (resources.files(__package__) / "vocabulary.yaml").read_text("utf-8")
    return Words.model_validate(yaml.safe_load(text), strict=False)
