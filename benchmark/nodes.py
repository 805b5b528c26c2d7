"""How each kind of node is computed: everything is read from parents' folders and written into one folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lifealign_bench.benchmark.base_builder import build_base
from lifealign_bench.benchmark.capability.node import capability
from lifealign_bench.benchmark.cost import CostMeter
from lifealign_bench.benchmark.evaluation.answers import Answer, answers_of, drawing_of
from lifealign_bench.benchmark.evaluation.divergence_node import divergence
from lifealign_bench.benchmark.evaluation.logps import pair_logps
from lifealign_bench.benchmark.evaluation.served_answers import served_answers
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.judging import judge_by, judged_item, whole_table
from lifealign_bench.benchmark.opened_policies import answering_policy, method_of
from lifealign_bench.benchmark.safety.node import safety
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.training.context import COUNTED, Stage, StageData, StageReport
from lifealign_bench.benchmark.training.guard import guarded
from lifealign_bench.benchmark.training.policy import learned_state, load_policy, save_policy
from lifealign_bench.benchmark.training.processes import train_together
from lifealign_bench.benchmark.training.ranks import ALONE, Ranks
from lifealign_bench.benchmark.workshop import HarnessError, Workshop, int_of, list_of
from lifealign_bench.data.rows import Pair
from lifealign_bench.judges.opening import REPLIES
from lifealign_bench.methods.base import Method


def run_node(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    """Compute one node into an empty folder."""
    if node.kind in ("base", "train", "memory"):
        # Training needs the room.
        shop.world.opened = None
    {
        "base": _base,
        "reference": _logps,
        "pairs": _logps,
        "train": _train,
        "memory": _memory,
        "answers": _answers,
        "verdicts": _verdicts,
        "capability": capability,
        "divergence": divergence,
        "safety": safety,
    }[node.kind](node, shop, folder, meter)


def _base(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    if shop.world.recipe is None:
        raise HarnessError(f"{node.label}: a base node without a recipe")
    card = build_base(
        shop.world.recipe,
        shop.world.base_text(),
        folder / "model",
        progress=lambda step, total, loss: shop.progress("base", step, total, loss),
        world_seed=shop.world.suite.world if shop.world.recipe.chats else None,
    )
    passes = shop.world.recipe.chats or card.tokens_seen // shop.world.recipe.sequence
    meter.count(example_passes=passes, tokens=card.tokens_seen)


def _logps(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    task = str(node.inputs["task"])
    rows = shop.world.stream[task].train if node.kind == "reference" else shop.world.evaluation_rows(task)
    with answering_policy(node, shop, task) as (answering, encoder):
        encoded = encoder.encode(rows)
        pad = encoder.tokenizer.pad_token_id
        found = pair_logps(answering, encoded, int_of(node, "batch"), pad, shop.steps(node.kind))
    columns = ("pair_id", "chosen", "rejected", "chosen_tokens", "rejected_tokens")
    pq.write_table(
        pa.table({name: [getattr(row, name) for row in found] for name in columns}), folder / "logps.parquet"
    )
    counts = {
        "rows": len(rows),
        "prompts_cut": sum(row.prompt_cut for row in encoded),
        "answers_cut": sum(row.answers_cut for row in encoded),
    }
    write_json(folder / "counts.json", counts)
    meter.count(example_passes=2 * len(rows), tokens=sum(_length(row) for row in encoded))


def _answers(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    task = str(node.inputs["task"])
    rows = shop.world.evaluation_rows(task, shop.world.suite.evaluation.prompts)
    if shop.world.suite.evaluation.answers.backend == "vllm":
        found = served_answers(node, shop, rows, shop.steps("answers"))
    else:
        found = _built_in_answers(node, shop, task, rows)
    columns = ("pair_id", "text", "tokens", "finish_reason", "prompt_cut")
    pq.write_table(
        pa.table({name: [getattr(row, name) for row in found] for name in columns}, schema=_ANSWERS),
        folder / "answers.parquet",
    )
    meter.count(example_passes=len(rows), tokens=sum(row.tokens for row in found))


def _built_in_answers(node: Node, shop: Workshop, task: str, rows: Sequence[Pair]) -> list[Answer]:
    most = shop.world.suite.evaluation.batch_tokens
    with answering_policy(node, shop, task) as (answering, encoder):
        return answers_of(
            answering,
            encoder,
            rows,
            int_of(node, "max_new_tokens"),
            int_of(node, "batch"),
            shop.steps("answers"),
            most,
            drawing_of(node.inputs),
        )


def _verdicts(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    suite, data = shop.world.suite, shop.world.stream[str(node.inputs["task"])]
    judge = judge_by(node.inputs["judge"], suite, shop.store.root.parent / REPLIES)
    pairs = {pair.pair_id: pair for pair in data.evaluation}
    answers = pq.read_table(shop.parent(node, "answers") / "answers.parquet").to_pylist()
    items = [judged_item(pairs[row["pair_id"]], row["text"], data.card) for row in answers]
    pq.write_table(whole_table(judge, items, shop.steps("verdicts")), folder / "verdicts.parquet")
    write_json(folder / "judge.json", asdict(judge.identity))
    meter.count(example_passes=len(items), tokens=0)


_ANSWERS = pa.schema(
    [
        ("pair_id", pa.string()),
        ("text", pa.string()),
        ("tokens", pa.int64()),
        ("finish_reason", pa.string()),
        ("prompt_cut", pa.bool_()),
    ]
)


def _train(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    if shop.world.suite.training.processes == 1:
        found = train_here(node, shop, folder, ALONE)
    else:
        found = train_together(node, shop, folder)
    report = asdict(found)
    losses = report.pop("losses")
    names = ("phase", "step", "epoch", "name", "value")
    pq.write_table(pa.table({name: [row[name] for row in losses] for name in names}), folder / "losses.parquet")
    write_json(folder / "stage.json", report)
    meter.count(example_passes=found.with_gradient + found.without_gradient, tokens=found.tokens)


def train_here(node: Node, shop: Workshop, folder: Path, ranks: Ranks) -> StageReport:
    """Learn a train node's stage in this process, one of `ranks`; the first one writes policy and memory."""
    stage = _stage(node, shop)
    stage.ranks = ranks
    if ranks.rank == 0:
        stage.progress = lambda phase, step, total, loss: shop.progress(phase, step, total, loss)
        stage.report_to = shop.world.suite.report_to
    stage.logging_folder = shop.store.root / "logs" / node.key[:16]
    kept = shop.parent(node, "memory" if "memory" in node.parents else "policy") if "policy" in node.parents else None
    with _guarded(stage, shop, folder, kept):
        if kept is not None:
            stage.method.load(kept / "memory")
        _attach(node, shop, stage)
        learn(stage)
        if ranks.rank == 0:
            save_policy(stage.model, folder / "policy")
            _save_memory(stage.method, folder)
    counts: Any = ranks.sum_of({name: getattr(stage.report, name) for name in COUNTED})
    return replace(stage.report, **counts)


def learn(stage: Stage) -> None:
    """Take a stage that has begun through its hooks; its model is then what is saved, evaluated and carried on."""
    stage.method.before_stage(stage)
    stage.method.train_stage(stage)
    stage.method.after_stage(stage)
    stage.settle("stage", 0, 0.0)
    stage.pending.clear()


def _memory(node: Node, shop: Workshop, folder: Path, meter: CostMeter) -> None:
    stage = _stage(node, shop)
    trained = shop.parent(node, "policy")
    plain = shop.store.read_json(node.parents["policy"], "node.json")["inputs"]["method"]["name"] == "plain"
    with _guarded(stage, shop, folder, trained):
        if not plain:
            stage.method.load(trained / "memory")
        _attach(node, shop, stage)
        before = {name: value.clone() for name, value in learned_state(stage.model).items()}
        stage.method.remember(stage)
        _save_memory(stage.method, folder)
    changed = [name for name, value in learned_state(stage.model).items() if not value.equal(before[name])]
    if changed:
        raise HarnessError(f"{node.label}: remember() changed {changed[0]}; weights may change in after_stage() only")
    passes = stage.report.with_gradient + stage.report.without_gradient
    counts = {"with_gradient": stage.report.with_gradient, "without_gradient": stage.report.without_gradient}
    write_json(folder / "stage.json", counts)
    meter.count(example_passes=passes, tokens=0)


def _guarded(stage: Stage, shop: Workshop, folder: Path, kept: Path | None) -> AbstractContextManager[None]:
    """Within the context the method's code opens its own folder, and of the workspace what was kept for it."""
    root, data = shop.store.root, shop.world.suite.data_dir
    seen_by_judges = [root.parent / name for name in ("results", "judged", REPLIES)]
    hidden = [root, *seen_by_judges, *([Path(data)] if data else [])]
    own = [folder, *([kept / "memory"] if kept else []), *([stage.logging_folder] if stage.logging_folder else [])]
    return guarded(stage.method, own, hidden)


def _stage(node: Node, shop: Workshop) -> Stage:
    """The stage of a train or memory node, its model not yet attached."""
    world = shop.world
    prefix = [str(task) for task in list_of(node, "prefix")]
    learned = [str(task) for task in list_of(node, "learned")]
    base_logps = {
        row["pair_id"]: (row["chosen"], row["rejected"])
        for role in sorted(node.parents)
        if role.startswith("reference/")
        for row in pq.read_table(shop.parent(node, role) / "logps.parquet").to_pylist()
    }
    data = StageData(
        rows=tuple(pair for task in learned for pair in world.stream[task].train),
        past={pair.pair_id: pair for task in prefix for pair in world.stream[task].train},
        base_logps=base_logps,
    )
    model, encoder = world.open_base(shop.store)
    stage = Stage(method_of(node), data, encoder, world.suite.budget, int_of(node, "seed"), prefix)
    stage.model = model
    return stage


def _attach(node: Node, shop: Workshop, stage: Stage) -> None:
    model = stage.method.attach(stage.model, stage)
    if "policy" in node.parents:
        # A memory node looks at the policy that its own stage left, whole.
        grown = stage.method.spec.grows and node.kind == "train"
        load_policy(model, shop.parent(node, "policy") / "policy", grown=grown)
    stage.begin(model)


def _save_memory(method: Method, folder: Path) -> None:
    (folder / "memory").mkdir()
    method.save(folder / "memory")


def _length(row: Any) -> int:
    return 2 * len(row.prompt) + len(row.chosen) + len(row.rejected)
