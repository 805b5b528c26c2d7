"""Helpers for tests that ask an endpoint: questions, and a clock on which waiting takes no time."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.chat import ChatCall
from lifealign_bench.judges.client import ChatClient, EndpointConfig

SCHEMA = {
    "type": "object",
    "properties": {
        "rationale": {"type": "string"},
        "verdict": {"type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]},
    },
    "required": ["rationale", "verdict"],
    "additionalProperties": False,
}


def question(text: str, *, max_tokens: int = 64, repeat: int = 0, schema: dict | None = SCHEMA) -> ChatCall:
    """One question of one user turn."""
    return ChatCall((Message("system", "You are a judge."), Message("user", text)), schema, max_tokens, repeat)


def questions(count: int, text: str = "question") -> list[ChatCall]:
    """Different questions."""
    return [question(f"{text} {number}.") for number in range(count)]


class SkippingClock:
    """Real time, but whoever sleeps finds that the time has passed at once; every sleep is written down."""

    def __init__(self) -> None:
        self.skipped = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return time.monotonic() + self.skipped

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.skipped += seconds
        await asyncio.sleep(0)


def client_of(base_url: str, folder: Path, clock: SkippingClock | None = None, budget=None, **config) -> ChatClient:
    """A client of a scripted server, with its cache in a folder."""
    endpoint = EndpointConfig(**{"model": "scripted", "base_url": base_url, **config})
    return ChatClient(endpoint, folder / "cache.sqlite", budget, clock or SkippingClock(), random.Random(0))
