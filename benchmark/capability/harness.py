"""lm-eval on a policy that is in memory."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifealign_bench.benchmark.evaluation.logps import Progress
from lifealign_bench.data.errors import InputError

RESAMPLES = 100
"""Draws behind the standard errors of metrics that are no means."""
ERROR = "_stderr"


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of lm-eval: a task or a part of one, its metric and filter (`acc`, `none`), and over how many
    examples; standard_error is None where lm-eval gives none."""

    task: str
    metric: str
    filter: str
    value: float
    standard_error: float | None
    n: int
    higher_is_better: bool | None


@dataclass(frozen=True, slots=True)
class Question:
    """A task by its lm-eval name and how it is put; tasks_at: a folder with its files, None for lm-eval's own."""

    task: str
    chat: bool
    limit: int | None
    batch_size: int
    tasks_at: Path | None = None


def ask(model: Any, tokenizer: Any, question: Question, progress: Progress | None = None) -> list[Measured]:
    """What lm-eval finds, by task and metric as it names them.

    The same as `lm_eval.simple_evaluate` with its own seeds, without its survey of the machine, which takes longer than
    a small task.

    Raises:
        InputError: lm-eval does not know the task, or its data cannot be loaded.
    """
    import lm_eval
    from lm_eval.tasks import TaskManager

    from lifealign_bench.benchmark.capability.subject import Subject

    with _quietly(), randomness_kept():
        own = question.tasks_at is not None
        tasks = TaskManager(include_path=str(question.tasks_at) if own else None, include_defaults=not own)
        _seed()
        loaded = _loaded(tasks, question.task)
        subject = Subject(pretrained=model, tokenizer=tokenizer, batch_size=question.batch_size, progress=progress)
        found = lm_eval.evaluate(
            lm=subject,
            task_dict=loaded,
            limit=question.limit,
            apply_chat_template=question.chat,
            log_samples=False,
            bootstrap_iters=RESAMPLES,
        )
    if found is None:
        raise InputError("lm-eval", question.task, "no results", "one process that evaluates")
    return list(_measured(found))


def _seed() -> None:
    from lm_eval.defaults import DEFAULT_OTHER_SEED, DEFAULT_RANDOM_SEED

    random.seed(DEFAULT_RANDOM_SEED)
    np.random.seed(DEFAULT_OTHER_SEED)
    torch.manual_seed(DEFAULT_OTHER_SEED)


def _loaded(tasks: Any, name: str) -> Any:
    """A task, or a group of them, with lm-eval's defaults; what does not load is told from what goes wrong later."""
    from lm_eval.defaults import DEFAULT_OTHER_SEED

    try:
        loaded = tasks.load([name])
    # Tasks are code of many hands: whatever they raise while they load means that there is no such task here.
    except Exception as error:  # noqa: BLE001
        said = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')[:200]}"
        raise InputError("capability", "task", said, "a task that lm-eval can load") from None
    for task in loaded["tasks"].values():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=DEFAULT_OTHER_SEED)
    return loaded


@contextmanager
def randomness_kept() -> Iterator[None]:
    """lm-eval seeds every generator there is; afterwards each goes on where it was."""
    plain, arrays = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(plain)
            np.random.set_state(arrays)


def _measured(found: Mapping[str, Any]) -> Iterator[Measured]:
    for task, numbers in sorted(found["results"].items()):
        better = found.get("higher_is_better", {}).get(task, {})
        counts = found.get("n-samples", {}).get(task, {})
        for key, value in sorted(numbers.items()):
            metric, _, used = key.partition(",")
            if not used or metric.endswith(ERROR) or not isinstance(value, int | float):
                continue
            error = numbers.get(f"{metric}{ERROR},{used}")
            count = int(counts.get("effective") or numbers.get("sample_len") or 0)
            known = float(error) if isinstance(error, int | float) else None
            yield Measured(task, metric, used, float(value), known, count, better.get(metric))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without lm-eval's log."""
    log = logging.getLogger("lm_eval")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
