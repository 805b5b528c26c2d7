"""Where a task's records come from: the hub, local files, a folder given for all tasks, or the miniature world."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from lifealign_bench.data.cards import HubSource, LocalSource, TaskCard, WorldSource
from lifealign_bench.data.converters import RawRow, convert
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record
from lifealign_bench.data.files import EVALUATION_STEMS, TRAIN_STEMS, read_records, split_file
from lifealign_bench.data.mini.world import Split
from lifealign_bench.data.rows import EVALUATION_EVENT, Message, digest


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The raw rows of both splits.

    origin: `hub`, `local` or `world`. revision: the commit, where there is one.
    """

    train: tuple[RawRow, ...]
    evaluation: tuple[RawRow, ...]
    origin: str
    revision: str | None


def read_source(card: TaskCard, data_dir: Path | None) -> SourceRows:
    """Both splits of a task, not cleaned yet.

    A card's own absolute path comes first; with `data_dir`, its folder named as the card or one of its aliases is
    read and the hub is never asked.

    Raises:
        InputError: a file, folder, column or data set is missing or malformed.
    """
    source = card.source
    sys.audit(EVALUATION_EVENT, card.name)
    if isinstance(source, WorldSource):
        return SourceRows(_world_rows(card, source, "train"), _world_rows(card, source, source.items), "world", None)
    if isinstance(source, LocalSource):
        return _read_own(card, source, data_dir)
    if data_dir is not None:
        return _read_local(card, _task_folder(card, data_dir), source.splits.evaluation_share)
    return _read_hub(card, source)


def read_tuning_source(card: TaskCard, data_dir: Path | None) -> SourceRows:
    """The rows to tune on, all of them under `train`; evaluation rows are never opened, so there are none.

    Of the miniature world those made from the items kept for tuning; of everything else the training rows. Where one
    file holds both splits it is divided as `read_source` does, and its evaluation rows are let go at once.

    Raises:
        InputError: as `read_source`, or the card itself evaluates on the items kept for tuning.
    """
    source = card.source
    if isinstance(source, WorldSource):
        if source.items == "tuning":
            where = f"task {card.name}"
            raise InputError(where, "source.items", "tuning", "evaluation: a suite that evaluates on it is tuned on it")
        return SourceRows(_world_rows(card, source, "tuning"), (), "world", None)
    if isinstance(source, LocalSource):
        path = _own_path(card, source, data_dir)
        if source.evaluation_path is not None:
            return SourceRows(_convert(card, read_records(path)), (), "local", None)
        return _read_local_training(card, path, source.evaluation_share)
    if data_dir is not None:
        return _read_local_training(card, _task_folder(card, data_dir), source.splits.evaluation_share)
    train, revision = _read_hub_training(card, source)
    return SourceRows(train, (), "hub", revision)


def prompt_key(prompt: tuple[Message, ...]) -> str:
    """64 hex digits that two prompts share if they differ only in letter case and white space."""
    return digest([[turn.role, " ".join(turn.content.casefold().split())] for turn in prompt])


def divide(rows: tuple[RawRow, ...], share: float) -> tuple[tuple[RawRow, ...], tuple[RawRow, ...]]:
    """Training and evaluation rows of a source with one split; `share` in (0, 1) of the prompts are evaluation.

    A hash of the prompt decides, so one prompt is never on both sides and rows that are added move no other row.
    """
    limit = share * 2**32
    evaluated = [int(digest(["evaluation", prompt_key(row.prompt)])[:8], 16) < limit for row in rows]
    train = tuple(row for row, held_out in zip(rows, evaluated, strict=True) if not held_out)
    return train, tuple(row for row, held_out in zip(rows, evaluated, strict=True) if held_out)


def _world_rows(card: TaskCard, source: WorldSource, split: Split) -> tuple[RawRow, ...]:
    from lifealign_bench.data.mini.tasks import task_rows

    return tuple(
        RawRow(
            prompt=(Message("user", row.prompt),),
            chosen=row.chosen,
            rejected=(row.rejected,),
            harm="harmful" if row.item.kind == "harmful" else "harmless",
            category=row.item.group,
            item=row.item.id,
        )
        for row in task_rows(card.name, split, source.seed)
    )


def _read_own(card: TaskCard, source: LocalSource, data_dir: Path | None) -> SourceRows:
    path = _own_path(card, source, data_dir)
    if source.evaluation_path is None:
        return _read_local(card, path, source.evaluation_share)
    train, evaluation = (_convert(card, read_records(file)) for file in (path, Path(source.evaluation_path)))
    return SourceRows(train, evaluation, "local", None)


def _read_hub(card: TaskCard, source: HubSource) -> SourceRows:
    from lifealign_bench.data import hub

    records, revision = hub.read_split(source, source.splits.train)
    train = _convert(card, records)
    if source.splits.evaluation is not None:
        evaluation = _convert(card, hub.read_split(source, source.splits.evaluation)[0])
    else:
        train, evaluation = divide(train, source.splits.evaluation_share or 0.0)
    return SourceRows(train, evaluation, "hub", revision)


def _read_hub_training(card: TaskCard, source: HubSource) -> tuple[tuple[RawRow, ...], str | None]:
    from lifealign_bench.data import hub

    records, revision = hub.read_split(source, source.splits.train)
    rows = _convert(card, records)
    share = source.splits.evaluation_share
    return rows if share is None else divide(rows, share)[0], revision


def _read_local_training(card: TaskCard, path: Path, share: float | None) -> SourceRows:
    if path.is_dir() and (file := split_file(path, TRAIN_STEMS)) and split_file(path, EVALUATION_STEMS):
        return SourceRows(_convert(card, read_records(file)), (), "local", None)
    whole = _read_local(card, path, share)
    return SourceRows(whole.train, (), whole.origin, whole.revision)


def _read_local(card: TaskCard, path: Path, share: float | None) -> SourceRows:
    if not path.is_dir():
        return _read_one_file(card, path, share)
    train_file, evaluation_file = split_file(path, TRAIN_STEMS), split_file(path, EVALUATION_STEMS)
    if train_file is None:
        raise InputError(path, "training file", _listing(path), "train.jsonl, train.json or train.parquet")
    if evaluation_file is None:
        if share is not None:
            return _read_one_file(card, train_file, share)
        raise InputError(path, "evaluation file", _listing(path), "test.jsonl, test.json or test.parquet")
    train, evaluation = (_convert(card, read_records(file)) for file in (train_file, evaluation_file))
    return SourceRows(train, evaluation, "local", None)


def _read_one_file(card: TaskCard, path: Path, share: float | None) -> SourceRows:
    rows = _convert(card, read_records(path))
    if share is None:
        expected = "`source.evaluation_share` in the card, or a folder with train.* and test.*"
        raise InputError(path, "split", "one file and no rule that divides it", expected)
    train, evaluation = divide(rows, share)
    return SourceRows(train, evaluation, "local", None)


def _convert(card: TaskCard, records: tuple[Record, ...]) -> tuple[RawRow, ...]:
    return tuple(convert(record, card) for record in records)


def _own_path(card: TaskCard, source: LocalSource, data_dir: Path | None) -> Path:
    path = Path(source.path)
    if path.is_absolute():
        return path
    if data_dir is None:
        raise InputError(f"task {card.name}", "data folder", "none", f"--data-dir with a folder {source.path!r} in it")
    return _task_folder(card, data_dir) if path.name in card.names else data_dir / path


def _task_folder(card: TaskCard, data_dir: Path) -> Path:
    for name in card.names:
        if (data_dir / name).is_dir():
            return data_dir / name
    found = _listing(data_dir) if data_dir.is_dir() else "no such folder"
    raise InputError(data_dir, f"data of task {card.name}", found, f"a folder named {' or '.join(card.names)}")


def _listing(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") or "an empty folder"
