"""A stream of tasks, loaded together: only so is overlap between tasks seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.cleaning import SplitReport, clean_split
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Pair, digest
from lifealign_bench.data.sources import prompt_key, read_source


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A task and how many pairs of it are wanted; None takes what the card says, or all where it says nothing."""

    card: TaskCard
    train_rows: int | None = None
    evaluation_rows: int | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Where a task's rows came from (`hub` with the commit, or `local`) and what became of them."""

    task: str
    origin: str
    revision: str | None
    train: SplitReport
    evaluation: SplitReport


@dataclass(frozen=True, slots=True)
class TaskData:
    """The pairs of one task, ready to be learned and evaluated, in a seeded order."""

    card: TaskCard
    train: tuple[Pair, ...]
    evaluation: tuple[Pair, ...]
    report: LoadReport

    @property
    def fingerprint(self) -> str:
        """64 hex digits over every row of both splits, in order."""
        return digest([[dataclasses.asdict(pair) for pair in split] for split in (self.train, self.evaluation)])


def load_stream(requests: Sequence[TaskRequest], data_dir: Path | None, seed: int) -> tuple[TaskData, ...]:
    """The tasks of a stream, cleaned and sampled, in the order of the requests.

    An evaluation prompt that stands in the cleaned training rows of any of these tasks is dropped, whether or not
    that training row is selected. The sample is the rows with the smallest hash of (seed, pair id): a smaller
    sample is a part of a larger one, and never the first rows of a file.

    Raises:
        InputError: a source cannot be read, a task stands twice, or has fewer pairs than wanted.
    """
    check_names(requests)
    cleaned = [_clean(request.card, data_dir) for request in requests]
    trained = {prompt_key(pair.prompt) for task in cleaned for pair in task.train}
    return tuple(
        select(without_overlap(task, trained), request, seed) for task, request in zip(cleaned, requests, strict=True)
    )


def load_task(card: TaskCard, data_dir: Path | None, seed: int = 0) -> TaskData:
    """Every pair of one task by itself; see `load_stream`."""
    unlimited = card.model_copy(update={"sizes": type(card.sizes)()})
    (task,) = load_stream([TaskRequest(unlimited)], data_dir, seed)
    return dataclasses.replace(task, card=card)


def check_names(requests: Sequence[TaskRequest]) -> None:
    """Raise `InputError` where two requests are of one task."""
    names = [request.card.name for request in requests]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError("stream of tasks", "names", ", ".join(twice), "every task once")


def _clean(card: TaskCard, data_dir: Path | None) -> TaskData:
    source = read_source(card, data_dir)
    train, train_report = clean_split(source.train, card.name, card.text)
    evaluation, evaluation_report = clean_split(source.evaluation, card.name, card.text)
    report = LoadReport(card.name, source.origin, source.revision, train_report, evaluation_report)
    return TaskData(card, train, evaluation, report)


def without_overlap(task: TaskData, trained: set[str]) -> TaskData:
    """The task without evaluation prompts whose key is in `trained`, which are counted."""
    kept = tuple(pair for pair in task.evaluation if prompt_key(pair.prompt) not in trained)
    overlap = len(task.evaluation) - len(kept)
    counts = dataclasses.replace(task.report.evaluation, in_training=overlap, kept=len(kept))
    return dataclasses.replace(task, evaluation=kept, report=dataclasses.replace(task.report, evaluation=counts))


def select(task: TaskData, request: TaskRequest, seed: int) -> TaskData:
    """The task with the wanted number of pairs of each split, in their seeded order.

    Raises:
        InputError: there are fewer.
    """
    sizes = request.card.sizes
    train = _sample(task, "train", request.train_rows, sizes.train, seed)
    evaluation = _sample(task, "evaluation", request.evaluation_rows, sizes.evaluation, seed)
    report = dataclasses.replace(
        task.report,
        train=dataclasses.replace(task.report.train, selected=len(train)),
        evaluation=dataclasses.replace(task.report.evaluation, selected=len(evaluation)),
    )
    return dataclasses.replace(task, train=train, evaluation=evaluation, report=report)


def _sample(task: TaskData, split: str, wanted: int | None, usual: int | None, seed: int) -> tuple[Pair, ...]:
    pairs = task.train if split == "train" else task.evaluation
    if len(pairs) < (wanted or 1):
        expected = f"at least {wanted or 1}; {_explain(task, split)}"
        raise InputError(f"task {task.card.name}", f"{split} rows", len(pairs), expected)
    limit = wanted or usual
    return tuple(_in_seeded_order(pairs, seed)[:limit])


def _in_seeded_order(pairs: Iterable[Pair], seed: int) -> list[Pair]:
    return sorted(pairs, key=lambda pair: digest([seed, pair.pair_id]))


def _explain(task: TaskData, split: str) -> str:
    report = task.report.train if split == "train" else task.report.evaluation
    reasons = [f"{count} {name.replace('_', ' ')}" for name, count in report.dropped.items() if count]
    return f"{report.read} were read, {', '.join(reasons) or 'none'} dropped"
