"""A method that does what it may not is named at the node that it breaks; the others finish."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifealign_bench.benchmark.engine import Unwatched, run_graph
from lifealign_bench.benchmark.session import Overrides, open_session
from lifealign_bench.benchmark.training.guard import guarded
from lifealign_bench.methods.seqft import SeqFT
from support import write_suite

METHOD = """
import pathlib
import torch
from lifealign_bench.methods import MethodSpec
from lifealign_bench.methods.seqft import SeqFT

class Odd(SeqFT):
    spec = MethodSpec(name="odd", version="1", title="odd", paper="none")

    def {hook}
"""

ODD = {
    "before_stage(self, ctx): pathlib.Path({elsewhere!r}).write_text('x')": "found it writing {elsewhere}",
    "before_stage(self, ctx): pathlib.Path({rows!r}).read_text()": "found it reading {rows}",
    "preference_loss(self, ctx, batch): return ctx.margins(batch).mean()": "preference_loss: found a tensor of",
    "sft_loss(self, ctx, batch): return ctx.token_logps(batch), 1": "sft_loss: found a tensor of shape (2,",
    "penalties(self, ctx): return {{'odd': torch.ones(3)}}": "penalties, odd: found a tensor of shape (3,)",
    "preference_loss(self, ctx, batch): return ctx.margins(batch) * float('nan')": "training diverged",
}


@pytest.mark.parametrize(("hook", "message"), ODD.items())
def test_it_is_named_and_the_other_methods_finish(
    tmp_path: Path, synthetic_data: Path, tiny_base: Path, hook: str, message: str
) -> None:
    names = {"elsewhere": str(tmp_path / "elsewhere.txt"), "rows": str(synthetic_data / "HC3" / "test.jsonl")}
    (tmp_path / "odd.py").write_text(METHOD.format(hook=hook.format(**names)), "utf-8")
    odd = {"name": f"{tmp_path / 'odd.py'}:Odd", "label": "odd"}
    suite = write_suite(
        tmp_path / "suite.yaml", synthetic_data, tiny_base, methods=[odd, "seqft"], tasks=["hc3"], orders=[["hc3"]]
    )
    session = open_session(str(suite), Overrides(), tmp_path / "workspace", lambda text: None)
    outcome = run_graph(session.plan.graph, session.world, session.store, Unwatched())
    (failure,) = outcome.failures
    assert failure.node.kind == "train"
    assert message.format(**names) in failure.message
    assert "odd" in failure.message or message == "training diverged"
    assert outcome.finished(next(run for run in session.plan.runs if run.entry.title == "seqft").nodes)
    assert not (tmp_path / "elsewhere.txt").exists()


def test_what_the_harness_and_libraries_open_is_none_of_its_business(tmp_path: Path) -> None:
    with guarded(SeqFT(), [], [tmp_path]):
        (tmp_path / "a.txt").write_text("x", "utf-8")
        assert (tmp_path / "a.txt").read_text("utf-8") == "x"
