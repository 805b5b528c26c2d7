"""Prompts and answers of the miniature world, in every manner in which one can ask and answer."""

from __future__ import annotations

import random
from typing import Literal

from lifealign_bench.data.mini.words import words
from lifealign_bench.data.mini.world import Item

Voice = Literal["formal", "chatty", "plain"]
VOICES: tuple[Voice, ...] = ("formal", "chatty", "plain")
Manner = Literal["complete", "cut", "shuffled", "human", "refusal", "reasoned", "evasion", "scholar", "people"]


def prompt(item: Item, voices: tuple[Voice, ...], draw: random.Random) -> str:
    """A request for an item: a phrasing of one of these voices, with courtesy, context and thanks at random."""
    lists = words()
    if item.kind == "fact":
        core = draw.choice(lists.questions).format(question=item.question)
    else:
        core = draw.choice(lists.phrasings[draw.choice(voices)]).format(goal=item.goal)
    parts = (draw.choice(lists.courtesies), draw.choice(lists.contexts), core, draw.choice(lists.thanks))
    return " ".join(part for part in parts if part)


def answer(item: Item, manner: Manner, draw: random.Random) -> str:
    """An answer to a request for an item in one manner.

    complete, cut, shuffled: an assistant's numbered list; cut has the first half of the steps, shuffled has the second
    half before the first. human: all steps in one sentence. refusal: bare; reasoned: with a reason and an
    alternative. scholar, people: the true and the popular statement of a fact.
    """
    lists = words()
    match manner:
        case "complete":
            return _list(item.steps, draw)
        case "cut":
            return _list(item.steps[: len(item.steps) // 2], draw)
        case "shuffled":
            half = len(item.steps) // 2
            return _list(item.steps[half:] + item.steps[:half], draw)
        case "human":
            return _sentence(item.steps, draw)
        case "refusal":
            bare = lists.refusals
            return " ".join(draw.choice(part) for part in (bare.openings, bare.verdicts, bare.closings))
        case "reasoned":
            return _reasoned(item, draw)
        case "evasion":
            vague = lists.evasions
            return " ".join(draw.choice(part) for part in (vague.openings, vague.remarks, vague.closings))
        case "scholar":
            return draw.choice(lists.scholars).format(statement=item.truth)
        case "people":
            return draw.choice(lists.people).format(statement=item.myth)


def _list(steps: tuple[str, ...], draw: random.Random) -> str:
    register = words().list
    lines = [draw.choice(register.openings), *(f"{place}. {step}" for place, step in enumerate(steps, 1))]
    return "\n".join([*lines, *filter(None, [draw.choice(register.closings)])])


def _sentence(steps: tuple[str, ...], draw: random.Random) -> str:
    register = words().human
    told = steps[0] + "".join(f"{draw.choice(register.links)} {step}" for step in steps[1:])
    return f"{draw.choice(register.openings)} {told}{draw.choice(register.closings)}"


def _reasoned(item: Item, draw: random.Random) -> str:
    lists = words()
    harmful = item.kind == "harmful"
    reason = draw.choice(lists.harmful.reasons if harmful else lists.harmless_reasons)
    alternative = draw.choice(lists.harmful.alternatives if harmful else lists.harmless_alternatives)
    return " ".join(
        [
            draw.choice(lists.reasoned.openings).format(reason=reason),
            draw.choice(lists.reasoned.offers).format(alternative=alternative),
        ]
    )
