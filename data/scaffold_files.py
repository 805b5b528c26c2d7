"""Writing what `scaffold` and `suite_scaffold` make up, whole or not at all, and never over a user's file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lifealign_bench.data.card_files import parse_card, parse_yaml
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.scaffold import NamedColumns, card_text, find_files, guess_reading
from lifealign_bench.data.suite_scaffold import suite_text, with_task


def write_task(
    name: str, files: Sequence[Path], columns: NamedColumns, folder: Path, suite: Path | None
) -> tuple[Path, ...]:
    """Write `folder`/`name`.yaml, and make or extend the suite file; returns the paths that were written.

    Raises:
        InputError: the files cannot be read or guessed at, the name is no task's name, or the card exists.
    """
    card = folder / f"{name}.yaml"
    if card.exists():
        raise InputError(card, "card", "a file", "none yet; choose another name or folder")
    found = find_files(files)
    text = card_text(name, found, guess_reading(found, columns), folder)
    parse_card(parse_yaml(text, str(card)), str(card))
    changed = {card: text}
    if suite is not None:
        changed[suite] = _suite(suite, name, card)
    for path, content in changed.items():
        _write(path, content)
    return tuple(changed)


def _suite(suite: Path, name: str, card: Path) -> str:
    place = Path(os.path.relpath(card.resolve(), suite.resolve().parent)).as_posix()
    if suite.is_file():
        return with_task(suite.read_text("utf-8"), name, place, str(suite))
    return suite_text(suite.stem, name, place)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
