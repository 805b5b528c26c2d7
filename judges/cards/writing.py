"""Cards as files: strict JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.judges.cards.schema import CardFile

FOLDER = "cards"
"""The folder, beside or above the runs, in which a board looks for cards."""


def card_place(judges: Sequence[str]) -> Path:
    """Where the card of these judges lies below a folder of results: `cards/NAME.json`."""
    name = "+".join("".join(mark if mark.isalnum() or mark in "-._" else "-" for mark in judge) for judge in judges)
    return Path(FOLDER) / f"{name.strip('.')[:80] or 'judge'}.json"


def text_of(card: CardFile) -> str:
    """The card as JSON: sorted keys, no NaN; ValueError where a number is NaN or infinite."""
    return json.dumps(card.model_dump(mode="json"), indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_card(card: CardFile, path: Path) -> None:
    """Write beside the path, then rename into place.

    Raises:
        LifeAlignError: it cannot be written.
    """
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(text_of(card), "utf-8")
        scratch.replace(path)
    except OSError as error:
        raise LifeAlignError(f"{path}: the card cannot be written: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)


def read_card(path: Path) -> CardFile:
    """A card that was written.

    Raises:
        InputError: no such file, or something else than a card of this version.
    """
    try:
        return CardFile.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, "judge card", str(error), "a readable JSON file") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "document"
        raise InputError(path, field, "something else", first["msg"]) from None
