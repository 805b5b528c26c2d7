"""Many questions to one endpoint: in order, each paid for once, in bounded memory, within a budget."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatting import client_of, question, questions
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.client import Budget, BudgetReachedError, session

PRICES = {"price_input": 1.0, "price_output": 2.0}


def test_replies_come_in_the_order_of_the_calls_whatever_the_order_of_the_answers(scripted, tmp_path):
    scripted.order(policy="echo", faults=[{"do": "slow", "seconds": 0.3, "when": "question 1."}])
    replies = list(client_of(scripted.base_url, tmp_path).complete(questions(30)))
    assert [reply.text for reply in replies] == [f"question {number}." for number in range(30)]
    assert {reply.status for reply in replies} == {"complete"}
    assert {reply.model_served for reply in replies} == {"scripted"}
    assert all(reply.usage["input"] > 0 and not reply.cached and reply.attempts == 1 for reply in replies)


def test_what_is_asked_is_the_model_the_messages_the_sampling_and_the_schema(scripted, tmp_path):
    client = client_of(scripted.base_url, tmp_path, temperature=0.5, seed=7, extra={"top_p": 0.9})
    list(client.complete([question("only this")]))
    asked = scripted.counters["last"]
    assert asked.pop("response_format")["json_schema"]["schema"]["required"] == ["rationale", "verdict"]
    assert asked == {
        "model": "scripted",
        "messages": [{"role": "system", "content": "You are a judge."}, {"role": "user", "content": "only this"}],
        "max_tokens": 64,
        "temperature": 0.5,
        "seed": 7,
        "top_p": 0.9,
    }


def test_the_same_run_again_asks_nothing_and_needs_no_key_and_no_endpoint(scripted, tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "sk-1")
    first = list(client_of(scripted.base_url, tmp_path, api_key_env="SOME_KEY").complete(questions(10)))
    monkeypatch.delenv("SOME_KEY")
    scripted.order(model="gone")
    again = list(client_of(scripted.base_url, tmp_path, api_key_env="SOME_KEY").complete(questions(10)))
    assert [reply.text for reply in again] == [reply.text for reply in first]
    assert all(reply.cached and reply.attempts == 0 for reply in again)
    assert scripted.counters["requests"] == 0


@pytest.mark.parametrize(
    "other",
    [
        question("asked", repeat=1),
        question("asked", max_tokens=65),
        question("asked", schema=None),
        question("asked "),
    ],
)
def test_another_repeat_length_schema_or_text_is_another_question(scripted, tmp_path, other):
    client = client_of(scripted.base_url, tmp_path)
    list(client.complete([question("asked")]))
    assert not next(iter(client.complete([other]))).cached
    assert next(iter(client.complete([question("asked")]))).cached


@pytest.mark.parametrize("changed", [{"temperature": 0.1}, {"seed": 1}, {"extra": {"top_p": 0.5}}])
def test_another_sampling_is_another_question(scripted, tmp_path, changed):
    list(client_of(scripted.base_url, tmp_path).complete([question("asked")]))
    assert not next(iter(client_of(scripted.base_url, tmp_path, **changed).complete([question("asked")]))).cached


def test_the_same_question_twice_in_one_run_is_paid_for_once(scripted, tmp_path):
    replies = list(client_of(scripted.base_url, tmp_path).complete([question("same")] * 5))
    assert [reply.cached for reply in replies] == [False, True, True, True, True]
    assert scripted.counters["answers"] == 2  # and the probe


def test_calls_are_taken_as_they_are_needed_and_not_all_at_once(scripted, tmp_path):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield question(f"number {taken}")

    replies = client_of(scripted.base_url, tmp_path).complete(endless())
    assert [next(replies).status for _ in range(20)] == ["complete"] * 20
    assert taken <= 400
    replies.close()


def test_answers_do_not_pile_up_behind_one_that_is_late(scripted, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "AHEAD", 50)
    scripted.order(faults=[{"do": "slow", "seconds": 2.0, "when": "question 0."}])
    taken = 0

    def counted():
        nonlocal taken
        for call in questions(100):
            taken += 1
            yield call

    replies = client_of(scripted.base_url, tmp_path).complete(counted())
    next(replies)
    assert 40 < taken <= 50
    assert len(list(replies)) == 99


def test_progress_ends_with_everything_counted(scripted, tmp_path):
    scripted.order(
        faults=[{"do": "refusal", "when": "question 3."}, {"do": "status", "status": 400, "when": "question 4."}]
    )
    seen = []
    client = client_of(scripted.base_url, tmp_path, **PRICES)
    replies = list(client.complete(questions(20), seen.append))
    last = seen[-1]
    assert (last.done, last.total, last.cached, last.in_flight, last.waiting) == (20, 20, 0, 0, 0)
    assert last.failed == {"refusal": 1, "HTTP 400": 1}
    assert last.calls == 20
    probe = 1
    paid = sum(reply.usage.get("input", 0) + 2 * reply.usage.get("output", 0) for reply in replies)
    assert last.cost == pytest.approx(paid / 1e6, rel=0.1)
    assert last.input_tokens > 0
    assert len(replies) + probe == scripted.counters["requests"]


def test_an_unknown_price_is_no_cost_at_all(scripted, tmp_path):
    seen = []
    client = client_of(scripted.base_url, tmp_path, price_input=1.0)
    list(client.complete(questions(3), seen.append))
    assert seen[-1].cost is None
    assert client.plan(questions(3)).cost is None
    with pytest.raises(InputError, match=r"max_cost: found no prices"):
        client_of(scripted.base_url, tmp_path, budget=Budget(max_cost=1.0))


def test_a_cap_on_calls_stops_cleanly_and_the_same_command_goes_on(scripted, tmp_path):
    replies = []
    with pytest.raises(BudgetReachedError, match="11 of at most 11 calls"):
        for reply in client_of(scripted.base_url, tmp_path, budget=Budget(max_calls=11)).complete(questions(40)):
            replies.append(reply)
    assert len(replies) == 10
    assert scripted.counters["answers"] == 11  # the probe is one of them
    again = list(client_of(scripted.base_url, tmp_path).complete(questions(40)))
    assert sum(reply.cached for reply in again) == 10
    assert scripted.counters["twice"] == 0


def test_the_cost_never_passes_its_cap(scripted, tmp_path):
    scripted.order(latency_s=0.05)
    seen = []
    client = client_of(scripted.base_url, tmp_path, budget=Budget(max_cost=0.002), **PRICES)
    with pytest.raises(BudgetReachedError, match="is spent"):
        list(client.complete(questions(200), seen.append))
    assert 0.001 < seen[-1].cost <= 0.002


def test_a_dry_run_counts_new_questions_tokens_and_cost_and_sends_nothing(scripted, tmp_path, monkeypatch):
    client = client_of(scripted.base_url, tmp_path, **PRICES)
    before = client.plan([*questions(30), question("question 1.")])
    assert (before.calls, before.cached) == (30, 1)
    assert before.output_tokens == 30 * 64
    assert before.cost == pytest.approx((before.input_tokens + 2 * before.output_tokens) / 1e6, rel=1e-3)
    assert scripted.counters["requests"] == 0
    list(client.complete(questions(20)))
    after = client.plan(questions(30))
    assert (after.calls, after.cached) == (10, 20)
    assert after.output_tokens < 10 * 64
    assert "answers of this model" in after.estimate


def test_the_client_works_inside_a_running_event_loop(scripted, tmp_path):
    async def as_in_a_notebook():
        return list(client_of(scripted.base_url, tmp_path).complete(questions(3)))

    assert len(asyncio.run(as_in_a_notebook())) == 3


RUN = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from chatting import questions
from lifealign_bench.judges.client import ChatClient, EndpointConfig
client = ChatClient(EndpointConfig(model="scripted", base_url=sys.argv[1], max_in_flight=16), Path(sys.argv[2]))
try:
    for reply in client.complete(questions(120)):
        print(reply.status, flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


def start_run(scripted, cache):
    command = [sys.executable, "-P", "-c", RUN, scripted.base_url, str(cache), str(Path(__file__).parents[1])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_answers(scripted, count):
    while scripted.counters["answers"] < count:
        time.sleep(0.02)


def test_after_a_kill_only_what_was_in_flight_is_paid_for_again(scripted, tmp_path):
    scripted.order(latency_s=0.1)
    run = start_run(scripted, tmp_path / "cache.sqlite")
    wait_for_answers(scripted, 50)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    run = start_run(scripted, tmp_path / "cache.sqlite")
    output, errors = run.communicate()
    assert output.split() == ["complete"] * 120, errors
    counted = scripted.counters
    in_flight = 16  # as the client counts: the server has done with an answer that is still on its way
    assert counted["answers"] - counted["questions"] <= in_flight


def test_an_interrupted_run_keeps_what_was_in_flight(scripted, tmp_path):
    scripted.order(latency_s=2)
    run = start_run(scripted, tmp_path / "cache.sqlite")
    wait_for_answers(scripted, 20)
    os.kill(run.pid, signal.SIGINT)
    scripted.order(latency_s=0.3)
    output, errors = run.communicate()
    assert output.split()[-1] == "interrupted"
    assert errors == ""
    again = start_run(scripted, tmp_path / "cache.sqlite")
    assert again.communicate()[0].split() == ["complete"] * 120
    assert scripted.counters["twice"] == 0


def test_two_processes_on_one_cache_leave_it_whole(scripted, tmp_path):
    runs = [start_run(scripted, tmp_path / "cache.sqlite") for _ in range(2)]
    for run in runs:
        output, errors = run.communicate()
        assert output.split() == ["complete"] * 120, errors
    client = client_of(scripted.base_url, tmp_path)
    assert all(reply.cached for reply in client.complete(questions(120)))


def test_an_answer_of_any_characters_is_kept_as_it_came(scripted, tmp_path):
    text = "a\0b \ud800 \u200b <|im_end|> \U0001f600"
    scripted.order(parameters={"text": text})
    first, again = (next(iter(client_of(scripted.base_url, tmp_path).complete([question(text)]))) for _ in range(2))
    assert first.text == again.text == text.replace("\ud800", "\ufffd")
    assert again.cached
