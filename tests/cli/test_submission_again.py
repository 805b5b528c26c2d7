"""A submitted run is run again in a process of its own, and a part of its answers is judged again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from small_bundle import ONE, board_of_few, edit_table, write_golden
from typer.testing import CliRunner

from example_board import example_board
from lifealign_bench.cli import app
from lifealign_bench.cli.method_template import write_method
from lifealign_bench.cli.submission_again import retest_rates
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.cards.schema import CardFile, Spread
from lifealign_bench.judges.estimates import Estimate
from lifealign_bench.judges.oracle import Oracle
from lifealign_bench.leaderboard.submissions.packing import seal
from lifealign_bench.leaderboard.submissions.reproducing import can_isolate, scrubbed
from support import write_suite

CODE = f"https://example.org/me/pull@{'a' * 40}:pull.py"


def said(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return str(done.stdout)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    return write_golden(board_of_few(folder / "board"), folder / "bundle")


def test_a_run_of_a_new_method_is_reproduced_from_its_file_and_not_from_another(
    tmp_path: Path, tiny_suite: Path
) -> None:
    method = write_method("pull", tmp_path)
    values = yaml.safe_load(tiny_suite.read_text("utf-8"))
    tiny_suite.write_text(yaml.safe_dump({**values, "methods": [{"name": method.reference, "label": "pull"}]}), "utf-8")
    workspace = tmp_path / "workspace"
    said("run", tiny_suite, "--workspace", workspace, "--workers", 1)
    bundle = tmp_path / "pull.zip"
    said("submission", "pack", workspace, "--method", "pull", "--code", CODE, "--file", method.reference, "-o", bundle)
    again = ["submission", "reproduce", bundle, "--suite", tiny_suite, "--json", "--not-isolated"]
    found = json.loads(said(*again, "--file", method.method))
    assert found["reproduced"]
    assert found["same_source"]
    assert found["answers"][0] == found["answers"][1] > 0
    assert found["largest_difference"] == 0.0
    assert found["isolated"] == can_isolate()
    other = Path(shutil.copy(method.method, tmp_path / "other.py"))
    other.write_text(other.read_text("utf-8") + "\nx = 1\n", "utf-8")
    done = CliRunner().invoke(app, [str(part) for part in (*again, "--file", other)])
    assert isinstance(done.exception, InputError)


def test_a_run_is_run_again_on_a_fresh_world_whose_items_nobody_has_seen(tmp_path: Path, tiny_base: Path) -> None:
    method, tasks = write_method("pull", tmp_path), ["mini-general", "mini-safe"]
    made: dict[str, object] = {"data_dir": None, "world_seed": 0, "judge": "oracle", "tasks": tasks}
    made |= {"methods": [{"name": method.reference, "label": "pull"}], "orders": {"order1": tasks}}
    suite = write_suite(tmp_path / "made.yaml", tmp_path, tiny_base, **made)
    said("run", suite, "--workspace", tmp_path / "workspace", "--workers", 1)
    packed = ("--method", "pull", "--code", CODE, "--file", method.reference, "-o", tmp_path / "pull.zip")
    said("submission", "pack", tmp_path / "workspace", *packed)
    again = ["submission", "reproduce", tmp_path / "pull.zip", "--suite", suite, "--file", method.method, "--json"]
    done = CliRunner().invoke(app, [str(part) for part in (*again, "--not-isolated", "--world-seed", 3)])
    found = json.loads(done.stdout)
    assert "again on world 3, whose base is built first" in done.stderr
    assert "  done: train pull: mini-general (seed 0)" in done.stderr
    # Whether numbers of so few prompts fit, or have an error to fit within, is chance; that they are of other items,
    # and that the primary metric is always compared, is not.
    assert (found["answers"], found["same_source"], found["isolated"]) == (None, True, can_isolate())
    assert {metric["metric"] for metric in found["metrics"]} >= {"preference_accuracy"}
    done = CliRunner().invoke(app, [str(part) for part in (*again, "--not-isolated", "--world-seed", 0)])
    assert "the same rows" in str(done.exception)


def test_the_other_process_gets_no_key() -> None:
    kept = scrubbed({"PATH": "/bin", "OPENAI_API_KEY": "secret", "HF_TOKEN": "secret", "HOME": "/x/me"}, Path("/x"))
    assert kept["PATH"] == "/bin"
    assert kept["HOME"] == "/x"
    assert "secret" not in kept.values()


def test_the_judges_card_says_how_often_it_agrees_with_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    judge = Oracle(0).identity
    assert retest_rates(judge, []) == {"": 1.0}
    shipped = CardFile.model_validate_json((example_board() / "cards" / "oracle.json").read_text("utf-8"))
    same, none = Estimate(value=0.9), Estimate(value=None)
    spread = Spread(dimension="safety", n=50, same=same, difference=none, shift=none)
    named = shipped.model_copy(update={"judges": (shipped.judges[0].model_copy(update={"retest": (spread,)}),)})
    (tmp_path / "card.json").write_text(named.model_dump_json(), "utf-8")
    assert retest_rates(judge, [tmp_path / "card.json"]) == {"": 1.0, "safety": 0.9}
    assert retest_rates(replace(judge, model_served="another"), [tmp_path / "card.json"]) == {"": 1.0}
    (tmp_path / "card.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match="judge card"):
        retest_rates(judge, [tmp_path / "card.json"])


def test_answers_judged_again_agree_and_invented_verdicts_do_not(golden: Path, tmp_path: Path) -> None:
    again = json.loads(said("submission", "rejudge", golden, "--judge", "oracle", "--share", "20%", "--json"))
    assert again["answers"] > 10
    assert {one["dimension"] for one in again["dimensions"]} == {"helpfulness", "safety", "rubric", "refusal"}
    assert all(one["agreement"] == 1.0 for one in again["dimensions"])
    invented = Path(shutil.copytree(golden, tmp_path / "invented"))
    for run in sorted((invented / "runs").glob("*--*")):
        edit_table(
            run,
            "judgments",
            lambda frame: frame.assign(verdict=frame["verdict"].where(frame["dimension"] != "rubric", 10.0)),
        )
    seal(invented)
    found = json.loads(said("submission", "rejudge", invented, "--judge", "oracle", "--seed", 1, "--json", code=1))
    assert [finding["rule"] for finding in found["findings"]] == ["J6"]
    # A judge that agrees with itself on a part of all answers alone leaves that part as room.
    said("submission", "rejudge", invented, "--judge", "oracle", "--seed", 1, "--retest", 0.1)
    assert ONE in {path.name for path in (invented / "runs").iterdir()}
