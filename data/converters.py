"""Named converters: one record of a source, as it was read, becomes the raw material of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lifealign_bench.data.cards import ConverterName, TaskCard
from lifealign_bench.data.dialogue import join_turns, parse_dialogue
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message, Role

HarmLabel = Literal["harmful", "harmless"]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a source and the place it stands at, for messages (`train.jsonl:17`)."""

    where: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RawRow:
    """A prompt, a chosen answer and one or more rejected ones, not cleaned yet.

    `mismatched`: the two sides of the source do not answer the same prompt.
    """

    prompt: tuple[Message, ...]
    chosen: str
    rejected: tuple[str, ...]
    harm: HarmLabel | None = None
    category: str | None = None
    item: str | None = None
    mismatched: bool = False


def convert(record: Record, card: TaskCard) -> RawRow:
    """The raw row of a record, read as the card says.

    A record that has the card's columns is read by them, whatever converter the card names: local copies of hub
    data sets come in that form.

    Raises:
        InputError: a column is missing or holds another type than text or chat messages.
    """
    values = record.values
    if all(name in values for name in card.columns.needed):
        return _columns(record, card)
    read, needed = _CONVERTERS[card.converter]
    missing = [name for name in needed or card.columns.needed if name not in values]
    if missing:
        raise InputError(
            record.where,
            f"column {missing[0]!r}",
            f"columns {', '.join(map(repr, values)) or 'none'}",
            " and ".join(map(repr, needed or card.columns.needed)),
        )
    return read(record, card)


def _columns(record: Record, card: TaskCard) -> RawRow:
    names, values = card.columns, record.values
    prompt = _prompt(record, names.prompt, card)
    if names.system and (system := _text(record, names.system)).strip():
        prompt = (Message("system", system.strip()), *prompt)
    return RawRow(
        prompt=prompt,
        chosen=_answer(record, names.chosen),
        rejected=_candidates(record, names.rejected, card.text.rejected_separator),
        harm=_harm(values, card, record.where),
        category=_optional(values, names.category),
        item=_optional(values, names.item),
    )


def _transcripts(record: Record, card: TaskCard) -> RawRow:
    sides = [parse_dialogue(_text(record, name)) for name in ("chosen", "rejected")]
    return _from_conversations(sides[0], sides[1], _harm(record.values, card, record.where))


def _conversations(record: Record, card: TaskCard) -> RawRow:
    sides = [join_turns(_messages(record, name)) for name in ("chosen", "rejected")]
    return _from_conversations(sides[0], sides[1], _harm(record.values, card, record.where))


def _safety_rated(record: Record, card: TaskCard) -> RawRow:
    safe = [record.values[f"is_response_{side}_safe"] is True for side in (0, 1)]
    better = "better_response_id" if all(safe) else "safer_response_id"
    chosen = safe.index(True) if sum(safe) == 1 else _side(record, better)
    categories = [record.values.get(f"response_{side}_harm_category") for side in (0, 1)]
    named = [str(name) for side in categories if isinstance(side, Mapping) for name, found in side.items() if found]
    return RawRow(
        prompt=_prompt(record, "prompt", card),
        chosen=_text(record, f"response_{chosen}"),
        rejected=(_text(record, f"response_{1 - chosen}"),),
        harm=("harmless" if all(safe) else "harmful") if card.harm.rule == "converter" else None,
        category=named[0] if named else None,
    )


def _human_and_model(record: Record, card: TaskCard) -> RawRow:
    human = [text for text in _texts(record, "human_answers") if text.strip()]
    model = [text for text in _texts(record, "chatgpt_answers") if text.strip()]
    prompt = _prompt(record, "question", card)
    return RawRow(prompt, human[0] if human else "", tuple(model), category=_optional(record.values, "source"))


def _truthful_qa(record: Record, card: TaskCard) -> RawRow:
    return RawRow(
        prompt=_prompt(record, "question", card),
        chosen=_text(record, "best_answer"),
        rejected=tuple(_texts(record, "incorrect_answers")),
        category=_optional(record.values, "category"),
    )


_Converter = Callable[[Record, TaskCard], RawRow]
_CONVERTERS: dict[ConverterName, tuple[_Converter, tuple[str, ...]]] = {
    "columns": (_columns, ()),
    "transcripts": (_transcripts, ("chosen", "rejected")),
    "conversations": (_conversations, ("chosen", "rejected")),
    "safety_rated": (
        _safety_rated,
        (
            "prompt",
            "response_0",
            "response_1",
            "is_response_0_safe",
            "is_response_1_safe",
            "better_response_id",
            "safer_response_id",
        ),
    ),
    "human_and_model": (_human_and_model, ("question", "human_answers", "chatgpt_answers")),
    "truthful_qa": (_truthful_qa, ("question", "best_answer", "incorrect_answers")),
}


def _from_conversations(chosen: tuple[Message, ...], rejected: tuple[Message, ...], harm: HarmLabel | None) -> RawRow:
    prompts, answers = zip(*(_last_answer(side) for side in (chosen, rejected)), strict=True)
    return RawRow(prompts[0], answers[0], (answers[1],), harm, mismatched=prompts[0] != prompts[1])


def _last_answer(turns: tuple[Message, ...]) -> tuple[tuple[Message, ...], str]:
    if turns and turns[-1].role == "assistant":
        return turns[:-1], turns[-1].content
    return turns, ""


def _prompt(record: Record, name: str, card: TaskCard) -> tuple[Message, ...]:
    if isinstance(record.values[name], Sequence) and not isinstance(record.values[name], str):
        turns = join_turns(_messages(record, name))
    elif card.text.dialogue:
        turns = parse_dialogue(_text(record, name))
    else:
        turns = join_turns([Message("user", _text(record, name))])
    if turns and turns[0].role == "assistant" and card.text.opening_assistant == "system":
        return (Message("system", turns[0].content), *turns[1:])
    return turns


def _answer(record: Record, name: str) -> str:
    """The text of an answer; of chat messages, the last assistant turn."""
    value = record.values[name]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _last_answer(join_turns(_messages(record, name)))[1]
    return _text(record, name)


def _candidates(record: Record, name: str, separator: str | None) -> tuple[str, ...]:
    value = record.values[name]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(entry, str) for entry in value):
            return tuple(_texts(record, name))
        return (_answer(record, name),)
    text = _text(record, name)
    return tuple(part.strip() for part in text.split(separator)) if separator else (text,)


def _text(record: Record, name: str) -> str:
    value = record.values[name]
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise InputError(record.where, f"column {name!r}", f"{type(value).__name__} {str(value)[:40]!r}", "text")


def _texts(record: Record, name: str) -> list[str]:
    value = record.values[name]
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(entry, str) for entry in value):
        return list(value)
    raise InputError(record.where, f"column {name!r}", type(value).__name__, "a list of texts")


def _messages(record: Record, name: str) -> list[Message]:
    value = record.values[name]
    entries = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return [_message(entry, record.where, name) for entry in entries]


def _message(entry: object, where: str, name: str) -> Message:
    roles: dict[object, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
    if isinstance(entry, Mapping) and entry.get("role") in roles and isinstance(entry.get("content"), str):
        return Message(roles[entry["role"]], entry["content"])
    expected = "chat messages with `role` (system, user or assistant) and `content`"
    raise InputError(where, f"column {name!r}", str(entry)[:60], expected)


def _side(record: Record, name: str) -> int:
    value = record.values[name]
    if value in (0, 1):
        return int(str(value)) if not isinstance(value, bool) else int(value)
    raise InputError(record.where, f"column {name!r}", repr(value), "0 or 1")


def _optional(values: Mapping[str, object], name: str | None) -> str | None:
    value = values.get(name) if name else None
    return str(value) if value not in (None, "") else None


def _harm(values: Mapping[str, object], card: TaskCard, where: str) -> HarmLabel | None:
    if card.harm.rule == "always":
        return "harmful"
    if card.harm.rule != "column" or card.harm.column is None:
        return None
    if card.harm.column not in values:
        raise InputError(where, f"column {card.harm.column!r}", "nothing", "the card's harm column")
    value = values[card.harm.column]
    return None if value is None else "harmful" if value in card.harm.harmful_values else "harmless"
