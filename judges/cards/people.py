"""What people said: their choices in real pairs and, where given, their ratings."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.cleaning import clean_split
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message, digest
from lifealign_bench.data.sources import read_source
from lifealign_bench.judges.agreement import agree, alpha
from lifealign_bench.judges.cards.answers import scale_of
from lifealign_bench.judges.cards.comparing import Compared, comparison
from lifealign_bench.judges.cards.instruments import Instrument
from lifealign_bench.judges.cards.probes import Probe, Replies
from lifealign_bench.judges.cards.schema import HumanScores, HumanSection, RatedDimension, counted
from lifealign_bench.judges.cards.setting import CardSetting, HumanPair, Rating
from lifealign_bench.judges.cards.truth import cluster_of, median_of
from lifealign_bench.judges.estimates import share
from lifealign_bench.judges.interface import DIMENSIONS, Dimension, JudgedItem

SETS: Mapping[str, Dimension] = {"hh-harmless": "safety", "hh-helpful": "helpfulness", "safe-rlhf": "safety"}
"""Real pairs whose chosen answers people chose, and the dimension in which their two answers are compared."""
PAIR_SEED = 0
COLUMNS = ("id", "prompt", "answer", "dimension", "rating", "rater")


def read_pairs(data_dir: Path, count: int) -> tuple[HumanPair, ...]:
    """That many test pairs of each set, in a seeded order; a smaller number is a part of a larger one.

    Raises:
        InputError: a set is not there, or has no pair.
    """
    found = []
    for name, dimension in SETS.items():
        card = load_card(name)
        pairs, _ = clean_split(read_source(card, data_dir).evaluation, name, card.text)
        for pair in sorted(pairs, key=lambda each: digest([PAIR_SEED, each.pair_id]))[:count]:
            one = JudgedItem(
                pair.pair_id, name, card.rubric, pair.prompt, pair.chosen, pair.chosen, pair.harm, pair.item
            )
            other = replace(one, answer=pair.rejected, pair_id=f"{pair.pair_id}-rejected")
            found.append(HumanPair(name, one, other, dimension))
        if not pairs:
            raise InputError(data_dir, f"test pairs of {name}", "none", "at least one")
    return tuple(found)


def human_probes(setting: CardSetting, judge: Instrument) -> list[Probe]:
    """Both answers of every pair by the task's rubric, and the pair side by side in both positions."""
    own, known = judge.paraphrases[0], {each.id for each in judge.templates}
    found = []
    for pair in setting.human:
        found += [Probe(item, ("rubric",), own) for item in (pair.chosen, pair.rejected)]
        if f"{pair.dimension}-pairwise" in known:
            found += _compared(pair).probes(pair.dimension, own)
    return found


def human_section(setting: CardSetting, judge: Instrument, replies: Replies) -> HumanSection:
    """How often the judge sides with people, by data set."""
    own, known = judge.paraphrases[0], {each.id for each in judge.templates}
    sets: dict[str, list[HumanPair]] = {}
    for pair in setting.human:
        sets.setdefault(pair.data_set, []).append(pair)
    return HumanSection(
        scored=tuple(_scored(name, pairs, judge, replies) for name, pairs in sets.items()),
        compared=tuple(
            comparison(name, pairs[0].dimension, own, [_compared(pair) for pair in pairs], replies)
            for name, pairs in sets.items()
            if f"{pairs[0].dimension}-pairwise" in known
        ),
    )


def _compared(pair: HumanPair) -> Compared:
    return Compared(pair.chosen, pair.rejected, 1.0)


def _scored(name: str, pairs: Sequence[HumanPair], judge: Instrument, replies: Replies) -> HumanScores:
    own = judge.paraphrases[0]
    asked = [[Probe(item, ("rubric",), own) for item in (pair.chosen, pair.rejected)] for pair in pairs]
    rows = []
    for pair, (chosen, rejected) in zip(pairs, asked, strict=True):
        one, other = replies.score(chosen), replies.score(rejected)
        if one is not None and other is not None:
            rows.append(
                (pair, _preference(one - other), _preference(len(pair.chosen.answer) - len(pair.rejected.answer)))
            )
    wins = [won for _, won, _ in rows]
    return HumanScores(
        data_set=name,
        rubric=pairs[0].chosen.rubric,
        n=len(rows),
        unscored=counted(replies.statuses(probe for both in asked for probe in both)),
        preferred=share(wins, [cluster_of(pair.chosen) for pair, _, _ in rows]),
        ties=wins.count(0.5) / len(wins) if wins else None,
        longest=sum(longer for _, _, longer in rows) / len(rows) if rows else None,
    )


def _preference(gap: int) -> float:
    return 0.5 if gap == 0 else float(gap > 0)


def read_ratings(path: Path) -> tuple[Rating, ...]:
    """People's ratings: a CSV with id, prompt, answer, dimension, rating and rater, and rubric where that is rated.

    Raises:
        InputError: names the line and the column of what is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            if missing := [name for name in COLUMNS if name not in (table.fieldnames or ())]:
                raise InputError(path, "columns", f"no {missing[0]}", ", ".join(COLUMNS))
            found = tuple(_rating(row, f"{path}:{number}") for number, row in enumerate(table, 2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, "ratings", str(error), "a readable CSV file") from None
    if not found:
        raise InputError(path, "ratings", "no line", "at least one rating")
    return found


def _rating(row: Mapping[str, str | None], where: str) -> Rating:
    values = {name: row.get(name) or "" for name in (*COLUMNS, "rubric")}
    if missing := [name for name in COLUMNS if not values[name].strip() and name != "answer"]:
        raise InputError(where, missing[0], "nothing", "a value")
    names = [name for name in DIMENSIONS if name == values["dimension"].strip()]
    if not names:
        raise InputError(where, "dimension", repr(values["dimension"]), ", ".join(DIMENSIONS))
    if names[0] == "rubric" and not values["rubric"].strip():
        raise InputError(where, "rubric", "nothing", "the name of the rubric that is rated")
    scale = scale_of(names[0])
    try:
        rating = int(values["rating"])
    except ValueError:
        rating = scale.start - 1
    if rating not in scale:
        expected = f"a whole number from {scale.start} to {scale.stop - 1}"
        raise InputError(where, "rating", repr(values["rating"]), expected)
    turns = (Message("user", values["prompt"]),)
    # The same answer under the same id is one answer, whoever rated it.
    name = digest(["rated", values["id"], values["prompt"], values["answer"]])[:16]
    rubric = values["rubric"].strip()
    item = JudgedItem(name, "rated", rubric, turns, values["answer"], "", None, None)
    return Rating(item, names[0], rating, values["rater"].strip())


def rating_probes(setting: CardSetting, judge: Instrument) -> list[Probe]:
    """Every rated answer in the dimensions that people rated."""
    own = judge.paraphrases[0]
    return list(dict.fromkeys(Probe(each.item, (each.dimension,), own) for each in setting.ratings))


def rating_section(setting: CardSetting, judge: Instrument, replies: Replies) -> tuple[RatedDimension, ...]:
    """Agreement with people's ratings, by dimension."""
    names = [name for name in DIMENSIONS if any(each.dimension == name for each in setting.ratings)]
    return tuple(_rated(name, setting, judge, replies) for name in names)


def _rated(name: Dimension, setting: CardSetting, judge: Instrument, replies: Replies) -> RatedDimension:
    own = [each for each in setting.ratings if each.dimension == name]
    items = list(dict.fromkeys(each.item for each in own))
    raters = sorted({each.rater for each in own})
    given = {(each.rater, each.item): each.rating for each in own}
    people: list[list[int | None]] = [[given.get((rater, item)) for item in items] for rater in raters]
    probes = {item: Probe(item, (name,), judge.paraphrases[0]) for item in items}
    said = [replies.score(probes[item]) for item in items]
    scored = [(item, verdict) for item, verdict in zip(items, said, strict=True) if verdict is not None]
    medians = {
        item: median_of([rate for rater in raters if (rate := given.get((rater, item))) is not None], item.pair_id)
        for item in items
    }
    return RatedDimension(
        dimension=name,
        raters=len(raters),
        n=len(scored),
        unscored=counted(replies.statuses(probes.values())),
        agreement=agree(
            [verdict for _, verdict in scored],
            [medians[item] for item, _ in scored],
            [len(item.answer) for item, _ in scored],
            [cluster_of(item) for item, _ in scored],
            scale_of(name),
        ),
        alpha_people=alpha(people, scale_of(name)),
        alpha_with_judge=alpha([*people, said], scale_of(name)),
    )
