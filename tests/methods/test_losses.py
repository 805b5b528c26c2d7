"""The losses against numbers computed from the formulas, and at the edges of what floats can hold."""

import math
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.utils import add_fused_lm_head

from lifealign_bench.methods import losses

GOLDEN = [
    (-4.0, 0.9644, 3.8749, -1.0864, 4.0181, -0.9820),
    (-1.0, 0.5344, 0.7019, -0.7682, 1.3133, -0.7311),
    (0.0, 0.2500, 0.1733, -0.2983, 0.6931, -0.5000),
    (2.0, 0.0142, 0.0018, -0.0049, 0.1269, -0.1192),
]


@dataclass(frozen=True)
class Labelled:
    labels: torch.Tensor
    n_pairs: int


def value_and_gradient(loss, z):
    margin = torch.tensor([z], requires_grad=True)
    value = loss(margin)
    value.sum().backward()
    return value.item(), margin.grad.item()


@pytest.mark.parametrize(("z", "weight", "fpo", "fpo_gradient", "dpo", "dpo_gradient"), GOLDEN)
def test_losses_and_their_gradients_equal_the_golden_table(z, weight, fpo, fpo_gradient, dpo, dpo_gradient):
    assert value_and_gradient(losses.dpo, z) == pytest.approx((dpo, dpo_gradient), abs=1e-4)
    focal = value_and_gradient(lambda margin: losses.fpo(margin, 2.0), z)
    assert focal == pytest.approx((fpo, fpo_gradient), abs=1e-4)
    assert focal[0] / value_and_gradient(losses.dpo, z)[0] == pytest.approx(weight, abs=1e-4)


def test_fpo_gradient_goes_through_the_weight_and_agrees_with_finite_differences():
    margins = torch.linspace(-6, 6, 25, dtype=torch.float64, requires_grad=True)
    for gamma in (0.5, 1.0, 2.0, 5.0):
        assert torch.autograd.gradcheck(lambda z, gamma=gamma: losses.fpo(z, gamma), (margins,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 10.0])
def test_fpo_and_its_gradient_stay_finite_for_margins_up_to_ten_thousand(dtype, gamma):
    sizes = [0.0, 1e-30, 1e-3, 1.0, 20.0, 88.8, 104.0, 745.0, 1e4]
    margins = torch.tensor([sign * size for size in sizes for sign in (-1, 1)], dtype=dtype, requires_grad=True)
    loss = losses.fpo(margins, gamma)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert margins.grad.isfinite().all()
    assert (loss >= 0).all()
    assert (margins.grad <= 0).all()


def test_fpo_of_gamma_zero_is_dpo_bit_for_bit():
    start = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 20
    plain, focal = start.clone().requires_grad_(), start.clone().requires_grad_()
    expected, found = losses.dpo(plain), losses.fpo(focal, 0.0)
    expected.sum().backward()
    found.sum().backward()
    assert torch.equal(found, expected)
    assert torch.equal(focal.grad, plain.grad)


def test_mastered_pairs_fade_out_and_unlearned_ones_do_not():
    margins = torch.tensor([-8.0, 8.0])
    unlearned, mastered = (losses.fpo(margins, 2.0) / losses.dpo(margins)).tolist()
    assert unlearned > 0.999
    assert mastered < 1e-6


def test_implicit_margin_is_beta_times_the_policys_gain_over_the_reference():
    terms = [torch.tensor([value]) for value in (-10.0, -14.0, -12.0, -13.0)]
    assert losses.implicit_margin(*terms, beta=0.1).item() == pytest.approx(0.1 * ((-10 + 14) - (-12 + 13)))


def test_sequence_logps_sum_the_answers_tokens_alone():
    logps = torch.tensor([[-1.0, -2.0, -4.0], [-math.inf, -8.0, -16.0]])
    mask = torch.tensor([[False, True, True], [False, True, False]])
    assert losses.sequence_logps(logps, mask).tolist() == [-6.0, -8.0]


def test_sequence_logps_of_half_precision_are_summed_in_single_precision():
    logps = torch.full((1, 2047), -1.0, dtype=torch.bfloat16)
    assert losses.sequence_logps(logps, torch.ones(1, 2047, dtype=torch.bool)).tolist() == [-2047.0]


def test_sft_counts_the_chosen_rows_alone():
    labels = torch.tensor([[-100, -100, 5, 6], [-100, 7, -100, -100], [-100, 8, 9, 9], [-100, 8, 9, 9]])
    logps = torch.tensor([[0.0, -1.0, -2.0], [-4.0, 0.0, 0.0], [-64.0] * 3, [-64.0] * 3])
    nll, tokens = losses.sft(logps, Labelled(labels, n_pairs=2))
    assert (nll.item(), tokens.item()) == (7.0, 3)


def test_sft_never_counts_what_the_labels_mask():
    labels = torch.tensor([[-100, -100, 5]])
    nll, tokens = losses.sft(torch.tensor([[-9.0, -1.0]]), Labelled(labels, n_pairs=1))
    assert (nll.item(), tokens.item()) == (1.0, 1)


@pytest.fixture(scope="module")
def tiny_model():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    add_fused_lm_head(model)
    return model


def test_token_logps_equal_the_log_softmax_of_the_logits_and_are_zero_on_the_prompt(tiny_model):
    ids = torch.randint(0, 64, (3, 9), generator=torch.Generator().manual_seed(1))
    attention = torch.ones_like(ids)
    attention[2, 6:] = 0
    labels = ids.masked_fill(attention == 0, -100)
    labels[:, :4] = -100
    found = losses.token_logps(tiny_model, ids, attention, labels)
    with torch.no_grad():
        logits = tiny_model(input_ids=ids, attention_mask=attention).logits[:, :-1]
    mask = losses.completion_mask(labels)
    expected = logits.log_softmax(-1).gather(-1, ids[:, 1:, None]).squeeze(-1).masked_fill(~mask, 0.0)
    assert found.shape == (3, 8)
    assert (found[~mask] == 0).all()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_token_logps_carry_a_gradient(tiny_model):
    ids = torch.randint(0, 64, (1, 6), generator=torch.Generator().manual_seed(2))
    losses.token_logps(tiny_model, ids, torch.ones_like(ids), ids).sum().backward()
    assert tiny_model.model.embed_tokens.weight.grad.abs().sum() > 0


def test_the_numerical_modules_are_importable_without_torch():
    names = ("losses", "consolidation", "replay")
    code = "; ".join(f"import lifealign_bench.methods.{name}" for name in names)
    code += "; import sys; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
