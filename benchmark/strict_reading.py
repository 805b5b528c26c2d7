"""Reading JSON as strictly as it is written: UTF-8, no NaN or infinity, no key twice, nothing too deep."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NoReturn

from lifealign_bench.data.errors import InputError


def read_json(path: Path) -> tuple[str, object]:
    """The text of a JSON file and its value.

    Raises:
        InputError: the file cannot be read, is not UTF-8 or no strict JSON; names the line where it can.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(path, "file", error.strerror or type(error).__name__, "a file that can be read") from error
    except UnicodeDecodeError as error:
        raise InputError(path, "encoding", f"byte {error.start} is not UTF-8", "UTF-8 text") from error
    try:
        return text, json.loads(text, parse_constant=_constant, parse_float=_finite, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InputError(path, f"line {error.lineno}, column {error.colno}", error.msg, "well-formed JSON") from error
    except RecursionError as error:
        raise InputError(path, "document", "too many levels", "JSON of reasonable depth") from error
    except ValueError as error:
        raise InputError(path, "document", str(error)[:120], "strict JSON") from error


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]}, which is no finite number")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value: dict[str, object] = {}
    for name, found in pairs:
        if name in value:
            raise ValueError(f"the key {name[:80]!r} twice")
        value[name] = found
    return value


def shown_input(kind: str, found: object) -> str:
    """What was found, for a message; kind: of the error that pydantic raised."""
    if kind == "missing":
        return "nothing"
    shown = repr(found)
    return shown if len(shown) <= 80 else shown[:77] + "..."
