"""Task cards: what a task is learned from, under which licence, and how its rows are read."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    """Files of one's own: a folder with train.* and test.*, a file for each split, or one file that is divided.

    Paths are relative to the card; those of catalogue cards to the data folder.
    """

    kind: Literal["local"]
    path: str
    evaluation_path: str | None = None
    evaluation_share: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.evaluation_path is not None and self.evaluation_share is not None:
            raise ValueError("`evaluation_path` and `evaluation_share` exclude each other")
        return self


class WorldSource(Strict):
    """The built-in miniature world of a seed; evaluation pairs are made of one of its two splits of unseen items."""

    kind: Literal["world"]
    seed: int = 0
    items: Literal["evaluation", "tuning"] = "evaluation"


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
    source: Annotated[HubSource | LocalSource | WorldSource, Field(discriminator="kind")]
    converter: ConverterName = "columns"
    columns: Columns = Columns()
    text: TextRules = TextRules()
    sizes: Sizes = Sizes()
    rubric: str = "general-helpfulness"
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
