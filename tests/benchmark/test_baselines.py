"""The baselines against their formulas, on a base and rows of the miniature world."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from computed import compute
from lifealign_bench.benchmark.conformance_bench import Bench, copied
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.nodes import learn
from lifealign_bench.methods import losses
from lifealign_bench.methods.ewc import EWC
from lifealign_bench.methods.gem import GEM
from lifealign_bench.methods.olora import OLoRA
from support import BUDGET, write_suite

TASKS = ("mini-harmless", "mini-helpful")


@pytest.fixture(scope="module")
def bench() -> Bench:
    settle_process(1)
    return Bench("mini", TASKS)


def remembered(bench: Bench, method: EWC | GEM, weights: dict[str, torch.Tensor] | None, step: int = 1) -> None:
    stage = bench.stage(method, TASKS[:step], weights)
    method.remember(stage)


def test_ewcs_fisher_is_the_mean_squared_gradient_of_single_pairs_of_both_phases(bench: Bench) -> None:
    method = EWC()
    stage = bench.stage(method, TASKS[:1], None)
    stage.rows = stage.rows[:3]
    method.remember(stage)
    name, parameter = next((n, p) for n, p in stage.trainable.items() if "lora_B" in n)
    expected = torch.zeros_like(parameter, dtype=torch.float64)
    for pair in stage.rows:
        for phase in ("sft", "preference"):
            with stage.as_in(phase):
                (batch,) = stage.batches([pair])
                (gradient,) = torch.autograd.grad(stage.loss(batch), [parameter])
            expected += gradient.double() ** 2 / 3
    torch.testing.assert_close(method.fisher[name], expected, rtol=1e-4, atol=1e-12)
    assert method.fisher[name].max() > 0
    assert method.anchor[name].equal(parameter.detach().double())


def test_ewcs_one_anchor_pulls_as_the_sum_over_tasks_does(bench: Bench) -> None:
    draw = torch.Generator().manual_seed(1)
    stage = bench.stage(EWC(), TASKS[:1], None)
    start = copied(stage)
    method, past = EWC.from_mapping({"strength": 2.0}), []
    for _ in TASKS:
        weights = {name: value + torch.randn(value.shape, generator=draw) for name, value in start.items()}
        fresh = {name: torch.rand(value.shape, generator=draw).double() for name, value in start.items()}
        past.append((fresh, weights))
        method._fisher = lambda ctx, fresh=fresh: fresh  # type: ignore[method-assign]
        method.remember(bench.stage(method, TASKS[:1], weights))
    now = bench.stage(method, TASKS[:1], None)
    found = torch.autograd.grad(method.penalties(now)["ewc"], list(now.trainable.values()))
    size = sum(value.numel() for value in start.values())
    for (name, value), gradient in zip(now.trainable.items(), found, strict=True):
        pulls = [fresh[name] * (value.detach().double() - weights[name].double()) for fresh, weights in past]
        torch.testing.assert_close(gradient.double(), 2.0 * sum(pulls[1:], pulls[0]) / size, rtol=1e-3, atol=1e-9)


def test_ewcs_memory_does_not_grow_with_tasks(bench: Bench, tmp_path: Path) -> None:
    method, sizes = EWC(), []
    for step in (1, 2):
        remembered(bench, method, None, step)
        folder = tmp_path / str(step)
        folder.mkdir()
        method.save(folder)
        sizes.append(sum(path.stat().st_size for path in folder.iterdir()))
    assert sizes[0] == sizes[1]


def test_ewcs_fisher_takes_one_pass_a_row(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    passes, one = [], losses.token_logps
    monkeypatch.setattr(losses, "token_logps", lambda *rest: passes.append(1) or one(*rest))
    remembered(bench, EWC(), None)
    assert len(passes) == len(bench.rows[TASKS[0]])


def test_gem_looks_at_each_past_task_once_a_step(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    method = GEM()
    remembered(bench, method, None)
    stage = bench.stage(method, TASKS, None)
    calls, one = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *rest, **named: calls.append(1) or one(*rest, **named))
    learn(stage)
    steps = sum(stage.report.steps.values())
    assert len(calls) == steps * (len(TASKS) - 1)
    violated = [row.value for row in stage.report.losses if row.name == "gem/violated"]
    assert len(violated) == steps
    assert 0 < sum(violated) <= steps


def test_oloras_old_adapter_stays_as_it_was_and_still_answers(bench: Bench) -> None:
    first = bench.stage(OLoRA(), TASKS[:1], None)
    learn(first)
    before = copied(first)
    second = bench.stage(OLoRA(), TASKS, before)
    assert all(".task2." in name for name in second.trainable)
    learn(second)
    after = copied(second)
    assert len(after) == 2 * len(before)
    assert all(after[name].equal(value) for name, value in before.items())
    assert any(row.name == "penalty/olora" and row.value > 0 for row in second.report.losses)
    whole = second.logps(second.rows[:4], "now")
    for name, value in second.model.named_parameters():
        if "lora_B.default" in name:
            value.data.zero_()
    assert second.logps(second.rows[:4], "now") != whole


def test_oloras_penalty_is_the_mean_of_the_formula_over_layers(bench: Bench) -> None:
    stage = bench.stage(OLoRA.from_mapping({"strength": 3.0}), TASKS, None)
    layers = [module.lora_A for module in stage.model.modules() if hasattr(module, "lora_A")]
    expected = sum((rows["task2"].weight @ rows["default"].weight.T).abs().mean() for rows in layers) / len(layers)
    torch.testing.assert_close(stage.method.penalties(stage)["olora"], 3.0 * expected)


@pytest.mark.parametrize("reference", ["base", "previous"])
def test_all_methods_learn_a_stream_with_either_reference(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, reference: str
) -> None:
    suite = write_suite(
        tmp_path / "suite.yaml",
        synthetic_data,
        tiny_base,
        tasks=["hc3", "hh-harmless"],
        orders=[["hc3", "hh-harmless"]],
        methods=["ewc", "gem", "l2p", "olora", "cppo"],
        budget={**BUDGET, "reference": reference},
    )
    _, outcome = compute(suite, tmp_path / "workspace")
    assert outcome.failures == []
