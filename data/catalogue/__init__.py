"""The catalogue: the cards of the tasks that ship with the package, by name."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from lifealign_bench.data.card_files import parse_card, parse_yaml, read_card
from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.errors import UnknownNameError

__all__ = ["TaskCard", "find_card", "list_cards", "load_card"]


@cache
def list_cards() -> tuple[TaskCard, ...]:
    """Every card of the catalogue, sorted by name."""
    folder = resources.files(__name__)
    texts = [(item.name, item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".yaml")]
    cards = [parse_card(parse_yaml(text, name), name) for name, text in texts]
    return tuple(sorted(cards, key=lambda card: card.name))


def load_card(reference: str) -> TaskCard:
    """The card of that name or alias; UnknownNameError lists the near matches."""
    cards = list_cards()
    for card in cards:
        if reference in card.names:
            return card
    raise UnknownNameError("task catalogue", "task", reference, [name for card in cards for name in card.names])


def find_card(reference: str, base_folder: Path) -> TaskCard:
    """The card that a suite names: a YAML file (relative to `base_folder`), else a name or alias of the catalogue.

    Raises:
        UnknownNameError: no card has that name.
        InputError: the file is missing or holds no valid card.
    """
    if Path(reference).suffix in {".yaml", ".yml"}:
        return read_card(base_folder / Path(reference).expanduser())
    return load_card(reference)
