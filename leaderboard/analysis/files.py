"""A report as files: JSON, one page that needs nothing else, and figures for papers."""

from __future__ import annotations

from pathlib import Path

from lifealign_bench.benchmark.durable import write_whole
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.analysis.analysis import to_json
from lifealign_bench.leaderboard.analysis.figures import draw
from lifealign_bench.leaderboard.analysis.page import report_page
from lifealign_bench.leaderboard.analysis.record import Analysis
from lifealign_bench.leaderboard.palette import LIGHT

WIDTH = 760
SCALE = 2


def write_report(found: Analysis, folder: Path, figures: str | None = None) -> tuple[Path, ...]:
    """Write `report.html` and `report.json`, with figures `pdf` or `png` also each figure; returns the paths.

    Raises:
        InputError: the folder cannot be made, or figures are asked for without a Chrome or Chromium.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(folder, "folder", error.strerror or type(error).__name__, "one that can be written") from None
    written = [folder / "report.html", folder / "report.json"]
    write_whole(written[0], report_page(found))
    write_whole(written[1], to_json(found))
    return (*written, *(_pictures(found, folder, figures) if figures else ()))


def _pictures(found: Analysis, folder: Path, ending: str) -> list[Path]:
    """Every figure as a file, all with one browser."""
    import plotly.io

    drawn, paths = [], []
    for metric in found.metrics:
        for one in draw(metric, LIGHT):
            one.figure.update_layout(paper_bgcolor="#ffffff", plot_bgcolor="#ffffff")
            if one.figure.layout.width is None:
                one.figure.update_layout(width=WIDTH)
            drawn.append(one.figure)
            paths.append(folder / f"{metric.metric}-{one.file}.{ending}")
    try:
        plotly.io.write_images(fig=drawn, file=paths, format=ending, scale=SCALE)
    except (RuntimeError, ValueError) as error:
        if "hrome" not in str(error):
            raise
        expected = "one in PATH or named by BROWSER_PATH; the page needs none"
        raise InputError(folder, "browser", "no Chrome or Chromium", expected) from None
    return paths
