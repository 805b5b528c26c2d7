"""Refusals and variants in the app and on the exported pages: what they show, what they never take for markup."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from opened_app import opened, texts
from stored_boards import FORMULA, HOSTILE, SCRIPT, store_board
from varied_boards import add_safety, changed, store_variants

from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.palette import DARK, LIGHT
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.questions import Question, answer, from_json, to_json
from lifealign_bench.leaderboard.shelf import named_by_code, own_shelf, rows_name
from lifealign_bench.leaderboard.shown import Table
from lifealign_bench.leaderboard.site.pages import Site
from lifealign_bench.leaderboard.site.refusals_page import refusals_page
from lifealign_bench.leaderboard.site.variation_page import variation_page
from lifealign_bench.leaderboard.variation.answers import of_variation
from lifealign_bench.leaderboard.variation.overview import overview_table
from lifealign_bench.leaderboard.variation.record import Variation
from lifealign_bench.leaderboard.variation.refusal_counts import count
from lifealign_bench.leaderboard.variation.refusal_figures import category_figure, stage_figure
from lifealign_bench.leaderboard.variation.refusal_rows import places_of, rows_of
from lifealign_bench.leaderboard.variation.refusals import category_table, stage_table


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = store_variants(tmp_path_factory.mktemp("variants"))
    add_safety(folder / "plain")
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names that are markup and formulas, in two conditions and with safety rows of such categories."""
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("plain", "varied"):
        store_board(folder / name, HOSTILE)
    changed(folder / "varied", varied={"budget.phases.sft.epochs": SCRIPT})
    for name in ("plain", "varied"):
        add_safety(folder / name, SCRIPT, FORMULA)
    return folder


def test_a_board_run_in_one_way_without_a_safety_set_says_what_would_fill_the_pages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store_board(tmp_path)
    assert "lifealign run with --grid, --bases or --vary" in texts(opened(monkeypatch, "variation", tmp_path))
    assert "The suite field safety names one" in texts(opened(monkeypatch, "refusals", tmp_path))


def keep_answer(results: Path) -> None:
    """Compute what variants say, as the process beside the app does, and keep it where the app looks first."""
    runs = load_board([str(results)]).runs
    question = Question("variation", tuple(run.folder for run in runs), "rubric")
    name = rows_name(question, runs)
    assert name is not None
    own_shelf().keep(named_by_code(name), to_json("variation", answer(question, runs, Rows())))


def test_the_page_of_variants_shows_all_of_them_whatever_the_filters_name(
    monkeypatch: pytest.MonkeyPatch, results: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keep_answer(results)
    app = opened(monkeypatch, "variation", results, {"metric": "Task rubric"})
    assert [item.value.replace("\\", "") for item in app.subheader] == [
        "Does the order matter more where the tasks' data differ?",
        "Do rankings hold on another architecture?",
        "What moves the board most?",
    ]
    variants = app.dataframe[0].value
    assert set(variants["Condition"]) == {"as given", "label_noise 0.2", "budget.phases.sft.learning_rate 0.001"}
    assert "other-base" in set(variants["Base"])
    assert "condition.label_noise moves Last most" in texts(app)


def test_the_page_of_refusals_shows_stages_harm_and_both_readers(
    monkeypatch: pytest.MonkeyPatch, results: Path
) -> None:
    app = opened(monkeypatch, "refusals", results, {"attack": "school@1", "reader": "classifier"})
    chosen = {box.label: box.value for box in app.selectbox}
    assert (chosen["Attack"], chosen["Read by"]) == ("school@1", "classifier")
    tables = [list(item.value.columns) for item in app.dataframe]
    assert "Over-refusal, last, %" in tables[0]
    assert "Kind of harm" in tables[2]
    assert "Same label, %" in tables[3]
    assert "oracle and classifier agree on 87.5 %" in texts(app)
    other = opened(monkeypatch, "refusals", results, {"condition": "label_noise 0.2"})
    assert "The suite field safety names one" in texts(other), "a condition is a filter here as everywhere"


def test_names_that_are_markup_stay_text_on_both_pages(
    monkeypatch: pytest.MonkeyPatch, hostile: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keep_answer(hostile)
    for page in ("variation", "refusals"):
        opened(monkeypatch, page, hostile, {"metric": "Task rubric"})


def test_the_exported_pages_hold_the_same_tables_and_no_markup_of_the_data(results: Path, hostile: Path) -> None:
    for place in (results, hostile):
        site = Site(load_board([str(place)]), Rows(), ("rubric",), everything=False)
        for page in (variation_page(site).html(), refusals_page(site).html()):
            assert SCRIPT not in page
            assert "<figure>" in page
        assert any(name.endswith("-variants") for name in site.tables)
        if place == results:
            (stages,) = [table for name, table in site.tables.items() if name.endswith("-refusals-by-stage")]
    rows = list(csv.DictReader(io.StringIO(stages.csv().decode())))
    assert [row["Attack success, %"] for row in rows[4:8]] == ["75.0", "12.5", "12.5", "12.5"]


def test_what_variants_say_is_kept_as_json_under_a_name_of_their_conditions(results: Path) -> None:
    runs = load_board([str(results / name) for name in ("plain", "noise", "base", "rate")]).runs
    question = Question("variation", tuple(run.folder for run in runs), "rubric")
    found = answer(question, runs, Rows())
    assert isinstance(found, Variation)
    again = from_json("variation", to_json("variation", found))
    assert isinstance(again, Variation)
    assert [own.table.records() for own in of_variation(again, DARK)] == [
        own.table.records() for own in of_variation(found, LIGHT)
    ]
    plain = load_board([str(results / "plain")]).runs
    asked = Question("variation", (), "rubric")
    assert rows_name(asked, plain) != rows_name(asked, load_board([str(results / "rate")]).runs)


def test_a_variant_whose_method_lacks_a_number_has_a_dash_and_not_a_mean_of_some(results: Path) -> None:
    runs = load_board([str(results / "plain")]).runs
    whole = overview_table(runs, "rubric").records()[0]
    assert whole["last 0"] == pytest.approx(sum(_lasts(runs, "er")) / len(_lasts(runs, "er")))
    assert overview_table(runs, "no such metric").records()[0]["last 0"] is None


def test_a_method_keeps_its_name_where_its_budget_was_varied(results: Path) -> None:
    runs = load_board([str(results / name) for name in ("plain", "rate")]).runs
    assert {run.entry.label for run in runs} == {run.entry.label for run in load_board([str(results / "plain")]).runs}
    rows = overview_table(runs, "rubric").records()
    assert [row["last 0"] is None for row in rows] == [False, False]


def _lasts(runs: tuple[object, ...], method: str) -> list[float]:
    return [run.number("rubric", "last").value for run in runs if run.entry.label == method]  # type: ignore[attr-defined]


def test_bands_are_the_intervals_and_every_method_has_a_panel(results: Path) -> None:
    rows = rows_of(places_of(load_board([str(results / "plain")]).runs))
    counts = count(rows)
    stages: Table = stage_table(counts)
    figure = stage_figure(stages.frame, "none@1", LIGHT)
    band, line = figure.data[:2]
    first = stages.frame[(stages.frame["method"] == "er") & (stages.frame["attack"] == "none@1")]
    assert list(line.y) == first["success"].tolist()
    assert list(band.y) == [*first["success_high"], *reversed(first["success_low"].tolist())]
    assert len(figure.data) == 2 * 2 * 2
    heat = category_figure(category_table(counts).frame, "none@1", LIGHT).data[0]
    assert [row[0] for row in heat.z] == [12.5, 37.5]
