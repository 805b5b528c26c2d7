"""Parts of a suite: what is measured after stages, what is asked beyond the tasks, and what planning checks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Cells = Literal["full", "seen", "corners"]
ExtraRows = Literal["none", "ends", "all"]
"""After how many learned tasks something is measured: nowhere, at row 0 and row T, or at every row."""


class Strict(BaseModel):
    """Unknown keys are errors and instances never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Capability(Strict):
    """What a policy is asked beyond the suite's tasks, with lm-eval; a bare list names the tasks.

    rows: `ends` asks the base and the policy after the last task, `all` every policy. limit: examples a task, null for
    all of them. chat: whether prompts are put in the base's chat template.
    """

    tasks: tuple[str, ...] = ()
    rows: Literal["ends", "all"] = "ends"
    limit: int | None = Field(default=None, ge=1)
    chat: bool = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        twice = sorted({name for name in self.tasks if self.tasks.count(name) > 1})
        if twice:
            raise ValueError(f"tasks stand twice: {', '.join(twice)}")
        return self


class Evaluation(Strict):
    """What is measured after every stage."""

    cells: Cells = "full"
    prompts: int | None = Field(default=None, ge=0, description="prompts a task that are answered; null: all")
    max_new_tokens: int = Field(default=256, ge=1)
    batch_size: int = Field(default=8, ge=1)


class Limits(Strict):
    """What `plan` checks before anything starts; null checks nothing."""

    gpu_hours_per_method: float | None = Field(default=None, gt=0)
    assumed_tflops: float = Field(default=30.0, gt=0, description="sustained throughput of the GPU, for estimates")
    assumed_tokens_per_pair: int | None = Field(default=None, ge=1, description="for estimates before data is read")
