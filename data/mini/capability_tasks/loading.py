"""What the YAML files beside this one call: it needs lm-eval and `datasets`, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def questions(rows: str, **_: object) -> dict[str, Any]:
    """The rows of a JSON Lines file beside this one, as the split `test`; lm-eval's own lookup knows no such place."""
    from datasets import Dataset

    text = (Path(__file__).parent / rows).read_text("utf-8")
    return {"test": Dataset.from_list([json.loads(line) for line in text.splitlines()])}


def preferred(row: Mapping[str, Any], scored: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """Whether the chosen answer, the first of the two, is the likelier one, ties half; and by how many nats."""
    (chosen, _), (rejected, _) = scored
    margin = float(chosen) - float(rejected)
    return {"preference_accuracy": float(margin > 0) + 0.5 * (margin == 0), "margin": margin}
