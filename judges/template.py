"""A judge's template: one question to a judge, its scale, its words, and the shape of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, ValidationInfo, field_validator, model_validator

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.rows import Message, Role, digest
from lifealign_bench.judges.interface import HIGHEST, LOWEST, JudgedItem

Paraphrase = Literal["a", "b"]
Mode = Literal["score", "criteria", "pairwise"]
TemplateDimension = Literal["helpfulness", "safety", "rubric", "refusal"]
Variable = Literal["conversation", "answer", "reference", "first", "second"]
Rule = Literal["all", "any", "share"]
Text = Annotated[str, Field(min_length=1)]

SCORES = tuple(range(LOWEST, HIGHEST + 1))
PLACES = ("first", "second", "tie")
PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")
OWN_PARTS = ("question", "scale", "output", "nonce")
"""What a template's texts may hold of the template itself; everything else between double braces is a variable."""


class Criterion(Strict):
    """One question that is answered by yes or no."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    question: Text


class Reply(Strict):
    """A judge's text and the verdict that must be read from it; null where it must stay unscored."""

    text: str
    verdict: int | str | None


class TemplateCase(Strict):
    """One of a template's own tests: values, what the rendered messages must hold, and replies with their verdicts."""

    name: str
    conversation: tuple[tuple[Role, str], ...]
    answer: str
    reference: str = ""
    other: str | None = None
    shows: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()

    def item(self) -> JudgedItem:
        """The values as a judged answer."""
        turns = tuple(Message(role, content) for role, content in self.conversation)
        return JudgedItem("case", "templates", "", turns, self.answer, self.reference, None, None)


class Template(Strict):
    """One versioned template.

    levels: score mode, what each score means. criteria and rule: criteria mode; `all` and `any` give 1 where all or
    any criteria are met and else 0, `share` gives 1 + 9 x the share met, rounded half up. choices: pairwise mode.
    variables: all untrusted, each stands once in the user text.
    """

    id: str = Field(pattern=r"^[a-z][a-z-]*$")
    version: int = Field(ge=1)
    paraphrase: Paraphrase
    mode: Mode
    dimension: TemplateDimension
    question: Text
    levels: dict[int, Text] = Field(default={}, validate_default=True)
    criteria: tuple[Criterion, ...] = Field(default=(), validate_default=True)
    rule: Rule | None = Field(default=None, validate_default=True)
    choices: dict[str, Text] = Field(default={}, validate_default=True)
    variables: tuple[Variable, ...]
    system: str
    user: str
    output: dict[str, JsonValue]
    tests: tuple[TemplateCase, ...] = Field(min_length=1)

    @property
    def label(self) -> str:
        """`id@versionparaphrase`, as in `safety@1a`."""
        return f"{self.id}@{self.version}{self.paraphrase}"

    @cached_property
    def sha256(self) -> str:
        """Of everything but the tests: what can change a verdict."""
        return digest(self.model_dump(mode="json", exclude={"tests"}))

    @property
    def verdicts(self) -> tuple[int | str, ...]:
        """Every verdict that can come of it."""
        if self.mode == "pairwise":
            return PLACES
        if self.mode == "score":
            return SCORES
        return tuple(dict.fromkeys(self.verdict_of(met) for met in range(len(self.criteria) + 1)))

    def verdict_of(self, met: int) -> int:
        """The verdict where `met` of the criteria are met."""
        count = len(self.criteria)
        if self.rule == "share":
            return LOWEST + (2 * (HIGHEST - LOWEST) * met + count) // (2 * count)
        return int(met == count if self.rule == "all" else met > 0)

    def schema(self) -> Mapping[str, JsonValue]:  # type: ignore[override]  # pydantic's own is deprecated
        """The JSON schema of the judge's answer."""
        return self.output

    @field_validator("levels")
    @classmethod
    def _every_level(cls, levels: dict[int, str], info: ValidationInfo) -> dict[int, str]:
        _same_names("levels", list(levels), SCORES if info.data.get("mode") == "score" else ())
        return levels

    @field_validator("choices")
    @classmethod
    def _every_choice(cls, choices: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        _same_names("choices", list(choices), PLACES if info.data.get("mode") == "pairwise" else ())
        return choices

    @field_validator("criteria")
    @classmethod
    def _criteria_once(cls, criteria: tuple[Criterion, ...], info: ValidationInfo) -> tuple[Criterion, ...]:
        if bool(criteria) != (info.data.get("mode") == "criteria"):
            raise ValueError("criteria in mode criteria and in no other")
        if len({criterion.id for criterion in criteria}) != len(criteria):
            raise ValueError("every criterion's id once")
        return criteria

    @field_validator("rule")
    @classmethod
    def _rule_of_criteria(cls, rule: Rule | None, info: ValidationInfo) -> Rule | None:
        if (rule is not None) != (info.data.get("mode") == "criteria"):
            raise ValueError("a rule in mode criteria and in no other")
        return rule

    @field_validator("variables")
    @classmethod
    def _needed_variables(cls, variables: tuple[Variable, ...], info: ValidationInfo) -> tuple[Variable, ...]:
        pairwise = info.data.get("mode") == "pairwise"
        judged, other = ({"first", "second"}, {"answer"}) if pairwise else ({"answer"}, {"first", "second"})
        if len(set(variables)) != len(variables) or not judged <= set(variables) or other & set(variables):
            raise ValueError(f"each variable once, with {' and '.join(sorted(judged))} and without the other mode's")
        return variables

    @field_validator("system")
    @classmethod
    def _system_is_ours(cls, text: str) -> str:
        used = placeholders(text)
        if unknown := [name for name in used if name not in OWN_PARTS]:
            raise ValueError(f"no variable in the system text, which is ours alone; {unknown[0]!r} is one")
        if "nonce" not in used:
            raise ValueError("{{nonce}} in the system text, which says that what stands between markers is data")
        return text

    @field_validator("user")
    @classmethod
    def _declared_and_used(cls, text: str, info: ValidationInfo) -> str:
        declared = info.data.get("variables", ())
        used = [name for name in placeholders(text) if name not in OWN_PARTS]
        if undeclared := [name for name in used if name not in declared]:
            raise ValueError(f"only declared variables; {undeclared[0]!r} is undeclared")
        if wrong := [name for name in declared if used.count(name) != 1]:
            raise ValueError(f"every declared variable once; {wrong[0]!r} stands there {used.count(wrong[0])} times")
        return text

    @field_validator("output")
    @classmethod
    def _rationale_then_verdict(cls, output: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        if "mode" in info.data and "criteria" in info.data:
            check_output(output, verdict_schema(info.data["mode"], info.data["criteria"]))
        return output

    @model_validator(mode="after")
    def _texts_hold_the_scale(self) -> Self:
        used = {*placeholders(self.system), *placeholders(self.user)}
        if missing := {"question", "scale", "output"} - used:
            raise ValueError(f"{{{{{min(missing)}}}}} in the system or the user text")
        return self


def placeholders(text: str) -> list[str]:
    """The names between double braces, in order; ValueError where braces hold anything else."""
    names = PLACEHOLDER.findall(text)
    if text.count("{{") != len(names) or text.count("}}") != len(names):
        raise ValueError("every {{ }} around the name of a variable or of a part")
    return names


def verdict_schema(mode: Mode, criteria: Sequence[Criterion]) -> dict[str, JsonValue]:
    """The JSON schema of a verdict."""
    if mode == "score":
        return {"type": "integer", "enum": [*SCORES]}
    if mode == "pairwise":
        return {"type": "string", "enum": [*PLACES]}
    return closed_object({criterion.id: {"type": "string", "enum": ["yes", "no"]} for criterion in criteria})


def closed_object(properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The JSON schema of an object that holds these properties, in this order, and no others."""
    return {
        "type": "object",
        "properties": {**properties},
        "required": [*properties],
        "additionalProperties": False,
    }


def check_output(output: Mapping[str, JsonValue], verdict: dict[str, JsonValue]) -> None:
    """ValueError unless `output` is a closed object of a rationale and then the verdict."""
    properties = output.get("properties")
    if not isinstance(properties, dict) or list(properties) != ["rationale", "verdict"]:
        raise ValueError("the properties `rationale` and then `verdict`")
    if _written(properties["verdict"]) != _written(verdict):
        raise ValueError(f"properties.verdict to be {_written(verdict)}")
    if output != closed_object({"rationale": {"type": "string"}, "verdict": verdict}):
        raise ValueError("a closed object of a rationale (string) and a verdict, both required")


def _written(schema: JsonValue) -> str:
    """As it is sent: with its order, which a dictionary's equality passes over."""
    return json.dumps(schema)


def _same_names(field: str, found: Sequence[int | str], expected: Sequence[int | str]) -> None:
    if missing := [name for name in expected if name not in found]:
        raise ValueError(f"{field} for {', '.join(str(name) for name in expected)}; {missing[0]} is missing")
    if unknown := [name for name in found if name not in expected]:
        raise ValueError(f"no {field} beyond this mode's; {unknown[0]} is one")
