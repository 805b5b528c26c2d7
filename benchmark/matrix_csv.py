"""Reading a matrix that somebody published as CSV.

A header with a task per column in the order of learning, then a row per step: T rows, or T + 1 with the untouched base
first. A first column of step labels may stand before the tasks. Rows may stop early (lower-triangular). A blank cell
is missing, and so are `-`, `nan`, `n/a` and `null`.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.benchmark.matrix import Cell, Matrix, Row, Schedule
from lifealign_bench.data.errors import InputError, UnknownNameError

MISSING = frozenset({"", "-", "–", "—", "na", "n/a", "nan", "null", "none"})
LABELS = frozenset(
    {"", "#", "k", "step", "row", "stage", "after", "trained", "trained_task", "learned", "task", "index"}
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its number (from 1), its label where it has one, its cells."""

    number: int
    label: str | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file as text: the tasks of the header and the lines below it."""

    path: Path
    tasks: tuple[str, ...]
    lines: tuple[Line, ...]
    offset: int  # columns before the first task


def read_matrix(path: Path, schedule: Schedule = "sequential") -> Matrix:
    """The matrix in `path`.

    Raises:
        InputError: no such file, not UTF-8, no header, a column without a name, a cell that is no number, a row too
            many or too few; names line and column.
    """
    sheet = _sheet(path)
    cells = [
        Cell(step, task, value)
        for step, line in zip(_steps(sheet), sheet.lines, strict=True)
        for task, value in zip(sheet.tasks, _row(sheet, line), strict=True)
    ]
    return Matrix.from_cells(sheet.tasks, cells, schedule)


def read_reference(path: Path, tasks: Sequence[str], schedule: Schedule) -> dict[str, float | None]:
    """One number per task of `tasks`: a single row, or the diagonal (`isolated`) or last row (`joint`) of a matrix.

    Columns are matched by name, so the file may list the tasks in another order.

    Raises:
        InputError: as `read_matrix`, or a task that is not in the file.
    """
    sheet = _sheet(path)
    if len(sheet.lines) == 1:
        values = dict(zip(sheet.tasks, _row(sheet, sheet.lines[0]), strict=True))
    else:
        matrix = read_matrix(path, schedule)
        values = matrix.diagonal if schedule == "isolated" else matrix.last
    for task in tasks:
        if task not in values:
            raise UnknownNameError(path, "column", task, values)
    return {task: values[task] for task in tasks}


def _sheet(path: Path) -> Sheet:
    records = _records(path)
    if not records:
        raise InputError(path, "header", "an empty file", "a column per task")
    (header_line, header), body = records[0], records[1:]
    labelled = _has_labels(header, [cells for _, cells in body])
    tasks = tuple(name.strip() for name in header[1 if labelled else 0 :])
    _check_tasks(path, header_line, tasks, int(labelled))
    lines = tuple(
        Line(number, cells[0].strip() if labelled else None, tuple(cells[1:] if labelled else cells))
        for number, cells in body
    )
    if not lines:
        raise InputError(path, "rows", "a header alone", f"{len(tasks)} rows, or {len(tasks) + 1} with row 0 first")
    return Sheet(path, tasks, lines, int(labelled))


def _records(path: Path) -> list[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(path, "file", error.strerror or type(error).__name__, "a CSV file that can be read") from error
    except UnicodeDecodeError as error:
        raise InputError(path, "encoding", f"byte {error.start} is not UTF-8", "UTF-8 text") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise InputError(path, f"line {reader.line_num}", str(error), "well-formed CSV") from error


def _has_labels(header: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """A first column of labels has no task's name, or words in every row; one stray word is a typing error."""
    if len(header) < 2:
        return False
    firsts = [cells[0].strip() for cells in body]
    words = bool(firsts) and all(text.lower() not in MISSING and not NUMBER.fullmatch(text) for text in firsts)
    return header[0].strip().lower() in LABELS or words


def _check_tasks(path: Path, line: int, tasks: Sequence[str], offset: int) -> None:
    for index, task in enumerate(tasks):
        column = index + 1 + offset
        if not task:
            raise InputError(path, f"line {line}, column {column}", "no name", "the name of a task")
        if task in tasks[:index]:
            raise InputError(path, f"line {line}, column {column}", f"{task!r} again", "each task once")
    if not tasks:
        raise InputError(path, f"line {line}", "no task", "a column per task")
    if all(NUMBER.fullmatch(task) for task in tasks):
        raise InputError(path, f"line {line}", "numbers", "a header with the names of the tasks")


def _steps(sheet: Sheet) -> range | list[int]:
    """The step of each line: its label where all labels are whole numbers, else counted."""
    size, count = len(sheet.tasks), len(sheet.lines)
    labels = [line.label for line in sheet.lines]
    if all(label is not None and label.isdecimal() for label in labels):
        return _labelled_steps(sheet, size)
    if count not in (size, size + 1):
        raise InputError(sheet.path, "rows", count, f"{size} (a row per step) or {size + 1} (row 0 first)")
    return range(size + 1 - count, size + 1)


def _labelled_steps(sheet: Sheet, size: int) -> list[int]:
    steps = [int(line.label or 0) for line in sheet.lines]
    for index, (step, line) in enumerate(zip(steps, sheet.lines, strict=True)):
        if step > size or (index and step <= steps[index - 1]):
            expected = f"rising steps, none above {size}, the number of tasks"
            raise InputError(sheet.path, f"line {line.number}, column 1", f"step {step}", expected)
    return steps


def _row(sheet: Sheet, line: Line) -> Row:
    size = len(sheet.tasks)
    extra = next((index for index, text in enumerate(line.cells) if index >= size and text.strip()), None)
    if extra is not None:
        place = f"line {line.number}, column {extra + 1 + sheet.offset}"
        raise InputError(sheet.path, place, repr(line.cells[extra]), f"no more than {size} cells, one per task")
    values = [_number(sheet, line, index) for index in range(min(size, len(line.cells)))]
    return tuple(values + [None] * (size - len(values)))


def _number(sheet: Sheet, line: Line, index: int) -> float | None:
    text = line.cells[index].strip()
    if text.lower() in MISSING:
        return None
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        place = f"line {line.number}, column {index + 1 + sheet.offset} ({sheet.tasks[index]})"
        raise InputError(sheet.path, place, repr(text[:80]), "a finite number, or blank for a missing cell")
    return value
