"""My method: a pull of the weights back to where they were when the stage began.

After every optimiser step, with p0 the weights at the start of the stage:

    p <- p0 + (1 - strength) * (p - p0)

Source: L2-SP (arXiv 1802.01483), as a step of its own like AdamW's weight decay
(arXiv 1711.05101), so that Adam cannot rescale it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lifealign_bench.methods import Method, MethodConfig, MethodSpec, StageContext

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class MyMethodConfig(MethodConfig):
    """strength: share of the way from the stage's start that every step takes back."""

    strength: float = 0.05

    def __post_init__(self) -> None:
        self.require(0 <= self.strength < 1, "strength", "a share from 0 to below 1")


@dataclass
class MyMethod(Method):
    """Pulls the weights to the start of the stage."""

    # What one hook leaves for another is a field. Between two tasks only what `save`
    # writes survives: every stage begins with a new object.
    _start: dict[str, torch.Tensor] = field(default_factory=dict)

    spec: ClassVar[MethodSpec] = MethodSpec(
        name="my_method",
        version="1",  # raise it when results change
        api=1,  # the method API that this file is written for
        title="My method",
        paper="none yet",
        # What is stored between tasks: "examples", "parameters", "statistics".
        keeps=frozenset(),
        # True where the first task is trained exactly as SeqFT's: it is then shared.
        first_task_plain=False,
        # With these settings it equals SeqFT bit for bit ...
        neutral={"strength": 0.0},
        # ... and with these it must change the weights of the second task.
        active={"strength": 0.2},
    )
    Config: ClassVar[type[MethodConfig]] = MyMethodConfig

    def before_stage(self, ctx: StageContext) -> None:
        """Note the start. Called once a task, when the model is attached."""
        if self.config.strength == 0:
            return
        for name, parameter in ctx.trainable.items():
            self._start[name] = parameter.detach().clone()

    def after_step(self, ctx: StageContext) -> None:
        """Pull. Called after every optimiser step; may change weights."""
        # Neutral means skipped: x + 0 * y may have other bits than x.
        if self.config.strength == 0:
            return
        squares = 0.0
        for name, parameter in ctx.trainable.items():
            start = self._start[name]
            parameter.data.lerp_(start, self.config.strength)
            squares += float((parameter.data - start).square().sum())
        ctx.log("distance", squares**0.5)  # stands beside the loss in losses.parquet

    def after_stage(self, ctx: StageContext) -> None:
        """Forget the start. Called once a task; what it leaves is what is evaluated."""
        self._start = {}


# All hooks in the order of their calls; one that you do not write does what is said here.
#
#   load(folder)               reads what `save` wrote after the last task; not called before
#                              the first. Default: nothing.
#   attach(model, ctx)         gets the untouched base, returns the module to train.
#                              Default: ctx.wrap_with_lora(model), one LoRA for the whole run.
#   before_stage(ctx)          once a task. ctx.model holds the weights of the task before.
#   train_stage(ctx)           for training of another kind. Default: ctx.train_phases(),
#                              which calls the hooks down to after_phase for each phase.
#   before_phase(ctx)          ctx.phase is "sft" or "preference".
#   training_data(ctx)         returns the pairs of this phase. Default: ctx.rows. Old pairs
#                              come from ctx.recall(pair_ids), if keeps has "examples".
#   sft_loss(ctx, batch)       returns (sum of the negative log-likelihoods, number of
#                              tokens), two scalars; the harness divides.
#   preference_loss(ctx, batch)  returns one loss per pair, shape (pairs,); the harness takes
#                              the mean. Default: DPO of ctx.margins(batch), same shape.
#   penalties(ctx)             returns {name: scalar}, added to the loss and logged. Use a
#                              mean over parameters, then a weight fits models of any size.
#   project_gradients(ctx)     may change parameter.grad in place; it is accumulated and
#                              clipped by then, and the optimiser step comes next.
#   after_step(ctx)            after the optimiser step; may change weights.
#   after_phase(ctx)           may change weights.
#   after_stage(ctx)           may change weights; they are saved, evaluated and carried on.
#   save(folder)               writes all memory as safetensors or JSON. Default: nothing.
#   remember(ctx)              updates the memory (a buffer, Fisher values), never weights;
#                              called if keeps is not empty, and followed by another `save`.
#   serve(policy, task)        a context manager that yields the module that answers. `task`
#                              is None unless the spec has needs_task_identity=True.
#
# ctx: model, phase, phases (the suite's kinds), task, prefix (tasks up to this one), rows, beta,
#   trainable (name -> parameter), batches(rows), token_logps(batch) of shape (rows, tokens - 1),
#   margins(batch), loss(batch), logps(rows, "base" | "start" | "now"), recall(pair_ids),
#   log(name, value). generator(purpose) is the only source of random numbers: seeded, the same
#   on every run; run_generator(purpose) is the same for all tasks of a run, too.
#   add_lora(model, name) in `attach`: one more adapter beside the first. as_in(phase) in
#   `remember`: a context in which batches and losses are those of that phase. refer(rows) in
#   `before_phase`: reference log-probabilities for rows that this phase does not train on.
# batch: input_ids, attention_mask, labels of shape (rows, tokens), labels -100 where nothing
#   is learned. "sft": the n chosen answers. "preference": the n chosen, then the n rejected.
#   reference_chosen_logps, reference_rejected_logps of shape (n,), in "preference" only.
