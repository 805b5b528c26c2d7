"""Data conditions: how the training data of a stream of tasks differs from what the suite's tasks hold."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

AGAIN = "~2"
"""What the second visit of a task that comes back is called by, behind the task's name."""


class Condition(BaseModel):
    """A data condition; every default leaves the tasks exactly as they are.

    size: pairs of every task, as a multiple of the suite's. size_ratio: the largest task's pairs over the smallest
    one's, the others in equal steps between (a geometric row, dealt to tasks by the seed); all tasks together keep as
    many pairs as before. label_noise: share of a task's pairs whose two answers are swapped. length_skew: longer (above
    0) or shorter (below 0) answers are drawn with weight exp(skew x standardised log length). overlap: share of a
    task's pairs that are the next task's, too. recurrence: tasks that come back after the last one, each with one half
    of its pairs at either visit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: float = Field(default=1.0, gt=0, le=1000)
    size_ratio: float = Field(default=1.0, ge=1, le=1e6)
    label_noise: float = Field(default=0.0, ge=0, le=1)
    length_skew: float = Field(default=0.0, ge=-10, le=10)
    overlap: float = Field(default=0.0, ge=0, lt=1)
    item_overlap: float | None = Field(default=None, ge=0, le=1)
    recurrence: tuple[str, ...] = ()

    @field_validator("recurrence", mode="before")
    @classmethod
    def _may_be_one_text(cls, value: object) -> object:
        return [name for name in value.split("+") if name] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        twice = sorted({name for name in self.recurrence if self.recurrence.count(name) > 1})
        if twice:
            raise ValueError(f"recurrence names {', '.join(twice)} twice; a task comes back once")
        return self

    @model_validator(mode="after")
    def _one_overlap(self) -> Self:
        if self.overlap and self.item_overlap is not None:
            raise ValueError("overlap shares the pairs themselves, item_overlap what they are about: one of the two")
        return self

    @property
    def changes(self) -> dict[str, JsonValue]:
        """The fields that are not at their defaults, as JSON values."""
        usual = Condition()
        found = self.model_dump(mode="json")
        return {name: found[name] for name in found if getattr(self, name) != getattr(usual, name)}
