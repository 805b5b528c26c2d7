"""Every way an endpoint misbehaves: what is tried again, what is given up, what stops everything."""

import logging
import socket

import pytest

from chatting import SkippingClock, client_of, question, questions
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.client import ReplyCache, RunStoppedError, TooManyFailuresError


def ask(scripted, folder, *faults, clock=None, text="question", **config):
    """One question, after a first one that lets the probe pass."""
    client = client_of(scripted.base_url, folder, clock, **config)
    list(client.complete([question("first")]))
    scripted.order(faults=list(faults))
    reply = next(iter(client.complete([question(text)])))
    return reply, scripted.counters["requests"]


@pytest.mark.parametrize("status", [500, 502, 503, 408, 409])
def test_a_passing_failure_is_tried_again(scripted, tmp_path, status):
    reply, requests = ask(scripted, tmp_path, {"do": "status", "status": status, "times": 2})
    assert (reply.status, reply.attempts, requests) == ("complete", 3, 3)


@pytest.mark.parametrize("fault", [{"do": "status", "status": 500}, {"do": "drop"}, {"do": "no_chat"}])
def test_the_same_failure_three_times_is_enough(scripted, tmp_path, fault):
    reply, requests = ask(scripted, tmp_path, fault)
    assert (reply.status, reply.attempts, requests) == ("unreachable", 3, 3)
    assert reply.text == ""
    assert reply.reason


def test_different_failures_end_after_six_attempts(scripted, tmp_path):
    faults = [{"do": "status", "status": status, "times": 2} for status in (500, 502, 503, 504)]
    reply, requests = ask(scripted, tmp_path, *faults)
    assert (reply.status, reply.attempts, requests) == ("unreachable", 6, 6)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_question_that_is_not_taken_is_not_asked_again(scripted, tmp_path, status):
    reply, requests = ask(scripted, tmp_path, {"do": "status", "status": status, "when": "question"})
    probes = status in (400, 422)  # since what is remembered of the endpoint may be out of date
    assert (reply.status, reply.attempts, requests) == ("rejected", 1, 1 + probes)
    assert reply.reason.startswith(f"HTTP {status}: as the script wants")


@pytest.mark.parametrize(("header", "least"), [("7", 7.0), ("date:30", 28.0), (None, 0.0), ("soon", 0.0)])
def test_429_waits_as_long_as_the_endpoint_asks(scripted, tmp_path, header, least):
    clock = SkippingClock()
    fault = {"do": "status", "status": 429, "retry_after": header, "times": 1}
    reply, requests = ask(scripted, tmp_path, fault, clock=clock)
    assert (reply.status, reply.attempts, requests) == ("complete", 2, 2)
    assert least <= max(clock.slept) < least + 3


def test_429_for_ever_ends_after_six_attempts(scripted, tmp_path):
    reply, requests = ask(scripted, tmp_path, {"do": "status", "status": 429})
    assert (reply.status, reply.attempts, requests) == ("unreachable", 6, 6)


def test_no_question_takes_longer_than_ten_minutes(scripted, tmp_path):
    clock = SkippingClock()
    reply, requests = ask(scripted, tmp_path, {"do": "status", "status": 429, "retry_after": "250"}, clock=clock)
    assert (reply.status, reply.attempts, requests) == ("unreachable", 3, 3)
    assert reply.seconds < 600


def test_a_hanging_endpoint_is_a_timeout(scripted, tmp_path):
    reply, requests = ask(scripted, tmp_path, {"do": "hang", "times": 1}, timeout_s=1.0)
    assert (reply.status, reply.attempts, requests) == ("complete", 2, 2)


def test_a_cut_answer_is_asked_for_once_more_with_twice_the_tokens(scripted, tmp_path):
    reply, requests = ask(scripted, tmp_path, {"do": "cut", "tokens": 128})
    assert (reply.status, requests, scripted.counters["last"]["max_tokens"]) == ("complete", 2, 128)
    with ReplyCache(tmp_path / "cache.sqlite") as cache:
        assert cache.averages(scripted.base_url, "scripted").answers == 2


def test_an_answer_that_is_cut_again_is_returned_but_not_kept(scripted, tmp_path):
    reply, requests = ask(scripted, tmp_path, {"do": "cut"})
    assert (reply.status, len(reply.text), requests) == ("length", 10, 2)
    assert not next(iter(client_of(scripted.base_url, tmp_path).complete([question("question")]))).cached


@pytest.mark.parametrize(("fault", "text"), [("refusal", "I cannot judge this."), ("filter", " ")])
def test_a_refusal_is_recorded_and_neither_tried_again_nor_kept(scripted, tmp_path, fault, text):
    reply, requests = ask(scripted, tmp_path, {"do": fault})
    assert (reply.status, reply.text, requests) == ("refusal", text, 1)
    assert not next(iter(client_of(scripted.base_url, tmp_path).complete([question("question")]))).cached


def test_another_model_than_asked_for_is_named(scripted, tmp_path):
    assert ask(scripted, tmp_path, {"do": "wrong_model"})[0].model_served == "another-model"


@pytest.mark.parametrize("fault", ["invalid_json", "wrong_enum"])
def test_what_an_answer_says_is_not_the_clients_business(scripted, tmp_path, fault):
    assert ask(scripted, tmp_path, {"do": fault})[0].status == "complete"


def test_an_answer_that_broke_off_is_no_answer(scripted, tmp_path):
    reply, _ = ask(scripted, tmp_path, {"do": "unfinished", "times": 1})
    assert (reply.status, reply.attempts) == ("complete", 2)


@pytest.mark.parametrize(
    ("formats", "sent"), [(["json_schema"], {"type": "json_object"}), (["json_schema", "json_object"], None)]
)
def test_an_unknown_response_format_stops_nothing_and_is_probed_once(scripted, tmp_path, formats, sent):
    scripted.order(faults=[{"do": "no_format", "formats": formats}])
    replies = list(client_of(scripted.base_url, tmp_path).complete(questions(5)))
    assert {reply.status for reply in replies} == {"complete"}
    assert scripted.counters["last"].get("response_format") == sent
    assert scripted.counters["statuses"] == {"400": len(formats), "200": 6}
    list(client_of(scripted.base_url, tmp_path).complete(questions(6)))
    assert scripted.counters["statuses"] == {"400": len(formats), "200": 7}


def test_an_endpoint_that_calls_the_longest_answer_otherwise_is_understood(scripted, tmp_path):
    said = {"error": {"message": "'max_tokens' is not supported. Use 'max_completion_tokens' instead."}}
    scripted.order(faults=[{"do": "status", "status": 400, "body": said, "times": 1, "when": "JSON object"}])
    assert next(iter(client_of(scripted.base_url, tmp_path).complete([question("x")]))).status == "complete"
    assert scripted.counters["last"]["max_completion_tokens"] == 64


def test_too_many_failures_stop_the_run_and_keep_its_answers(scripted, tmp_path):
    scripted.order(faults=[{"do": "status", "status": 400, "when": "9."}])
    with pytest.raises(TooManyFailuresError, match=r"questions got no answer .*HTTP 400"):
        list(client_of(scripted.base_url, tmp_path).complete(questions(240)))
    counted = scripted.counters["requests"]
    assert 100 < counted <= 100 + 64
    scripted.order()
    again = list(client_of(scripted.base_url, tmp_path).complete(questions(240)))
    assert {reply.status for reply in again} == {"complete"}
    assert scripted.counters["answers"] <= 240 - 0.8 * (counted - 64)


def test_few_failures_stop_nothing(scripted, tmp_path):
    scripted.order(faults=[{"do": "status", "status": 400, "when": "question 77."}])
    replies = list(client_of(scripted.base_url, tmp_path).complete(questions(110)))
    assert [place for place, reply in enumerate(replies) if reply.status != "complete"] == [77]


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_stops_the_run(scripted, tmp_path, status):
    client = client_of(scripted.base_url, tmp_path)
    list(client.complete(questions(3)))
    scripted.order(faults=[{"do": "status", "status": status}])
    with pytest.raises((InputError, RunStoppedError), match=f"HTTP {status}"):
        list(client.complete(questions(100)))
    assert scripted.counters["requests"] <= 8


def test_an_unknown_model_stops_before_anything_is_paid(scripted, tmp_path):
    with pytest.raises(InputError, match=r"model: found 'gpt-9' .*does not exist.*expected a model that this endpoint"):
        list(client_of(scripted.base_url, tmp_path, model="gpt-9").complete(questions(50)))
    assert scripted.counters["statuses"] == {"404": 1}


@pytest.mark.parametrize("path", ["", "/v2", "/script"])
def test_a_wrong_path_stops_before_anything_is_paid(scripted, tmp_path, path):
    with pytest.raises(InputError, match=r"base_url: found HTTP 40[45].* expected the address of an OpenAI-compatible"):
        list(client_of(scripted.root + path, tmp_path).complete(questions(50)))
    assert scripted.counters["answers"] == 0


def test_an_address_where_nobody_answers_stops_with_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with pytest.raises(InputError, match=r"base_url: found connection.* expected the address") as raised:
        list(client_of(address, tmp_path).complete(questions(50)))
    assert "\n" not in str(raised.value)


def test_a_web_page_is_no_endpoint(scripted, tmp_path):
    scripted.order(faults=[{"do": "no_chat"}])
    with pytest.raises(InputError, match="base_url: found no chat completion: <html>"):
        list(client_of(scripted.base_url, tmp_path).complete(questions(50)))


def test_no_key_stops_before_anything_is_sent(scripted, tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(InputError, match="NO_SUCH_KEY: found nothing, expected the key"):
        list(client_of(scripted.base_url, tmp_path, api_key_env="NO_SUCH_KEY").complete(questions(5)))
    assert scripted.counters["requests"] == 0


KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("accepted", [True, False])
def test_the_key_is_sent_and_stands_nowhere_else(scripted, tmp_path, monkeypatch, caplog, capfd, accepted):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another-endpoint")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: other-secret\nAuthorization: Bearer other-secret")
    caplog.set_level(logging.DEBUG)
    # The endpoint repeats the key wherever it can: in an answer, in its own name, in an error.
    scripted.order(key=KEY if accepted else "another", parameters={"text": f"your key is {KEY}"})
    client = client_of(scripted.base_url, tmp_path, api_key_env="JUDGE_KEY")
    said = []
    try:
        said += [str(reply) for reply in client.complete(questions(5), lambda seen: said.append(str(seen)))]
    except InputError as error:
        said += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    assert accepted == any("complete" in text for text in said)
    sent = scripted.counters["headers"]
    assert sent["authorization"] == f"Bearer {KEY}"
    assert "other-secret" not in str(sent)
    assert "org-of-another" not in str(sent)
    with ReplyCache(client.cache) as cache:
        cache.export(tmp_path / "export.jsonl")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written
    shown = "".join([*said, *capfd.readouterr(), caplog.text, repr(client), repr(client.config)])
    assert KEY.encode() not in written
    assert KEY not in shown
