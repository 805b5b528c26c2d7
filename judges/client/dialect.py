"""What an endpoint understands of the same protocol, found out once with a question of a few words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.client.failures import Failure

Format = Literal["json_schema", "json_object", "none"]
PROBE = (Message("user", 'Answer with the JSON object {"answer": "yes"} and nothing else.'),)
PROBE_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
NOT_TAKEN = (400, 422)
"""What endpoints say to a `response_format` that they do not know; a 5xx may pass, and would weaken it for good."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """format: the strictest `response_format` that is known. limit: what the longest answer is called."""

    format: Format = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"

    def response_format(self, schema: Mapping[str, object] | None) -> dict[str, object] | None:
        """What to send to get an answer by a schema; None sends nothing."""
        if schema is None or self.format == "none":
            return None
        if self.format == "json_object":
            return {"type": "json_object"}
        return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}

    def dump(self) -> str:
        """As JSON, for `load`."""
        return _ADAPTER.dump_json(self).decode()


_ADAPTER = TypeAdapter(Dialect)


def load(text: str | None) -> Dialect | None:
    """What `dump` wrote; None where there is nothing, or nothing that is understood."""
    try:
        return None if text is None else _ADAPTER.validate_json(text)
    except ValidationError:
        return None


def next_try(tried: Dialect, failure: Failure, *, any_format: bool) -> Dialect | None:
    """The dialect to try after one was not taken; None where there is no other.

    any_format: whether a weaker response format may be tried.
    """
    if failure.status not in NOT_TAKEN:
        return None
    if "max_completion_tokens" in failure.text and tried.limit == "max_tokens":
        return replace(tried, limit="max_completion_tokens")
    weaker: dict[Format, Format] = {"json_schema": "json_object", "json_object": "none"}
    if any_format and tried.format in weaker:
        return replace(tried, format=weaker[tried.format])
    return None


async def learn(
    first: Dialect, ask: Callable[[Dialect], Awaitable[Failure | None]], *, any_format: bool
) -> Dialect | Failure:
    """The first dialect in which the endpoint answers, or why it answers in none; ask: None is an answer."""
    tried = first
    while (failure := await ask(tried)) is not None:
        following = next_try(tried, failure, any_format=any_format)
        if following is None:
            return failure
        tried = following
    return tried
