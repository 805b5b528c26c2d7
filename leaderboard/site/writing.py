"""Writing a board as static files: pages for any web host, CSV, JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from lifealign_bench.benchmark.durable import new_folder
from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site.answers_table import answers_table
from lifealign_bench.leaderboard.site.content import all_tables
from lifealign_bench.leaderboard.site.pages import Site, pages_of

BESIDE = ("site.css", "site.js")


def write_csv(
    board: Board, rows: Rows, target: Path, metrics: Sequence[str] | None = None, *, everything: bool = False
) -> Path:
    """A folder with a CSV file for each table; harmful answers and restricted texts only with `everything`.

    Raises:
        InputError: the folder is already there.
    """
    with new_folder(target) as folder:
        _write_tables(folder, _tables(board, rows, metrics, everything=everything))
    return target


def write_json(
    board: Board, rows: Rows, target: Path, metrics: Sequence[str] | None = None, *, everything: bool = False
) -> Path:
    """One JSON file per table: name, columns with headings, rows; as `write_csv`."""
    with new_folder(target) as folder:
        for table in _tables(board, rows, metrics, everything=everything):
            columns = [{"name": column.name, "title": column.title} for column in table.columns]
            content = {"name": table.name, "columns": columns, "rows": table.records()}
            text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
            (folder / f"{table.name}.json").write_text(text + "\n", "utf-8")
    return target


def write_html(
    board: Board, rows: Rows, target: Path, metrics: Sequence[str] | None = None, *, everything: bool = False
) -> Path:
    """A folder of pages that work on any web host and from disk, without a server and without another host.

    Raises:
        InputError: the folder is already there.
    """
    import plotly

    with new_folder(target) as folder:
        (folder / "methods").mkdir()
        site = Site(board, rows, tuple(metrics) if metrics is not None else None, everything)
        for name, page in pages_of(site):
            (folder / name).write_text(page.html(), "utf-8")
        (folder / "tables").mkdir()
        _write_tables(folder / "tables", site.tables.values())
        own = files("lifealign_bench.leaderboard")
        for name in BESIDE:
            (folder / name).write_text((own / "site" / name).read_text("utf-8"), "utf-8")
        (folder / "icon.png").write_bytes((own / "app" / "icon.png").read_bytes())
        shutil.copyfile(Path(plotly.__file__).parent / "package_data" / "plotly.min.js", folder / "plotly.min.js")
    return target


def _tables(board: Board, rows: Rows, metrics: Sequence[str] | None, *, everything: bool) -> list[Table]:
    found = all_tables(board, rows, metrics)
    contestants = tuple(run for run in board.runs if not run.entry.is_reference)
    if contestants:
        metric = contestants[0].primary_metric
        found.append(answers_table(board, rows, contestants, metric, everything=everything))
    return found


def _write_tables(folder: Path, tables: Iterable[Table]) -> None:
    for table in tables:
        (folder / f"{table.name}.csv").write_bytes(table.csv())
