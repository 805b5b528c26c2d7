"""lm-eval on a policy that is in memory."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

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
    """What `lm_eval.simple_evaluate` finds, by task and metric as lm-eval names them.

    Raises:
        InputError: lm-eval does not know the task, or its data cannot be loaded.
    """
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    with _quietly(), randomness_kept():
        own = question.tasks_at is not None
        tasks = TaskManager(include_path=str(question.tasks_at) if own else None, include_defaults=not own)
        _explain_what_does_not_load(tasks)
        subject = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=question.batch_size)
        found = lm_eval.simple_evaluate(
            model=_reporting(subject, progress),
            tasks=[question.task],
            task_manager=tasks,
            limit=question.limit,
            apply_chat_template=question.chat,
            log_samples=False,
            bootstrap_iters=RESAMPLES,
        )
    if found is None:
        raise InputError("lm-eval", question.task, "no results", "one process that evaluates")
    return list(_measured(found))


def _explain_what_does_not_load(tasks: Any) -> None:
    """Tell a task that is not there, or whose data cannot be fetched, from what goes wrong when it is asked."""
    load: Callable[..., Any] = tasks.load

    def explained(names: Any) -> Any:
        try:
            return load(names)
        # Tasks are code of many hands: whatever they raise while they load means that there is no such task here.
        except Exception as error:  # noqa: BLE001
            said = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')[:200]}"
            raise InputError("capability", "task", said, "a task that lm-eval can load") from None

    tasks.load = explained


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


def _reporting(subject: Any, progress: Progress | None) -> Any:
    """The model with a word on how far it is, a request type at a time."""
    if progress is None:
        return subject
    ask_all: Callable[..., Any] = subject._loglikelihood_tokens

    def counted(requests: Any, *rest: Any, **named: Any) -> Any:
        progress(0, len(requests))
        answers = ask_all(requests, *rest, **named)
        progress(len(requests), len(requests))
        return answers

    subject._loglikelihood_tokens = counted
    return subject


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
    """Without lm-eval's progress bars, its log, and its survey of the machine, which takes longer than a small task."""
    from tqdm import tqdm

    log = logging.getLogger("lm_eval")
    level = log.level

    def silent(*rest: Any, **named: Any) -> Any:
        return tqdm(*rest, **{**named, "disable": True})

    with ExitStack() as stack:
        for name in ("lm_eval.api.task", "lm_eval.api.model", "lm_eval.models.huggingface"):
            stack.enter_context(patch(f"{name}.tqdm", silent))
        for name in ("add_env_info", "get_git_commit_hash"):
            stack.enter_context(patch(f"lm_eval.evaluator.{name}", lambda *_: None))
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)
