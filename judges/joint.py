"""One call for several dimensions: their templates in one frame, one JSON object with an object for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message, digest
from lifealign_bench.judges.interface import JudgedItem
from lifealign_bench.judges.rendering import (
    Rendered,
    encode_schema,
    encoded_values,
    fill,
    nonce_of_item,
    scale,
)
from lifealign_bench.judges.replies import read_reply
from lifealign_bench.judges.template import (
    Paraphrase,
    Template,
    TemplateDimension,
    Variable,
    closed_object,
    placeholders,
)
from lifealign_bench.judges.untrusted import block
from lifealign_bench.judges.verdict import Unscored, Verdict, read_object

ORDER: tuple[Variable, ...] = ("conversation", "reference", "answer")


class JointFrame(Strict):
    """The words around several templates. `{{parts}}`: their questions and scales; `{{values}}`: all values they need,
    each once, in the user text alone."""

    id: str = Field(pattern=r"^joint$")
    version: int = Field(ge=1)
    paraphrase: Paraphrase
    system: str
    user: str

    @property
    def label(self) -> str:
        """`joint@versionparaphrase`."""
        return f"{self.id}@{self.version}{self.paraphrase}"

    @cached_property
    def sha256(self) -> str:
        """Of all of it."""
        return digest(self.model_dump(mode="json"))

    @field_validator("system", "user")
    @classmethod
    def _every_part_once(cls, text: str, info: ValidationInfo) -> str:
        expected = ("parts", "output", "nonce") if info.field_name == "system" else ("values",)
        if set(placeholders(text)) != set(expected):
            raise ValueError(f"each of {', '.join(f'{{{{{name}}}}}' for name in expected)} and no other")
        return text


@dataclass(frozen=True)
class JointTemplate:
    """Templates of one answer by dimension, and the frame they stand in."""

    frame: JointFrame
    parts: Mapping[TemplateDimension, Template]

    def __post_init__(self) -> None:
        for template in self.parts.values():
            if template.mode == "pairwise":
                raise InputError(f"template {template.label}", "mode", template.mode, "a template of one answer")

    @property
    def label(self) -> str:
        """`joint@1a(helpfulness@1a+safety@1a)`."""
        return f"{self.frame.label}({'+'.join(template.label for template in self.parts.values())})"

    @cached_property
    def sha256(self) -> str:
        """Of the frame and every template in it."""
        return digest([self.frame.sha256, *[[name, template.sha256] for name, template in self.parts.items()]])

    def schema(self) -> dict[str, JsonValue]:
        """One object with each dimension's own object."""
        return closed_object({name: dict(template.schema()) for name, template in self.parts.items()})


def render_joint(template: JointTemplate, item: JudgedItem, seed: int) -> tuple[Message, ...]:
    """The system and user message that ask for every dimension at once."""
    return render_joint_recorded(template, item, seed).messages


def render_joint_recorded(template: JointTemplate, item: JudgedItem, seed: int) -> Rendered:
    """The messages, and how much of which value was left out; values are treated as `render` treats them."""
    needed = {name for part in template.parts.values() for name in part.variables}
    values = encoded_values([name for name in ORDER if name in needed], item)
    nonce = nonce_of_item(item, seed, values)
    texts = {
        "parts": "\n\n".join(
            f'"{name}": {part.question.strip()}\n{scale(part)}' for name, part in template.parts.items()
        ),
        "output": encode_schema(template.schema()),
        "nonce": nonce,
        "values": "\n\n".join(block(name, nonce, value) for name, value in values.items()),
    }
    frame = template.frame
    messages = (Message("system", fill(frame.system, texts)), Message("user", fill(frame.user, texts)))
    return Rendered(messages, {name: value.left_out for name, value in values.items() if value.left_out})


def parse_joint(template: JointTemplate, text: str) -> dict[TemplateDimension, Verdict | Unscored]:
    """A verdict or the reason for none, for every dimension: from the last outermost object that has any of them.

    Where that object is not the last word on a line of its own it may be a quotation, and nothing is scored.
    """
    reply = read_reply(text)
    found = [each for each in reply.objects if each.has_any(frozenset(template.parts))]
    if reply.broken or not found:
        return dict.fromkeys(template.parts, Unscored("parse", reply.broken or "no object with a dimension"))
    last = found[-1]
    if not reply.last_word or last is not reply.objects[-1]:
        return dict.fromkeys(template.parts, Unscored("parse", "an object that is not the last word"))
    if not isinstance(last.value, dict):
        return dict.fromkeys(template.parts, Unscored("parse", last.value.reason))
    return {name: read_object(part, last.value.get(name)) for name, part in template.parts.items()}
