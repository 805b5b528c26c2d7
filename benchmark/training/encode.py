"""From pairs to tokens: one place that renders, cuts and counts, for training and evaluation alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lifealign_bench.data.rows import Message, Pair

# Every policy is asked the same rows; so many are kept as tokens, tens of megabytes where rows are long.
KEPT = 4096


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """Token ids of one pair: both answers follow the same prompt and end with the end of turn unless cut.

    prompt_cut: turns or tokens were cut from the prompt's start. answers_cut: how many answers lost their end (0-2).
    """

    pair: Pair
    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]
    prompt_cut: bool
    answers_cut: int


class Encoder:
    """Renders chats with the base's own template and fits them into `max_length` tokens.

    An answer may fill three quarters of the length and loses its end beyond that. What is left goes to the prompt:
    its oldest turns are dropped first (a system message stays), then the first tokens of the last turn.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.end_of_turn: int = tokenizer.eos_token_id
        self._encode = lru_cache(maxsize=KEPT)(self._encode_anew)

    def encode(self, pairs: Iterable[Pair]) -> list[EncodedPair]:
        """Every pair as tokens, in order; none is dropped."""
        return [self._encode(pair) for pair in pairs]

    def prompt(self, messages: Sequence[Message], room: int) -> tuple[tuple[int, ...], bool]:
        """The prompt's last `room` tokens, cut at turns where possible, and whether anything was cut."""
        turns = list(messages)
        ids = self._render(turns)
        cut = False
        while len(ids) > room and (shorter := _without_oldest(turns)) is not None:
            turns, cut = shorter, True
            ids = self._render(turns)
        return (tuple(ids[-room:]), True) if len(ids) > room else (tuple(ids), cut)

    def _encode_anew(self, pair: Pair) -> EncodedPair:
        longest = self.max_length * 3 // 4
        answers = [self.answer(text) for text in (pair.chosen, pair.rejected)]
        chosen, rejected = (ids[:longest] for ids in answers)
        prompt, cut = self.prompt(pair.prompt, self.max_length - max(len(chosen), len(rejected)))
        return EncodedPair(pair, prompt, chosen, rejected, cut, sum(len(ids) > longest for ids in answers))

    def answer(self, text: str, *, ended: bool = True) -> tuple[int, ...]:
        """The tokens of an answer, uncut; ended: whether the end of turn follows it."""
        # Text that spells a marker stays text.
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return (*ids, self.end_of_turn) if ended else tuple(ids)

    def _render(self, turns: Sequence[Message]) -> list[int]:
        chat = [{"role": turn.role, "content": turn.content} for turn in turns]
        encoded = self.tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=True, return_dict=True)
        ids: list[int] = encoded["input_ids"]
        return ids


def _without_oldest(turns: Sequence[Message]) -> list[Message] | None:
    """The chat without its oldest exchange, beginning with a user turn; None when only the last one is left."""
    head = [turn for turn in turns[:1] if turn.role == "system"]
    rest = list(turns[len(head) :])
    starts = [index for index, turn in enumerate(rest) if turn.role == "user" and index > 0]
    return head + rest[starts[0] :] if starts else None
