"""What makes two questions the same: the key under which an answer is kept."""

from __future__ import annotations

from collections.abc import Sequence

from lifealign_bench.data.rows import Message, digest
from lifealign_bench.judges.chat import ChatCall
from lifealign_bench.judges.client.config import EndpointConfig
from lifealign_bench.judges.client.dialect import Dialect


def cache_key(config: EndpointConfig, call: ChatCall, dialect: Dialect) -> str:
    """SHA-256 (64 hex digits) of the canonical JSON of all that decides an answer: endpoint, model, messages, response
    format as it is sent, sampling, seed and repeat."""
    return digest(
        {
            "endpoint": config.base_url,
            "model": config.model,
            "messages": [[turn.role, turn.content] for turn in call.messages],
            "response_format": dialect.response_format(call.schema),
            "sampling": {"temperature": config.temperature, "max_tokens": call.max_tokens, **config.extra},
            "seed": config.seed,
            "repeat": call.repeat,
        }
    )


class Served:
    """The one model that answers under a requested name; used by the threads of one client."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    @property
    def first(self) -> str:
        """The model that answered first; empty before."""
        return self._first.get("model", "")

    def takes(self, name: str) -> bool:
        """Whether an answer is of the model that answered first; one that names no model is."""
        # One step of a dictionary, so that two threads never both are the first.
        return not name or self._first.setdefault("model", name) == name


def question_bytes(messages: Sequence[Message]) -> int:
    """The length of all texts of a question in UTF-8."""
    return sum(len(turn.content.encode("utf-8", "surrogatepass")) for turn in messages)
