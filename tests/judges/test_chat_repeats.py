"""A run that goes on after trouble: what was lost before, what waited, what was paid for, what has changed since."""

from chatting import client_of, questions
from lifealign_bench.judges.client import workers


def test_a_run_whose_lost_questions_were_few_can_be_repeated(scripted, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "JUDGED_FROM", 3)
    scripted.order(faults=[{"do": "status", "status": 400, "when": "too long"}])
    asked = [*questions(200), *questions(10, "too long")]
    for cached in (0, 200):
        replies = list(client_of(scripted.base_url, tmp_path, max_in_flight=2).complete(asked))
        assert [reply.status for reply in replies] == ["complete"] * 200 + ["rejected"] * 10
        assert sum(reply.cached for reply in replies) == cached
