"""`lifealign report` on stored runs: whole boards, boards that lack something, and runs that may not be compared."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from example_board import example_board
from lifealign_bench.cli import app
from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.leaderboard.analysis.analysis import from_json, to_json
from lifealign_bench.leaderboard.analysis.record import Analysis
from stored_pairs import ORDERS, store_pairs, store_pairs_board


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(app, ["report", *map(str, arguments)])


def analysed(*arguments: object) -> Analysis:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    return from_json(done.stdout)


def refused(*arguments: object) -> str:
    done = run(*arguments)
    assert isinstance(done.exception, LifeAlignError), done.output
    return str(done.exception)


def test_the_example_board_is_told_in_tables_and_words() -> None:
    done = run(example_board(), "--metric", "preference_accuracy")
    assert done.exit_code == 0
    for title in ("Ranking", "Order sensitivity", "Interference: mean over 8 methods", "Seen in these runs", "Open:"):
        assert title in done.stdout
    assert "3 of the 10 blocks (order, seed) that tie groups need" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_json_is_strict_whole_and_the_same_each_time(tmp_path: Path) -> None:
    board = store_pairs_board(tmp_path, ["er", "seqft"])
    first = run(board, "--json")
    found = from_json(first.stdout)
    assert to_json(found).decode() == first.stdout == run(board, "--json").stdout
    json.loads(first.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found.schema_version == 3
    assert [metric.metric for metric in found.metrics] == ["preference_accuracy"]


def test_one_order_with_one_seed_says_why_there_is_nothing_to_compare(tmp_path: Path) -> None:
    (found,) = analysed(store_pairs_board(tmp_path, ["er", "seqft"], {"order1": ("a", "b", "c")})).metrics
    assert {one.level for one in found.statements} <= {"seen", "open"}
    assert all(own.differences.aopd.reason == "one order: nothing to compare" for own in found.sensitivity)
    assert all(test.estimate.reason for test in found.order_tests)
    assert found.agreement.w.reason == "one order: nothing to agree with"
    assert {effect.reason for own in found.positions for effect in own.effects} == {
        "one order: a task and its position cannot be told apart"
    }
    assert run(tmp_path).exit_code == 0


def test_one_task_has_neither_forgetting_nor_interference(tmp_path: Path) -> None:
    found = analysed(store_pairs_board(tmp_path, ["er", "seqft"], {"order1": ("a",)}))
    (metric,) = found.metrics
    assert {row.bwt.reason for row in metric.methods} == {"there is only one task (T = 1)"}
    assert metric.interference_tests == ()
    assert "one task (T = 1)" in found.notes[0]
    assert run(tmp_path, "--out", tmp_path / "out").exit_code == 0


def test_a_missing_run_is_named_and_its_method_not_ranked(tmp_path: Path) -> None:
    board = store_pairs_board(tmp_path, ["er", "seqft", "gem"])
    shutil.rmtree(board / "er--order2--s0")
    found = analysed(board)
    (metric,) = found.metrics
    assert found.design.missing == ("er has no run of order2, seed 0",)
    own = next(row for row in metric.ranking.ranks if row.method == "er")
    assert own.rank is None
    assert "order2, seed 0: this run is missing" in str(own.reason)
    assert metric.averaged.over == ("gem", "seqft")
    assert "er has no run of order2, seed 0" in run(board).stdout
    coverage = next(row.coverage for row in metric.methods if row.method == "er")
    assert (coverage.runs, coverage.blocks) == (2, 3)


def test_a_method_with_a_missing_cell_has_no_number_that_needs_it(tmp_path: Path) -> None:
    import pandas as pd

    from lifealign_bench.benchmark.columns import read_table, write_table

    board = store_pairs_board(tmp_path, ["er", "seqft", "gem"])
    rows = read_table(board / "er--order1--s0", "pairs")
    kept: pd.DataFrame = rows[~((rows["step"] == 3) & (rows["task"] == "a"))]
    write_table(board / "er--order1--s0", "pairs", kept.reset_index(drop=True))
    (metric,) = analysed(board).metrics
    own = next(row for row in metric.ranking.ranks if row.method == "er")
    assert "a after 3 of 3 tasks is missing" in str(own.reason)
    cost = next(one for one in metric.interference if one.method == "er")
    assert cost.learned_before[2][0].n_runs < 3
    assert run(board).exit_code == 0


def test_ties_everywhere_separate_nobody(tmp_path: Path) -> None:
    for method in ("er", "seqft"):
        for order, tasks in ORDERS.items():
            for seed in (0, 1):
                store_pairs(tmp_path, method, order, tasks, seed, constant=100.0)
    (metric,) = analysed(tmp_path).metrics
    assert [row.rank for row in metric.ranking.ranks] == [1, 1]
    assert not [one for one in metric.statements if one.level == "shown"]
    assert metric.agreement.w.reason == "all methods are tied in every order"
    assert {row.last.reason for row in metric.methods} == {
        "every item has the same score: the spread over items is not known"
    }
    done = run(tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.exception


def test_methods_with_different_orders_are_refused(tmp_path: Path) -> None:
    store_pairs(tmp_path, "er", "order1", ORDERS["order1"])
    store_pairs(tmp_path, "seqft", "order2", ORDERS["order2"])
    assert "found er ran order1 and seqft ran order2, expected the same orders for both" in refused(tmp_path)


def test_several_boards_are_refused_until_one_is_chosen(tmp_path: Path) -> None:
    store_pairs_board(tmp_path / "one", ["er", "seqft"])
    store_pairs_board(tmp_path / "two", ["er", "seqft"])
    for path in (tmp_path / "two").rglob("run.json"):
        changed = path.read_text("utf-8").replace('"tiny"', '"other"')
        path.write_text(changed, "utf-8")
    message = refused(tmp_path)
    assert "2 boards that may not be compared" in message
    assert "--suite" in message
    assert analysed(tmp_path, "--suite", "other").suite == "other"
    assert "none with this suite" in refused(tmp_path, "--suite", "third")


def test_a_metric_without_a_number_per_prompt_is_refused(tmp_path: Path) -> None:
    board = store_pairs_board(tmp_path, ["er", "seqft"])
    assert "bleu" in refused(board, "--metric", "bleu")


def test_figures_need_a_folder_and_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    board = store_pairs_board(tmp_path / "runs", ["er", "seqft"])
    assert "--out" in refused(board, "--figures", "pdf")
    (tmp_path / "empty").mkdir()
    assert "no run.json" in refused(tmp_path / "empty")


def test_a_page_asks_nobody_for_anything_and_names_are_texts(tmp_path: Path) -> None:
    script = "<script>window.hacked=1</script>"
    orders = {"order1": ("a&b", script, "</script><b>x"), "order2": ("</script><b>x", "a&b", script)}
    board = store_pairs_board(tmp_path / "runs", ["er"], orders)
    for place in board.iterdir():
        record = (place / "run.json").read_text("utf-8")
        (place / "run.json").write_text(record.replace('"tiny"', '"</title><img src=x onerror=alert(1)>"'), "utf-8")
    done = run(board, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.exception
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    ours = page.partition("</main>")[0]
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in ours
    assert script not in page
    assert "<img" not in ours
    assert "<b>" not in ours
    assert not re.search(r"""(?:src|href)=["'](?!#)""", ours)
    assert "default-src 'none'" in html.unescape(ours.partition("</head>")[0])
    assert page.count("<script") == ours.count("<script") + 2


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium")
def test_the_page_draws_every_figure_in_a_browser_without_a_request(tmp_path: Path) -> None:
    from browsing import PATIENCE_S, browser

    board = store_pairs_board(tmp_path / "runs", ["er", "seqft"])
    assert run(board, "--out", tmp_path / "out").exit_code == 0
    asked: list[str] = []
    faults: list[str] = []
    with browser() as opened:
        page = opened.new_page(viewport={"width": 390, "height": 20000})
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((tmp_path / "out" / "report.html").as_uri())
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.wait_for_function("[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('.main-svg'))")
        count = page.locator(".plot").count()
        wide = page.evaluate("document.documentElement.scrollWidth")
    assert count >= 6
    assert len(asked) == 1
    assert faults == []
    assert wide <= 390


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium")
def test_figures_are_written_as_pdf_too(tmp_path: Path) -> None:
    board = store_pairs_board(tmp_path / "runs", ["er", "seqft"])
    done = run(board, "--out", tmp_path / "out", "--figures", "pdf")
    assert done.exit_code == 0, done.exception
    names = {path.name for path in (tmp_path / "out").glob("*.pdf")}
    assert {f"preference_accuracy-{name}.pdf" for name in ("rank-intervals", "last-by-order", "interference")} <= names
    assert all(path.read_bytes().startswith(b"%PDF") for path in (tmp_path / "out").glob("*.pdf"))


def test_a_change_of_the_json_needs_a_new_schema_version() -> None:
    """Where this fails, raise SCHEMA_VERSION, say so in docs/versions.md, and pin the new hash."""
    from pydantic import TypeAdapter

    from lifealign_bench.data.rows import digest
    from lifealign_bench.leaderboard.analysis.record import SCHEMA_VERSION

    schema = TypeAdapter(Analysis).json_schema()
    text = json.dumps(schema, sort_keys=True)
    fields = {name: sorted(one.get("properties", {})) for name, one in json.loads(text)["$defs"].items()}
    assert (SCHEMA_VERSION, digest(fields)[:16]) == (3, "d5a2aa063ba7f134")
