"""From a template and an answer to the messages that a judge reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.interface import JudgedItem
from lifealign_bench.judges.template import PLACEHOLDER, Template, Variable
from lifealign_bench.judges.untrusted import (
    MOST_BYTES,
    Encoded,
    block,
    encode,
    encode_bounded,
    encode_turns,
    nonce_of,
)

MOST_OF_A_REPLY = 8_000
REPAIR = (
    "That answer could not be read. Give the same judgment again as one JSON object of the schema above and nothing "
    "else: no code fence, no text before or after it, the rationale first, the verdict one of the allowed values."
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The messages, and by variable how many characters were left out of a value that was too long."""

    messages: tuple[Message, ...]
    left_out: Mapping[str, int]


def render(template: Template, item: JudgedItem, seed: int, other: str | None = None) -> tuple[Message, ...]:
    """The system and user message of one answer; see `render_recorded`."""
    return render_recorded(template, item, seed, other).messages


def render_recorded(template: Template, item: JudgedItem, seed: int, other: str | None = None) -> Rendered:
    """The system and user message of one answer, or of two: the item's is the first, `other` the second.

    Template texts are filled in one pass, so that nothing inside a value is ever a placeholder; every value is
    JSON-encoded between markers with a nonce of the seed and the pair's id. The same arguments give the same bytes.

    Raises:
        InputError: `other` is given to a template of one answer, or missing for one of two.
    """
    if (other is not None) != (template.mode == "pairwise"):
        found = "one answer" if other is None else "two answers"
        raise InputError(f"template {template.label}", "other", found, f"what mode {template.mode} compares")
    values = encoded_values(template.variables, item, other)
    nonce = nonce_of_item(item, seed, values)
    texts = own_parts(template) | {"nonce": nonce}
    texts |= {name: block(name, nonce, value) for name, value in values.items()}
    messages = (Message("system", fill(template.system, texts)), Message("user", fill(template.user, texts)))
    return Rendered(messages, {name: value.left_out for name, value in values.items() if value.left_out})


def encoded_values(variables: Sequence[Variable], item: JudgedItem, other: str | None = None) -> dict[str, Encoded]:
    """Each variable's value, encoded and bounded by `MOST_BYTES`."""
    texts = {"answer": item.answer, "reference": item.reference, "first": item.answer, "second": other or ""}
    return {
        name: encode_turns(item.prompt, MOST_BYTES[name])
        if name == "conversation"
        else encode_bounded(texts[name], MOST_BYTES[name])
        for name in variables
    }


def nonce_of_item(item: JudgedItem, seed: int, values: Mapping[str, Encoded]) -> str:
    """The nonce of an item's markers, which stands in none of its values."""
    return nonce_of(seed, (item.task, item.pair_id), [value.json for value in values.values()])


def own_parts(template: Template) -> dict[str, str]:
    """The parts of a template that its own texts may hold: question, scale and output schema."""
    return {"question": template.question, "scale": scale(template), "output": encode_schema(template.schema())}


def scale(template: Template) -> str:
    """Levels, choices or criteria, one a line."""
    described = {str(level): text for level, text in sorted(template.levels.items())} | template.choices
    described |= {criterion.id: criterion.question for criterion in template.criteria}
    return "\n".join(f"{name}: {text.strip()}" for name, text in described.items())


def encode_schema(schema: Mapping[str, object]) -> str:
    """A JSON schema on one line, its properties in their order."""
    return json.dumps(schema, ensure_ascii=False)


def fill(text: str, parts: Mapping[str, str]) -> str:
    """The text with each `{{name}}` replaced, in one pass: what is put in is never looked at again."""
    return PLACEHOLDER.sub(lambda found: parts[found[1]], text).strip()


def repair_messages(messages: Sequence[Message], reply_text: str) -> tuple[Message, ...]:
    """The same question, the reply that could not be read (bounded, control tokens as codes), and a plea for JSON."""
    shown = encode_bounded(reply_text, MOST_OF_A_REPLY).json if reply_text.strip() else encode("(empty)")
    return (*messages, Message("assistant", shown), Message("user", REPAIR))
