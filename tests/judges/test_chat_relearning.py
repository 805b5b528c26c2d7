"""What was learned of an endpoint, or said of it, and no longer holds."""

import pytest

from chatting import client_of, question, questions
from lifealign_bench.judges.client import RunStoppedError


def test_a_server_that_knows_less_than_the_one_before_it_is_probed_again(scripted, tmp_path):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    for refused in (1, 0):
        scripted.order(faults=[{"do": "no_format", "formats": ["json_schema"]}])
        replies = list(client_of(scripted.base_url, tmp_path, max_in_flight=1).complete(questions(10)))
        assert {reply.status for reply in replies} == {"complete"}
        assert [reply.cached for reply in replies] == [not refused] * 10
        assert scripted.counters["statuses"] == ({"400": 2, "200": 11} if refused else {})


def test_all_that_was_in_flight_when_a_dialect_was_corrected_is_asked_again(scripted, tmp_path):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    scripted.order(faults=[{"do": "no_format"}], latency_s=0.02)
    replies = list(client_of(scripted.base_url, tmp_path).complete(questions(60)))
    assert {reply.status for reply in replies} == {"complete"}


def test_a_question_that_is_rejected_by_itself_costs_one_probe_and_changes_nothing(scripted, tmp_path):
    list(client_of(scripted.base_url, tmp_path).complete([question("first")]))
    scripted.order(faults=[{"do": "status", "status": 400, "when": "too long"}])
    asked = [*questions(5, "too long"), *questions(5)]
    replies = list(client_of(scripted.base_url, tmp_path).complete(asked))
    assert [reply.status for reply in replies] == ["rejected"] * 5 + ["complete"] * 5
    assert scripted.counters["statuses"] == {"400": 5, "200": 6}
    assert scripted.counters["last"]["response_format"]["type"] == "json_schema"


def test_a_short_outage_does_not_weaken_the_format_for_good(scripted, tmp_path):
    scripted.order(faults=[{"do": "status", "status": 500, "times": 3}])
    with pytest.raises(RunStoppedError, match="does not answer a short question: HTTP 500"):
        list(client_of(scripted.base_url, tmp_path).complete(questions(3)))
    scripted.order()
    list(client_of(scripted.base_url, tmp_path).complete(questions(3)))
    assert scripted.counters["last"]["response_format"]["type"] == "json_schema"


def test_a_forced_format_still_finds_what_the_longest_answer_is_called(scripted, tmp_path):
    said = {"error": {"message": "'max_tokens' is not supported. Use 'max_completion_tokens' instead."}}
    other = {"do": "status", "status": 400, "body": said, "times": 1}
    scripted.order(faults=[{**other, "when": "question 0."}, {**other, "when": "JSON object"}])
    client = client_of(scripted.base_url, tmp_path, response_format="json_object", max_in_flight=1)
    assert {reply.status for reply in client.complete(questions(3))} == {"complete"}
    assert scripted.counters["last"]["max_completion_tokens"] == 64
    assert scripted.counters["last"]["response_format"] == {"type": "json_object"}
