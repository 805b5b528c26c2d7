"""One question from its first attempt to the end."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.chat import ChatCall, ChatReply, ReplyStatus
from lifealign_bench.judges.client.dialect import PROBE, PROBE_SCHEMA, Dialect, learn
from lifealign_bench.judges.client.endpoint import Answer, Endpoint
from lifealign_bench.judges.client.failures import Failure
from lifealign_bench.judges.client.gate import Gate
from lifealign_bench.judges.client.identity import question_bytes
from lifealign_bench.judges.client.patience import LEAST_SECONDS, Patience
from lifealign_bench.judges.client.stopping import refusal_of_all, unusable

ENDS: Mapping[str, tuple[ReplyStatus, str]] = {
    "stop": ("complete", ""),
    "length": ("length", "cut, with twice the tokens, too"),
    "refusal": ("refusal", "the model or a filter declined"),
}
MESSAGE_TOKENS = 16
"""More than any chat template puts around one message."""


class Course:
    """Asks one endpoint, attempt after attempt, as the gate allows."""

    def __init__(self, endpoint: Endpoint, gate: Gate, generator: random.Random) -> None:
        self._endpoint, self._gate, self._generator = endpoint, gate, generator

    async def learn_dialect(self, first: Dialect, schema: Mapping[str, object] | None) -> Dialect:
        """What the endpoint understands, found out with a question of a few words.

        Raises:
            InputError: the endpoint cannot be reached, or does not take the key or the model.
            HaltedError: the run stops.
        """
        learned = await self._learned(first, schema)
        if isinstance(learned, Failure):
            raise unusable(self._gate.config, learned)
        return learned

    async def other_dialect(
        self, known: Dialect, first: Dialect, schema: Mapping[str, object] | None
    ) -> Dialect | None:
        """What the endpoint understands where it rejects a short question in the known dialect; None where it does not,
        or understands no other. Raises as `reply`."""
        if known != first:
            failure = await self._probe(known, schema)
            if failure is None or failure.kind != "rejected":
                return None
        learned = await self._learned(first, schema)
        return None if isinstance(learned, Failure) or learned == known else learned

    async def _learned(self, first: Dialect, schema: Mapping[str, object] | None) -> Dialect | Failure:
        any_format = self._gate.config.response_format == "auto"
        return await learn(first, lambda dialect: self._probe(dialect, schema), any_format=any_format)

    async def _probe(self, dialect: Dialect, schema: Mapping[str, object] | None) -> Failure | None:
        call = ChatCall(PROBE, schema or PROBE_SCHEMA, self._gate.config.max_tokens)
        outcome = await self._persist(call, dialect, call.max_tokens, self._patience())
        return outcome if isinstance(outcome, Failure) else None

    async def reply(self, call: ChatCall, dialect: Dialect) -> ChatReply:
        """The end of one question: an answer, or why there is none.

        Raises:
            LifeAlignError: what happened concerns all questions.
            HaltedError: the run stops.
        """
        patience = self._patience()
        outcome = await self._persist(call, dialect, call.max_tokens, patience)
        if isinstance(outcome, Answer) and outcome.finish == "length" and patience.tries(self._gate.clock.now()):
            longer = await self._persist(call, dialect, 2 * call.max_tokens, patience)
            # Only where so many tokens are not allowed is the cut answer the last word; an outage passes.
            allowed = isinstance(longer, Answer) or longer.kind != "rejected"
            outcome = replace(longer, usage=_sum(outcome.usage, longer.usage)) if allowed else outcome
        return self._as_reply(outcome, patience)

    async def _persist(self, call: ChatCall, dialect: Dialect, max_tokens: int, patience: Patience) -> Answer | Failure:
        """The first answer, or the failure after which no further attempt is made."""
        clock, config = self._gate.clock, self._gate.config
        worst = config.cost(_most_tokens(call.messages) + _schema_tokens(call, dialect), max_tokens) or 0.0
        while True:
            asked = clock.now()
            async with self._gate.turn(worst) as started:
                patience.admitted(asked, started)
                seconds = min(config.timeout_s, max(LEAST_SECONDS, patience.left(started)))
                outcome = await self._endpoint.ask(call.messages, call.schema, dialect, max_tokens, seconds)
                self._gate.saw(outcome, started, worst)
            if isinstance(outcome, Answer):
                return outcome
            if outcome.kind == "fatal":
                raise refusal_of_all(config, outcome)
            wait = patience.wait(outcome, clock.now())
            if wait is None:
                return outcome
            await self._gate.rest(wait)

    def _patience(self) -> Patience:
        return Patience(self._gate.clock.now(), self._generator)

    def _as_reply(self, outcome: Answer | Failure, patience: Patience) -> ChatReply:
        seconds = self._gate.clock.now() - patience.began
        if isinstance(outcome, Failure):
            status: ReplyStatus = "rejected" if outcome.kind == "rejected" else "unreachable"
            return ChatReply(status, "", "", outcome.reason, outcome.usage, attempts=patience.attempts, seconds=seconds)
        status, reason = ENDS[outcome.finish]
        return ChatReply(
            status,
            outcome.text,
            outcome.model_served,
            reason,
            usage=outcome.usage,
            attempts=patience.attempts,
            seconds=seconds,
        )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}


def _most_tokens(messages: Sequence[Message]) -> int:
    """No tokenizer makes more than one token of a byte."""
    return question_bytes(messages) + MESSAGE_TOKENS * (len(messages) + 1)


def _schema_tokens(call: ChatCall, dialect: Dialect) -> int:
    return len(str(dialect.response_format(call.schema) or ""))
