"""The app without a browser: every page on three boards, filters in the address, and what its process never loads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from opened_app import opened, texts
from stored_boards import HOSTILE, SCRIPT, store_board

from example_board import example_board
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.app.shell import PAGES
from lifealign_bench.leaderboard.serving import VARIABLE, absolute, script, serve
from lifealign_bench.leaderboard.shipped import REFERENCE, board_folder, shipped_results
from lifealign_bench.methods.registry import BUILT_IN


@pytest.fixture(scope="module")
def normal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("normal"), seeds=(0, 1))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("hostile"), HOSTILE)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_draws_on_a_friendly_and_on_a_hostile_board(
    monkeypatch: pytest.MonkeyPatch, normal: Path, hostile: Path, page: str
) -> None:
    opened(monkeypatch, page, normal)
    opened(monkeypatch, page, hostile)


def test_an_empty_board_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = texts(opened(monkeypatch, "ranking", tmp_path))
    assert "lifealign run" in shown
    assert str(tmp_path) in shown


def test_the_shipped_board_is_labelled_synthetic_and_answers_four_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = texts(opened(monkeypatch, "start", example_board()))
    assert "Synthetic world" in shown
    assert "earlier tasks fall by" in shown
    assert "ends lowest in" in shown
    assert "Not shown to be real" in shown


def test_own_runs_stand_beside_the_reference_and_outside_its_ranking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = "er--custom-1--s0"
    shutil.copytree(shipped_results("mini-quick") / run, tmp_path / "mini-quick" / run)
    app = opened(monkeypatch, "ranking", tmp_path, None, board_folder())
    # What stands below the table is drawn at once from the second page of a visit on.
    app.run()
    assert "1 of your 1 run lies where 95 of 100 further runs of the reference would" in texts(app)
    ranked, *others = [frame.value for frame in app.dataframe]
    (beside,) = (frame for frame in others if "Yours is" in frame)
    assert {box.label: box.value for box in app.selectbox}["Suite"] == "mini-quick"
    assert not any("yours" in str(name) for name in ranked["Method"])
    assert list(beside["Method"]) == ["er"]
    (reference,) = set(beside["Reference with your seed, %"])
    (own,) = set(beside["Yours: Last, %"])
    assert reference == own
    shown = opened(monkeypatch, "matrix", tmp_path, None, board_folder())
    assert "er (yours)" in {box.label: box.options for box in shown.selectbox}["Method"]
    said = "1 of your 1 run lies where 95 of 100"
    assert said in texts(opened(monkeypatch, "start", tmp_path, None, board_folder()))
    alone = texts(opened(monkeypatch, "ranking", tmp_path))
    assert "further runs of the reference" not in alone


def test_what_ships_opens_with_its_methods_and_shows_more_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = board_folder() / REFERENCE
    found = {}
    for rows in ("methods", "methods and variants", "methods and tuned settings", "all"):
        app = opened(monkeypatch, "ranking", reference, {"rows": rows, "metric": "Task rubric"})
        found[rows] = set(app.dataframe[0].value["Method"])
    assert found["methods"] == set(BUILT_IN) - {"stl", "mtl"}
    assert "no-slmc" in found["methods and variants"]
    assert "er-tuned" in found["methods and tuned settings"]
    assert found["all"] == found["methods and variants"] | found["methods and tuned settings"]
    first = opened(monkeypatch, "start", reference)
    assert {box.label: box.value for box in first.selectbox}["Reference rows"] == "methods"


def test_a_board_of_other_tasks_is_not_labelled(monkeypatch: pytest.MonkeyPatch, normal: Path) -> None:
    assert "Synthetic world" not in texts(opened(monkeypatch, "ranking", normal))


def test_the_address_chooses_method_order_seed_and_metric(monkeypatch: pytest.MonkeyPatch, normal: Path) -> None:
    asked = {"method": "seqft", "order": "order2", "seed": "1", "metric": "Task rubric"}
    app = opened(monkeypatch, "matrix", normal, asked)
    chosen = {box.label: box.value for box in app.selectbox}
    assert (chosen["Method"], chosen["Order"], chosen["Seed"], chosen["Metric"]) == (
        "seqft",
        "order2",
        "1",
        "Task rubric",
    )
    nonsense = opened(monkeypatch, "matrix", normal, {"method": SCRIPT, "order": "none", "metric": "<b>"})
    assert {box.label: box.value for box in nonsense.selectbox}["Method"] == "er"


def test_harmful_and_restricted_answers_are_folded(monkeypatch: pytest.MonkeyPatch, normal: Path) -> None:
    app = opened(monkeypatch, "samples", normal, {"method": "seqft", "show": "every answer"})
    folds = [item.label for item in app.expander if item.label.startswith("Folded")]
    assert sum("harmful prompt" in label for label in folds) >= 4
    assert sum("licence" in label for label in folds) >= 2


def test_a_filter_of_one_value_is_a_line_and_no_box(monkeypatch: pytest.MonkeyPatch, hostile: Path) -> None:
    app = opened(monkeypatch, "ranking", hostile, {"trust": "reproduced"})
    assert "Metric" in {box.label for box in app.selectbox}
    assert not {"Suite", "Judge", "Trust", "Division"} & {box.label for box in app.selectbox}
    assert "Trust: self-reported" in texts(app).replace("\\", "")
    assert not any("No method fits" in str(item.value) for item in app.markdown), (
        "what cannot be chosen filters nothing"
    )


def test_a_page_of_folded_answers_alone_leads_to_what_can_be_read(
    monkeypatch: pytest.MonkeyPatch, normal: Path, tmp_path: Path
) -> None:
    asked = {"method": "seqft", "show": "every answer"}
    said, way = "Every answer below is folded", "Show those to harmless prompts"
    app = opened(monkeypatch, "samples", normal, asked)
    assert said not in texts(app)
    # Of two pairs one is harmful, and one may not be passed on.
    app = opened(monkeypatch, "samples", store_board(tmp_path, pairs=2), asked)
    assert said in texts(app)
    assert way in [link.proto.label for link in app.get("page_link")]


def test_answers_that_got_worse_come_biggest_fall_first(monkeypatch: pytest.MonkeyPatch, normal: Path) -> None:
    app = opened(monkeypatch, "samples", normal, {"method": "seqft", "prompts": "harmless"})
    falls = [item.value for item in app.text if "of 10)" in str(item.value)]
    assert len(falls) == 4
    assert falls[0].endswith("(−4.0 of 10)")
    assert falls[-1].endswith("(−2.0 of 10)")


def test_what_was_left_out_is_named_on_the_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    board = store_board(tmp_path / "board")
    (board / "m0--o0--s0" / "run.json").write_text("[]")
    for page in ("start", "samples"):
        app = opened(monkeypatch, page, board)
        assert any(item.label == "Left out: 1" for item in app.expander), page


def test_the_process_of_the_app_never_loads_torch_or_a_method(hostile: Path) -> None:
    code = (
        "import sys, json, os\n"
        f"os.environ[{VARIABLE!r}] = {json.dumps([str(hostile)])!r}\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(script())!r}, default_timeout=60).run()\n"
        "assert not app.exception, [item.message for item in app.exception]\n"
        "import lifealign_bench.leaderboard.app.page_orders, lifealign_bench.leaderboard.site.writing\n"
        "bad = [n for n in sys.modules if n.split('.')[0] in ('torch', 'transformers', 'trl', 'peft', 'datasets')]\n"
        "bad += [n for n in sys.modules if n.startswith('lifealign_bench.methods')]\n"
        "assert not bad, bad[:5]\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_place_that_is_not_there_and_a_taken_port_are_one_clear_line(tmp_path: Path) -> None:
    import socket

    with pytest.raises(InputError, match="no such folder"):
        absolute([tmp_path / "nowhere"])
    assert absolute(["s3://bucket/x"]) == ["s3://bucket/x"]
    with socket.create_server(("localhost", 0)) as taken, pytest.raises(InputError, match="a free one"):
        serve([str(tmp_path)], port=taken.getsockname()[1])
