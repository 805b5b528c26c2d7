"""Dialogues written as text with `Human:` and `Assistant:` tags, read as chat turns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lifealign_bench.data.rows import Message, Role

SPEAKERS: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}
_TAG = r"(?:Human|Assistant)[^\S\n]*:"
_TURN = re.compile(r"^[^\S\n]*(Human|Assistant)[^\S\n]*:", re.MULTILINE)
_LEADING_TAGS = re.compile(rf"\A\s*(?:{_TAG}[^\S\n]*)+")
_LINE_TAGS = re.compile(rf"^[^\S\n]*(?:{_TAG}[^\S\n]*)+", re.MULTILINE)
# A model that writes the other side's line does so on a new line, or after the end of its own sentence.
_HUMAN_LINE = re.compile(r"(?:^[^\S\n]*|(?<=[.!?…\"”'’)\]])\s+)Human[^\S\n]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without speaker tags; `tagged`: a tag stood in it; `cut`: it went on as the human and was cut there."""

    text: str
    tagged: bool
    cut: bool


def clean_answer(text: str) -> Answer:
    """The words of the assistant alone: leading tags stripped, cut at the first line that speaks for the human.

    Leading tags go whatever they name, also doubled ones (`Assistant: Human: I would ...`): in the published
    dialogues the words after a doubled tag are the assistant's.
    """
    body = _LEADING_TAGS.sub("", text.replace("\r\n", "\n"))
    human = _HUMAN_LINE.search(body)
    kept = body[: human.start()] if human else body
    plain = _LINE_TAGS.sub("", kept)
    tagged = len(plain) != len(kept) or _LEADING_TAGS.match(text) is not None
    return Answer(_tidy(plain), tagged, human is not None)


def parse_dialogue(text: str) -> tuple[Message, ...]:
    """The turns of a dialogue, empty turns dropped and neighbours of the same role joined by a newline.

    A turn starts where a line starts with a tag. Text before the first tag, or a text without any, is the user's.
    Assistant turns are cleaned as answers are. Returns no turn for an empty text; roles always alternate.
    """
    starts = list(_TURN.finditer(text))
    preface = text[: starts[0].start()] if starts else text
    ends = [start.start() for start in starts[1:]] + [len(text)]
    spoken = [(SPEAKERS[start[1]], text[start.end() : end]) for start, end in zip(starts, ends, strict=bool(starts))]
    return join_turns(Message(role, content) for role, content in [("user", preface), *spoken])


def join_turns(turns: Iterable[Message]) -> tuple[Message, ...]:
    """The same turns, tidied, without empty ones, neighbours of one role joined by a newline."""
    joined: list[Message] = []
    for turn in turns:
        content = clean_answer(turn.content).text if turn.role == "assistant" else _user_text(turn)
        if not content:
            continue
        if joined and joined[-1].role == turn.role:
            content = f"{joined.pop().content}\n{content}"
        joined.append(Message(turn.role, content))
    return tuple(joined)


def _user_text(turn: Message) -> str:
    return _tidy(_LEADING_TAGS.sub("", turn.content)) if turn.role == "user" else _tidy(turn.content)


def _tidy(text: str) -> str:
    """Without outer white space, and without lone surrogates, which no tokenizer or file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").strip()
