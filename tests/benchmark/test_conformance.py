"""The conformance check: whole reports of good methods, and one wrong thing at a time found on the right line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from lifealign_bench.benchmark.conformance import TASKS, Line, _Check, check_method
from lifealign_bench.benchmark.conformance_bench import BrokenPropertyError
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.training.guard import ForbiddenError
from lifealign_bench.data.mini.tasks import task_rows
from lifealign_bench.data.rows import Pair
from lifealign_bench.methods import Method, MethodSpec
from lifealign_bench.methods.er import ER
from lifealign_bench.methods.ewc import EWC
from lifealign_bench.methods.gem import GEM
from lifealign_bench.methods.lifealign import LifeAlign
from lifealign_bench.methods.olora import OLoRA
from lifealign_bench.methods.registry import BUILT_IN
from lifealign_bench.methods.seqft import SeqFT


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_method_holds_every_property(name: str) -> None:
    settle_process(1)
    report = check_method(name)
    assert [f"{line.name}: {line.message}" for line in report if line.state == "fail"] == []
    assert len(report) == 12


class LateGEM(GEM):
    """Projects after the optimiser step, where it changes nothing."""

    def project_gradients(self, ctx) -> None: ...

    def after_step(self, ctx) -> None:
        super().project_gradients(ctx)


class LateLifeAlign(LifeAlign):
    """Consolidates once the policy was saved."""

    def after_stage(self, ctx) -> None:
        self._ctx = ctx

    def save(self, folder: Path) -> None:
        if hasattr(self, "_ctx"):
            super().after_stage(self._ctx)
        super().save(folder)


class EagerLifeAlign(LifeAlign):
    """Consolidates at the start of the next task: what was evaluated is not what goes on."""

    def after_stage(self, ctx) -> None: ...

    def before_stage(self, ctx) -> None:
        for value in ctx.trainable.values():
            value.data.mul_(0.5)


class SelfishOLoRA(OLoRA):
    """Penalises the adapter that learns against itself."""

    def penalties(self, ctx) -> Mapping[str, torch.Tensor]:
        rows = [module.lora_A["default"].weight for module in ctx.model.modules() if hasattr(module, "lora_A")]
        return {"olora": sum((row @ row.T).abs().mean() for row in rows)}


class ForgetfulEWC(EWC):
    """Replaces the Fisher values instead of adding to them."""

    def remember(self, ctx) -> None:
        self.fisher, self.anchor = {}, {}
        super().remember(ctx)


class AstrayER(ER):
    """Trains its sft phase on another task than its preference phase."""

    def training_data(self, ctx) -> Sequence[Pair]:
        past = ctx.recall(self.buffer.pair_ids)
        return past if past and ctx.phase == "sft" else super().training_data(ctx)


class Counting(SeqFT):
    """Keeps state in the class, which no resumed run sees."""

    spec = replace(SeqFT.spec, name="counting", first_task_plain=False, neutral=None)
    stages: ClassVar[list[int]] = []

    def after_stage(self, ctx) -> None:
        self.stages.append(1)
        next(iter(ctx.trainable.values())).data.add_(0.01 * len(self.stages))


class Pickling(SeqFT):
    spec = replace(SeqFT.spec, name="pickling", keeps=frozenset({"statistics"}))

    def save(self, folder: Path) -> None:
        (folder / "state.pkl").write_bytes(b"\x80\x05.")


class Undeclared(SeqFT):
    spec = replace(SeqFT.spec, name="undeclared")

    def save(self, folder: Path) -> None:
        (folder / "notes.json").write_text("{}", "utf-8")


class Peeking(SeqFT):
    spec = replace(SeqFT.spec, name="peeking")

    def before_stage(self, ctx) -> None:
        next(iter(task_rows("mini-human", "evaluation", 0)))


class Restless(SeqFT):
    """Changes weights while it remembers."""

    spec = replace(SeqFT.spec, name="restless", keeps=frozenset({"statistics"}))

    def remember(self, ctx) -> None:
        next(iter(ctx.trainable.values())).data.add_(1.0)


@pytest.mark.parametrize(
    ("method", "name", "message"),
    [
        (LateGEM, "acts at all", "found SeqFT's bytes"),
        (LateLifeAlign, "what is evaluated is carried on", "save() changed weights"),
        (EagerLifeAlign, "what is evaluated is carried on", "start of task 2"),
        (SelfishOLoRA, "first task as declared", "with nothing to protect yet"),
        (ForgetfulEWC, "declared memory is kept", "found a replaced memory"),
        (AstrayER, "learns its own task in every phase", "mini-helpful, phase sft: 32 of its 32 rows"),
        (Counting, "resume equals straight", "task 1 in one go"),
        (Pickling, "memory is safetensors and JSON", "state.pkl"),
        (Undeclared, "declared memory is kept", "spec.keeps is empty"),
        (Peeking, "opens no evaluation data", "evaluation rows of mini-human"),
        (Restless, "what is evaluated is carried on", "remember() changed weights"),
    ],
)
def test_a_broken_method_fails_on_the_right_line(tmp_path: Path, method: type[Method], name: str, message: str) -> None:
    settle_process(1)
    measure = _Check(method, tmp_path, TASKS).properties()[name]
    with pytest.raises((BrokenPropertyError, ForbiddenError), match=re.escape(message)):
        measure()


def test_a_method_that_cannot_be_loaded_is_one_line_with_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text("import nothing_of_this_name\n", "utf-8")
    (line,) = check_method(f"{tmp_path / 'odd.py'}:Odd")
    assert isinstance(line, Line)
    assert (line.name, line.state) == ("can be loaded", "fail")
    assert "nothing_of_this_name" in line.message


def test_a_hook_that_raises_is_shown_once(tmp_path: Path) -> None:
    text = """
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT

class Odd(SeqFT):
    spec = MethodSpec(name="odd", version="1", title="odd", paper="none", active={})

    def before_stage(self, ctx):
        raise RuntimeError("odd")
"""
    (tmp_path / "odd.py").write_text(text, "utf-8")
    report = check_method(f"{tmp_path / 'odd.py'}:Odd")
    assert sum("Traceback" in line.message for line in report) == 1
    assert all(line.state != "pass" for line in report[1:])


def test_a_spec_is_what_a_method_declares() -> None:
    assert {name for name in BUILT_IN if spec_of(name).grows} == {"olora"}
    assert {name for name in BUILT_IN if spec_of(name).fidelity == "adapted"} == {"cppo", "l2p"}


def spec_of(name: str) -> MethodSpec:
    from lifealign_bench.methods import find_method

    return find_method(name).method.spec
