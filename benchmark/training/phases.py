"""One phase of a stage: TRL's trainers under the method's hooks, with a fresh optimiser and schedule."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer
from trl.trainer.utils import add_fused_lm_head

from lifealign_bench.benchmark.suite import Phase
from lifealign_bench.benchmark.training.collate import IGNORED
from lifealign_bench.benchmark.training.context import Stage
from lifealign_bench.benchmark.training.encode import EncodedPair
from lifealign_bench.benchmark.training.ranks import Part, Ranks, SharedOrder
from lifealign_bench.benchmark.training.seeds import derive_seed
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.methods.context import Batch

SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


class DivergedError(LifeAlignError):
    """A loss is no number any more; the stage cannot be trusted and is not kept."""


class HookedTrainer:
    """The method's loss and penalties in place of the trainer's own; mixed into both of TRL's trainers."""

    stage: Stage
    rows: Sequence[EncodedPair]
    args: TrainingArguments
    current_gradient_accumulation_steps: int
    state: TrainerState
    # The loss is scaled here for both kinds of phase; the Trainer would divide the one and not the other.
    loss_is_scaled_for_ga = True

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The accumulated batch's share of this micro-batch: method's loss plus penalties."""
        stage, batch = self.stage, inputs["batch"]
        part, steps = inputs.get("part"), self.current_gradient_accumulation_steps
        if part is None:
            return self._share(batch, num_items_in_batch, steps, 1)
        # Gradients are averaged over the processes, and a log over each one's own micro-batches.
        count = stage.ranks.count
        stage.through = model
        try:
            share = self._share(batch, num_items_in_batch, part.of, part.weight * steps * count / part.of)
        finally:
            stage.through = None
        weighed: torch.Tensor = share * (part.weight * count)
        return weighed

    def _share(self, batch: Batch, num_items_in_batch: Any, steps: int, emphasis: float) -> torch.Tensor:
        """A micro-batch's share of a global batch that has `steps` of them; emphasis: how much of it is logged."""
        stage = self.stage
        if stage.phase == "sft":
            total, tokens = stage.method.sft_loss(stage, batch)
            _require_shape(stage, "sft_loss", total, ())
            share = total / torch.as_tensor(num_items_in_batch if num_items_in_batch is not None else tokens)
        else:
            each = stage.method.preference_loss(stage, batch)
            _require_shape(stage, "preference_loss", each, (batch.n_pairs,))
            share = each.mean() / steps
        stage.log("loss", float(share.detach()) * steps * emphasis)
        for name, term in stage.method.penalties(stage).items():
            _require_shape(stage, f"penalties, {name}", term, ())
            stage.log(f"penalty/{name}", float(term.detach()) * emphasis)
            share = share + term / steps
        if not torch.isfinite(share):
            raise DivergedError(
                f"training diverged: task {stage.task}, phase {stage.phase}, step {self.state.global_step + 1}: "
                f"loss found {float(share.detach())}, expected a number; lower the learning rate of this phase"
            )
        if emphasis:
            stage.report.example_passes += batch.n_pairs
            stage.report.tokens += int(batch.attention_mask.sum())
        return share

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The trainer's own, or this process's part of it."""
        stage = self.stage
        if stage.ranks.alone:
            alone: DataLoader[Any] = super().get_train_dataloader()  # type: ignore[misc]
            return alone
        budget, seed = stage.budget, self.args.data_seed
        order = SharedOrder(len(self.rows), budget.micro_batch_size, budget.batch_size, seed, stage.ranks)
        return DataLoader(_Parts(stage, self.rows), batch_size=None, sampler=order, collate_fn=_as_they_are)


class HookedSFTTrainer(HookedTrainer, SFTTrainer):  # type: ignore[misc]
    """TRL's SFT trainer with the method's loss."""


class HookedDPOTrainer(HookedTrainer, DPOTrainer):  # type: ignore[misc]
    """TRL's DPO trainer with the method's loss."""

    def _prepare_dataset(self, dataset: Dataset, *args: object, **kwargs: object) -> Dataset:
        # The SFT trainer has an option for rows that are tokens already; this trainer does not.
        return dataset


class _Parts(TorchDataset[dict[str, Any]]):
    """What the trainer is given for each part of this process; a part of no weight has no tokens to count."""

    def __init__(self, stage: Stage, rows: Sequence[EncodedPair]) -> None:
        self.stage, self.rows = stage, rows

    def __getitem__(self, part: Part) -> dict[str, Any]:
        batch = self.stage.collate([self.rows[place] for place in part.rows])
        labels = batch.labels if part.weight else torch.full_like(batch.labels, IGNORED)
        return {**_inputs(batch), "labels": labels, "part": part}


def _as_they_are(inputs: Any) -> Any:
    return inputs


class Hooks(TrainerCallback):  # type: ignore[misc]
    """Calls the method at its places in a step and keeps every loss part."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """After accumulation and clipping, before the step: the only place where projected gradients count."""
        self.stage.method.project_gradients(self.stage)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Let the method act, then record the step."""
        stage = self.stage
        stage.method.after_step(stage)
        phase, step = str(stage.phase), state.global_step
        means = stage.settle(phase, step, float(state.epoch or 0))
        if stage.progress is not None:
            stage.progress(phase, step, state.max_steps, means.get("loss", float("nan")))

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Forget the last step's parts; trackers have read them by now."""
        self.stage.pending.clear()


def train_phase(stage: Stage, phase: Phase) -> None:
    """Train one phase of a stage in place.

    Raises:
        DivergedError: a loss is not finite.
    """
    stage.phase = phase.kind
    stage.method.before_phase(stage)
    rows = stage.encode(stage.method.training_data(stage))
    stage.refer([row.pair for row in rows])
    stage.report.prompts_cut[phase.kind] = sum(row.prompt_cut for row in rows)
    stage.report.answers_cut[phase.kind] = sum(row.answers_cut for row in rows)
    with tempfile.TemporaryDirectory(prefix="lifealign-") as scratch:
        folder = stage.logging_folder / phase.kind if stage.logging_folder and stage.report_to else scratch
        trainer = _trainer(stage, phase, rows, str(folder))
        trainer.stage, trainer.rows = stage, rows
        # The trainers' own fused head also computes entropies and the like for metrics that nobody here reads.
        add_fused_lm_head(_base(stage))
        # They put it on the module that they are given, past the forward of one that wraps a base in its own way.
        vars(stage.model).pop("forward", None)
        if not stage.ranks.alone:
            # Set on the base as the reference, where it would be taken for the policy's: gradients were not exchanged.
            vars(_base(stage)).pop("_is_accelerate_prepared", None)
        # The Trainer prints every step to standard output where it has no progress bar.
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        stage.report.steps[phase.kind] = trainer.state.global_step
    stage.pending.clear()
    stage.method.after_phase(stage)
    # What a hook logs after the last step stands beside that step.
    stage.settle(phase.kind, stage.report.steps[phase.kind], float(phase.epochs))
    stage.pending.clear()
    stage.phase = None


def _require_shape(stage: Stage, hook: str, loss: torch.Tensor, expected: tuple[int, ...]) -> None:
    if tuple(loss.shape) != expected:
        where = f"method {stage.method.spec.name}, task {stage.task}, phase {stage.phase}"
        raise InputError(where, hook, f"a tensor of shape {tuple(loss.shape)}", f"shape {expected}")


def _trainer(stage: Stage, phase: Phase, rows: Sequence[EncodedPair], scratch: str) -> Any:
    common: dict[str, Any] = {
        "model": stage.model,
        "train_dataset": _places(stage, rows),
        "data_collator": lambda items: _inputs(stage.collate([rows[item["index"]] for item in items])),
        "processing_class": stage.encoder.tokenizer,
        "callbacks": [Hooks(stage)],
    }
    settings = _arguments(stage, phase, scratch)
    if phase.kind == "sft":
        args = SFTConfig(**settings, dataset_kwargs={"skip_prepare_dataset": True}, max_length=None)
        return HookedSFTTrainer(args=args, **common)
    # A reference model is named only because the trainer would else copy the adapter into a second one; it is never
    # asked, for reference log-probabilities come from the store.
    args = DPOConfig(**settings, beta=stage.beta, max_length=None, disable_dropout=False)
    return HookedDPOTrainer(args=args, ref_model=_base(stage), **common)


def _places(stage: Stage, rows: Sequence[EncodedPair]) -> Dataset:
    """The places of the rows and, where batches go by length, how long the rows are."""
    places: dict[str, list[int]] = {"index": list(range(len(rows)))}
    if stage.budget.batches == "by_length":
        places["length"] = [len(row.prompt) + max(len(row.chosen), len(row.rejected)) for row in rows]
    return Dataset.from_dict(places)


def _base(stage: Stage) -> Any:
    model: Any = stage.model
    return model.get_base_model() if hasattr(model, "get_base_model") else model.base


def _arguments(stage: Stage, phase: Phase, scratch: str) -> dict[str, Any]:
    budget, ranks = stage.budget, stage.ranks
    seed = derive_seed(stage.seed, stage.prefix, phase.kind, "order of rows")
    parameter = next(stage.model.parameters())
    return {
        "output_dir": scratch,
        "per_device_train_batch_size": budget.micro_batch_size,
        "gradient_accumulation_steps": budget.batch_size // (budget.micro_batch_size * ranks.count),
        "learning_rate": phase.learning_rate,
        "num_train_epochs": phase.epochs,
        "lr_scheduler_type": SCHEDULES[budget.schedule],
        "warmup_steps": budget.warmup,
        "weight_decay": 0.0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "max_grad_norm": budget.max_grad_norm,
        "gradient_checkpointing": budget.gradient_checkpointing,
        "bf16": parameter.device.type != "cpu" and parameter.dtype == torch.bfloat16,
        "use_cpu": parameter.device.type == "cpu",
        "seed": seed,
        "data_seed": seed,
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": list(stage.report_to) or "none",
        "run_name": "/".join((*stage.prefix, phase.kind)),
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        **({"train_sampling_strategy": "group_by_length"} if budget.batches == "by_length" else {}),
        **_sharding(ranks),
    }


def _sharding(ranks: Ranks) -> dict[str, Any]:
    """What Accelerate is told of a model that several processes share."""
    if ranks.alone:
        return {}
    if ranks.strategy == "ddp":
        # A stage learns with all of its parameters; looking for unused ones costs a walk through every graph.
        return {"ddp_find_unused_parameters": False}
    if ranks.strategy == "fsdp":
        return {"fsdp": "full_shard", "fsdp_config": {"version": 2, **ranks.settings}}
    usual = {
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "bf16": {"enabled": "auto"},
    }
    return {"deepspeed": {**usual, "gradient_clipping": "auto", "zero_optimization": {"stage": 2}, **ranks.settings}}


def _inputs(batch: Batch) -> dict[str, Any]:
    # The Trainer counts label tokens and floating point operations by these names.
    return {"input_ids": batch.input_ids, "labels": batch.labels, "batch": batch}


def _means(parts: dict[str, list[float]]) -> dict[str, float]:
    return {name: sum(values) / len(values) for name, values in parts.items()}
