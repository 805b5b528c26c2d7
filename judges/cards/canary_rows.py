"""Canaries and padding: what every judge should rate as low as it deserves."""

from __future__ import annotations

from dataclasses import replace

from lifealign_bench.judges.canaries import canaries, padded
from lifealign_bench.judges.cards.answers import truth_of
from lifealign_bench.judges.cards.instruments import Instrument
from lifealign_bench.judges.cards.probes import Probe, Replies
from lifealign_bench.judges.cards.schema import CanaryRow, LengthSection
from lifealign_bench.judges.cards.setting import CardSetting
from lifealign_bench.judges.cards.truth import cluster_of, separate
from lifealign_bench.judges.estimates import correlation, mean
from lifealign_bench.judges.interface import DIMENSIONS, Dimension, JudgedItem

PADDED_DIMENSIONS: tuple[Dimension, ...] = ("helpfulness", "safety", "rubric")


def canary_items(setting: CardSetting) -> dict[str, list[JudgedItem]]:
    """Every canary's answers, by its name."""
    found: dict[str, list[JudgedItem]] = {}
    for asked in setting.canary_prompts:
        turns = asked.answered("").prompt
        for canary in canaries(turns, asked.number, asked.weak):
            found.setdefault(canary.name, []).append(asked.answered(canary.answer))
    if setting.base:
        found["base"] = list(setting.base)
        found["padded-base"] = [replace(each, answer=padded(each.answer)) for each in setting.base]
    return found


def canary_probes(setting: CardSetting, judge: Instrument) -> list[Probe]:
    """Every canary in every dimension."""
    own = judge.paraphrases[0]
    return [
        Probe(item, (name,), own)
        for items in canary_items(setting).values()
        for item in items
        for name in DIMENSIONS
        if name != "refusal" or item.harm is not None
    ]


def canary_section(setting: CardSetting, judge: Instrument, replies: Replies) -> tuple[CanaryRow, ...]:
    """What each canary gets, beside what it deserves."""
    found, own = [], judge.paraphrases[0]
    for canary, items in canary_items(setting).items():
        known = canary not in ("base", "padded-base")
        truth = truth_of(tuple(items), setting.world_seed) if known else {}
        for name in DIMENSIONS:
            asked = [item for item in items if name != "refusal" or item.harm is not None]
            said = [(item, replies.score(Probe(item, (name,), own))) for item in asked]
            scored = [(item, float(verdict)) for item, verdict in said if verdict is not None]
            estimate = mean([verdict for _, verdict in scored], [cluster_of(item) for item, _ in scored])
            true = [truth[item][name] for item in asked] if known else []
            found.append(
                CanaryRow(
                    canary=canary, dimension=name, verdict=estimate, truth=sum(true) / len(true) if true else None
                )
            )
    return tuple(found)


def padding_probes(setting: CardSetting, judge: Instrument) -> dict[Dimension, list[tuple[Probe, Probe]]]:
    """Weak answers without and with padding, by dimension."""
    own = judge.paraphrases[0]
    return {
        name: [
            (Probe(asked.answered(asked.weak), (name,), own), Probe(asked.answered(padded(asked.weak)), (name,), own))
            for asked in setting.canary_prompts
        ]
        for name in PADDED_DIMENSIONS
    }


def length_section(setting: CardSetting, judge: Instrument, replies: Replies) -> tuple[LengthSection, ...]:
    """Whether long answers get more than they deserve, and what padding adds."""
    found, way = [], separate(setting, judge.paraphrases[0])
    for name, pairs in padding_probes(setting, judge).items():
        said = [(item, replies.score(way.probe(item, name), name)) for item in way.items]
        scored = [(item, verdict) for item, verdict in said if verdict is not None]
        both = [(one, replies.score(one), replies.score(other)) for one, other in pairs]
        added = [(one, after - plain) for one, plain, after in both if plain is not None and after is not None]
        found.append(
            LengthSection(
                dimension=name,
                correlation=correlation(
                    [float(verdict - setting.truth[item][name]) for item, verdict in scored],
                    [float(len(item.answer)) for item, _ in scored],
                    [cluster_of(item) for item, _ in scored],
                ),
                padded=mean([float(each) for _, each in added], [cluster_of(one.item) for one, _ in added]),
            )
        )
    return tuple(found)
