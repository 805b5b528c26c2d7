"""Named converters: one record of a source, as it was read, becomes the raw material of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from lifealign_bench.data.cards import ConverterName, TaskCard
from lifealign_bench.data.dialogue import join_turns, parse_dialogue
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.fields import Record
from lifealign_bench.data.rows import Message

HarmLabel = Literal["harmful", "harmless"]


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
    if all(name in record.values for name in card.columns.needed):
        return _columns(record, card)
    read, needed = _CONVERTERS[card.converter]
    needed = needed or card.columns.needed
    missing = [name for name in needed if name not in record.values]
    if missing:
        found = f"columns {', '.join(map(repr, record.values)) or 'none'}"
        raise InputError(record.where, f"column {missing[0]!r}", found, " and ".join(map(repr, needed)))
    return read(record, card)


def fitting_converter(columns: set[str]) -> ConverterName | None:
    """The converter made for exactly such columns, the one that needs most of them first; None where none fits."""
    fitting = [name for name, (_, needed) in _CONVERTERS.items() if needed and columns.issuperset(needed)]
    return max(fitting, key=lambda name: len(_CONVERTERS[name][1]), default=None)


def _columns(record: Record, card: TaskCard) -> RawRow:
    names = card.columns
    prompt = _prompt(record, names.prompt, card)
    if names.system and (system := record.text(names.system)).strip():
        prompt = (Message("system", system.strip()), *prompt)
    return RawRow(
        prompt=prompt,
        chosen=_answer(record, names.chosen),
        rejected=_candidates(record, names.rejected, card.text.rejected_separator),
        harm=_harm(record, card),
        category=record.optional(names.category),
        item=record.optional(names.item),
    )


def _transcripts(record: Record, card: TaskCard) -> RawRow:
    chosen, rejected = (parse_dialogue(record.text(name)) for name in ("chosen", "rejected"))
    return _from_conversations(chosen, rejected, _harm(record, card))


def _conversations(record: Record, card: TaskCard) -> RawRow:
    chosen, rejected = (join_turns(record.messages(name)) for name in ("chosen", "rejected"))
    return _from_conversations(chosen, rejected, _harm(record, card))


def _safety_rated(record: Record, card: TaskCard) -> RawRow:
    safe = [record.flag(f"is_response_{side}_safe") for side in (0, 1)]
    better = "better_response_id" if all(safe) else "safer_response_id"
    chosen = safe.index(True) if sum(safe) == 1 else record.side(better)
    categories = [record.values.get(f"response_{side}_harm_category") for side in (0, 1)]
    named = [str(name) for side in categories if isinstance(side, Mapping) for name, found in side.items() if found]
    return RawRow(
        prompt=_prompt(record, "prompt", card),
        chosen=record.text(f"response_{chosen}"),
        rejected=(record.text(f"response_{1 - chosen}"),),
        harm=("harmless" if all(safe) else "harmful") if card.harm.rule == "converter" else _harm(record, card),
        category=named[0] if named else None,
    )


def _human_and_model(record: Record, card: TaskCard) -> RawRow:
    human = [text for text in record.texts("human_answers") if text.strip()]
    model = [text for text in record.texts("chatgpt_answers") if text.strip()]
    return RawRow(
        prompt=_prompt(record, "question", card),
        chosen=human[0] if human else "",
        rejected=tuple(model),
        harm=_harm(record, card),
        category=record.optional("source"),
    )


def _truthful_qa(record: Record, card: TaskCard) -> RawRow:
    return RawRow(
        prompt=_prompt(record, "question", card),
        chosen=record.text("best_answer"),
        rejected=tuple(record.texts("incorrect_answers")),
        harm=_harm(record, card),
        category=record.optional("category"),
    )


_Converter = Callable[[Record, TaskCard], RawRow]
_RATED = ("is_response_0_safe", "is_response_1_safe", "better_response_id", "safer_response_id")
_CONVERTERS: dict[ConverterName, tuple[_Converter, tuple[str, ...]]] = {
    "columns": (_columns, ()),
    "transcripts": (_transcripts, ("chosen", "rejected")),
    "conversations": (_conversations, ("chosen", "rejected")),
    "safety_rated": (_safety_rated, ("prompt", "response_0", "response_1", *_RATED)),
    "human_and_model": (_human_and_model, ("question", "human_answers", "chatgpt_answers")),
    "truthful_qa": (_truthful_qa, ("question", "best_answer", "incorrect_answers")),
}


def _from_conversations(chosen: tuple[Message, ...], rejected: tuple[Message, ...], harm: HarmLabel | None) -> RawRow:
    (prompt, good), (other, bad) = _last_answer(chosen), _last_answer(rejected)
    return RawRow(prompt, good, (bad,), harm, mismatched=prompt != other)


def _last_answer(turns: tuple[Message, ...]) -> tuple[tuple[Message, ...], str]:
    if turns and turns[-1].role == "assistant":
        return turns[:-1], turns[-1].content
    return turns, ""


def _prompt(record: Record, name: str, card: TaskCard) -> tuple[Message, ...]:
    if record.entries(name) is not None:
        turns = join_turns(record.messages(name))
    elif card.text.dialogue:
        turns = parse_dialogue(record.text(name))
    else:
        turns = join_turns([Message("user", record.text(name))])
    if turns and turns[0].role == "assistant" and card.text.opening_assistant == "system":
        return (Message("system", turns[0].content), *turns[1:])
    return turns


def _answer(record: Record, name: str) -> str:
    """The text of an answer; of chat messages, the last assistant turn."""
    if record.entries(name) is not None:
        return _last_answer(join_turns(record.messages(name)))[1]
    return record.text(name)


def _candidates(record: Record, name: str, separator: str | None) -> tuple[str, ...]:
    entries = record.entries(name)
    if entries and all(isinstance(entry, str) for entry in entries):
        return tuple(record.texts(name))
    text = _answer(record, name)
    return tuple(part.strip() for part in text.split(separator)) if separator else (text,)


def _harm(record: Record, card: TaskCard) -> HarmLabel | None:
    if card.harm.rule == "always":
        return "harmful"
    if card.harm.rule != "column" or card.harm.column is None:
        return None
    if card.harm.column not in record.values:
        raise record.fault(card.harm.column, "nothing", "the card's harm column")
    value = record.values[card.harm.column]
    return None if value is None else "harmful" if value in card.harm.harmful_values else "harmless"
