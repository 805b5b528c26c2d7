"""A first card, and a first suite, guessed from a user's own preference files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.data.cards import ConverterName
from lifealign_bench.data.converters import fitting_converter
from lifealign_bench.data.dialogue import parse_dialogue
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record
from lifealign_bench.data.files import EVALUATION_STEMS, TRAIN_STEMS, read_records, split_file

SAMPLE = 500
EVALUATION_SHARE = 0.1
_PROMPT_NAMES = ("query", "prompt", "question", "instruction", "input", "messages", "conversation", "context", "post")
_CHOSEN_NAMES = ("chosen", "preferred", "accepted", "winner", "better", "chosen_response", "best_answer", "positive")
_REJECTED_NAMES = ("rejected", "dispreferred", "loser", "worse", "rejected_response", "wrong_answer", "negative")
_EVALUATION_NAME = re.compile(r"test|eval|valid|dev", re.IGNORECASE)
_TAG = re.compile(r"^\s*(Human|Assistant)\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Files:
    """Where the rows are: `path` and, for a file of its own, the evaluation split; `divide`: the share to hold out."""

    path: Path
    evaluation: Path | None
    divide: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read: a named converter, or three columns; and what was seen in a sample of them."""

    converter: ConverterName | None
    prompt: str
    chosen: str
    rejected: str
    dialogue: bool
    instructions_first: bool
    separator: str | None
    sampled: int


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """Columns that the user names; None is guessed."""

    prompt: str | None = None
    chosen: str | None = None
    rejected: str | None = None


def find_files(files: Sequence[Path]) -> Files:
    """What the given files or folder mean as splits.

    Raises:
        InputError: nothing is there, or more than two files are given.
    """
    missing = [file for file in files if not file.exists()]
    if missing or not files:
        raise InputError("--from", "file", missing[0] if missing else "nothing", "a folder, or one or two files")
    if len(files) > 2:
        raise InputError("--from", "files", len(files), "a folder, one file, or a training and an evaluation file")
    if len(files) == 1:
        return _one_place(files[0])
    named = [bool(_EVALUATION_NAME.search(file.stem)) for file in files]
    if named[0] != named[1]:
        evaluation, train = files[named.index(True)], files[named.index(False)]
        return Files(train, evaluation, False, f"{evaluation.name} is evaluation by its name")
    train, evaluation = sorted(files, key=lambda file: file.stat().st_size, reverse=True)
    return Files(train, evaluation, False, f"no name says so; {train.name} is the larger file, so it trains")


def _one_place(path: Path) -> Files:
    if path.is_file():
        return Files(path, None, True, "one file: a hash of the prompt decides what is held out")
    if split_file(path, TRAIN_STEMS) is None:
        raise InputError(path, "training file", "none", "train.jsonl, train.json or train.parquet")
    if split_file(path, EVALUATION_STEMS) is None:
        return Files(path, None, True, "no test file: a hash of the prompt decides what is held out")
    return Files(path, None, False, "a folder with a file for each split")


def guess_reading(files: Files, named: NamedColumns) -> Reading:
    """How the training rows look, from the first rows of the file.

    Raises:
        InputError: the file cannot be read, or a column can neither be found by its name nor is named by the user.
    """
    path = split_file(files.path, TRAIN_STEMS) if files.path.is_dir() else files.path
    records = read_records(path or files.path)[:SAMPLE]
    if not records:
        raise InputError(files.path, "rows", "none", "at least one preference pair")
    columns = [name for name in records[0].values if all(name in record.values for record in records)]
    converter = None if any((named.prompt, named.chosen, named.rejected)) else _guess_converter(columns, records[0])
    if converter:
        return Reading(converter, "", "", "", False, False, None, len(records))
    prompt = _column(files.path, "prompt", named.prompt, columns, _PROMPT_NAMES)
    chosen = _column(files.path, "chosen", named.chosen, columns, _CHOSEN_NAMES)
    rejected = _column(files.path, "rejected", named.rejected, columns, _REJECTED_NAMES)
    return _look(records, prompt, chosen, rejected)


def _guess_converter(columns: Sequence[str], first: Record) -> ConverterName | None:
    converter = fitting_converter(set(columns))
    if converter not in ("transcripts", "conversations"):
        return converter
    chosen = first.values["chosen"]
    if any(name.lower() in _PROMPT_NAMES for name in columns):
        return None
    if not isinstance(chosen, str):
        return "conversations"
    return "transcripts" if len(parse_dialogue(chosen)) > 1 else None


def _column(where: Path, role: str, named: str | None, columns: Sequence[str], known: Sequence[str]) -> str:
    if named is not None and named not in columns:
        raise InputError(where, f"--{role}-column", repr(named), f"one of {', '.join(map(repr, columns))}")
    lowered = {name.lower(): name for name in reversed(columns)}
    found = named or next((lowered[name] for name in known if name in lowered), None)
    if found is None:
        expected = f"one named {', '.join(known[:3])}, or --{role}-column"
        raise InputError(where, f"{role} column", f"columns {', '.join(map(repr, columns)) or 'none'}", expected)
    return found


def _look(records: Sequence[Record], prompt: str, chosen: str, rejected: str) -> Reading:
    prompts, good, bad = ([_as_text(record.values, name) for record in records] for name in (prompt, chosen, rejected))
    opened = sum(text.lstrip().startswith("Assistant:") for text in prompts)
    joined = _share(bad, ";") > 0.5 and _share(good, ";") < 0.1
    return Reading(
        converter=None,
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        dialogue=any(_TAG.search(text) for text in prompts),
        instructions_first=opened * 10 > len(records),
        separator=";" if joined else None,
        sampled=len(records),
    )


def _as_text(values: Mapping[str, object], name: str) -> str:
    value = values[name]
    return value if isinstance(value, str) else ""


def _share(texts: Sequence[str], sign: str) -> float:
    return sum(sign in text for text in texts) / len(texts)


def card_text(name: str, files: Files, reading: Reading, folder: Path) -> str:
    """The YAML of a card that stands in `folder`, every guess explained beside it."""
    lines = [
        f"# A task card made from {files.path.name}. What is guessed says so; correct what is wrong, then run",
        f"#   lifealign data check {folder / name}.yaml",
        f"name: {name}",
        f"title: {name}  # one line that says what the chosen answers are better at",
        *_source_lines(files, folder),
        *_reading_lines(reading),
        "sizes: {train: null, evaluation: null}  # pairs a task takes where a suite does not say; null: all",
        "rubric: general-helpfulness  # the judge's rubric for this task",
        "licence: unknown  # of your data: MIT, CC-BY-4.0, proprietary, ...",
        "redistributable: false  # true only if the licence lets others get the rows from you",
        "content: none  # harmful: examples stay folded when the card is shown",
        "# harm: {rule: column, column: unsafe, harmful_values: [true]}  # where a column labels the prompts",
        "language: en",
        'citation: ""',
    ]
    return "\n".join(lines) + "\n"


def _source_lines(files: Files, folder: Path) -> list[str]:
    lines = [f"source:  # {files.reason}", "  kind: local", f"  path: {_relative(files.path, folder)}"]
    if files.evaluation is not None:
        lines.append(f"  evaluation_path: {_relative(files.evaluation, folder)}")
    return [*lines, f"  evaluation_share: {EVALUATION_SHARE}"] if files.divide else lines


def _reading_lines(reading: Reading) -> list[str]:
    if reading.converter:
        return [f"converter: {reading.converter}  # guessed from the names of the columns"]
    columns = {"prompt": reading.prompt, "chosen": reading.chosen, "rejected": reading.rejected}
    text = ", ".join(f"{role}: {_quoted(column)}" for role, column in columns.items())
    seen = "stand" if reading.dialogue else "were not seen"
    lines = [
        f"columns: {{{text}}}  # guessed from {reading.sampled} rows",
        "text:",
        f"  dialogue: {str(reading.dialogue).lower()}  # lines that start with Human: or Assistant: {seen} in prompts",
    ]
    if reading.instructions_first:
        lines.append("  opening_assistant: system  # many prompts open with an Assistant: turn, read as instructions")
    if reading.separator:
        lines.append("  rejected_separator: ';'  # most rejected sides have it, few chosen ones: joined answers?")
        lines.append("  rejected_answers: one  # all: a pair for each rejected answer")
    return lines


def _relative(path: Path, folder: Path) -> str:
    return _quoted(os.path.relpath(path.resolve(), folder.resolve()))


def _quoted(text: str) -> str:
    """A YAML string in single quotes, whatever signs it holds."""
    return "'" + text.replace("'", "''") + "'"
