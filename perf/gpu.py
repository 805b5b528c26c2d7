"""Tokens a second and model FLOPs utilisation of the preference phase, beside TRL's own DPOTrainer on the same rows.

A Qwen2 of random weights in a known shape learns random pairs with one LoRA; both sides take the same micro-batches,
learning rate, adapter, precision, attention and checkpointing. Of two epochs the second is measured. Four numbers:

    trl         TRL as it comes: the reference is asked in every step
    ours        ours, the reference pass over the rows counted in full
    cached      ours with reference log-probabilities from the store, as every stage but the first has them
    sorted      the same, batches of rows of like length (`budget.batches: by_length`)

    python perf/gpu.py --shape qwen2.5-7b --bf16 --checkpointing [--attention flash_attention_2] [--json FILE]
    python perf/gpu.py --shape tiny          # on a CPU: seconds are CPU seconds, and say nothing of a GPU
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _gpu_shapes import SHAPES, Row, Shape, peak_tflops, random_model, random_rows, tokens_of, useful_flops

KINDS = ("trl", "ours", "cached", "sorted")


@dataclass(frozen=True, slots=True)
class Setting:
    """What both sides share."""

    shape: Shape
    rows: list[Row]
    batch: int
    micro: int
    bf16: bool
    attention: str
    checkpointing: bool
    fused: bool
    device: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="qwen2.5-0.5b")
    parser.add_argument("--pairs", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--micro", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--attention", choices=("sdpa", "eager", "flash_attention_2"), default="sdpa")
    parser.add_argument("--checkpointing", action="store_true", help="recompute activations")
    parser.add_argument("--plain-head", action="store_true", help="ours with whole logits; TRL's head is always fused")
    parser.add_argument("--only", choices=KINDS, nargs="+", default=list(KINDS))
    parser.add_argument("--peak-tflops", type=float, help="of the device; known ones are looked up by name")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = measured(asked)
    print(shown(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """All numbers by kind, and what they were measured on."""
    import torch

    from lifealign_bench.benchmark.environment import device_class, settle_process

    # Threads that wait for each other on a busy machine would count as CPU seconds of work.
    settle_process(1)
    # Reproducible kernels are the benchmark's choice; TRL's own throughput is without them, and so is ours here.
    torch.use_deterministic_algorithms(False)
    device = device_class()
    shape = SHAPES[asked.shape]
    rows = random_rows(shape, asked.pairs)
    fused = not asked.plain_head
    setting = Setting(
        shape, rows, asked.batch, asked.micro, asked.bf16, asked.attention, asked.checkpointing, fused, device
    )
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    peak = asked.peak_tflops or peak_tflops(name)
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in asked.only}
    for _ in range(asked.repeat):
        for kind in asked.only:
            runs[kind].append(_of(kind, setting))
    found: dict[str, Any] = {"device": name, "torch": torch.__version__, "peak_tflops": peak}
    found["settings"] = {key: value for key, value in vars(asked).items() if key not in ("json", "peak_tflops")}
    found["kinds"] = {kind: _summary(kind, results, setting, peak) for kind, results in runs.items()}
    return found


def _of(kind: str, setting: Setting) -> dict[str, float]:
    import gc

    import torch

    gc.collect()
    if setting.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    seconds, reference = _trl(setting) if kind == "trl" else _ours(setting, by_length=kind == "sorted")
    memory = torch.cuda.max_memory_allocated() / 2**30 if setting.device == "cuda" else 0.0
    return {"seconds": seconds + (reference if kind == "ours" else 0.0), "memory_gib": memory}


def _summary(
    kind: str, results: list[dict[str, float]], setting: Setting, peak: float | None
) -> dict[str, float | None]:
    seconds = statistics.median(row["seconds"] for row in results)
    rate = useful_flops(setting.shape, setting.rows) / seconds / 1e12
    return {
        "seconds": seconds,
        "tokens_per_second": tokens_of(setting.rows) / seconds,
        "tflops": rate,
        "utilisation": rate / peak if peak else None,
        "memory_gib": max(row["memory_gib"] for row in results) or None,
    }


def shown(found: dict[str, Any]) -> str:
    """The numbers as a small table, each with its ratio to TRL's throughput where that was measured."""
    lines = [f"{found['device']}, torch {found['torch']}, {found['settings']}"]
    trl = found["kinds"].get("trl")
    for kind, row in found["kinds"].items():
        ratio = f"{row['tokens_per_second'] / trl['tokens_per_second']:5.2f} of TRL" if trl else ""
        use = f"MFU {row['utilisation']:6.1%}" if row["utilisation"] is not None else "MFU unknown"
        memory = f"{row['memory_gib']:.1f} GiB" if row["memory_gib"] else ""
        lines.append(f"{kind:>7} {row['tokens_per_second']:12,.0f} tokens/s {use} {ratio} {memory}")
    if found["device"] == "CPU":
        lines.append("CPU seconds of a small model: they compare the two loops and say nothing of a GPU")
    return "\n".join(lines)


def clock(device: str) -> float:
    """Seconds: of the wall on a GPU, whose work is waited for; of this process's CPU elsewhere."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


class Second:
    """Takes the time of the second of two epochs."""

    def __init__(self, setting: Setting) -> None:
        self.device, self.steps = setting.device, -(-len(setting.rows) // setting.batch)
        self.began = self.ended = 0.0

    def stepped(self, step: int) -> None:
        """Called after every optimiser step, from 1."""
        if step == self.steps:
            self.began = clock(self.device)
        elif step == 2 * self.steps:
            self.ended = clock(self.device)

    @property
    def seconds(self) -> float:
        """Seconds of the second epoch."""
        return self.ended - self.began


def _trl(setting: Setting) -> tuple[float, float]:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback, TrainerCallback
    from trl import DPOConfig, DPOTrainer

    second = Second(setting)

    class Stepped(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            second.stepped(state.global_step)

    class OnTokens(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Dataset, *args: object, **kwargs: object) -> Dataset:
            return dataset

    names = (("prompt_ids", "prompt"), ("chosen_ids", "chosen"), ("rejected_ids", "rejected"))
    columns = {column: [list(getattr(row, name)) for row in setting.rows] for column, name in names}
    with tempfile.TemporaryDirectory() as scratch:
        arguments = DPOConfig(
            output_dir=scratch,
            per_device_train_batch_size=setting.micro,
            gradient_accumulation_steps=setting.batch // setting.micro,
            num_train_epochs=2,
            learning_rate=5e-6,
            beta=0.1,
            max_length=None,
            bf16=setting.bf16 and setting.device == "cuda",
            gradient_checkpointing=setting.checkpointing,
            use_cpu=setting.device == "cpu",
            report_to="none",
            save_strategy="no",
            logging_steps=1,
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        trainer = OnTokens(
            model=_model(setting),
            args=arguments,
            train_dataset=Dataset.from_dict(columns),
            processing_class=_tokenizer(),
            peft_config=LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"),
            callbacks=[Stepped()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return second.seconds, 0.0


def _ours(setting: Setting, *, by_length: bool) -> tuple[float, float]:
    from trl.trainer.utils import add_fused_lm_head

    from lifealign_bench.benchmark.evaluation.logps import pair_logps
    from lifealign_bench.benchmark.suite import Budget
    from lifealign_bench.benchmark.training.context import Stage, StageData
    from lifealign_bench.benchmark.training.encode import EncodedPair, Encoder
    from lifealign_bench.benchmark.training.phases import train_phase
    from lifealign_bench.data.rows import Message, Pair
    from lifealign_bench.methods.seqft import SeqFT

    pairs = [Pair(f"{index:064d}", "t", (Message("user", str(index)),), "c", "r") for index in range(len(setting.rows))]
    encoded = [
        EncodedPair(pair, row.prompt, row.chosen, row.rejected, False, 0)
        for pair, row in zip(pairs, setting.rows, strict=True)
    ]
    model = _model(setting)
    add_fused_lm_head(model)
    began = clock(setting.device)
    logps = {row.pair_id: (row.chosen, row.rejected) for row in pair_logps(model, encoded, setting.micro, 0)}
    reference = clock(setting.device) - began
    budget = Budget.model_validate(
        {
            "lora": {"r": 8, "alpha": 16, "targets": "all_linear"},
            "phases": [{"kind": "preference", "epochs": 2, "learning_rate": 5e-6}],
            "batch_size": setting.batch,
            "micro_batch_size": setting.micro,
            "max_length": 4096,
            "gradient_checkpointing": setting.checkpointing,
            "batches": "by_length" if by_length else "shuffled",
        }
    )
    stage = Stage(SeqFT(), StageData(tuple(pairs), {}, logps), Encoder(_tokenizer(), 4096), budget, 0, ("t",))
    # The rows are tokens already.
    stage._encoded = {row.pair.pair_id: row for row in encoded}
    stage.begin(stage.wrap_with_lora(model))
    second = Second(setting)
    stage.progress = lambda phase, step, total, loss: second.stepped(step)
    with _head(setting.fused):
        train_phase(stage, budget.phases[0])
    return second.seconds, reference


def _head(fused: bool) -> Any:
    """A context in which log-probabilities are taken of whole logits, where that is asked for."""
    from contextlib import nullcontext
    from unittest import mock

    from lifealign_bench.benchmark.training.plain_head import plain_token_logps
    from lifealign_bench.methods import losses

    return nullcontext() if fused else mock.patch.object(losses, "token_logps", plain_token_logps)


def _model(setting: Setting) -> Any:
    return random_model(setting.shape, bf16=setting.bf16, attention=setting.attention, device=setting.device)


def _tokenizer() -> Any:
    from lifealign_bench.benchmark.bases import open_tokenizer, shipped_base

    return open_tokenizer(shipped_base("mini"))


if __name__ == "__main__":
    main()
