"""JSON as every reader understands it: no NaN, sorted keys, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write_json(path: Path, value: object) -> None:
    """Write a value beside `path`, then rename it into place.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        scratch.write_text(text + "\n", "utf-8")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
