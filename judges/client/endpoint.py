"""One attempt: a request to an OpenAI-compatible endpoint, and what came back as data. The only file that knows
the `openai` client."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import openai

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.client.config import EndpointConfig
from lifealign_bench.judges.client.dialect import Dialect
from lifealign_bench.judges.client.failures import Failure, FailureKind
from lifealign_bench.judges.client.waiting import Clock, retry_after

PATH = "/chat/completions"
JSON_TYPE = {"Content-Type": "application/json"}
HIDDEN = "[key]"
NO_KEY = "none"
SHOWN = 300
FATAL_STATUS = (401, 402, 403)
FATAL_CODE = ("model_not_found", "insufficient_quota", "invalid_api_key")
BUSY_STATUS = (408, 409)
NEVER_SENT = ("ConnectError", "UnsupportedProtocol")
"""What the transport under the client raises before a request leaves, by name: the transport is the client's choice."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. finish: `stop`, `length`, `refusal`. usage: `input` and `output` tokens, where said."""

    text: str
    finish: str
    model_served: str
    usage: Mapping[str, int] = field(default_factory=dict)


class Endpoint:
    """Asks one endpoint. The key lives here and in the client's headers, and in nothing that leaves this object."""

    def __init__(self, config: EndpointConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._key = config.key()
        if self._key is not None and not (self._key.isascii() and self._key.isprintable() and " " not in self._key):
            raise InputError("environment", str(config.api_key_env), "a key that no header can carry", "plain ASCII")
        self._client = openai.AsyncOpenAI(
            api_key=self._key or NO_KEY,
            base_url=config.base_url,
            max_retries=0,
            timeout=config.timeout_s,
            default_headers=_headers(self._key or NO_KEY),
        )
        # Read from the environment by the client, and nobody's business but OpenAI's own.
        self._client.organization = self._client.project = None

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def ask(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object] | None,
        dialect: Dialect,
        max_tokens: int,
        seconds: float,
    ) -> Answer | Failure:
        """One attempt that takes at most so many seconds."""
        body = self._body(messages, schema, dialect, max_tokens)
        try:
            async with asyncio.timeout(seconds):
                # The typed method would convert every message and every answer, at twice the processor time.
                raw = await self._client.post(PATH, cast_to=bytes, content=body, options={"headers": JSON_TYPE})
        except (TimeoutError, openai.APITimeoutError):
            return Failure("timeout", "timeout", f"no answer within {seconds:.0f} s")
        except openai.APIStatusError as error:
            return self._status(error)
        except openai.APIConnectionError as error:
            sent = type(error.__cause__).__name__ not in NEVER_SENT
            return Failure("connection", "connection", self._clean(str(error.__cause__ or error)), sent=sent)
        except openai.OpenAIError as error:
            return self._garbled(str(error))
        try:
            return self._read(json.loads(raw))
        except ValueError:
            return self._garbled(raw.decode("utf-8", "replace"))

    def _body(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, dialect: Dialect, max_tokens: int
    ) -> bytes:
        config = self._config
        required = {
            "model": config.model,
            "messages": [{"role": turn.role, "content": _encodable(turn.content)} for turn in messages],
            dialect.limit: max_tokens,
        }
        optional = {
            "temperature": config.temperature,
            "seed": config.seed,
            "response_format": dialect.response_format(schema),
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return json.dumps({**required, **given, **config.extra}).encode()

    def _read(self, completion: object) -> Answer | Failure:
        """The answer in a completion; endpoints leave out and invent fields, so that none is taken for granted."""
        choice = _first(_at(completion, "choices"))
        message, usage = _at(choice, "message"), _usage(_at(completion, "usage"))
        text, refusal, finish = _at(message, "content"), _at(message, "refusal"), _at(choice, "finish_reason")
        if not isinstance(message, Mapping) or not isinstance(text, str | None):
            return replace(self._garbled(json.dumps(completion)), usage=usage)
        if refusal or finish == "content_filter":
            text, finish = str(refusal or text or ""), "refusal"
        elif finish not in ("stop", "length"):
            return Failure("garbled", "broken off", f"finish_reason {self._clean(str(finish))}", usage=usage)
        served = self._clean(str(_at(completion, "model") or ""))
        return Answer(self._clean(text or "", None), str(finish), served, usage)

    def _garbled(self, text: str) -> Failure:
        return Failure("garbled", "no chat completion", self._clean(text))

    def _status(self, error: openai.APIStatusError) -> Failure:
        status, code = error.status_code, error.code
        kind: FailureKind = "rejected"
        if status in FATAL_STATUS or code in FATAL_CODE:
            kind = "fatal"
        elif status == 429:
            kind = "rate limit"
        elif status >= 500 or status in BUSY_STATUS:
            kind = "server"
        elif status < 400:
            kind = "garbled"
        asked = retry_after(error.response.headers.get("retry-after"), self._clock.wall())
        return Failure(kind, f"HTTP {status}", self._clean(_words(error)), status, code, asked)

    def _clean(self, text: str, shown: int | None = SHOWN) -> str:
        """Text of the endpoint without the key, whatever the endpoint repeats; cut and in one line where shown."""
        text = _encodable(text)
        if self._key is not None:
            text = text.replace(self._key, HIDDEN)
        if shown is None:
            return text
        line = " ".join(text.split())
        return line if len(line) <= shown else line[: shown - 3] + "..."


def _words(error: openai.APIStatusError) -> str:
    """What the endpoint says is wrong: its message where there is one, else the whole body."""
    if isinstance(error.body, Mapping):
        for name in ("message", "detail", "error"):
            if isinstance(found := error.body.get(name), str):
                return found
    return error.response.text


def _usage(usage: object) -> dict[str, int]:
    counted = {"input": _at(usage, "prompt_tokens"), "output": _at(usage, "completion_tokens")}
    return {name: value for name, value in counted.items() if isinstance(value, int)}


def _at(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _encodable(text: str) -> str:
    """The text with every half of a broken pair of surrogates replaced, so that it can be sent and kept."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _headers(key: str) -> dict[str, Any]:
    """Our key, and nothing of OPENAI_CUSTOM_HEADERS: another endpoint's secrets must not travel to this one."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    ambient = {line.partition(":")[0].strip(): openai.Omit() for line in lines if ":" in line}
    others = {name: omit for name, omit in ambient.items() if name.lower() != "authorization"}
    return {**others, "Authorization": f"Bearer {key}"}
