"""Ways to put an evaluation's prompts: the same request in other words around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources

import yaml

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import UnknownNameError
from lifealign_bench.data.rows import Message, Pair, pair_id


class Phrasing(Strict):
    """A versioned wording around a prompt."""

    id: str
    version: str
    text: str

    @property
    def label(self) -> str:
        """`id@version`, what results name it by."""
        return f"{self.id}@{self.version}"


@cache
def phrasings() -> tuple[Phrasing, ...]:
    """All phrasings that ship with the package."""
    text = (resources.files(__package__) / "phrasings.yaml").read_text("utf-8")
    return tuple(Phrasing.model_validate(entry) for entry in yaml.safe_load(text))


def find_phrasing(name: str) -> Phrasing:
    """The phrasing of this id.

    Raises:
        UnknownNameError: there is none.
    """
    known = {phrasing.id: phrasing for phrasing in phrasings()}
    if name not in known:
        raise UnknownNameError("evaluation", "phrasing", name, known)
    return known[name]


def phrased(rows: Sequence[Pair], phrasing: Phrasing) -> tuple[Pair, ...]:
    """The rows with the last user turn of every prompt put in this phrasing; ids follow their texts."""
    return tuple(_phrased(pair, phrasing) for pair in rows)


def _phrased(pair: Pair, phrasing: Phrasing) -> Pair:
    turns = list(pair.prompt)
    place = max((at for at, turn in enumerate(turns) if turn.role == "user"), default=None)
    if place is None:
        return pair
    turns[place] = Message("user", phrasing.text.replace("{prompt}", turns[place].content))
    prompt = tuple(turns)
    return replace(pair, prompt=prompt, pair_id=pair_id(pair.task, prompt, pair.chosen, pair.rejected))
