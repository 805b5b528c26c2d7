"""The parts of a judge card as tables, and its canaries in the units of the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifealign_bench.leaderboard.shown import Column, Table, text_table

if TYPE_CHECKING:
    from lifealign_bench.judges.cards.schema import JudgeCard
    from lifealign_bench.judges.estimates import Estimate

POINTS = 10.0
"""A verdict of 1 to 10 is 10 to 100 points on the board."""


def card_tables(card: JudgeCard, key: str) -> list[tuple[str, str, Table]]:
    """The parts of a card that are there: a heading, a sentence on how to read it, its table."""
    made = (_agreement(card, key), _noise(card, key), _compared(card, key), _injections(card, key))
    return [part for part in made if part is not None and not part[2].frame.empty]


CANARIES = {
    "constant": "one sentence to everybody",
    "injected": "that sentence with words to the judge",
    "echo": "the prompt said again",
    "refuse-all": "a refusal of everything",
    "padded": "a weak answer in words that say nothing",
    "base": "the untouched base",
    "padded-base": "the untouched base in words that say nothing",
}
QUESTIONS = {
    "rubric": ("Task rubric", "points"),
    "helpfulness": ("Helpfulness", "points"),
    "safety": ("Safety", "points"),
    "refusal": ("Called a refusal", "%"),
}


def canary_table(cards: Sequence[JudgeCard]) -> Table:
    """What judges give to answers that no method made, in the units of the board, beside what they deserve."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for card in cards:
        for row in card.canaries or ():
            shown = {"judge": card.judge.name, "canary": row.canary, "answer": CANARIES.get(row.canary, "")}
            own = rows.setdefault((card.judge.name, row.canary), shown)
            own[row.dimension] = _scaled(row.verdict.value, row.dimension)
            own[f"{row.dimension}_true"] = _scaled(row.truth, row.dimension)
    columns = [Column("canary", "Canary", pinned=True), Column("answer", "What it answers"), Column("judge", "Judge")]
    for name, (title, unit) in QUESTIONS.items():
        columns.append(Column(name, f"{title}, {unit}", 1, "The mean of this judge's verdicts."))
        columns.append(
            Column(f"{name}_true", f"{title}, deserved, {unit}", 1, f"{title}: what the world's truth gives it.")
        )
    frame = pd.DataFrame(list(rows.values()), columns=[column.name for column in columns])
    kept = [column for column in columns if frame[column.name].notna().any()]
    return Table("canaries", frame, tuple(kept))


def _agreement(card: JudgeCard, key: str) -> tuple[str, str, Table] | None:
    if card.truth is None:
        return None
    rows = [
        {
            "question": each.dimension,
            "words": each.paraphrase,
            "exact": _percent(each.agreement.exact.value),
            "interval": _between_shares(each.agreement.exact),
            "within": _percent(each.agreement.within_one.value),
            "kappa": each.agreement.kappa.value,
            "alpha": each.agreement.alpha,
            "shift": each.agreement.shift.value,
            "constant": _percent(each.agreement.baselines.constant),
            "longest": _percent(each.agreement.baselines.longest),
            "n": each.n,
        }
        for each in card.truth.dimensions
    ]
    columns = (
        Column("question", "Question", pinned=True),
        Column("words", "Wording"),
        Column("exact", "Same as the truth, %", 1),
        Column("interval", "95 % interval, %"),
        Column("within", "Within one, %", 1),
        Column("constant", "Always the commonest, %", 1, "What a judge gets that always says the same."),
        Column("longest", "Longest is best, %", 1, "What a judge gets that prefers the longest answer."),
        Column("kappa", "Kappa, quadratic", 2),
        Column("alpha", "Alpha, ordinal", 2),
        Column("shift", "Shift, of 10", 2, "Verdict less truth: above 0 is lenient."),
        Column("n", "Answers", 0),
    )
    words = "Answers whose truth is known: how often its verdict is the true one, beside what needs no judge."
    return "Agreement", words, text_table(f"{key}-agreement", rows, columns)


def _noise(card: JudgeCard, key: str) -> tuple[str, str, Table] | None:
    parts = (
        ("in other words", card.paraphrases),
        ("asked again", card.retest),
        ("one call for all questions", card.halo.spread if card.halo else None),
    )
    rows = [
        {
            "against": name,
            "question": each.dimension,
            "same": _percent(each.same.value),
            "interval": _between_shares(each.same),
            "difference": each.difference.value,
            "shift": each.shift.value,
            "n": each.n,
        }
        for name, spreads in parts
        for each in spreads or ()
    ]
    columns = (
        Column("against", "The same answers", pinned=True),
        Column("question", "Question"),
        Column("same", "Same verdict, %", 1),
        Column("interval", "95 % interval, %"),
        Column("difference", "Mean difference, of 10", 2),
        Column("shift", "Shift, of 10", 2),
        Column("n", "Answers", 0),
    )
    words = "The same answers asked otherwise: differences between methods that are smaller are differences of wording."
    return "Noise", words, text_table(f"{key}-noise", rows, columns)


def _compared(card: JudgeCard, key: str) -> tuple[str, str, Table] | None:
    human = card.human.compared if card.human else ()
    rows = [
        {
            "pairs": each.name,
            "question": each.dimension,
            "agreement": _percent(each.agreement.value),
            "interval": _between_shares(each.agreement),
            "swap": _percent(each.swap_consistent.value),
            "first": each.first_place.value,
            "longest": _percent(each.longest),
            "n": each.n,
        }
        for each in (*(card.pairwise or ()), *human)
    ]
    columns = (
        Column("pairs", "Pairs", pinned=True),
        Column("question", "Question"),
        Column("agreement", "Sides with the truth or people, %", 1),
        Column("interval", "95 % interval, %"),
        Column("swap", "Same after a swap of places, %", 1),
        Column("first", "Leans to the first place, −1 to 1", 2),
        Column("longest", "Longest is best, %", 1),
        Column("n", "Pairs", 0),
    )
    words = "Two answers side by side, in both positions."
    return "Side by side", words, text_table(f"{key}-pairs", rows, columns)


def _injections(card: JudgeCard, key: str) -> tuple[str, str, Table] | None:
    if card.injections is None:
        return None
    rows = [
        {
            "name": each.name,
            "question": each.dimension,
            "call": each.call,
            "plain": each.plain,
            "injected": each.injected,
            "gain": each.gain.value,
            "interval": _between(each.gain),
            "unfit": "unfit" if each.unfit else "",
        }
        for each in (*card.injections.rows, *card.injections.kinds)
    ]
    columns = (
        Column("name", "Template, or kind of words", pinned=True),
        Column("question", "Question"),
        Column("call", "Call"),
        Column("plain", "Plain, of 10", 2),
        Column("injected", "With words to the judge, of 10", 2),
        Column("gain", "Gain", 2, "Of a template in verdict points of 10; of a kind of words as a share of the room."),
        Column("interval", "Interval of the gain"),
        Column("unfit", "Verdict"),
    )
    words = f"The same weak answers with words to the judge. All {card.injections.together} intervals hold together."
    return "Injected words", words, text_table(f"{key}-injections", rows, columns)


def _percent(value: float | None) -> float | None:
    return None if value is None else 100.0 * value


def _scaled(value: float | None, dimension: str) -> float | None:
    return None if value is None else value * (100.0 if dimension == "refusal" else POINTS)


def _between(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{found.low:.2f} to {found.high:.2f}".replace("-", "−")


def _between_shares(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{100 * found.low:.0f} to {100 * found.high:.0f}"
