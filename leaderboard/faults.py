"""Why a record cannot be read, in one line that names the field."""

from __future__ import annotations

import json

from pydantic import ValidationError

from lifealign_bench.benchmark.schema import RUN_FILE, SCHEMA_VERSION

LONGEST = 160


def fault_of(text: bytes, error: ValidationError) -> str:
    """The first thing that is wrong with the text of a `run.json`; another schema version before all else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as broken:
        return _line(f"{RUN_FILE}: no JSON: {broken}")
    if not isinstance(value, dict):
        return f"{RUN_FILE}: a {type(value).__name__}, expected an object"
    found = value.get("schema_version")
    if found != SCHEMA_VERSION or isinstance(found, bool):
        shown = "none" if found is None else repr(found)[:40]
        return f"schema version {shown}, this package reads {SCHEMA_VERSION}"
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "document"
    return _line(f"{RUN_FILE}: {place}: {first['msg']}")


def _line(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
