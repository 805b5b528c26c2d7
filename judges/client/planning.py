"""What a run would cost, without asking anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lifealign_bench.judges.chat import ChatCall
from lifealign_bench.judges.client.cache import ReplyCache
from lifealign_bench.judges.client.config import EndpointConfig
from lifealign_bench.judges.client.dialect import Dialect
from lifealign_bench.judges.client.identity import cache_key, question_bytes
from lifealign_bench.judges.client.session import known_dialect

BYTES_PER_TOKEN = 4.0
FEW_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be asked.

    calls: questions that are not in the cache, each counted once. cached: those that are, or stand there twice.
    input_tokens, output_tokens: estimates for the calls; estimate: how they were made. cost: None where a price is
    unknown.
    """

    calls: int
    cached: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    estimate: str


def plan(config: EndpointConfig, cache: ReplyCache, calls: Iterable[ChatCall]) -> DryRun:
    """What answering these questions would take; nothing is sent."""
    dialect = known_dialect(config, cache)
    new, cached, size, most = set[str](), 0, 0, 0
    for call in calls:
        key = cache_key(config, call, dialect or Dialect())
        if key in new or (dialect is not None and cache.get(key) is not None):
            cached += 1
            continue
        new.add(key)
        size += question_bytes(call.messages)
        most += call.max_tokens
    seen = cache.averages(config.base_url, config.model)
    if seen is None or seen.answers < FEW_ANSWERS:
        tokens_in, tokens_out = size / BYTES_PER_TOKEN, float(most)
        how = f"{BYTES_PER_TOKEN:.0f} bytes of text a token; every answer as long as it may be"
    else:
        tokens_in, tokens_out = size / seen.bytes_per_token, min(most, len(new) * seen.output_tokens)
        how = f"as the {seen.answers} answers of this model in the cache"
    return DryRun(len(new), cached, round(tokens_in), round(tokens_out), config.cost(tokens_in, tokens_out), how)
