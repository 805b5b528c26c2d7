"""How an endpoint is asked: everything about it but the key, which stays in the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from lifealign_bench.data.errors import InputError, UnknownNameError

OPENAI = "https://api.openai.com/v1"
OURS = ("model", "messages", "temperature", "seed", "max_tokens", "max_completion_tokens", "response_format", "n")
"""What the client itself puts into a request; `extra` may not name it."""
STREAMING = ("stream", "stream_options")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _plain_url(value: str) -> str:
    """The address without a last slash; refuses one that carries credentials, and never repeats it."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an address such as http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an address without user, password or query; a key belongs to the environment (api_key_env)")
    return value.rstrip("/")


class EndpointConfig(BaseModel):
    """One model behind one OpenAI-compatible address.

    api_key_env: the environment variable that holds the key; None sends no key. temperature and seed: None leaves them
    to the endpoint. max_tokens: the longest answer that calls should ask for. extra: more sampling, sent as it is
    (`top_p`, `reasoning_effort`, ...). response_format: `auto` finds out what the endpoint knows, once. Prices are for
    a million tokens in any one currency, None where unknown. timeout_s: for one attempt.
    """

    # What was found may be a key in the wrong field: an error never repeats it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str = Field(min_length=1)
    base_url: Annotated[str, AfterValidator(_plain_url)] = OPENAI
    api_key_env: str | None = None
    temperature: float | None = Field(default=0.0, ge=0)
    seed: int | None = 0
    max_tokens: int = Field(default=512, ge=1)
    extra: Mapping[str, JsonValue] = Field(default_factory=dict)
    response_format: Literal["auto", "json_schema", "json_object", "none"] = "auto"
    price_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    price_output: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    timeout_s: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    max_in_flight: int = Field(default=64, ge=1, le=64)

    @field_validator("api_key_env")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        if value is not None and not NAME.fullmatch(value):
            raise ValueError("the name of an environment variable, never the key itself")
        return value

    @field_validator("extra")
    @classmethod
    def _not_ours(cls, value: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if taken := [name for name in value if name in OURS + STREAMING]:
            raise ValueError(f"no {', '.join(taken)}: the client sets or needs it otherwise")
        return value

    @classmethod
    def parse(cls, values: object, where: str) -> Self:
        """A validated configuration.

        Raises:
            InputError: names `where`, the field and what was expected; what was found is not repeated, since it may be
                a key in the wrong place.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "document"
            if first["type"] == "extra_forbidden":
                raise UnknownNameError(where, field, str(first["loc"][-1]), cls.model_fields) from None
            found = "nothing" if first["type"] == "missing" else "something else"
            raise InputError(where, field, found, first["msg"].removeprefix("Value error, ")) from None

    def key(self) -> str | None:
        """The key, from the environment.

        Raises:
            InputError: the named variable is not set, or is empty.
        """
        if self.api_key_env is None:
            return None
        if not (key := os.environ.get(self.api_key_env, "").strip()):
            expected = f"the key for {self.base_url} in this environment variable"
            raise InputError("environment", self.api_key_env, "nothing", expected)
        return key

    def cost(self, input_tokens: float, output_tokens: float) -> float | None:
        """What so many tokens cost; None where a price is unknown."""
        if self.price_input is None or self.price_output is None:
            return None
        return (input_tokens * self.price_input + output_tokens * self.price_output) / 1e6


@dataclass(frozen=True, slots=True)
class Budget:
    """Where to stop, None for nowhere.

    max_calls: requests that may have to be paid for: answered, or without an answer (timeout, lost connection).
    max_cost: in the currency of the prices; the cost never passes it, whatever is in flight.
    """

    max_calls: int | None = None
    max_cost: float | None = None
