"""`lifealign tune`: equal trials on rows that are never evaluated, resumed after a kill, frozen into a suite."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import yaml

from computed import compute
from lifealign_bench.benchmark.results import materialise
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.cli import main
from support import write_suite

TASKS = ["hc3", "truthfulqa"]
TRIALS = 2
TUNE = ["--methods", "er,seqft,lifealign", "--trials", str(TRIALS), "--workers", "1", "-w", "workspace", "--json"]
MINI = ["mini-general", "mini-harmless"]
EVALUATION_FILES = ("HC3/test.jsonl", "TruthfulQA/test.jsonl")


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "lifealign_bench", *(str(word) for word in words)]


def tune(folder: Path, *words: object) -> tuple[int, str, str]:
    """The command in this process: exit code, standard output and error."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["lifealign", "tune", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, tiny_base: Path) -> Path:
    """A suite whose evaluation files cannot be read."""
    folder = tmp_path_factory.mktemp("tuned")
    shutil.copytree(synthetic_data, folder / "pairs")
    for name in EVALUATION_FILES:
        (folder / "pairs" / name).write_text("never to be opened", "utf-8")
    orders = {"first": TASKS, "second": TASKS[::-1]}
    return write_suite(folder / "tiny.yaml", folder / "pairs", tiny_base, tasks=TASKS, orders=orders, seeds=[0, 7919])


@pytest.fixture(scope="module")
def tuned(suite: Path) -> Path:
    code, out, err = tune(suite.parent, suite, *TUNE, "--out", "tuned.yaml")
    assert code == 0, err
    assert json.loads(out) == json.loads((suite.parent / "tuned.tuning.json").read_text("utf-8"))
    return suite.parent / "tuned.yaml"


def record_of(tuned: Path) -> dict:
    return json.loads(tuned.with_suffix(".tuning.json").read_text("utf-8"))


def test_every_method_with_a_space_gets_the_same_number_of_trials_the_first_of_its_defaults(tuned: Path) -> None:
    methods = record_of(tuned)["methods"]
    assert {title: len(method["trials"]) for title, method in methods.items()} == {
        "er": TRIALS,
        "seqft": 1,
        "lifealign": TRIALS,
    }
    assert methods["er"]["trials"][0]["config"] == {"buffer_fraction": 0.2}
    assert methods["lifealign"]["trials"][0]["config"] == {
        "buffer_fraction": 0.2,
        "gamma": 2.0,
        "keep": 0.5,
        "theta": 0.9,
    }
    for method in methods.values():
        best = max(method["trials"], key=lambda trial: trial["score"])
        assert (method["score"], method["selected"]) == (best["score"], best["config"])


def test_the_record_says_what_was_tuned_on_and_the_suites_seeds_are_not(tuned: Path, suite: Path) -> None:
    record = record_of(tuned)
    assert record["orders"] == {"first": TASKS}
    assert record["run_seed"] not in load_suite(suite).seeds
    assert record["data_seed"] != load_suite(suite).data_seed
    assert {task["rows"] for task in record["tasks"].values()} == {"training rows"}
    assert all((task["train"], task["evaluation"]) == (12, 6) for task in record["tasks"].values())
    header = tuned.read_text("utf-8").split("name:")[0]
    for said in ("lifealign tune", "--trials 2", "evaluation rows were never opened", "run seed 7920", "er: 2 trials"):
        assert said in header


def test_the_frozen_suite_is_the_source_with_the_selected_settings(tuned: Path, suite: Path) -> None:
    source, frozen, record = load_suite(suite), load_suite(tuned), record_of(tuned)
    assert (frozen.name, frozen.tuning_origin) == ("tiny-tuned", "disjoint")
    assert {entry.title: dict(entry.config) for entry in frozen.methods} == {
        title: method["selected"] for title, method in record["methods"].items()
    }
    kept = {"name", "methods", "tuning_origin"}
    assert frozen.model_dump(exclude=kept) == source.model_dump(exclude=kept)


def test_the_frozen_suite_runs_and_its_runs_record_their_origin(
    tuned: Path, synthetic_data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "readable"
    folder.mkdir()
    shutil.copytree(synthetic_data, folder / "pairs")
    copy = Path(shutil.copy(tuned, folder))
    values = yaml.safe_load(copy.read_text("utf-8"))
    assert values["data_dir"] == "pairs"
    copy.write_text(yaml.safe_dump({**values, "methods": values["methods"][:1], "seeds": [0]}), "utf-8")
    session, outcome = compute(copy, tmp_path / "workspace")
    folders = materialise(session.plan, session.world, session.store, outcome, tmp_path / "results")
    assert len(folders) == 2
    for run in folders:
        record = read_run(run)
        assert record.tuning_origin == "disjoint"
        assert record.method.config["buffer_fraction"] == values["methods"][0]["config"]["buffer_fraction"]


def test_a_search_that_was_killed_keeps_its_trials_and_ends_as_it_would_have(suite: Path, tuned: Path) -> None:
    words = [word if word != "workspace" else "killed" for word in TUNE]
    process = subprocess.Popen(
        command("tune", suite, *words, "--out", "killed.yaml"),
        cwd=suite.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    journal = suite.parent / "killed" / "tuning" / "tiny.journal"
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b'"op_code":4') >= 1):
        time.sleep(0.002)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = journal.read_bytes()
    assert not (suite.parent / "killed.yaml").exists()
    code, _, err = tune(suite.parent, suite, *words, "--out", "killed.yaml")
    assert code == 0, err
    assert "er 1/2" in err
    assert "kept; 1 of 5 trials" in err
    assert journal.read_bytes().startswith(kept)
    assert record_of(suite.parent / "killed.yaml") == record_of(tuned)


def test_the_same_command_again_computes_nothing_and_replaces_only_when_told(suite: Path, tuned: Path) -> None:
    before = tuned.read_bytes(), record_of(tuned)
    code, _, err = tune(suite.parent, suite, *TUNE, "--out", "tuned.yaml")
    assert code == 2
    assert "--out: file: found tuned.yaml, which is already there" in err
    _, _, err = tune(suite.parent, suite, *TUNE, "--out", "tuned.yaml", "--overwrite")
    assert err.count("; kept; ") == 2 * TRIALS + 1
    assert (tuned.read_bytes(), record_of(tuned)) == before


def test_a_failed_trial_counts_is_said_and_is_never_selected(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    file = tmp_path / "brittle.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "from lifealign_bench.methods import Choices, Method, MethodConfig, MethodSpec\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Config(MethodConfig):\n"
        "    part: str = 'none'\n"
        "    search_space = {'part': Choices(('none', 'some', 'most', 'all'))}\n"
        "class Brittle(Method):\n"
        "    spec = MethodSpec(name='brittle', version='1', title='B', paper='none')\n"
        "    Config = Config\n"
        "    def before_stage(self, ctx):\n"
        "        assert self.config.part == 'none', 'too much'\n",
        "utf-8",
    )
    # With sampler seed 1 the second trial is of another part.
    source = write_suite(
        tmp_path / "brittle.yaml",
        synthetic_data,
        tiny_base,
        tasks=["hc3"],
        orders={"only": ["hc3"]},
        methods=[f"{file}:Brittle"],
    )
    code, _, err = tune(tmp_path, source, "--trials", 4, "--seed", 1, "--workers", 1)
    assert code == 0, err
    trials = record_of(tmp_path / "tiny-tuned.yaml")["methods"]["Brittle"]["trials"]
    failed = [trial for trial in trials if trial["score"] is None]
    assert len(trials) == 4
    assert failed
    assert all("too much" in trial["reason"] for trial in failed)
    assert f"Brittle: 4 trials, of which {len(failed)} failed" in (tmp_path / "tiny-tuned.yaml").read_text("utf-8")
    assert load_suite(tmp_path / "tiny-tuned.yaml").methods[0].config == {"part": "none"}


def test_a_method_without_a_single_score_ends_the_command_and_nothing_is_written(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path
) -> None:
    file = tmp_path / "broken.py"
    file.write_text(
        "from lifealign_bench.methods import Method, MethodSpec\n"
        "class Broken(Method):\n"
        "    spec = MethodSpec(name='broken', version='1', title='B', paper='none')\n"
        "    def before_stage(self, ctx):\n"
        "        raise ValueError('no way')\n",
        "utf-8",
    )
    one = {"tasks": ["hc3"], "orders": {"only": ["hc3"]}, "methods": [f"{file}:Broken"]}
    source = write_suite(tmp_path / "broken.yaml", synthetic_data, tiny_base, **one)
    code, _, err = tune(tmp_path, source, "--workers", 1)
    assert code == 1
    assert "method Broken: none of 1 trials has a score; the last: train Broken" in err
    assert not (tmp_path / "tiny-tuned.yaml").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--trials", "0"], "--trials: number of trials: found 0, expected 1 or more"),
        (["--methods", "lifealing"], "did you mean lifealign?"),
        (["--orders", "order9"], "'order9'"),
        (["--out", "suite.json"], "--out: file name: found 'suite.json'"),
        (["--out", "nowhere/suite.yaml"], "--out: folder: found no folder nowhere"),
        (["--methods", "{file}:Misspelt"], "search space of method misspelt: field: found 'buffer_fractoin'"),
    ],
)
def test_bad_input_is_one_line_with_an_exit_code(suite: Path, tmp_path: Path, words: list[str], expected: str) -> None:
    file = tmp_path / "misspelt.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "from lifealign_bench.methods import FloatRange, Method, MethodConfig, MethodSpec\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Config(MethodConfig):\n"
        "    buffer_fraction: float = 0.2\n"
        "    search_space = {'buffer_fractoin': FloatRange(0, 1)}\n"
        "class Misspelt(Method):\n"
        "    spec = MethodSpec(name='misspelt', version='1', title='M', paper='none')\n"
        "    Config = Config\n",
        "utf-8",
    )
    code, _, err = tune(tmp_path, suite, *(word.format(file=file) for word in words))
    assert code == 2
    (line,) = err.strip().splitlines()
    assert line.startswith("error: ")
    assert expected in line


def test_without_optuna_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, err = tune(tmp_path, "mini")
    assert code == 1
    (line,) = err.strip().splitlines()
    assert "pip install 'lifealign-bench[tune]'" in line
