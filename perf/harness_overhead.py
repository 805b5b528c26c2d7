"""What the harness costs over a bare TRL loop that trains the same stages on the same rows.

Each side runs in a process of its own, in turns: read the rows, train every stage (sft, then DPO against
precomputed reference log-probabilities), save every adapter. Printed are ratios of the medians, harness over bare
loop, of wall time, CPU time and peak memory. Evaluation is not part of it; the bare loop has none.

    python perf/harness_overhead.py [--rows 100] [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TASKS = {"hh-harmless": "hh-rlhf-harmless-base", "safe-rlhf": "safe-rlhf", "truthfulqa": "TruthfulQA"}
LIMIT = 1.10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100, help="training pairs a task")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--child", choices=["harness", "bare"])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.rows)
        found = [(side, child(side, Path(folder))) for _ in range(options.repeat) for side in ("bare", "harness")]
    for quantity in ("wall_s", "cpu_s", "peak_bytes"):
        bare, ours = (statistics.median(row[quantity] for side, row in found if side == name) for name in SIDES)
        print(f"{quantity}: harness {ours:.4g}, bare TRL {bare:.4g}, ratio {ours / bare:.3f} (at most {LIMIT})")


SIDES = ("bare", "harness")


def child(side: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", side, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def prepare(folder: Path, rows: int) -> None:
    """A suite over rows that no side cuts, and a base with untrained weights: training costs the same."""
    from lifealign_bench.benchmark.base_builder import build_base
    from lifealign_bench.benchmark.base_recipe import BaseRecipe
    from lifealign_bench.benchmark.bases import open_base
    from lifealign_bench.benchmark.training.encode import Encoder
    from lifealign_bench.data.catalogue import load_card
    from lifealign_bench.data.rows import Message
    from lifealign_bench.data.stream import load_task

    if not (named := os.environ.get("LIFEALIGN_TEST_DATA")):
        raise SystemExit("LIFEALIGN_TEST_DATA: found nothing, expected the folder of the real preference pairs")
    source = Path(named)
    tasks = {name: load_task(load_card(name), source).train for name in TASKS}
    chats = [(*pair.prompt, Message("assistant", pair.chosen)) for pairs in tasks.values() for pair in pairs[:300]]
    recipe = BaseRecipe.small().model_copy(update={"tokens": 4096})
    build_base(recipe, chats, folder / "base")
    _, tokenizer = open_base(folder / "base", dtype="float32", device="cpu")
    encoder = Encoder(tokenizer, 256)
    for name, pairs in tasks.items():
        whole = [row.pair for row in encoder.encode(pairs) if not (row.prompt_cut or row.answers_cut)][:rows]
        target = folder / "pairs" / TASKS[name]
        target.mkdir(parents=True)
        for split, part in (("train", whole), ("test", [row for row in pairs if row not in whole][:5])):
            (target / f"{split}.jsonl").write_text("".join(json.dumps(as_row(pair)) + "\n" for pair in part), "utf-8")
    (folder / "suite.json").write_text(json.dumps(suite(folder, rows)), "utf-8")


def as_row(pair: Any) -> dict[str, str]:
    names = {"user": "Human", "assistant": "Assistant"}
    query = "\n".join(f"{names[turn.role]}: {turn.content}" for turn in pair.prompt)
    return {"query": query, "chosen": pair.chosen, "rejected": pair.rejected}


def suite(folder: Path, rows: int) -> dict[str, object]:
    return {
        "name": "overhead",
        "tasks": list(TASKS),
        "data_dir": str(folder / "pairs"),
        "base": str(folder / "base"),
        "rows": {"evaluation": 1},
        "budget": {
            "lora": {"r": 8, "alpha": 16, "targets": "all_linear"},
            "phases": [
                {"kind": "sft", "epochs": 1, "learning_rate": 2e-3},
                {"kind": "preference", "epochs": 1, "learning_rate": 2e-4},
            ],
            "batch_size": 8,
            "micro_batch_size": 8,
            "max_length": 256,
        },
        "evaluation": {"batch_size": 8},
        "methods": ["seqft"],
        "orders": [list(TASKS)],
        "threads": 2,
    }


def measure(side: str, folder: Path) -> dict[str, float]:
    import peft  # noqa: F401 - both sides have their libraries loaded before the clock starts
    import trl  # noqa: F401

    from lifealign_bench.benchmark.environment import settle_process

    settle_process(2)
    work: Any = {"bare": bare_loop, "harness": harness}[side]
    wall, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        work(folder, Path(scratch))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "peak_bytes": peak}


def harness(folder: Path, scratch: Path) -> None:
    from lifealign_bench.benchmark.engine import Unwatched, run_graph
    from lifealign_bench.benchmark.graph import Graph
    from lifealign_bench.benchmark.plan import make_plan
    from lifealign_bench.benchmark.store import Store
    from lifealign_bench.benchmark.suite import parse_suite
    from lifealign_bench.benchmark.world import load_world

    parsed = parse_suite(json.loads((folder / "suite.json").read_text("utf-8")), "suite.json")
    world = load_world(parsed, scratch, lambda text: None)
    training = Graph()
    for node in make_plan(parsed, world).graph.in_order():
        if node.kind in ("reference", "train"):
            training.add(node)
    outcome = run_graph(training, world, Store(scratch / "store"), Unwatched())
    if outcome.failures:
        raise SystemExit(outcome.failures[0].details)


def bare_loop(folder: Path, scratch: Path) -> None:
    """What a researcher writes with TRL alone: one adapter through all tasks, two trainers a task."""
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype="float32")
    lora = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base, lora)
    common: dict[str, Any] = {
        "per_device_train_batch_size": 8,
        "num_train_epochs": 1,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.1,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "disable_tqdm": True,
        "max_length": 256,
        "dataloader_pin_memory": False,
    }
    for name in TASKS.values():
        rows = [json.loads(line) for line in (folder / "pairs" / name / "train.jsonl").open(encoding="utf-8")]
        chats = [conversation(row) for row in rows]
        completions = [{"prompt": chat["prompt"], "completion": chat["chosen"]} for chat in chats]
        args = SFTConfig(output_dir=str(scratch / "sft"), learning_rate=2e-3, **common)
        sft = SFTTrainer(
            model=model, args=args, train_dataset=Dataset.from_list(completions), processing_class=tokenizer
        )
        sft.remove_callback(PrinterCallback)
        sft.train()
        args = DPOConfig(
            output_dir=str(scratch / "dpo"), learning_rate=2e-4, beta=0.1, precompute_ref_log_probs=True, **common
        )
        dpo = DPOTrainer(model=model, args=args, train_dataset=Dataset.from_list(chats), processing_class=tokenizer)
        dpo.remove_callback(PrinterCallback)
        dpo.train()
        model.delete_adapter("ref")
        model.save_pretrained(scratch / name)


def conversation(row: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    from lifealign_bench.data.dialogue import parse_dialogue

    turns = [{"role": turn.role, "content": turn.content} for turn in parse_dialogue(row["query"])]
    return {
        "prompt": turns,
        "chosen": [{"role": "assistant", "content": row["chosen"]}],
        "rejected": [{"role": "assistant", "content": row["rejected"]}],
    }


if __name__ == "__main__":
    main()
