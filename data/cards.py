"""Task cards: what a task is learned from, under which licence, and how its rows are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lifealign_bench.data.errors import InputError, UnknownNameError

ConverterName = Literal["columns", "transcripts", "conversations", "safety_rated", "human_and_model", "truthful_qa"]


class Strict(BaseModel):
    """Unknown keys and wrong types are errors, and instances never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Splits(Strict):
    """Where training and evaluation rows come from: two named splits, or one that is divided by prompt."""

    train: str = "train"
    evaluation: str | None = None
    evaluation_share: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.evaluation is None) == (self.evaluation_share is None):
            raise ValueError("exactly one of `evaluation` (a split's name) and `evaluation_share` (0 to 1) is needed")
        return self


class HubSource(Strict):
    """A data set of the Hugging Face hub at a revision; a 40-digit commit pins it.

    `builder` reads `data_files` of a repository by format, for repositories whose own loading script is not run.
    """

    kind: Literal["hub"]
    dataset: str
    revision: str
    config: str | None = None
    data_dir: str | None = None
    data_files: str | dict[str, str] | None = None
    builder: Literal["json", "parquet"] | None = None
    splits: Splits

    @model_validator(mode="after")
    def _builder_needs_files(self) -> Self:
        if self.builder and not self.data_files:
            raise ValueError("`builder` needs `data_files`")
        return self


class LocalSource(Strict):
    """A folder with train.* and test.*, or one file that is divided; relative to the card, or to the data folder."""

    kind: Literal["local"]
    path: str
    evaluation_share: float | None = Field(default=None, gt=0, lt=1)


class Columns(Strict):
    """The columns that the `columns` converter reads; `prompt` and the answers may hold text or chat messages."""

    prompt: str = "query"
    chosen: str = "chosen"
    rejected: str = "rejected"
    system: str | None = None
    category: str | None = None
    item: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which a row cannot be read."""
        optional = (self.system, self.category, self.item)
        return (self.prompt, self.chosen, self.rejected, *(name for name in optional if name))


class TextRules(Strict):
    """How the words of a row are read.

    dialogue: lines that start with `Human:` or `Assistant:` are turns. opening_assistant: what an assistant turn
    before the user's first one is; `system` where a data set writes its instructions that way.
    rejected_separator: the sign that joins several rejected answers. rejected_answers: one pair a row, its rejected
    answer drawn by a hash of the prompt, or a pair for each.
    """

    dialogue: bool = True
    opening_assistant: Literal["assistant", "system"] = "assistant"
    rejected_separator: str | None = Field(default=None, min_length=1)
    rejected_answers: Literal["one", "all"] = "one"


class Harm(Strict):
    """How prompts get their harm label: not at all, from a column, all alike, or by the named converter."""

    rule: Literal["none", "column", "always", "converter"] = "none"
    column: str | None = None
    harmful_values: tuple[str | bool | int, ...] = Field(default=(), strict=False)
    description: str = ""

    @model_validator(mode="after")
    def _column_rule_is_whole(self) -> Self:
        if (self.rule == "column") != (self.column is not None) or bool(self.harmful_values) != (self.rule == "column"):
            raise ValueError("`column` and `harmful_values` belong to rule `column`, and it needs both")
        return self


class Sizes(Strict):
    """Pairs a task takes where a suite does not say; null takes all."""

    train: int | None = Field(default=None, ge=1)
    evaluation: int | None = Field(default=None, ge=1)


class TaskCard(Strict):
    """One task of the catalogue, or of a user's own."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    title: str
    source: Annotated[HubSource | LocalSource, Field(discriminator="kind")]
    converter: ConverterName = "columns"
    columns: Columns = Columns()
    text: TextRules = TextRules()
    sizes: Sizes = Sizes()
    rubric: str = "helpfulness"
    licence: str
    redistributable: bool = False
    content: Literal["none", "harmful"] = "none"
    harm: Harm = Harm()
    language: str = "en"
    citation: str = ""
    mirrors: str | None = None
    aliases: tuple[str, ...] = Field(default=(), strict=False)
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the task answers to, its own first; local data folders carry one of them."""
        return (self.name, *self.aliases)


def read_card(path: Path) -> TaskCard:
    """The card of a YAML file; a relative local path becomes absolute, from the card's folder.

    Raises:
        InputError: there is no such file, or it holds no valid card.
    """
    card = parse_card(read_yaml(path), str(path))
    if isinstance(card.source, LocalSource):
        place = str((path.parent / Path(card.source.path).expanduser()).resolve())
        return card.model_copy(update={"source": card.source.model_copy(update={"path": place})})
    return card


def read_yaml(path: Path) -> object:
    """The document of a YAML file; InputError where there is none or it is malformed."""
    try:
        return parse_yaml(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, "card file", str(error), "a readable YAML file") from None


def parse_yaml(text: str, where: str) -> object:
    """The document of a YAML text; InputError names the line of what is malformed."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(where, "YAML", " ".join(str(error).split()), "a well-formed document") from None


def parse_card(values: object, where: str) -> TaskCard:
    """A validated card; raises the first of `card_problems`."""
    if not isinstance(values, Mapping):
        raise InputError(where, "document", type(values).__name__, "a mapping of card fields")
    try:
        return TaskCard.model_validate(values)
    except ValidationError as error:
        raise _problems(error, where)[0] from None


def card_problems(values: object, where: str) -> list[InputError]:
    """Everything that is wrong with a card's fields, in the card's order; empty for a valid one."""
    if not isinstance(values, Mapping):
        return [InputError(where, "document", type(values).__name__, "a mapping of card fields")]
    try:
        TaskCard.model_validate(values)
    except ValidationError as error:
        return _problems(error, where)
    return []


def _problems(error: ValidationError, where: str) -> list[InputError]:
    return [_problem(dict(detail), where) for detail in error.errors(include_url=False)]


def _problem(detail: Mapping[str, object], where: str) -> InputError:
    location = detail["loc"] if isinstance(detail["loc"], tuple) else ()
    # pydantic puts the union's tag into the location; a user's file has no such level
    parts = [str(part) for index, part in enumerate(location) if not (index == 1 and part in ("hub", "local"))]
    place = ".".join(parts) or "card"
    if detail["type"] == "extra_forbidden":
        return UnknownNameError(where, place, parts[-1], _known_keys(location))
    shown = "nothing" if detail["type"] == "missing" else repr(detail["input"])
    return InputError(where, place, shown if len(shown) < 80 else shown[:77] + "...", str(detail["msg"]))


def _known_keys(location: Sequence[object]) -> list[str]:
    models: dict[object, type[Strict]] = {
        "hub": HubSource,
        "local": LocalSource,
        "splits": Splits,
        "columns": Columns,
        "text": TextRules,
        "harm": Harm,
        "sizes": Sizes,
    }
    nested = [models[part] for part in location[:-1] if part in models]
    return list((nested[-1] if nested else TaskCard).model_fields)
