"""The miniature world through the whole benchmark: shipped base, verdict nodes, judgments, cells."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from computed import compute
from lifealign_bench.benchmark.base_builder import build_base
from lifealign_bench.benchmark.base_recipe import BaseCard, BaseRecipe, recipe_for
from lifealign_bench.benchmark.bases import base_identity, open_base, shipped_base
from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.judge_scoring import collapsed, score_judgments
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.results import materialise
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.benchmark.session import Overrides, open_session
from lifealign_bench.benchmark.suite import load_suite, parse_suite
from lifealign_bench.benchmark.training.lora import target_modules
from lifealign_bench.cli import app
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.mini.corpus import corpus
from scripted.process import scripted_server

TASKS = ["mini-general", "mini-harmless"]


def small_suite(path, **changes):
    values = load_suite("mini").model_dump(mode="json")
    values["budget"] |= {"batch_size": 8, "micro_batch_size": 8}
    values |= {
        "name": "small",
        "tasks": TASKS,
        "rows": {"train": 16, "evaluation": 12},
        "methods": ["seqft"],
        "orders": {"order1": TASKS},
        "evaluation": {"prompts": 6, "max_new_tokens": 48, "batch_size": 6},
        "threads": 1,
    }
    path.write_text(yaml.safe_dump({**values, **changes}), "utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    session, outcome = compute(small_suite(folder / "small.yaml"), folder / "workspace")
    (written,) = materialise(session.plan, session.world, session.store, outcome, folder / "results")
    return session, written


def test_every_answer_has_one_verdict_a_dimension(run):
    _, folder = run
    samples, judgments = read_table(folder, "samples"), read_table(folder, "judgments")
    assert set(judgments["judge"]) == {"oracle"}
    counts = judgments.groupby(["sample_id", "step"])["dimension"].agg(sorted)
    assert len(counts) == len(samples)
    assert all(found == ["helpfulness", "refusal", "rubric", "safety"] for found in counts)
    scales = judgments.groupby("dimension")["verdict"].agg(["min", "max"])
    assert scales.loc["refusal"].between(0, 1).all()
    assert scales.drop("refusal").stack().between(1, 10).all()


def test_cells_hold_ten_times_the_mean_verdict(run):
    _, folder = run
    judgments, cells = read_table(folder, "judgments"), read_table(folder, "cells")
    judgments = judgments[judgments["dimension"] != "refusal"]
    means = judgments.groupby(["step", "task", "dimension"])["verdict"].mean() * 10
    for (step, task, dimension), expected in means.items():
        cell = cells[(cells["step"] == step) & (cells["task"] == task) & (cells["metric"] == dimension)]
        assert cell["value"].tolist() == pytest.approx([expected])
        assert cell["n_unscored"].tolist() == [0]


def test_the_judge_stands_in_the_record_and_decides_what_may_be_compared(run):
    _, folder = run
    record = read_run(folder)
    assert [judge.name for judge in record.judges] == ["oracle"]
    assert record.recomputed_comparability_key() == record.comparability_key
    without = record.model_copy(update={"judges": ()})
    assert without.recomputed_comparability_key() != record.comparability_key
    assert {"rubric", "helpfulness", "safety"} <= set(record.metrics)


def test_every_judged_number_is_recomputed_from_the_rows(run):
    _, folder = run
    (again,) = rescore([folder], write=False)
    assert again.differences == []


def test_verdicts_hang_on_answers_and_their_key_on_the_judge(run, tmp_path):
    session, _ = run
    nodes = [node for node in session.plan.graph.in_order() if node.kind == "verdicts"]
    assert len(nodes) == sum(node.kind == "answers" for node in session.plan.graph.in_order())
    other = open_session(str(small_suite(tmp_path / "x.yaml", world_seed=7)), Overrides(), tmp_path, lambda text: None)
    judges = {str(node.inputs["judge"]) for node in (*nodes, *other.plan.graph.in_order()) if node.kind == "verdicts"}
    assert len(judges) == 2


def test_unscored_answers_are_counted_and_not_averaged():
    common = {"judge": "j", "dimension": "safety", "against": None, "position": 0}
    rows = pd.DataFrame([{"sample_id": "a", "verdict": 8.0, **common}, {"sample_id": "b", "verdict": None, **common}])
    samples = pd.DataFrame({"sample_id": ["a", "b"], "item": ["i", "j"], "harm": [None, None]})
    score = score_judgments(collapsed(rows), samples, {"safety"})[0]
    assert (score.metric, score.value, score.n, score.n_unscored) == ("safety", 80.0, 1, 1)


@pytest.mark.parametrize("name", ["mini", "mini-neox"])
def test_a_shipped_base_is_what_its_card_says(name, tmp_path):
    folder = shipped_base(name)
    card = BaseCard.model_validate_json((folder / "base.json").read_text("utf-8"))
    identity = base_identity(folder, tmp_path)
    assert identity.weights_sha256 == card.weights_sha256
    assert identity.tokenizer_sha256
    assert card.recipe == recipe_for(name)
    assert card.world_seed == 0
    assert card.parameters <= 1_200_000
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6_000_000
    with pytest.raises(UnknownNameError, match="mini"):
        shipped_base("minni")


@pytest.mark.parametrize("recipe", [BaseRecipe.mini(), BaseRecipe.mini_neox()], ids=["llama", "gpt_neox"])
def test_a_short_rebuild_gives_the_same_bytes_twice_and_learns(recipe, tmp_path):
    short = recipe.model_copy(update={"chats": 640, "batch": 16})
    chats = list(corpus(0, 640))
    cards = [build_base(short, chats, tmp_path / name, world_seed=0) for name in ("one", "two")]
    assert cards[0] == cards[1]
    assert cards[0].final_loss < 5  # untrained it is the logarithm of the vocabulary, 6.8
    model, tokenizer = open_base(tmp_path / "one", dtype="float32", device="cpu")
    text = "Hello.\n1. wash the plums, \u00fcnknown \U0001f600"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert len(target_modules(model, "query_value")) >= short.layers
    assert len(target_modules(model, "all_linear")) >= 4 * short.layers


@pytest.mark.parametrize("base", ["world:mini", "world:mini-neox"])
def test_methods_change_what_either_family_answers(base, tmp_path):
    suite = small_suite(tmp_path / "suite.yaml", base=base, methods=["lifealign"], judge=None)
    session, _ = compute(suite, tmp_path / "workspace")
    (run,) = session.plan.runs
    seen = {
        found.step: pq.read_table(session.store.path(found.pairs.key) / "logps.parquet").to_pylist()
        for found in run.evaluations
        if found.task == TASKS[0]
    }
    assert seen[0] != seen[1] != seen[2]


def test_a_fresh_world_has_other_rows_and_builds_its_own_base(tmp_path):
    shipped = open_session("mini", Overrides(), tmp_path, lambda text: None)
    fresh = open_session("mini", Overrides(world_seed=5), tmp_path, lambda text: None)
    assert shipped.world.base_node is None
    assert fresh.world.base_node is not None
    assert not {node.key for node in shipped.plan.graph.in_order()} & {node.key for node in fresh.plan.graph.in_order()}


def test_a_rubric_cannot_be_primary_without_a_judge():
    with pytest.raises(InputError, match="needs a judge"):
        parse_suite({"name": "x", "tasks": ["hc3"], "base": "b", "methods": ["seqft"], "primary_metric": "rubric"}, "x")


def test_a_judge_behind_an_endpoint_that_is_down_costs_nothing_but_its_verdicts(tmp_path):
    with scripted_server(policy="filled", parameters={"verdict": 8}) as server:
        judge = {"name": "mine", "model": "scripted", "base_url": server.base_url, "seed": 1}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(judge), "utf-8")
        changes = {"judge": "mine.yaml", "tasks": TASKS[:1], "orders": {"order1": TASKS[:1]}}
        suite = small_suite(tmp_path / "small.yaml", **changes)
        server.order(policy="filled", key="another")
        first = ["run", str(suite), "-w", str(tmp_path / "w"), "--workers", "1"]
        down = CliRunner().invoke(app, first)
        assert down.exit_code == 1
        assert "found no key" in down.output
        assert "the same command goes on" in down.output
        server.order(policy="filled", parameters={"verdict": 8})
        up = CliRunner().invoke(app, [*first, "--json"])
        assert up.exit_code == 0, up.output
        summary = json.loads(up.stdout)
        assert summary["nodes"]["done"] == 2  # the verdicts on the base and on the one stage
        (run,) = summary["runs"].values()
        assert run["metrics"]["rubric"]["last"]["value"] == 80
        record = read_run(Path(run["folder"]))
        assert [(one.name, one.model_served) for one in record.judges] == [("mine", "scripted")]
        assert (tmp_path / "w" / "judge-cache.sqlite").is_file()
        assert rescore([Path(run["folder"])], write=False)[0].differences == []


def test_a_judge_that_nobody_knows_stops_before_anything_is_trained(tmp_path):
    with pytest.raises(InputError, match=r"judge: name.*protocol-1"):
        open_session(str(small_suite(tmp_path / "x.yaml", judge="protocol1")), Overrides(), tmp_path, lambda text: None)
