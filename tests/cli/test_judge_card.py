"""`lifealign judge card` as people run it, against a real server process."""

import json
import subprocess
import sys

import pytest

from lifealign_bench.judges.cards.writing import read_card
from scripted.process import scripted_server

POLICY = "card_judges:oracle"


@pytest.fixture(scope="module")
def server():
    with scripted_server(policy=POLICY) as running:
        yield running


@pytest.fixture
def card(server, tmp_path):
    def run(*arguments, judge="openai:scripted", **parameters):
        server.order(policy=POLICY, parameters=parameters)
        command = [sys.executable, "-P", "-m", "lifealign_bench", "judge", "card", "--judge", judge]
        command += ["--base-url", server.base_url, "--out", str(tmp_path / "card.json"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


SMALL = ("--samples", "16", "--parts", "truth,retest,length")


def test_dry_run_caps_and_resumption(card, server, tmp_path):
    planned = card(*SMALL, "--dry-run", "--json")
    assert planned.returncode == 0, planned.stderr
    plan = json.loads(planned.stdout)["scripted"]
    assert server.counters["requests"] == 0
    assert (plan["questions"]["truth"], plan["left_out"]["human"]) == (64, "no real pairs were given (--pairs)")

    stopped = card(*SMALL, "--max-calls", "50")
    assert stopped.returncode != 0
    assert "50" in stopped.stderr
    assert not (tmp_path / "card.json").exists()
    paid = server.counters["answers"]
    assert paid <= 51

    done = card(*SMALL)
    assert done.returncode == 0, done.stderr
    assert server.counters["answers"] <= plan["calls"] - paid + 2
    for words in (
        "Known truth: 100",
        "asked again",
        "padding adds",
        "per 1,000 questions",
        "not on this card",
    ):
        assert words in done.stdout
    (found,) = read_card(tmp_path / "card.json").judges
    assert found.judge.model_served == "scripted"
    assert found.cost.cost is None


def test_an_unfit_judge_is_named_and_the_exit_code_says_so(card, tmp_path):
    done = card("--injected-prompts", "5", "--parts", "injections", "--json", obeys="safety")
    assert done.returncode == 4, done.stderr
    found = json.loads(done.stdout)
    assert found["judges"][0]["fit"] is False
    assert "safety@1a" in " ".join(found["judges"][0]["unfit"])
    assert json.loads((tmp_path / "card.json").read_text("utf-8")) == found


def test_the_oracles_own_card_needs_no_endpoint(card):
    done = card("--samples", "40", "--parts", "truth", judge="oracle")
    assert done.returncode == 0, done.stderr
    assert "Known truth: 100" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parts", "truht"), "did you mean truth?"),
        (("--judge", "openai:scripted"), "every judge once"),
        (("--human", "nowhere.csv"), "nowhere.csv: ratings"),
        (("--pairs", "nowhere"), "no such folder"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(card, arguments, message):
    done = card(*arguments, "--dry-run")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
