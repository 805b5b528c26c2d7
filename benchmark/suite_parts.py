"""Parts of a suite: what is measured after stages, what is asked beyond the tasks, and what planning checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Cells = Literal["full", "seen", "corners"]
ExtraRows = Literal["none", "ends", "all"]
"""After how many learned tasks something is measured: nowhere, at row 0 and row T, or at every row."""


Strategy = Literal["ddp", "fsdp", "deepspeed"]
"""How several processes share a model."""


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


class BaseEntry(Strict):
    """The base model: a hub id or folder; `build:small` trains one on the suite's own training text; `world:mini` and
    `world:mini-neox` are the miniature world's, shipped for world 0 and built from its corpus for any other."""

    source: str
    revision: str | None = None
    dtype: Literal["float32", "bfloat16"] = "float32"
    parameters: float | None = Field(default=None, gt=0, description="parameters in billions, for estimates only")
    quantization: Literal["nf4"] | None = Field(
        default=None,
        description="nf4: linear layers in 4 bits, computed in dtype",
        exclude_if=lambda value: value is None,
    )


class Training(Strict):
    """How many processes of one machine learn a stage together, each on a GPU of its own where there are GPUs.

    strategy: `ddp` copies the model into every process, `fsdp` and `deepspeed` shard it. settings: what Accelerate is
    given beside the defaults: of `fsdp` its `fsdp_config`, of `deepspeed` DeepSpeed's own configuration.
    """

    processes: int = Field(default=1, ge=1)
    strategy: Strategy = "ddp"
    settings: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.settings and self.strategy == "ddp":
            raise ValueError(f"settings {sorted(self.settings)} need strategy fsdp or deepspeed, found ddp")
        return self

    def refuse_unfit(self, batch_size: int, micro_batch_size: int, batches: str) -> None:
        """Raises ValueError: batches of this size, or made in this way, cannot be dealt out to the processes."""
        together = micro_batch_size * self.processes
        if batch_size % together:
            raise ValueError(
                f"budget.batch_size {batch_size} is not a multiple of {together}, the pairs that "
                f"{self.processes} processes take at once (training.processes x budget.micro_batch_size)"
            )
        if self.processes > 1 and batches != "shuffled":
            raise ValueError(f"budget.batches {batches} is for one process, found {self.processes}")


class Answers(Strict):
    """Who answers: the policy in this process, or a vLLM server that serves its adapter over the base.

    url: the server's address without a path. adapters: a folder that both sides see under this path, null for one
    beside the store. at_once: questions that wait at the server together. timeout_s: how long one of them may take.
    """

    backend: Literal["built-in", "vllm"] = "built-in"
    url: str | None = Field(default=None, pattern=r"^https?://[^/]+/?$")
    adapters: str | None = None
    at_once: int = Field(default=64, ge=1)
    timeout_s: float = Field(default=600, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.backend == "vllm" and self.url is None:
            raise ValueError("backend vllm needs the url of its server, such as http://127.0.0.1:8000")
        if self.backend == "built-in" and self != Answers.model_construct():
            raise ValueError("url, adapters, at_once and timeout_s are backend vllm's, found backend built-in")
        return self


class Evaluation(Strict):
    """What is measured after every stage.

    batch_tokens: most tokens of a batch of answers, prompts with padding and room for the answers; null makes batches
    of `batch_size` answers. draw: null decodes greedily; a number is the seed of one answer drawn at `temperature`.
    phrasing: how the prompts of the evaluation are put, see `data.phrasings`; null as they are.
    """

    cells: Cells = "full"
    prompts: int | None = Field(default=None, ge=0, description="prompts a task that are answered; null: all")
    max_new_tokens: int = Field(default=256, ge=1)
    batch_size: int = Field(default=8, ge=1)
    # What is not used stays out of the suite's hash, which is then as it was before these could be chosen.
    batch_tokens: int | None = Field(default=None, ge=1, exclude_if=lambda value: value is None)
    answers: Answers = Field(default=Answers(), exclude_if=lambda value: value == Answers())
    draw: int | None = Field(default=None, ge=0)
    temperature: float = Field(default=1.0, gt=0, le=10)
    phrasing: str | None = None

    @property
    def sampling(self) -> dict[str, float | int]:
        """What is said of a drawn answer; nothing of a greedy one."""
        return {} if self.draw is None else {"draw": self.draw, "temperature": self.temperature}


class Safety(Strict):
    """What is asked of refusals beyond the tasks.

    prompts: a set that no task trains on, `mini`, a set of `safety_sets.yaml` or a .jsonl file (see `data.safety`);
    null asks nothing. attacks: ways of asking by their ids, none for all. rows: `ends` asks the base and the last
    policy, `all` every policy. classifier: a text classifier that reads the answers, a folder, a hub id or
    `world:mini`, which ships; labels: what its classes mean, `refusal`, `compliance` or `other`, where their names do
    not say so.
    """

    prompts: str | None = None
    attacks: tuple[str, ...] = ()
    rows: ExtraRows = "all"
    classifier: str | None = None
    labels: dict[str, str] = {}


class Limits(Strict):
    """What `plan` checks before anything starts; null checks nothing."""

    gpu_hours_per_method: float | None = Field(default=None, gt=0)
    assumed_tflops: float = Field(default=30.0, gt=0, description="sustained throughput of the GPU, for estimates")
    assumed_tokens_per_pair: int | None = Field(default=None, ge=1, description="for estimates before data is read")


class Resources(Strict):
    """What a node asks of the machine that computes it; read by engines that have several machines.

    gpus: of every node that opens a model, fractions share one; null: one where there are any. cpus: null: the suite's
    threads. memory_gb: kept free for every node that opens a model; null: not looked at. A stage that several processes
    learn asks for so many times the GPUs and cores.
    """

    gpus: float | None = Field(default=None, ge=0)
    cpus: int | None = Field(default=None, ge=1)
    memory_gb: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.gpus is not None and self.gpus > 1 and self.gpus != int(self.gpus):
            raise ValueError(f"gpus {self.gpus:g} is neither a fraction of one nor a whole number")
        return self
