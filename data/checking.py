"""Everything that is wrong, or worth knowing, about a card or a folder of cards, found in one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lifealign_bench.data.card_files import card_problems, read_yaml
from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.catalogue import find_card
from lifealign_bench.data.cues import surface_cues
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.data.stream import TaskData, TaskRequest, load_stream, load_task

CUE_LIMIT = 0.7
FEW_EVALUATION_ROWS = 20
DROPPED_LIMIT = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: an `error` makes the task unusable, a `warning` makes its numbers hard to read."""

    level: Literal["error", "warning"]
    where: str
    text: str


def check(reference: str, data_dir: Path | None) -> tuple[Finding, ...]:
    """What is wrong with a card (a file, or a name of the catalogue) or with every card of a folder.

    Cards of a folder are also loaded as one stream, so that evaluation prompts in another task's training show up.
    """
    path = Path(reference)
    if not path.is_dir():
        return _check_one(reference, data_dir)[0]
    files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
    if not files:
        return (Finding("error", str(path), "no card in this folder, expected *.yaml"),)
    checked = [_check_one(str(file), data_dir) for file in files]
    cards = [card for _, card in checked if card is not None]
    stream = _check_stream(cards, path, data_dir) if len(cards) == len(files) else ()
    return (*(finding for findings, _ in checked for finding in findings), *stream)


def _check_one(reference: str, data_dir: Path | None) -> tuple[tuple[Finding, ...], TaskCard | None]:
    """The findings of one card, and the card where its rows can be used."""
    try:
        problems = _problems_of_file(reference)
        if problems:
            return tuple(Finding("error", reference, _message(problem)) for problem in problems), None
        card = find_card(reference, Path.cwd())
        data = load_task(card, data_dir)
    except LifeAlignError as error:
        return (Finding("error", reference, str(error)),), None
    return tuple(Finding("warning", reference, text) for text in (*_card_doubts(card), *_row_doubts(data))), card


def _problems_of_file(reference: str) -> list[InputError]:
    path = Path(reference)
    return card_problems(read_yaml(path), reference) if path.suffix in {".yaml", ".yml"} else []


def _message(problem: InputError) -> str:
    return f"{problem.field}: found {problem.found}, expected {problem.expected}"


def _card_doubts(card: TaskCard) -> list[str]:
    doubts = []
    if card.licence.strip().lower() in {"", "unknown"}:
        doubts.append("licence: unknown; say which one your rows are under")
    if card.source.kind == "hub" and len(card.source.revision) != 40:
        doubts.append(f"source.revision: {card.source.revision!r} can move; pin it to a commit of 40 digits")
    return doubts


def _row_doubts(data: TaskData) -> list[str]:
    doubts = []
    for split, report in (("training", data.report.train), ("evaluation", data.report.evaluation)):
        dropped = sum(report.dropped.values())
        if dropped > DROPPED_LIMIT * max(report.read, 1):
            reasons = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.dropped.items() if count)
            doubts.append(f"{split} rows: {dropped} of {report.read} were dropped ({reasons})")
    if len(data.evaluation) < FEW_EVALUATION_ROWS:
        doubts.append(f"evaluation rows: {len(data.evaluation)}; differences below 10 points will not show")
    for cue in surface_cues(data.train, data.evaluation):
        if cue.evaluation_accuracy > CUE_LIMIT:
            share = round(100 * cue.evaluation_accuracy)
            doubts.append(f"surface cue: {cue.rule} is the chosen one in {share} of 100 evaluation pairs")
    return doubts


def _check_stream(cards: list[TaskCard], folder: Path, data_dir: Path | None) -> tuple[Finding, ...]:
    try:
        tasks = load_stream([TaskRequest(card) for card in cards], data_dir, 0)
    except LifeAlignError as error:
        return (Finding("error", str(folder), str(error)),)
    alone = {card.name: load_task(card, data_dir).report.evaluation.in_training for card in cards}
    leaks = {task.card.name: task.report.evaluation.in_training - alone[task.card.name] for task in tasks}
    return tuple(
        Finding("warning", str(folder), f"{name}: {count} evaluation prompts stand in another task's training rows")
        for name, count in leaks.items()
        if count
    )
