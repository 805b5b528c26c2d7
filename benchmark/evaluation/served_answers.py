"""Answers from a vLLM server of the suite's base and of stages' adapters: the rows of the built-in backend."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from lifealign_bench.benchmark.bases import open_tokenizer
from lifealign_bench.benchmark.evaluation.adapter_folder import adapter_folder
from lifealign_bench.benchmark.evaluation.answers import Answer, answer_of, prompt_room
from lifealign_bench.benchmark.evaluation.logps import Progress
from lifealign_bench.benchmark.evaluation.vllm_server import ADAPTER, AnswerServer
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.serving_base import served_name
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.benchmark.workshop import Workshop, int_of
from lifealign_bench.data.rows import Pair


def served_answers(node: Node, shop: Workshop, rows: Sequence[Pair], progress: Progress) -> list[Answer]:
    """One answer per row, in the rows' order.

    Raises:
        AnswerServerError: the server is not there, serves another base, or does not answer.
        InputError: a policy that is more than LoRA.
    """
    suite = shop.world.suite
    asked = suite.evaluation.answers
    server = AnswerServer(str(asked.url), asked.timeout_s)
    base = served_name(shop.world)
    server.require(base)
    model = base
    if "policy" in node.parents:
        key = node.parents["policy"]
        model = f"{ADAPTER}{key[:24]}"
        kept = Path(asked.adapters) if asked.adapters else shop.store.root.parent / "adapters"
        folder = adapter_folder(shop.parent(node, "policy") / "policy", suite.budget.lora, kept.absolute() / key[:24])
        server.load_adapter(model, folder)
    encoder = Encoder(open_tokenizer(shop.world.folder_of_base(shop.store)), suite.budget.max_length)
    return complete_all(server, model, encoder, rows, int_of(node, "max_new_tokens"), asked.at_once, progress)


def complete_all(
    server: AnswerServer,
    model: str,
    encoder: Encoder,
    pairs: Sequence[Pair],
    max_new_tokens: int,
    at_once: int,
    progress: Progress | None = None,
) -> list[Answer]:
    """Ask for all answers, `at_once` waiting at the server together; the first fault ends it."""
    room = prompt_room(encoder.max_length, max_new_tokens)
    prompts = [encoder.prompt(pair.prompt, room) for pair in pairs]
    found: dict[int, Answer] = {}

    def ask(index: int) -> Answer:
        ids, cut = prompts[index]
        said = server.complete(model, ids, max_new_tokens, encoder.end_of_turn)
        ended = [*said.tokens, encoder.end_of_turn] if said.finish_reason == "stop" else said.tokens
        return answer_of(encoder, pairs[index].pair_id, ended, cut)

    pool = ThreadPoolExecutor(max_workers=at_once)
    try:
        waiting = {pool.submit(ask, index): index for index in range(len(pairs))}
        for done, future in enumerate(as_completed(waiting), 1):
            found[waiting[future]] = future.result()
            if progress is not None:
                progress(done, len(pairs))
    finally:
        pool.shutdown(cancel_futures=True)
    return [found[index] for index in range(len(pairs))]
