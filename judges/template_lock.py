"""The lock of a folder of templates: the hash of every version that was ever in use, so that none changes in silence.

`python -m lifealign_bench.judges.template_lock` adds new versions to the shipped folder's lock. It never replaces a
hash: words that changed need a new version, and so does the set they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import yaml

from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.template import Paraphrase
from lifealign_bench.judges.template_files import read_values
from lifealign_bench.judges.templates import SHIPPED, read_folder, read_text

LOCK_FILE = "lock.yaml"
HEADING = "# The SHA-256 of every version of every template and set; written by judges/template_lock.py, not by hand.\n"


def hashes(folder: Path) -> dict[str, str]:
    """The hash of every template, frame and set that the folder holds now, by label."""
    found: dict[str, str] = {}
    for paraphrase in get_args(Paraphrase):
        templates = read_folder(paraphrase, folder)
        found |= templates.hashes
        found[f"{templates.name}@{templates.identity.version}"] = templates.identity.sha256
    return found


def read_lock(folder: Path) -> Mapping[str, str]:
    """The locked hashes by label; empty where nothing was locked yet."""
    path = folder / LOCK_FILE
    if not path.is_file():
        return {}
    return {label: str(value) for label, value in read_values(read_text(path), str(path)).items()}


def unlocked(folder: Path) -> list[str]:
    """What is wrong with a folder: labels that the lock does not know, or knows with another hash."""
    locked = read_lock(folder)
    found = hashes(folder)
    new = [f"{label}: not locked yet; run judges/template_lock.py" for label in found if label not in locked]
    changed = [label for label, value in found.items() if locked.get(label, value) != value]
    return [*new, *(f"{label}: changed without a new version" for label in changed)]


def relock(folder: Path) -> None:
    """Add the labels that are new.

    Raises:
        InputError: something changed under a version that is locked.
    """
    locked, found = read_lock(folder), hashes(folder)
    for label, value in found.items():
        if locked.get(label, value) != value:
            raise InputError(folder / LOCK_FILE, label, f"another hash ({value[:12]})", "a new version for new words")
    (folder / LOCK_FILE).write_text(HEADING + yaml.safe_dump({**locked, **found}, width=120), "utf-8")


if __name__ == "__main__":
    relock(SHIPPED)
