"""Everything that a board shows: the runs that can be read, and by name what was left out and why."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from lifealign_bench.benchmark.columns import TABLES
from lifealign_bench.benchmark.schema import RUN_FILE
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board_run import BoardRecord, BoardRun, Entry, Known, board_run
from lifealign_bench.leaderboard.faults import fault_of
from lifealign_bench.leaderboard.places import Folder, ends_of, folders_below, is_url, read_bytes
from lifealign_bench.leaderboard.shipped import board_folder

FOLDER = "cards"
"""The folder of judge cards, see `judges.cards.writing`."""
TABLE_FILES = frozenset(f"{table}.parquet" for table in TABLES)
MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run, or a part of one, that the board does not show, and why in one line."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Board:
    """Runs sorted by scope, entry, order and seed; what was left out; texts of suites by the folder of their runs.

    cards: places of judge cards, by a stamp that changes when one does.
    """

    runs: tuple[BoardRun, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    texts: frozenset[str] = frozenset()
    cards: tuple[tuple[str, str], ...] = ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes there are, each once: those with most runs of the reader's own first, then those with most."""
        counts = Counter(run.scope for run in self.runs)
        own = Counter(run.scope for run in self.runs if not run.ships)
        return tuple(sorted(counts, key=lambda scope: (-own[scope], -counts[scope], scope)))

    def of(self, scope: str) -> tuple[BoardRun, ...]:
        """The runs of one scope."""
        return tuple(run for run in self.runs if run.scope == scope)

    def texts_of(self, run: BoardRun) -> str | None:
        """Where the prompts and references of a run's suite are, None where they are not here."""
        folder = f"{run.folder.rpartition('/')[0]}/texts.parquet"
        return folder if folder in self.texts else None


@dataclass
class BoardReader:
    """Reads results again and again; what has not changed since is not read twice."""

    places: tuple[str, ...]
    _known: dict[tuple[str, str], BoardRun | LeftOut] = field(default_factory=dict)
    _shared: Known = field(default_factory=Known)

    def read(self) -> Board:
        """The board of all places, as they are now."""
        with _uncollected():
            return self._read()

    def _read(self) -> Board:
        kept: dict[tuple[str, str], BoardRun | LeftOut] = {}
        left: list[LeftOut] = []
        texts: set[str] = set()
        cards: set[tuple[str, str]] = set()
        for place in self.places:
            ships = not is_url(place) and Path(place).absolute().is_relative_to(board_folder().absolute())
            cards.update(_cards_beside(place))
            try:
                folders = list(folders_below(place))
            except InputError as error:
                left.append(LeftOut(place, f"{error.found}; expected {error.expected}"))
                continue
            for folder in folders:
                if "texts.parquet" in folder.files:
                    texts.add(folder.file("texts.parquet"))
                if folder.name == FOLDER:
                    cards.update(_cards_in(folder))
                    continue
                key = (folder.path, repr(sorted(folder.files.items())))
                found = self._known.get(key) or _look(folder, self._shared)
                if found is not None:
                    kept[key] = replace(found, ships=True) if ships and isinstance(found, BoardRun) else found
        self._known = kept
        left += [item for item in kept.values() if isinstance(item, LeftOut)]
        own = [item for item in kept.values() if isinstance(item, BoardRun)]
        runs, twice = _once(_told_from_shipped(own))
        return Board(_labelled(runs), (*left, *twice, *_lacking(runs)), frozenset(texts), tuple(sorted(cards)))


def _cards_in(folder: Folder) -> Iterator[tuple[str, str]]:
    return ((folder.file(name), stamp) for name, stamp in folder.files.items() if name.endswith(".json"))


def _cards_beside(place: str) -> Iterator[tuple[str, str]]:
    """Cards of a workspace where the place is one suite's results in it."""
    beside = None if is_url(place) else Path(place).absolute().parent / FOLDER
    if beside is not None and beside.is_dir():
        for folder in folders_below(str(beside)):
            yield from _cards_in(folder)


def load_board(places: Sequence[str | os.PathLike[str]]) -> Board:
    """The board of these folders or URLs; never fails on what lies in them."""
    return BoardReader(tuple(os.fspath(place) for place in places)).read()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of garbage: thousands of records are all kept, and looking at them again and again takes
    as long as reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _look(folder: Folder, known: Known) -> BoardRun | LeftOut | None:
    """The run in a folder, why there is none where there should be one, or None for a folder of something else."""
    hidden = folder.name.startswith(".")
    if RUN_FILE not in folder.files or hidden:
        unfinished = TABLE_FILES & folder.files.keys() or (hidden and RUN_FILE in folder.files)
        return LeftOut(folder.path, f"still being written, or broken off: no {RUN_FILE} yet") if unfinished else None
    try:
        text = read_bytes(folder.file(RUN_FILE))
    except OSError as error:
        return LeftOut(folder.path, f"{RUN_FILE}: {error.strerror or type(error).__name__}")
    try:
        record = BoardRecord.model_validate_json(text)
    except ValidationError as error:
        return LeftOut(folder.path, fault_of(text, error))
    if "cells.parquet" not in folder.files:
        return LeftOut(folder.path, "cells.parquet: no such file; without it no number can be recomputed")
    broken = [name for name in sorted(TABLE_FILES & folder.files.keys()) if not _is_whole(folder.file(name))]
    if "cells.parquet" in broken:
        return LeftOut(folder.path, "cells.parquet: cut short or no Parquet file")
    return board_run(folder.path, frozenset(folder.files.keys() - set(broken)), record, known)


def _is_whole(path: str) -> bool:
    """Whether a local file begins and ends as Parquet does; a remote one is not opened for that."""
    if is_url(path):
        return True
    try:
        return ends_of(path, len(MAGIC)) == (MAGIC, MAGIC)
    except OSError:
        return False


def _told_from_shipped(runs: Sequence[BoardRun]) -> Iterator[BoardRun]:
    """A reader's own runs of what ships are entries of their own: the two are read side by side and never mixed."""
    shipped = {(run.scope, run.entry.key) for run in runs if run.ships}
    made: dict[str, Entry] = {}
    for run in runs:
        if run.ships or (run.scope, run.entry.key) not in shipped:
            yield run
            continue
        entry = run.entry
        if entry.key not in made:
            made[entry.key] = replace(entry, key=f"{entry.key}-own", label=f"{entry.label} (yours)", beside=entry.label)
        yield replace(run, entry=made[entry.key])


def _once(runs: Iterable[BoardRun]) -> tuple[list[BoardRun], list[LeftOut]]:
    """Runs sorted, each identity once: the second of two is left out."""
    found: dict[tuple[str, str, str, int], BoardRun] = {}
    twice = []
    for run in runs:
        key = (run.scope, run.entry.key, run.order, run.seed)
        if key in found:
            twice.append(LeftOut(run.folder, f"the same run as {found[key].folder}"))
        else:
            found[key] = run
    return sorted(found.values(), key=lambda run: (run.scope, run.entry.label, run.order, run.seed)), twice


def _labelled(runs: Sequence[BoardRun]) -> tuple[BoardRun, ...]:
    """Runs whose entries have different labels: a name that two entries of one scope share gets the beginning of their
    keys. Runs of two scopes never meet in one ranking: there the name is kept.
    """
    names: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        names.setdefault((run.scope, run.entry.label), set()).add(run.entry.key)
    shared: dict[str, Entry] = {}
    return tuple(_told_apart(run, shared) if len(names[run.scope, run.entry.label]) > 1 else run for run in runs)


def _told_apart(run: BoardRun, shared: dict[str, Entry]) -> BoardRun:
    key = run.entry.key
    if key not in shared:
        shared[key] = replace(run.entry, label=f"{run.entry.label} [{key[:6]}]")
    return replace(run, entry=shared[key])


def _lacking(runs: Iterable[BoardRun]) -> Iterator[LeftOut]:
    for run in runs:
        if run.lacking:
            yield LeftOut(run.folder, f"shown without {', '.join(run.lacking)}: no such file, or cut short")
