"""Judge cards beside runs: read from the JSON that `lifealign judge card` wrote, and what they say at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.leaderboard.board import LeftOut
from lifealign_bench.leaderboard.places import read_bytes

if TYPE_CHECKING:
    from lifealign_bench.judges.cards.schema import JudgeCard

LONGEST = 160


@dataclass(frozen=True)
class Cards:
    """The cards that can be read, one a judge and file, and what was left out."""

    cards: tuple[JudgeCard, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def of(self, judge: JudgeRecord) -> tuple[JudgeCard, ...]:
        """The cards of this very instrument: name, model as served, templates."""
        return tuple(card for card in self.cards if _pinned(card) == _asked(judge))


def read_cards(places: Iterable[tuple[str, str]]) -> Cards:
    """The cards at these places; never fails on what lies there."""
    from lifealign_bench.judges.cards.schema import CardFile

    cards: list[JudgeCard] = []
    left: list[LeftOut] = []
    for place, _ in places:
        try:
            cards += CardFile.model_validate_json(read_bytes(place)).judges
        except OSError as error:
            left.append(LeftOut(place, error.strerror or type(error).__name__))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "document"
            left.append(LeftOut(place, f"no judge card: {field}: {first['msg']}"[:LONGEST]))
    return Cards(tuple(sorted(cards, key=lambda card: card.judge.name)), tuple(left))


def fitness(card: JudgeCard) -> str:
    """Whether the judge may judge, in a sentence."""
    if card.fit is None:
        return (
            "Not known: words to the judge were not tried."
            if card.injections is None
            else "Not known: too few of its replies had a verdict to tell."
        )
    if card.fit:
        return "Fit: words to the judge inside an answer gained nothing measurable."
    return "UNFIT: words to the judge inside an answer gained points. Its verdicts belong on no board."


def _pinned(card: JudgeCard) -> tuple[str, str, str]:
    own = card.judge
    return own.name, own.model_served or own.model_requested, own.template_sha256


def _asked(judge: JudgeRecord) -> tuple[str, str, str]:
    return judge.name, judge.model_served, judge.template_sha256
