"""The canonical row that every task is made of, whatever format it came in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]

EVALUATION_EVENT = "lifealign_bench.evaluation_rows"
"""The audit event (PEP 578) that is raised, with the task's name, whenever evaluation rows are read or made."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One preference: of two answers to the same prompt, `chosen` is preferred to `rejected`.

    `pair_id` is stable: it depends on the task's name and the texts alone (see `pair_id`). `item` names what the
    prompt was made from (several pairs may share one); statistics draw pairs of one item together. `harm` is the
    label of the prompt, None where the source has none; `category` is the source's own harm category.
    """

    pair_id: str
    task: str
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    harm: Literal["harmful", "harmless"] | None = None
    category: str | None = None
    item: str | None = None


def pair_id(task: str, prompt: tuple[Message, ...], chosen: str, rejected: str) -> str:
    """The first 16 hex digits of the SHA-256 over task, prompt and both answers."""
    return digest([task, [[turn.role, turn.content] for turn in prompt], chosen, rejected])[:16]


def digest(value: object) -> str:
    """SHA-256 (64 hex digits) of a value's canonical JSON: sorted keys, no spaces, UTF-8, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
