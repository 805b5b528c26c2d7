"""Judging answers that exist: through a real server, killed and resumed, swapped without touching what was answered."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.schema import read_provenance, read_run
from lifealign_bench.cli import app, main
from lifealign_bench.leaderboard.tables import ranking_table
from scripted.process import Scripted, scripted_server
from small_board import items_of_prompts, small_board

RUNS = ("er--order1--s0", "stl--order1--s0", "mtl--order1--s0")
JUDGED = ("rubric", "helpfulness", "safety", "safety_compliance", "over_refusal", "helpful_and_safe")
CARRIED = ("pairs.parquet", "samples.parquet", "losses.parquet")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_board(tmp_path_factory.mktemp("board") / "results", RUNS)


@pytest.fixture(scope="module")
def known(board: Path) -> Path:
    path = board.parent.parent / "items.json"
    path.write_text(json.dumps(items_of_prompts(board)), "utf-8")
    return path


@pytest.fixture(scope="module")
def server(known: Path) -> Iterator[Scripted]:
    with scripted_server() as running:
        yield running


def knowing(known: Path, **orders: object) -> dict[str, object]:
    return {"policy": "oracle_endpoint:oracle", "parameters": {"file": str(known)}, **orders}


def judge(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["judge", "run", *map(str, arguments)])


def through(server: Scripted, model: str = "scripted") -> tuple[str, ...]:
    return ("--judge", f"openai:{model}", "--base-url", server.base_url)


def said(*arguments: object) -> str:
    """The error line of a command that fails."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        lines: list[str] = []
        patch.setattr(sys, "argv", ["lifealign", "judge", "run", *map(str, arguments)])
        patch.setattr(sys.stderr, "write", lines.append)
        main()
    assert ended.value.code not in (0, None)
    return "".join(lines)


def test_the_oracle_behind_an_endpoint_gives_the_oracles_numbers_and_a_repeat_asks_nothing(
    board: Path, known: Path, server: Scripted, tmp_path: Path
) -> None:
    server.order(**knowing(known))
    assert judge(board, "--judge", "oracle", "--out", tmp_path / "truth").exit_code == 0
    places = (board, *through(server), "--cache", tmp_path / "replies.sqlite")
    done = judge(*places, "--out", tmp_path / "endpoint")
    assert done.exit_code == 0, done.output
    distinct = {
        (row["pair_id"], row["answer"]) for run in RUNS for _, row in read_table(board / run, "samples").iterrows()
    }
    asked = server.counters["questions"]
    assert 4 * len(distinct) <= asked <= 4 * len(distinct) + 2  # and what the endpoint knows is found out once
    for run in RUNS:
        truth, endpoint = (read_run(tmp_path / name / "mini-all" / run) for name in ("truth", "endpoint"))
        for metric in JUDGED:
            assert endpoint.metrics[metric] == truth.metrics[metric]
        assert endpoint.coverage == truth.coverage
        assert endpoint.judges[0].model_served == "scripted"
        assert endpoint.comparability_key not in (truth.comparability_key, read_run(board / run).comparability_key)
    again = judge(*places, "--out", tmp_path / "again", "--json")
    assert json.loads(again.stdout)["calls"] == 0
    first, second = (tmp_path / name / "mini-all" / RUNS[0] / "judgments.parquet" for name in ("endpoint", "again"))
    assert first.read_bytes() == second.read_bytes()


def test_a_swap_of_the_judge_leaves_answers_as_they_are_and_every_number_follows_from_the_rows(
    board: Path, known: Path, server: Scripted, tmp_path: Path
) -> None:
    server.order(**knowing(known, parameters={"file": str(known), "shift": -2}))
    before = {path: path.read_bytes() for path in sorted(board.rglob("*")) if path.is_file()}
    done = judge(board, *through(server), "--joint", "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
    assert done.exit_code == 0, done.output
    assert {path: path.read_bytes() for path in before} == before
    for run in RUNS:
        written = tmp_path / "x" / "mini-all" / run
        assert [(written / name).read_bytes() for name in CARRIED] == [
            (board / run / name).read_bytes() for name in CARRIED
        ]
        record = read_run(written)
        assert record.recomputed_comparability_key() == record.comparability_key
        assert not [label for label in record.node_keys if label.startswith("verdicts")]
        usage = read_provenance(written).judging["scripted"]
        assert usage.calls > 0
        assert usage.tokens["input"] > 0
    assert [one.differences for one in rescore([tmp_path / "x"], write=False)] == [[], [], []]
    plasticity = read_run(tmp_path / "x" / "mini-all" / RUNS[0]).metrics["rubric"]["plasticity"]
    assert plasticity.value is not None  # STL and MTL are those of the same judge
    both = ranking_table([board, tmp_path / "x"], "rubric")
    assert both["comparability_key"].nunique() == 2
    assert sorted(name.split("@")[0] for name in both["judges"].unique()) == ["oracle mini-world", "scripted lifealign"]


def test_a_kill_in_the_middle_loses_nothing_that_was_paid_for(
    board: Path, known: Path, server: Scripted, tmp_path: Path
) -> None:
    server.order(**knowing(known, latency_s=0.05, capacity=8))
    command = [sys.executable, "-P", "-m", "lifealign_bench", "judge", "run", str(board), *through(server)]
    command += ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "c.sqlite")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while server.counters["answers"] < 100:
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counted = server.counters
    assert counted["answers"] - counted["questions"] <= counted["most_in_flight"] + 8
    assert [one.differences for one in rescore([tmp_path / "out"], write=False)] == [[], [], []]


def test_nonsense_is_unscored_asked_once_more_and_never_ranked(board: Path, server: Scripted, tmp_path: Path) -> None:
    server.order(policy="constant", parameters={"text": "the the lamp 7 of 10"})
    done = judge(board, *through(server), "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "x" / "mini-all" / RUNS[0]
    record, judgments = read_run(folder), read_table(folder, "judgments")
    assert set(judgments["status"]) == {"parse"}
    assert judgments["verdict"].isna().all()
    assert all(one.scored == 0 and one.unscored == {"parse": one.expected} for one in record.coverage.values())
    assert all(record.metrics[metric]["last"].value is None for metric in JUDGED)
    calls = judgments["usage"].map(json.loads).map(lambda usage: usage["calls"])
    assert set(calls) == {2}
    row = ranking_table(tmp_path / "x", "rubric").set_index("method").loc["er"]
    assert row["rank"] is None or row.isna()["rank"]
    assert row["reasons"][0].startswith("rank: only 0.0 % of the answers have a rubric verdict, under 95 %")
    assert [one.differences for one in rescore([tmp_path / "x"], write=False)] == [[], [], []]


def test_refusals_cut_and_rejected_answers_are_counted_by_reason(
    board: Path, known: Path, server: Scripted, tmp_path: Path
) -> None:
    faults = [
        {"do": "refusal", "when": "How safe is this answer"},
        {"do": "cut", "when": "Does the answer refuse"},
    ]
    server.order(**knowing(known, faults=faults))
    done = judge(board / RUNS[1], *through(server), "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
    assert done.exit_code == 0, done.output
    coverage = read_run(tmp_path / "x" / "mini-all" / RUNS[1]).coverage
    assert list(coverage["safety"].unscored) == ["refusal"]
    assert list(coverage["refusal"].unscored) == ["length"]
    assert coverage["rubric"].unscored == {}
    row = ranking_table(tmp_path / "x", "helpful_and_safe").iloc[0]
    assert "safety verdict" in row["reasons"][0]


def test_a_cap_stops_before_it_is_passed_writes_nothing_and_the_same_command_goes_on(
    board: Path, known: Path, server: Scripted, tmp_path: Path
) -> None:
    server.order(**knowing(known))
    where = (board / RUNS[1], *through(server), "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
    stopped = said(*where, "--max-calls", 20)
    assert "20" in stopped
    assert not (tmp_path / "x").exists()
    assert server.counters["answers"] <= 20
    plan = json.loads(judge(*where, "--dry-run", "--json").stdout)["scripted"]
    assert plan["cached"] >= 15
    assert judge(*where).exit_code == 0
    assert server.counters["twice"] <= 1
    assert json.loads(judge(*where, "--dry-run", "--json").stdout)["scripted"]["calls"] == 0


def test_a_panel_votes_and_keeps_every_vote(board: Path, known: Path, tmp_path: Path) -> None:
    with scripted_server(**knowing(known)) as right, scripted_server(policy="filled", parameters={"verdict": 1}) as low:
        addresses = {"one": right.base_url, "two": right.base_url, "three": low.base_url}
        for name, url in addresses.items():
            values = {"name": name, "model": "scripted", "base_url": url, "seed": len(name)}
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values), "utf-8")
        panel = tmp_path / "jury.yaml"
        panel.write_text(yaml.safe_dump({"panel": ["one.yaml", "two.yaml", "three.yaml"]}), "utf-8")
        run = board / RUNS[1]
        done = judge(run, "--judge", panel, "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
        assert done.exit_code == 0, done.output
    folder = tmp_path / "x" / "mini-all" / RUNS[1]
    assert [one.name for one in read_run(folder).judges] == ["one", "two", "three"]
    judgments = read_table(folder, "judgments")
    assert judgments.groupby(["sample_id", "dimension"])["judge"].nunique().eq(3).all()
    judge(run, "--judge", "oracle", "--out", tmp_path / "truth")
    truth = read_run(tmp_path / "truth" / "mini-all" / RUNS[1])
    assert read_run(folder).metrics["rubric"]["last"] == truth.metrics["rubric"]["last"]
    panel.write_text(yaml.safe_dump({"panel": ["one.yaml", "two.yaml"]}), "utf-8")
    assert "odd number" in said(run, "--judge", panel)


@pytest.mark.parametrize(
    ("changes", "script", "words"),
    [
        ({"api_key_env": "LIFEALIGN_NO_SUCH_KEY"}, {}, ["LIFEALIGN_NO_SUCH_KEY", "found nothing"]),
        ({"base_url": "http://127.0.0.1:9/v1"}, {}, ["http://127.0.0.1:9/v1", "base_url", "ending in /v1"]),
        ({"model": "gpt-99"}, {}, ["model", "gpt-99"]),
        ({}, {"key": "right"}, ["key"]),
        ({"paraphrase": "c"}, {}, ["paraphrase", "'a' or 'b'"]),
        ({"modell": "x"}, {}, ["modell", "did you mean"]),
        ({"name": "../x"}, {}, ["name", "pattern"]),
    ],
)
def test_what_cannot_be_used_is_one_line_that_names_it(
    board: Path, server: Scripted, tmp_path: Path, changes: dict[str, str], script: dict[str, str], words: list[str]
) -> None:
    server.order(policy="constant", **script)
    values = {"name": "mine", "model": "scripted", "base_url": server.base_url, **changes}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values), "utf-8")
    line = said(board, "--judge", tmp_path / "mine.yaml", "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    assert all(word in line for word in words), line
    assert not (tmp_path / "x").exists()


def test_runs_without_their_texts_and_judges_that_nobody_knows_are_named(board: Path, tmp_path: Path) -> None:
    shutil.copytree(board / RUNS[0], tmp_path / "results" / "mini-all" / RUNS[0])
    assert "texts.parquet" in said(tmp_path / "results", "--judge", "oracle")
    assert "protocol-1" in said(board, "--judge", "protocol-2")
    assert "did you mean helpfulness" in said(board, "--judge", "oracle", "--dimensions", "helpfulnes")


def test_another_judges_runs_are_never_mixed_into_a_folder(board: Path, tmp_path: Path) -> None:
    assert judge(board / RUNS[0], "--judge", "oracle", "--out", tmp_path / "x").exit_code == 0
    with scripted_server(policy="filled") as other:
        line = said(board / RUNS[1], *through(other), "--out", tmp_path / "x", "--cache", tmp_path / "c.sqlite")
    assert "another --out" in line


def test_runs_that_join_later_are_compared_with_those_that_were_there(board: Path, tmp_path: Path) -> None:
    for run in RUNS:
        assert judge(board / run, "--judge", "oracle", "--out", tmp_path / "x").exit_code == 0
    assert [one.differences for one in rescore([tmp_path / "x"], write=False)] == [[], [], []]


def test_judging_never_loads_torch(board: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from lifealign_bench.cli import app; "
        f"app(['judge', 'run', {str(board / RUNS[1])!r}, '--judge', 'oracle', '--out', {str(tmp_path / 'x')!r}], "
        "standalone_mode=False); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True, capture_output=True)


def test_answers_are_compared_in_both_positions_with_the_base_and_with_another_method(
    board: Path, server: Scripted, tmp_path: Path
) -> None:
    server.order(policy="constant", parameters={"text": '{"rationale": "it came first", "verdict": "first"}'})
    where = (board, *through(server), "--cache", tmp_path / "c.sqlite")
    biased = judge(*where, "--pairwise", "base", "--out", tmp_path / "x")
    assert biased.exit_code == 0, biased.output
    record = read_run(tmp_path / "x" / "mini-all" / RUNS[0])
    assert record.metrics["win_rate_helpfulness_vs_base"]["last"].value == 50
    assert record.coverage["helpfulness_vs_base"].share == 1
    cells = read_table(tmp_path / "x" / "mini-all" / RUNS[0], "cells").set_index("metric")
    assert set(cells.loc["swap_consistency_safety_vs_base", "value"]) == {0.0}
    assert judge(board, "--judge", "oracle", "--pairwise", "mtl", "--out", tmp_path / "y").exit_code == 0
    judgments = read_table(tmp_path / "y" / "mini-all" / RUNS[0], "judgments")
    rows = judgments[judgments["against"] == "mtl"]
    assert set(rows["position"]) == {0, 1}
    assert rows["verdict"].isin([0, 0.5, 1]).all()
    assert read_table(tmp_path / "y" / "mini-all" / RUNS[2], "judgments")["against"].isna().all()
    assert [one.differences for one in rescore([tmp_path / "x", tmp_path / "y"], write=False)] == [[]] * 6
    assert "--pairwise" in said(board, "--judge", "oracle", "--pairwise", "seqft", "--out", tmp_path / "z")


def test_runs_that_lie_in_no_workspace_are_judged_into_the_default_one(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(board, tmp_path / "package" / "board" / "mini-all")
    monkeypatch.chdir(tmp_path)
    done = judge(tmp_path / "package" / "board", "--judge", "oracle")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "workspace" / "judged" / "oracle" / "mini-all" / RUNS[0] / "run.json").is_file()
    assert [path.name for path in (tmp_path / "package").iterdir()] == ["board"]
