"""Why no question at all can be asked, in one line a person can act on."""

from __future__ import annotations

from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.judges.client.config import EndpointConfig
from lifealign_bench.judges.client.failures import Failure, RunStoppedError


def refusal_of_all(config: EndpointConfig, failure: Failure) -> LifeAlignError:
    """The error for a failure that every further question would meet."""
    where = f"endpoint {config.base_url}"
    if failure.code == "model_not_found" or failure.status == 404:
        return InputError(where, "model", f"{config.model!r} ({failure.reason})", "a model that this endpoint serves")
    if failure.code == "insufficient_quota" or failure.status == 402:
        return RunStoppedError(f"{where}: the account has no credit left: {failure.reason}; all answers are kept")
    named = f"the key in {config.api_key_env}" if config.api_key_env else "no key (api_key_env is not set)"
    return InputError(where, "key", f"{named}: {failure.reason}", f"a key that may use {config.model}")


def unusable(config: EndpointConfig, failure: Failure) -> LifeAlignError:
    """The error for an endpoint that did not answer the first, small question."""
    where = f"endpoint {config.base_url}"
    if failure.status == 404 and "model" in failure.text.lower():
        return refusal_of_all(config, failure)
    if failure.kind in ("connection", "garbled") or failure.status in (404, 405):
        expected = "the address of an OpenAI-compatible endpoint, most often ending in /v1"
        return InputError(where, "base_url", failure.reason, expected)
    if failure.kind == "rejected" and config.model in failure.text:
        return InputError(where, "model", f"{config.model!r} ({failure.reason})", "a model that this endpoint serves")
    if failure.kind == "rejected":
        return InputError(where, "request", failure.reason, f"that a short question to {config.model} is taken")
    return RunStoppedError(f"{where}: does not answer a short question: {failure.reason}")
