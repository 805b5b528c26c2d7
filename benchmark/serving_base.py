"""Serving a suite's base with vLLM: its name there, the command that starts the server, and who cannot be served."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import MethodEntry, Suite
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.base import Method

SERVED_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The largest ranks that vLLM may be told of."""

WHERE_ANSWERED = {"evaluation": {"answers": {"url", "adapters", "at_once", "timeout_s"}}}
"""What of a suite's `evaluation.answers` changes no answer, as pydantic leaves it out."""


def served_name(world: LoadedWorld) -> str:
    """What a suite's base is called at a server: a name by content, so that another base is not taken for it."""
    content = world.base_node.key if world.base_node is not None else str(world.environment["base"])
    return f"lifealign-{content[:16]}"


def answering_inputs(suite: Suite) -> dict[str, object]:
    """What the key of an answers node says of who answers; empty for the built-in backend as it always was."""
    asked = suite.evaluation
    found: dict[str, object] = {} if asked.batch_tokens is None else {"batch_tokens": asked.batch_tokens}
    return found if asked.answers.backend == "built-in" else {**found, "backend": asked.answers.backend}


def refuse_unserved(suite: Suite, methods: Iterable[tuple[MethodEntry, Method]]) -> None:
    """Refuse methods whose policies a server of adapters cannot answer for.

    Raises:
        InputError: names the method and why.
    """
    if suite.evaluation.answers.backend == "built-in":
        return
    from lifealign_bench.benchmark.capability.serving import why_not_adapter

    for _, method in methods:
        if reason := why_not_adapter(method, suite.budget):
            where = f"method {method.spec.name}"
            raise InputError(where, "evaluation.answers.backend", f"vllm, but {reason}", "built-in")


def serve_command(world: LoadedWorld, store: Store) -> tuple[dict[str, str], list[str]]:
    """Environment variables and words of the command that serves a suite's base so that it can be asked."""
    suite = world.suite
    rank = suite.budget.lora.r * (len(suite.tasks) if _any_grows(suite) else 1)
    address = urlsplit(suite.evaluation.answers.url or "http://127.0.0.1:8000")
    room = suite.budget.max_length + suite.evaluation.max_new_tokens
    words = ["vllm", "serve", str(world.folder_of_base(store)), "--served-model-name", served_name(world)]
    words += ["--host", address.hostname or "127.0.0.1", "--port", str(address.port or 8000)]
    words += ["--dtype", suite.base.dtype, "--max-model-len", str(room), "--seed", "0", "--generation-config", "vllm"]
    words += ["--enable-lora", "--max-loras", "8", "--max-cpu-loras", "64"]
    words += ["--max-lora-rank", str(next((known for known in SERVED_RANKS if known >= rank), rank))]
    return {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"}, words


def _any_grows(suite: Suite) -> bool:
    from lifealign_bench.benchmark.plan import planned_methods

    return any(method.spec.grows for _, method in planned_methods(suite))
