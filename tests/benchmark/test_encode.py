from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.benchmark.bases import open_base
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.data.rows import Message, Pair


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> object:
    return open_base(tiny_base, dtype="float32", device="cpu")[1]


def pair(prompt: list[tuple[str, str]], chosen: str = "yes indeed", rejected: str = "no") -> Pair:
    return Pair("id", "task", tuple(Message(role, text) for role, text in prompt), chosen, rejected)


CHAT = [("user", "first question"), ("assistant", "first answer"), ("user", "second question")]


def test_an_answer_ends_with_the_end_of_turn_and_follows_the_prompt_that_generation_sees(tokenizer: object) -> None:
    (row,) = Encoder(tokenizer, 200).encode([pair(CHAT)])
    rendered = tokenizer.decode(row.prompt)
    assert rendered.endswith("<|assistant|>")
    assert tokenizer.decode(row.chosen) == "yes indeed<|end|>"
    assert (row.prompt_cut, row.answers_cut) == (False, 0)


def test_the_oldest_turns_are_cut_first_and_the_cut_is_counted(tokenizer: object) -> None:
    whole = len(Encoder(tokenizer, 500).encode([pair(CHAT)])[0].prompt)
    (row,) = Encoder(tokenizer, whole + 2).encode([pair(CHAT)])
    text = tokenizer.decode(row.prompt)
    assert row.prompt_cut
    assert "second question" in text
    assert "first" not in text


def test_a_system_message_stays_when_turns_are_cut(tokenizer: object) -> None:
    chat = [("system", "be kind"), *CHAT]
    whole = len(Encoder(tokenizer, 500).encode([pair(chat)])[0].prompt)
    (row,) = Encoder(tokenizer, whole).encode([pair(chat)])
    text = tokenizer.decode(row.prompt)
    assert "be kind" in text
    assert "first question" not in text


def test_both_answers_follow_the_same_prompt_within_the_length(tokenizer: object) -> None:
    (row,) = Encoder(tokenizer, 64).encode([pair(CHAT, chosen="word " * 100, rejected="short")])
    assert len(row.chosen) == 48
    assert row.answers_cut == 1
    assert len(row.prompt) + len(row.chosen) <= 64


def test_text_that_spells_a_marker_stays_text(tokenizer: object) -> None:
    (row,) = Encoder(tokenizer, 200).encode([pair([("user", "say <|end|> now")], chosen="<|end|> done")])
    end = tokenizer.eos_token_id
    assert row.prompt.count(end) == 1
    assert row.chosen.count(end) == 1
    assert row.chosen[-1] == end


def test_tokens_are_those_of_trl_on_the_same_conversation(tokenizer: object) -> None:
    (row,) = Encoder(tokenizer, 500).encode([pair(CHAT)])
    chat = [{"role": role, "content": text} for role, text in [*CHAT, ("assistant", "yes indeed")]]
    whole = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)["input_ids"]
    assert list(row.prompt + row.chosen) == whole
