"""Figures: what stands in them, and real pictures from a real browser."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pandas as pd
import pytest

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.leaderboard.cell_numbers import BLACK, WHITE, luminance, readable_on
from lifealign_bench.leaderboard.figures import figure_of_runs, forgetting_figure, write_figure
from lifealign_bench.leaderboard.matrix_figures import difference_figure
from lifealign_bench.leaderboard.order_figures import last_by_order_figure
from lifealign_bench.leaderboard.palette import DIVERGING, LIGHT, SEQUENTIAL
from stored_runs import TASKS, make_matrix, store_run

LOW = ((10.0, 20.0, 30.0), (50.0, 26.0, 28.0), (40.0, 60.0, 34.0), (20.0, 35.0, 80.0))
DIAGONAL = ((10.0, 20.0, 30.0), (52.0, None, None), (None, 71.0, None), (None, None, 81.0))
LAST_ROW = ((10.0, 20.0, 30.0), (None,) * 3, (None,) * 3, (65.0, 80.0, 95.0))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    store_run(tmp_path, "seqft", matrix=make_matrix(LOW))
    store_run(tmp_path, "er")
    store_run(tmp_path, "stl", matrix=make_matrix(DIAGONAL, "isolated"))
    store_run(tmp_path, "mtl", matrix=make_matrix(LAST_ROW, "joint"))
    store_run(tmp_path, "seqft", order="order2", matrix=make_matrix(LAST_ROW))
    return tmp_path


def test_panels_are_sequential_methods_best_first_with_references_below(results: Path) -> None:
    figure = figure_of_runs(results)
    titles = [note.text for note in figure.layout.annotations]
    assert [title.split("<")[1] for title in titles] == ["b>er", "b>seqft"]
    seqft = figure.data[1]
    assert [list(row) for row in seqft.z] == [
        *(list(row) for row in LOW),
        [65.0, 80.0, 95.0],
        [52.0, 71.0, 81.0],
    ]
    assert next(iter(seqft.y)) == "base"
    assert list(seqft.y)[-2:] == ["all tasks at once (mtl)", "each task alone (stl)"]
    assert len(list(seqft.x)) == len(TASKS)


def test_each_panel_frames_the_task_that_was_just_learned_and_all_share_one_scale(results: Path) -> None:
    figure = figure_of_runs(results)
    frames = [(shape.x0, shape.y0) for shape in figure.layout.shapes if shape.xref == "x"]
    assert frames == [(place - 0.5, place + 0.5) for place in range(len(TASKS))]
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 100)


def test_a_missing_cell_is_empty_and_never_zero() -> None:
    figure = forgetting_figure({"x": make_matrix(DIAGONAL)}, {}, "preference_accuracy")
    assert figure.data[0].text[1][1] == ""
    assert figure.data[0].z[1][1] is None or math.isnan(figure.data[0].z[1][1])


def test_order_seed_and_metric_are_chosen_by_name(results: Path) -> None:
    assert "order2" in figure_of_runs(results, order="order2").layout.title.text
    with pytest.raises(UnknownNameError, match="order9"):
        figure_of_runs(results, order="order9")
    with pytest.raises(UnknownNameError, match="7"):
        figure_of_runs(results, seed=7)
    with pytest.raises(UnknownNameError, match="nothing"):
        figure_of_runs(results, metric="nothing")


def test_references_alone_and_runs_of_two_suites_are_refused(tmp_path: Path) -> None:
    store_run(tmp_path, "stl", matrix=make_matrix(DIAGONAL, "isolated"))
    with pytest.raises(InputError, match="references only"):
        figure_of_runs(tmp_path)
    store_run(tmp_path, "seqft", comparability_key="f" * 64)
    with pytest.raises(InputError, match="may not be compared"):
        figure_of_runs(tmp_path)


@pytest.mark.parametrize("ending", [".png", ".svg", ".html"])
def test_a_figure_is_written_whole(results: Path, tmp_path: Path, ending: str) -> None:
    figure = figure_of_runs(results)
    target = tmp_path / f"figure{ending}"
    write_figure(figure, target)
    content = target.read_bytes()
    if ending == ".png":
        width, height = struct.unpack(">II", content[16:24])
        assert (width, height) == (2 * figure.layout.width, 2 * figure.layout.height)
    else:
        assert b"seqft" in content
    assert b"<script src=" not in content  # a page works without a network


def test_a_figure_that_cannot_be_written_says_why(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = figure_of_runs(results)
    with pytest.raises(InputError, match="ends in"):
        write_figure(figure, tmp_path / "figure.gif")
    with pytest.raises(InputError, match="no such folder"):
        write_figure(figure, tmp_path / "nowhere" / "figure.png")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no Chrome or Chromium"):
        write_figure(figure, tmp_path / "figure.png")
    assert not (tmp_path / "figure.png").exists()


def test_a_colour_bar_has_three_numbers_and_its_unit_once() -> None:
    figure = difference_figure([[-1412.0, 30.0]], ["a", "b"], "points", LIGHT, ["base"])
    bar = figure.data[0].colorbar
    assert list(bar.tickvals) == [-1412.0, 0.0, 1412.0]
    assert list(bar.ticktext) == ["−1412", "0", "+1412"]
    assert (bar.title.text, bar.ticksuffix) == ("points", None)


def test_a_legend_of_many_orders_has_room_between_the_marks_and_the_buttons() -> None:
    def drawn(count: int) -> tuple[float, float]:
        orders = [f"order{place}" for place in range(count)]
        frame = pd.DataFrame([{"method": "er", "worst": 1.0, "best": 2.0, **{f"last {name}": 1.5 for name in orders}}])
        layout = last_by_order_figure(frame, orders, "rubric", LIGHT).layout
        return layout.margin.t, layout.height - layout.margin.t

    assert drawn(6)[0] >= drawn(2)[0] + 20
    assert drawn(6)[1] == drawn(2)[1]


@pytest.mark.parametrize("scale", [SEQUENTIAL, DIVERGING])
def test_numbers_in_cells_read_on_every_colour(scale: str) -> None:
    letters = {BLACK: 0.0, WHITE: 1.0}
    for step in range(101):
        ground, own = luminance(scale, step / 100), letters[readable_on(scale, step / 100)]
        # 4.5 to 1 is the least for letters of this size (WCAG 2.2, 1.4.3).
        assert (max(ground, own) + 0.05) / (min(ground, own) + 0.05) >= 4.5, step
