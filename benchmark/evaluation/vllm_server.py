"""A vLLM server over HTTP: what it serves, adapters at run time, greedy completions of token ids.

It runs in an environment of its own, so nothing of it is imported here. The protocol is that of vLLM 0.10.2 and later
(`return_token_ids`); `serve_command` starts such a server.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lifealign_bench.data.errors import LifeAlignError

ATTEMPTS, PAUSE_S = 3, 1.0
RUNTIME_ADAPTERS = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"


class AnswerServerError(LifeAlignError):
    """The server cannot be asked, or what it said is no answer."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Generated token ids, the end of turn left out where it ended them, and why they ended."""

    tokens: list[int]
    finish_reason: Literal["stop", "length"]


@dataclass(frozen=True)
class AnswerServer:
    """A server's address, and how long it may take for one answer."""

    url: str
    timeout_s: float
    pause_s: float = PAUSE_S

    def require(self, model: str) -> None:
        """Make sure that the server serves this model.

        Raises:
            AnswerServerError: nothing answers, or it serves another base.
        """
        try:
            listed = self._asked("/v1/models", None).get("data")
        except _RefusedError as refused:
            raise AnswerServerError(f"answers from {self.url}: {refused.message}") from None
        names = [str(row.get("id")) for row in listed] if isinstance(listed, list) else []
        if model not in names:
            bases = [name for name in names if not name.startswith(ADAPTER)]
            raise AnswerServerError(
                f"answers from {self.url}: found a server of {', '.join(bases) or 'no model'}, expected {model}, this "
                "suite's base under the name that `lifealign base serve` gives it"
            )

    def load_adapter(self, name: str, folder: Path) -> None:
        """Have an adapter served; one of this name that is served already stays.

        Raises:
            AnswerServerError: the server does not take adapters at run time, or not this one.
        """
        try:
            self._asked("/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        except _RefusedError as refused:
            if "already" in refused.message and "loaded" in refused.message:
                return
            # A route that is not there says only that; a server that takes adapters says what is wrong with this one.
            if "Not Found" in refused.message or "Not Allowed" in refused.message:
                raise AnswerServerError(
                    f"answers from {self.url}: found a server that takes no adapters at run time, expected one that "
                    f"was started with --enable-lora and {RUNTIME_ADAPTERS}=True"
                ) from None
            raise AnswerServerError(f"answers from {self.url}: adapter {folder}: {refused.message}") from None

    def complete(self, model: str, prompt: Sequence[int], max_new_tokens: int, end_of_turn: int) -> Completion:
        """The greedy continuation of a prompt.

        Raises:
            AnswerServerError: no such model, no answer in time, or half an answer.
        """
        body = {
            "model": model,
            "prompt": list(prompt),
            "max_tokens": max_new_tokens,
            "temperature": 0.0,
            "repetition_penalty": 1.0,
            "stop_token_ids": [end_of_turn],
            "add_special_tokens": False,
            "return_token_ids": True,
        }
        try:
            said = self._asked("/v1/completions", body)
        except _RefusedError as refused:
            raise AnswerServerError(f"answers from {self.url}: model {model}: {refused.message}") from None
        return self._completion(said, end_of_turn, max_new_tokens)

    def _completion(self, said: dict[str, Any], end_of_turn: int, max_new_tokens: int) -> Completion:
        choices = said.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        tokens, reason = choice.get("token_ids"), choice.get("finish_reason")
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise AnswerServerError(f"answers from {self.url}: found no token ids, expected vLLM 0.10.2 or later")
        kept = tokens[: tokens.index(end_of_turn)] if end_of_turn in tokens else tokens
        if reason == "stop":
            return Completion(kept, "stop")
        if reason != "length" or len(tokens) != max_new_tokens:
            raise AnswerServerError(
                f"answers from {self.url}: found an answer cut after {len(tokens)} tokens (finish reason {reason}), "
                f"expected one that ends or has {max_new_tokens}; is --max-model-len too short?"
            )
        return Completion(kept, "length")

    def _asked(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """What the server says; a fault that may pass is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._asked_once(path, body)
            except _PassingError as passing:
                if attempt == ATTEMPTS:
                    raise AnswerServerError(
                        f"answers from {self.url}: {passing} ({ATTEMPTS} times); finished nodes are kept, the same "
                        "command goes on from there"
                    ) from None
            time.sleep(self.pause_s * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _asked_once(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        # The suite's field takes nothing but http and https.
        request = urllib.request.Request(  # noqa: S310
            self.url.rstrip("/") + path, data, {"Content-Type": "application/json", "Accept": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:  # noqa: S310
                text = response.read()
        except urllib.error.HTTPError as error:
            message = _message(error.read())
            if error.code in (408, 429) or error.code >= 500:
                raise _PassingError(f"found HTTP {error.code}, {message}") from None
            raise _RefusedError(error.code, message) from None
        except TimeoutError:
            raise _PassingError(f"found no answer within {self.timeout_s:g} s") from None
        except http.client.IncompleteRead as error:
            raise _PassingError(f"found an answer that broke off after {len(error.partial)} bytes") from None
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            timed_out = isinstance(getattr(error, "reason", None), TimeoutError)
            what = f"no answer within {self.timeout_s:g} s" if timed_out else f"nobody there ({error})"
            raise _PassingError(f"found {what}") from None
        return _object(text, path)


ADAPTER = "lifealign-adapter-"
"""What every adapter's name at a server begins with; the key of its train node follows."""


class _PassingError(Exception):
    """A fault that may be gone the next time."""


class _RefusedError(Exception):
    """The server understood and said no."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


def _object(text: bytes, path: str) -> dict[str, Any]:
    try:
        found = (
            json.loads(text) if text.lstrip().startswith((b"{", b"[")) else {"text": text.decode("utf-8", "replace")}
        )
    except ValueError:
        raise _PassingError(f"found {len(text)} bytes of broken JSON from {path}") from None
    return found if isinstance(found, dict) else {"data": found}


def _message(text: bytes) -> str:
    """The error's own words, on one line."""
    try:
        found = json.loads(text)
    except ValueError:
        found = {}
    inner = found.get("error", found) if isinstance(found, dict) else {}
    said = inner.get("message") if isinstance(inner, dict) else None
    return " ".join(str(said or text.decode("utf-8", "replace") or "no reason given").split())[:300]
