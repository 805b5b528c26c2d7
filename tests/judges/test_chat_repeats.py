"""A run that goes on after trouble: what was lost before, what waited, what was paid for, what has changed since."""

import random
import socket

import pytest

from chatting import client_of, question, questions
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.client import Budget, BudgetReachedError, EndpointConfig, workers
from lifealign_bench.judges.client.failures import Failure
from lifealign_bench.judges.client.patience import Patience
from lifealign_bench.judges.interface import JudgedItem
from lifealign_bench.judges.judge_file import JudgeSettings
from lifealign_bench.judges.llm import LlmJudge

PRICES = {"price_input": 1.0, "price_output": 2.0}


def test_a_run_whose_lost_questions_were_few_can_be_repeated(scripted, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "JUDGED_FROM", 2)
    scripted.order(faults=[{"do": "status", "status": 400, "when": "too long"}])
    asked = [*questions(80), *questions(4, "too long")]
    for cached in (0, 80):
        replies = list(client_of(scripted.base_url, tmp_path, max_in_flight=2).complete(asked))
        assert [reply.status for reply in replies] == ["complete"] * 80 + ["rejected"] * 4
        assert sum(reply.cached for reply in replies) == cached


def test_a_pause_of_the_pool_takes_no_time_from_a_question_that_waits_in_line(scripted, tmp_path):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    pause = {"do": "status", "status": 429, "retry_after": "700", "when": "refused"}
    scripted.order(faults=[pause, {"do": "slow", "seconds": 1.5, "when": "patient"}])
    client = client_of(scripted.base_url, tmp_path, max_in_flight=1)
    refused, patient = client.complete([question("refused"), question("patient")])
    assert (refused.status, patient.status, patient.attempts) == ("unreachable", "complete", 1)
    assert patient.seconds < 600


def test_no_attempt_is_made_in_the_last_seconds_of_a_question():
    patience = Patience(0.0, random.Random(0))
    patience.admitted(0.0, 5000.0)
    assert patience.left(5500.0) == 100.0
    assert patience.wait(Failure("rate limit", "HTTP 429", retry_after=85.0), 5500.0) == pytest.approx(85.5, abs=0.5)
    assert patience.wait(Failure("rate limit", "HTTP 429", retry_after=95.0), 5500.0) is None
    patience.admitted(5585.0, 6585.0)
    assert patience.left(6585.0) == 15.0
    assert patience.tries(6585.0)
    assert not patience.tries(6591.0)


@pytest.mark.parametrize(("fault", "said"), [("unfinished", True), ("no_chat", False)])
def test_an_answer_that_cannot_be_used_has_its_cost(scripted, tmp_path, fault, said):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    scripted.order(faults=[{"do": fault}])
    seen = []
    list(client_of(scripted.base_url, tmp_path, **PRICES).complete([question("asked")], seen.append))
    assert seen[-1].calls == 3
    assert (seen[-1].output_tokens > 0) == said
    most = 3 * 2 * 64 / 1e6
    assert (seen[-1].cost < most) if said else (seen[-1].cost > most)


def test_the_cap_on_the_cost_sees_answers_that_cannot_be_used(scripted, tmp_path):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    scripted.order(faults=[{"do": "no_chat"}])
    with pytest.raises(BudgetReachedError, match="is spent"):
        list(client_of(scripted.base_url, tmp_path, budget=Budget(max_cost=0.002), **PRICES).complete(questions(20)))
    assert 0 < scripted.counters["requests"] < 10


def test_a_refused_connection_costs_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    seen = []
    with pytest.raises(InputError, match="base_url: found connection"):
        list(client_of(address, tmp_path, budget=Budget(max_cost=1.0), **PRICES).complete(questions(1), seen.append))
    assert seen[-1].cost == 0


@pytest.mark.parametrize(("status", "end"), [(503, "unreachable"), (400, "length")])
def test_only_a_refused_longer_answer_leaves_the_cut_one(scripted, tmp_path, status, end):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    scripted.order(faults=[{"do": "cut", "times": 1}, {"do": "status", "status": status}])
    (reply,) = client_of(scripted.base_url, tmp_path).complete([question("asked")])
    assert reply.status == end
    assert reply.usage["output"] > 0


def judged(scripted, folder):
    """Ten answers, judged by one judge with its own cache."""
    endpoint = EndpointConfig(model="scripted", base_url=scripted.base_url, max_in_flight=1)
    judge = LlmJudge(JudgeSettings("mine", endpoint), folder / "cache.sqlite", ("helpfulness",))
    asked = ("a" * 16, "task", "general-helpfulness", (Message("user", "Why?"),))
    items = [JudgedItem(*asked, f"Answer {number}.", "", None, None) for number in range(10)]
    return judge.judge(items)


def test_an_answer_of_another_model_stops_a_judge_but_not_its_repeat(scripted, tmp_path):
    scripted.order(faults=[{"do": "wrong_model", "when": "Answer 7."}])
    with pytest.raises(InputError, match="answers of scripted and another-model"):
        judged(scripted, tmp_path)
    scripted.order()
    assert len(judged(scripted, tmp_path)) == 10
