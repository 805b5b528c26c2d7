"""What makes a stage fit one GPU changes no number: the fused head, recomputed activations, batches by tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.utils import add_fused_lm_head

from lifealign_bench.benchmark.bases import open_base, shipped_base
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.evaluation.answers import answers_of, spans
from lifealign_bench.benchmark.suite import parse_suite
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.benchmark.training.plain_head import plain_token_logps
from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.stream import TaskRequest, load_stream
from lifealign_bench.methods import losses
from lifealign_bench.methods.seqft import SeqFT

# More words than one tile of the fused head has (2^15).
ROWS, TOKENS, VOCABULARY = 4, 48, 80_000
MINIMAL = {"name": "mine", "tasks": ["hc3"], "base": "build:small", "methods": ["seqft"]}


class Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that any operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for value in tree_leaves(found):
            if isinstance(value, torch.Tensor):
                self.numel = max(self.numel, value.numel())
        return found


def model_of(**changes: Any) -> Any:
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, num_key_value_heads=2, **{**sizes, **changes}))
    # The head is frozen, as it is in every stage.
    model.lm_head.weight.requires_grad_(False)
    add_fused_lm_head(model)
    return model


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(2, VOCABULARY, (ROWS, TOKENS), generator=draw)
    labels = ids.clone()
    labels[:, :20] = losses.IGNORED
    labels[1, 30:] = losses.IGNORED
    return ids, torch.ones_like(ids), labels


Head = Callable[..., torch.Tensor]


def passed(head: Head) -> tuple[torch.Tensor, list[torch.Tensor], int]:
    """Log-probabilities, gradients of a sum that weighs rows apart, and the largest tensor on the way."""
    model, (ids, mask, labels) = model_of(), batch()
    with Largest() as seen:
        found = head(model, ids, mask, labels)
        weights = torch.arange(1.0, ROWS + 1).unsqueeze(1)
        (found * weights).sum().backward()
    return found.detach(), [value.grad for value in model.parameters() if value.grad is not None], seen.numel


def test_the_fused_head_is_the_plain_loss_in_value_and_gradient_and_never_holds_the_logits() -> None:
    settle_process(1)
    plain, plain_gradients, plain_largest = passed(plain_token_logps)
    fused, fused_gradients, fused_largest = passed(losses.token_logps)
    torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-5)
    assert len(fused_gradients) == len(plain_gradients) > 10
    for one, other in zip(fused_gradients, plain_gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5 * float(other.abs().max() + 1))
    logits = ROWS * (TOKENS - 1) * VOCABULARY
    assert plain_largest >= logits
    assert fused_largest < logits / 2, "the logits of all positions stood in memory at once"


def forward_and_backward(checkpointing: bool) -> tuple[list[torch.Tensor], int]:
    """Gradients, and the bytes that the pass forward keeps for the one backward."""
    model, (ids, mask, labels) = model_of(num_hidden_layers=6), batch()
    if checkpointing:
        model.gradient_checkpointing_enable()
    model.train()
    own = {value.data_ptr() for value in model.parameters()}
    kept: dict[int, int] = {}

    def pack(value: torch.Tensor) -> torch.Tensor:
        if value.data_ptr() not in own:
            kept[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        found = losses.token_logps(model, ids, mask, labels).sum()
        bytes_kept = sum(kept.values())
    found.backward()
    return [value.grad for value in model.parameters() if value.grad is not None], bytes_kept


def test_recomputed_activations_give_the_same_gradients_from_a_fraction_of_the_memory() -> None:
    settle_process(1)
    kept, all_bytes = forward_and_backward(False)
    again, fewer_bytes = forward_and_backward(True)
    for one, other in zip(again, kept, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    assert fewer_bytes < 0.4 * all_bytes, f"{fewer_bytes} of {all_bytes} bytes kept"


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(1, 30), st.integers(1, 8), st.integers(1, 400))
def test_batches_by_tokens_take_every_prompt_once_and_fit(lengths: list[int], new: int, size: int, most: int) -> None:
    lengths = sorted(lengths)
    by_tokens = list(spans(lengths, new, size, most))
    assert [index for start, end in by_tokens for index in range(start, end)] == list(range(len(lengths)))
    for start, end in by_tokens:
        assert end - start == 1 or (end - start) * (lengths[end - 1] + new) <= most
    assert all(end - start == size for start, end in list(spans(lengths, new, size, None))[:-1])


def test_answers_of_are_the_same_one_by_one_by_rows_and_by_tokens() -> None:
    settle_process(1)
    model, tokenizer = open_base(shipped_base("mini"), dtype="float32", device="cpu")
    encoder = Encoder(tokenizer, 160)
    (data,) = load_stream([TaskRequest(load_card("mini-human"), 8, 14)], None, 0)
    alone = answers_of(model, encoder, data.evaluation, 16, 1)
    assert answers_of(model, encoder, data.evaluation, 16, 5) == alone
    assert answers_of(model, encoder, data.evaluation, 16, 1, None, 220) == alone
    assert len({answer.text for answer in alone}) > 5


def test_a_base_in_4_bits_without_the_library_is_one_line(tmp_path: Path) -> None:
    if find_spec("bitsandbytes") is not None:
        pytest.skip("bitsandbytes is here")
    with pytest.raises(InputError, match=r"^base: quantization: found nf4 without bitsandbytes.*pip install"):
        open_base(shipped_base("mini"), dtype="bfloat16", device="cpu", quantization="nf4")
    four = parse_suite({**MINIMAL, "base": {"source": "build:small", "quantization": "nf4"}}, "mine.yaml")
    assert four.model_dump(mode="json")["base"]["quantization"] == "nf4"
    assert "quantization" not in parse_suite(MINIMAL, "mine.yaml").model_dump(mode="json")["base"]


def test_the_gpu_measurement_runs_whole_on_a_tiny_shape(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "perf" / "gpu.py"
    out = tmp_path / "found.json"
    words = ["--shape", "tiny", "--pairs", "8", "--batch", "4", "--micro", "2", "--checkpointing", "--json", str(out)]
    around = {"LIFEALIGN_DEVICE": "cpu"}
    done = subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, env={**os.environ, **around}, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(out.read_text("utf-8"))
    assert list(found["kinds"]) == ["trl", "ours", "cached", "sorted"]
    assert all(row["tokens_per_second"] > 0 and row["utilisation"] is None for row in found["kinds"].values())
    assert "say nothing of a GPU" in done.stdout


def places_taken(batches: str) -> tuple[int, list[str], dict[str, int]]:
    """Places of a phase's batches with their padding, the pairs that were taken, and the steps."""
    from lifealign_bench.benchmark.conformance_bench import BUDGET, Bench

    stage = Bench("mini", ("mini-human",), 32).stage(SeqFT(), ("mini-human",), None)
    stage.budget = BUDGET.model_copy(update={"batches": batches, "micro_batch_size": 4, "phases": BUDGET.phases[:1]})
    places, taken, collate = [], [], stage.collate

    def counted(rows: Any) -> Any:
        found = collate(rows)
        places.append(found.input_ids.numel())
        taken.extend(pair.pair_id for pair in found.pairs)
        return found

    vars(stage)["collate"] = counted
    stage.train_phases()
    return sum(places), sorted(taken), stage.report.steps


def test_batches_by_length_take_the_same_pairs_with_less_padding() -> None:
    settle_process(1)
    shuffled, by_length = places_taken("shuffled"), places_taken("by_length")
    assert by_length[1:] == shuffled[1:]
    assert by_length[0] < shuffled[0]
