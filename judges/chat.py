"""One question to a chat model and what came back: what a judge asks and a client answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lifealign_bench.data.rows import Message

ReplyStatus = Literal["complete", "length", "refusal", "rejected", "unreachable"]
"""complete: a whole answer. length: cut, with twice the tokens, too. refusal: the model or a filter declined. rejected:
the endpoint does not take this question (400, 404, 413, 422). unreachable: no answer within all attempts."""


@dataclass(frozen=True, slots=True)
class ChatCall:
    """One question.

    schema: the JSON schema of the answer, asked for as `response_format` where the endpoint knows that. repeat: which
    of several answers to the same question is meant; each is cached by itself.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, object] | None
    max_tokens: int
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What came back.

    reason: why there is no whole answer, in words; empty where there is one. usage: tokens by kind. cached: whether the
    answer was kept from before, and so cost nothing. seconds: from the first attempt to the answer.
    """

    status: ReplyStatus
    text: str
    model_served: str
    reason: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    cached: bool = False
    attempts: int = 1
    seconds: float = 0.0
