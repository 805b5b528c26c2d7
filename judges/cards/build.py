"""From judges and a setting to their cards: which questions, the replies, and the sections made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from lifealign_bench.judges.agreement import agree, alpha
from lifealign_bench.judges.cards.answers import scale_of
from lifealign_bench.judges.cards.canary_rows import canary_probes, canary_section, length_section, padding_probes
from lifealign_bench.judges.cards.comparing import pairwise_probes, pairwise_section
from lifealign_bench.judges.cards.injections import fit_of, injection_section, trials, unfit_reasons
from lifealign_bench.judges.cards.instruments import Instrument
from lifealign_bench.judges.cards.people import human_probes, human_section, rating_probes, rating_section
from lifealign_bench.judges.cards.probes import PARTS, Part, Probe, Replies, distinct
from lifealign_bench.judges.cards.schema import (
    CardFile,
    CostSection,
    JudgeCard,
    JudgeOfCard,
    PanelDimension,
    ReplySection,
    counted,
)
from lifealign_bench.judges.cards.setting import CardSetting
from lifealign_bench.judges.cards.studies import people_card, people_probes
from lifealign_bench.judges.cards.truth import (
    again,
    cluster_of,
    halo_section,
    joint,
    median_of,
    probes_of,
    separate,
    spread,
    truth_section,
)
from lifealign_bench.judges.interface import DIMENSIONS

Price = Callable[[float, float], float | None]
NO_WORDS = "this judge is asked nothing in words"
PER = 1000
NEEDS_WORDS: tuple[Part, ...] = ("retest", "halo", "pairwise", "human", "ratings")


@dataclass(frozen=True)
class Tested:
    """A judge with everything that it said. seconds: how long asking took; price: of tokens in and out."""

    judge: Instrument
    replies: Replies
    seconds: float
    price: Price


def left_out(setting: CardSetting, judge: Instrument) -> dict[Part, str]:
    """The parts that this card does not have, and why."""
    reasons: dict[Part, str] = {}
    if not setting.human:
        reasons["human"] = "no real pairs were given (--pairs)"
    if not setting.ratings and setting.people is None:
        reasons["ratings"] = "no ratings were given (--human)"
    if len(judge.paraphrases) < 2:
        reasons["paraphrases"] = "its templates have one paraphrase" if judge.reads_words else NO_WORDS
    if not judge.reads_words:
        reasons |= dict.fromkeys(NEEDS_WORDS, NO_WORDS)
    asked = set(setting.parts)
    return {part: reasons.get(part, "not asked for") for part in PARTS if part in reasons or part not in asked}


def probes_by_part(setting: CardSetting, judge: Instrument) -> dict[Part, list[Probe]]:
    """Every question of each part that the card has; parts share questions."""
    own = judge.paraphrases[0]
    makers: dict[Part, Callable[[], list[Probe]]] = {
        "truth": lambda: probes_of(separate(setting, own)),
        "paraphrases": lambda: [probe for each in judge.paraphrases for probe in probes_of(separate(setting, each))],
        "retest": lambda: [*probes_of(separate(setting, own)), *probes_of(again(setting, own))],
        "halo": lambda: [*probes_of(separate(setting, own)), *probes_of(joint(setting, own))],
        "pairwise": lambda: pairwise_probes(setting, judge),
        "length": lambda: [
            *probes_of(separate(setting, own)),
            *(probe for pairs in padding_probes(setting, judge).values() for both in pairs for probe in both),
        ],
        "injections": lambda: [probe for each in trials(setting, judge) for probe in (each.plain, each.after)],
        "canaries": lambda: canary_probes(setting, judge),
        "human": lambda: human_probes(setting, judge),
        "ratings": lambda: [*rating_probes(setting, judge), *people_probes(setting, judge)],
    }
    without = left_out(setting, judge)
    return {part: list(dict.fromkeys(make())) for part, make in makers.items() if part not in without}


def examine(
    setting: CardSetting, judge: Instrument, price: Price, clock: Callable[[], float] = time.monotonic
) -> Tested:
    """Ask a judge everything; raises as its `ask` does."""
    probes = distinct(probes_by_part(setting, judge).values())
    began = clock()
    found = judge.ask(probes)
    return Tested(judge, Replies(found), clock() - began, price)


def card_of(setting: CardSetting, tested: Tested) -> JudgeCard:
    """The card of one judge."""
    judge, replies, without = tested.judge, tested.replies, left_out(setting, tested.judge)
    own = judge.paraphrases[0]
    has = {part: part not in without for part in PARTS}
    injections = injection_section(setting, judge, replies) if has["injections"] else None
    base = separate(setting, own)
    return JudgeCard(
        judge=JudgeOfCard.model_validate({**asdict(judge.identity)}),
        fit=fit_of(injections, len(trials(setting, judge))) if injections else None,
        unfit=unfit_reasons(injections) if injections else (),
        left_out={str(part): why for part, why in without.items()},
        truth=truth_section(setting, judge, replies) if has["truth"] else None,
        paraphrases=spread(base, separate(setting, judge.paraphrases[1]), replies) if has["paraphrases"] else None,
        retest=spread(base, again(setting, own), replies) if has["retest"] else None,
        halo=halo_section(setting, judge, replies) if has["halo"] else None,
        pairwise=pairwise_section(setting, judge, replies) if has["pairwise"] else None,
        length=length_section(setting, judge, replies) if has["length"] else None,
        injections=injections,
        canaries=canary_section(setting, judge, replies) if has["canaries"] else None,
        human=human_section(setting, judge, replies) if has["human"] else None,
        ratings=rating_section(setting, judge, replies) if has["ratings"] and setting.ratings else None,
        people=people_card(setting, judge, replies) if has["ratings"] else None,
        replies=_replies(replies),
        cost=_cost(tested),
    )


def _replies(replies: Replies) -> ReplySection:
    opinions = sum(len(reply.opinions) for reply in replies.found.values())
    unscored = replies.statuses(replies.found)
    return ReplySection(
        questions=len(replies.found),
        opinions=opinions,
        scored=1 - sum(unscored.values()) / opinions if opinions else None,
        unscored=counted(unscored),
        repaired=sum(reply.repaired for reply in replies.found.values()),
    )


def _cost(tested: Tested) -> CostSection:
    found = list(tested.replies.found.values())
    asked = [reply for reply in found if reply.seconds > 0]
    counts = {name: sum(reply.tokens.get(name, 0) for reply in found) for name in ("input", "output")}
    if not found or not any(reply.tokens for reply in found):
        return CostSection(input_tokens=None, output_tokens=None, cost=None, seconds=None, latency=None)
    each = {name: PER * count / len(found) for name, count in counts.items()}
    return CostSection(
        input_tokens=each["input"],
        output_tokens=each["output"],
        cost=tested.price(each["input"], each["output"]),
        seconds=PER * tested.seconds / len(asked) if asked else None,
        latency=sum(reply.seconds for reply in asked) / len(asked) if asked else None,
    )


def panel_of(setting: CardSetting, tested: Sequence[Tested]) -> tuple[PanelDimension, ...] | None:
    """How several judges agree on the answers of known truth; None for one judge, or without that part."""
    if len(tested) < 2 or "truth" not in setting.parts:
        return None
    found = []
    for name in DIMENSIONS:
        votes: list[list[int | None]] = []
        for each in tested:
            way = separate(setting, each.judge.paraphrases[0])
            votes.append([each.replies.score(way.probe(item, name), name) for item in way.items])
        by_item = zip((each.item for each in setting.answers), zip(*votes, strict=True), strict=True)
        whole = [(item, [vote for vote in own if vote is not None]) for item, own in by_item]
        scored = [(item, median_of(own, item.pair_id)) for item, own in whole if len(own) == len(tested)]
        agreement = agree(
            [median for _, median in scored],
            [setting.truth[item][name] for item, _ in scored],
            [len(item.answer) for item, _ in scored],
            [cluster_of(item) for item, _ in scored],
            scale_of(name),
        )
        across = alpha(votes, scale_of(name))
        found.append(PanelDimension(dimension=name, n=len(scored), alpha=across, median=agreement))
    return tuple(found)


def card_file(setting: CardSetting, tested: Sequence[Tested]) -> CardFile:
    """The cards of these judges and, of several, how they agree."""
    sets: Mapping[str, int] = {
        name: sum(pair.data_set == name for pair in setting.human)
        for name in sorted({p.data_set for p in setting.human})
    }
    return CardFile(
        asked={
            "world_seed": setting.world_seed,
            "samples": setting.samples,
            "injected_prompts": setting.injected_prompts,
            "parts": list(setting.parts),
            "pairs": {**sets},
            "ratings": len(setting.ratings),
            "base_answers": len(setting.base),
        },
        judges=tuple(card_of(setting, each) for each in tested),
        panel=panel_of(setting, tested),
    )
