"""One stage in training: hooks act where they must, references are explicit, capabilities are enforced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import nn

from computed import compute, weights
from lifealign_bench.benchmark.bases import open_base
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.suite import Budget
from lifealign_bench.benchmark.training.context import CapabilityError, Stage, StageData
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.benchmark.training.lora import target_modules
from lifealign_bench.benchmark.training.policy import learned_state
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message, Pair, pair_id
from lifealign_bench.methods import Method, MethodSpec
from lifealign_bench.methods.seqft import SeqFT
from support import synthetic_pair, write_suite

PHASES = [
    {"kind": "sft", "epochs": 1, "learning_rate": 1e-2},
    {"kind": "preference", "epochs": 1, "learning_rate": 1e-2},
]


def rows(count: int) -> tuple[Pair, ...]:
    found = []
    for index in range(count):
        row = synthetic_pair("HC3", index)
        prompt = (Message("user", row["query"]),)
        identity = pair_id("t", prompt, row["chosen"], row["rejected"])
        found.append(Pair(identity, "t", prompt, row["chosen"], row["rejected"]))
    return tuple(found)


def stage_of(method: Method, base: Path, **budget: object) -> Stage:
    from trl.trainer.utils import add_fused_lm_head

    settle_process(1)
    model, tokenizer = open_base(base, dtype="float32", device="cpu")
    add_fused_lm_head(model)
    values = {"phases": PHASES, "batch_size": 4, "micro_batch_size": 2, "max_length": 96, **budget}
    pairs = rows(12)
    zero = {pair.pair_id: (-50.0, -50.0) for pair in pairs}
    data = StageData(pairs, {pair.pair_id: pair for pair in pairs}, zero)
    stage = Stage(method, data, Encoder(tokenizer, 96), Budget.model_validate(values), 0, ("t",))
    stage.begin(method.attach(model, stage))
    return stage


def trained(method: Method, base: Path, **budget: object) -> tuple[Stage, dict[str, torch.Tensor]]:
    stage = stage_of(method, base, **budget)
    method.before_stage(stage)
    method.train_stage(stage)
    method.after_stage(stage)
    return stage, {name: value.clone() for name, value in learned_state(stage.model).items()}


class Hooked(SeqFT):
    """Counts its hooks and, where told so, removes every gradient before the step."""

    spec: ClassVar[MethodSpec] = MethodSpec(name="hooked", version="1", title="H", paper="none")

    def __init__(self, stop: bool = False) -> None:
        super().__init__()
        self.stop = stop
        self.calls: list[str] = []

    def project_gradients(self, ctx: Stage) -> None:
        self.calls.append("project")
        norm = torch.cat([value.grad.flatten() for value in ctx.trainable.values()]).norm()
        assert norm <= 1.0 + 1e-5, "gradients are clipped before they are projected"
        if self.stop:
            for value in ctx.trainable.values():
                value.grad.zero_()

    def after_step(self, ctx: Stage) -> None:
        self.calls.append("step")

    def penalties(self, ctx: Stage) -> Mapping[str, torch.Tensor]:
        return {"size": 0.0 * next(iter(ctx.trainable.values())).sum()}


def test_projected_gradients_are_the_ones_that_the_optimiser_uses(tiny_base: Path) -> None:
    stage = stage_of(Hooked(stop=True), tiny_base)
    before = {name: value.clone() for name, value in learned_state(stage.model).items()}
    stage.method.train_stage(stage)
    assert all(value.equal(before[name]) for name, value in learned_state(stage.model).items())


def test_hooks_run_once_per_optimiser_step_whatever_the_accumulation(tiny_base: Path) -> None:
    method = Hooked()
    stage, _ = trained(method, tiny_base)
    assert stage.report.steps == {"sft": 3, "preference": 3}
    assert method.calls == ["project", "step"] * 6
    names = {row.name for row in stage.report.losses}
    assert names == {"loss", "penalty/size"}


def test_accumulation_does_not_change_the_loss(tiny_base: Path) -> None:
    """The same batch of four in one, two or four micro-batches: losses agree to rounding."""
    losses = []
    for micro in (1, 2, 4):
        stage, _ = trained(SeqFT(), tiny_base, micro_batch_size=micro)
        losses.append([row.value for row in stage.report.losses if row.phase == "preference"])
    for other in losses[1:]:
        assert other == pytest.approx(losses[0], rel=2e-3)


def test_the_reference_is_the_base_or_the_policy_before_the_phase_as_the_budget_says(tiny_base: Path) -> None:
    stage, _ = trained(SeqFT(), tiny_base, reference="previous", phases=PHASES[1:])
    first = next(row for row in stage.report.losses if row.phase == "preference" and row.name == "loss")
    assert first.value == pytest.approx(0.693147, abs=1e-4), "at its start a policy is its own reference: log 2"
    stage, _ = trained(SeqFT(), tiny_base, reference="base", phases=PHASES[1:])
    other = next(row for row in stage.report.losses if row.phase == "preference" and row.name == "loss")
    assert other.value != pytest.approx(0.693147, abs=1e-4), "here the base's numbers were made up"


def test_the_policy_at_the_start_can_be_asked_while_training_goes_on(tiny_base: Path) -> None:
    stage = stage_of(SeqFT(), tiny_base)
    before = stage.logps(stage.rows, "now")
    stage.train_phases()
    after, start = stage.logps(stage.rows, "now"), stage.logps(stage.rows, "start")
    assert start == before
    assert after != before
    assert stage.logps(stage.rows, "now") == after


def test_a_method_that_did_not_declare_it_may_not_recall_examples(tiny_base: Path) -> None:
    stage = stage_of(SeqFT(), tiny_base)
    with pytest.raises(CapabilityError, match="seqft"):
        stage.recall([stage.rows[0].pair_id])


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("query_value", ["gpt_neox.layers.0.attention.query_key_value"]),
        ("attention", ["gpt_neox.layers.0.attention.dense", "gpt_neox.layers.0.attention.query_key_value"]),
        (
            "all_linear",
            [
                "gpt_neox.layers.0.attention.dense",
                "gpt_neox.layers.0.attention.query_key_value",
                "gpt_neox.layers.0.mlp.dense_4h_to_h",
                "gpt_neox.layers.0.mlp.dense_h_to_4h",
            ],
        ),
    ],
)
def test_lora_roles_are_resolved_for_a_family_with_fused_layers(role: str, expected: Sequence[str]) -> None:
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    assert target_modules(GPTNeoXForCausalLM(config), role) == list(expected)


def test_a_family_without_such_layers_is_one_error() -> None:
    with pytest.raises(InputError, match=r"budget\.lora\.targets"):
        target_modules(nn.Sequential(nn.Linear(2, 2)), "attention")


def test_trackers_are_sent_every_step(tmp_path: Path, synthetic_data: Path, tiny_base: Path) -> None:
    path = write_suite(
        tmp_path / "tracked.yaml",
        synthetic_data,
        tiny_base,
        tasks=["hc3"],
        orders={"order1": ["hc3"]},
        methods=["seqft"],
        report_to=["tensorboard"],
    )
    session, _ = compute(path, tmp_path / "workspace")
    assert weights(session, "seqft", 1)
    assert len(list((tmp_path / "workspace" / "store" / "logs").rglob("events.out.tfevents*"))) == 2
