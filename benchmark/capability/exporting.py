"""A suite's evaluation pairs as lm-eval tasks: chosen against rejected by log-likelihood, for any model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.bases import open_tokenizer
from lifealign_bench.benchmark.capability.task_files import TaskFile, mini_task_files, write_task_files
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.benchmark.training.encode import EncodedPair, Encoder
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.cards import WorldSource
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Pair

RENDERED = "_rendered"
_GROUP = """\
group: {group}
task:
{tasks}
aggregate_metric_list:
  - {{metric: preference_accuracy, aggregation: mean, weight_by_size: false}}
metadata: {{version: "1"}}
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """The folder, the names of its lm-eval tasks and groups, and why there are no rendered tasks, None if there are."""

    folder: Path
    names: tuple[str, ...]
    not_rendered: str | None


def export_tasks(world: LoadedWorld, store: Store, out: Path) -> Exported:
    """Write a suite's tasks into a folder that must not exist yet.

    A task comes in two forms. `lifealign_SUITE_TASK` has plain texts, for lm-eval's `--apply_chat_template` or without;
    earlier turns stand in the prompt with their speakers. `..._rendered` has the prompts as the suite's base reads
    them and the end of turn behind each answer: without lm-eval's own template a policy on that base then gets the
    preference accuracy that the benchmark gives it, as a share of 1. Each form has a group whose accuracy is the mean
    over tasks. Tasks of the miniature world come with its capability tasks.

    Raises:
        InputError: the folder is there already.
    """
    if out.exists():
        raise InputError("--out", "folder", f"{out}, which is there", "a folder that does not exist yet")
    suite = world.suite
    encoder, reason = _encoder_of(world, store)
    plain = [_task(suite, world, task, [_plain(pair) for pair in world.evaluation_rows(task)]) for task in world.stream]
    rendered = [] if encoder is None else [_rendered(suite, world, task, encoder) for task in world.stream]
    mini = any(isinstance(data.card.source, WorldSource) for data in world.stream.values())
    files = [*plain, *rendered, *(mini_task_files(suite.world) if mini else [])]
    write_task_files(out, files)
    groups = [group for group in (_group(suite, "", plain), _group(suite, RENDERED, rendered)) if group is not None]
    for name, text in groups:
        (out / f"{name}.yaml").write_text(text, "utf-8")
    return Exported(out, (*(name for name, _ in groups), *(file.name for file in files)), reason)


def _encoder_of(world: LoadedWorld, store: Store) -> tuple[Encoder | None, str | None]:
    """How the base reads pairs, or why that is not known here."""
    if world.base_node is not None and not store.has(world.base_node.key):
        return None, f"base {world.suite.base.source} is not built yet: run the suite first"
    tokenizer = open_tokenizer(world.folder_of_base(store))
    return Encoder(tokenizer, world.suite.budget.max_length), None


def _group(suite: Suite, form: str, files: Sequence[TaskFile]) -> tuple[str, str] | None:
    name = f"{_plain_name('lifealign', suite.name)}{form}"
    tasks = "\n".join(f"  - {file.name}" for file in files)
    return (name, _GROUP.format(group=name, tasks=tasks)) if files else None


def _task(suite: Suite, world: LoadedWorld, task: str, rows: Sequence[dict[str, object]], form: str = "") -> TaskFile:
    card = world.stream[task].card
    remark = f"{task} of suite {suite.name}, evaluation pairs; licence {card.licence}. Made by lifealign-bench."
    name = f"{_plain_name('lifealign', suite.name, task)}{form}"
    return TaskFile(name, rows, "preference", delimiter="" if form else "\\n\\n", remark=remark)


def _plain_name(*parts: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", "_".join(parts)).lower()


def _row(pair: Pair, prompt: str, chosen: str, rejected: str) -> dict[str, object]:
    return {"pair_id": pair.pair_id, "prompt": prompt, "choices": [chosen, rejected], "gold": 0}


def _plain(pair: Pair) -> dict[str, object]:
    only = len(pair.prompt) == 1
    prompt = pair.prompt[0].content if only else "\n\n".join(_spoken(pair))
    return _row(pair, prompt, pair.chosen, pair.rejected)


def _spoken(pair: Pair) -> Iterator[str]:
    for turn in pair.prompt:
        yield f"{turn.role.capitalize()}: {turn.content}"


def _rendered(suite: Suite, world: LoadedWorld, task: str, encoder: Encoder) -> TaskFile:
    rows = [_as_read(encoded, encoder.tokenizer) for encoded in encoder.encode(world.evaluation_rows(task))]
    return _task(suite, world, task, rows, RENDERED)


def _as_read(encoded: EncodedPair, tokenizer: Any) -> dict[str, object]:
    """The texts whose tokens the benchmark scores; only what was cut has to be put together from tokens."""
    pair = encoded.pair
    if encoded.prompt_cut or encoded.answers_cut:
        return _row(pair, *(tokenizer.decode(list(ids)) for ids in (encoded.prompt, encoded.chosen, encoded.rejected)))
    turns = [{"role": turn.role, "content": turn.content} for turn in pair.prompt]
    prompt: str = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    return _row(pair, prompt, *(text + tokenizer.eos_token for text in (pair.chosen, pair.rejected)))
