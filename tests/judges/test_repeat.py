"""What the guide says of a repeat: whole replies are kept, and all else is asked again."""

from __future__ import annotations

from pathlib import Path

from chatting import client_of, questions
from scripted.process import Scripted


def test_a_repeat_asks_again_what_was_refused_cut_or_rejected_and_nothing_else(
    scripted: Scripted, tmp_path: Path
) -> None:
    faults = [
        {"do": "refusal", "when": "question 1."},
        {"do": "cut", "when": "question 2."},
        {"do": "status", "status": 400, "when": "question 3."},
    ]
    scripted.order(faults=faults)
    first = [reply.status for reply in client_of(scripted.base_url, tmp_path).complete(questions(5))]
    assert first == ["complete", "refusal", "length", "rejected", "complete"]
    scripted.order()
    again = list(client_of(scripted.base_url, tmp_path).complete(questions(5)))
    assert [reply.cached for reply in again] == [True, False, False, False, True]
    assert {reply.status for reply in again} == {"complete"}
    assert scripted.counters["answers"] == 3
