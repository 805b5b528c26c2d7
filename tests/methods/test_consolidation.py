"""SLMC: the golden numbers, and what must hold for every matrix and every history."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.consolidation import consolidate, denoise, project, shrink

UPDATE = torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
LEADING = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
AXIS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def directly_denoised(update, theta):
    left, values, right = torch.linalg.svd(update.double(), full_matrices=False)
    energies = values**2
    kept = next(k for k in range(1, len(values) + 1) if energies[:k].sum() >= theta * energies.sum())
    return (left[:, :kept] * values[:kept]) @ right[:kept]


def directly_projected(update, history, keep):
    _, values, right = torch.linalg.svd(torch.stack([past.flatten() for past in history]).double(), full_matrices=False)
    basis = right[values > 1e-6 * values.max()]
    vector = update.double().flatten()
    return (vector - (1 - keep) * (basis.T @ (basis @ vector))).reshape(update.shape)


def test_denoise_equals_the_golden_numbers():
    assert torch.allclose(denoise(UPDATE, 0.5), LEADING, atol=1e-6)
    assert torch.equal(denoise(UPDATE, 0.95), UPDATE)


def test_denoise_keeps_the_smallest_number_of_directions_that_reaches_the_share():
    assert torch.allclose(denoise(UPDATE, 0.9), LEADING, atol=1e-6)
    assert torch.equal(denoise(UPDATE, 0.900001), UPDATE)


@pytest.mark.parametrize("shape", [(8, 300), (300, 8), (8, 8), (1, 40), (40, 1)])
@pytest.mark.parametrize("theta", [0.1, 0.5, 0.9, 0.99])
def test_denoise_equals_a_direct_singular_value_decomposition(shape, theta):
    update = drawn(3, *shape) * torch.logspace(0, -3, shape[1])
    torch.testing.assert_close(denoise(update, theta).double(), directly_denoised(update, theta), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(("keep", "first"), [(0.0, 0.0), (0.5, 1.5), (1.0, 3.0)])
def test_project_equals_the_golden_numbers(keep, first):
    expected = torch.zeros(2, 3)
    expected[0, 0] = first
    assert torch.allclose(project(LEADING, [AXIS], keep), expected, atol=1e-6)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), past=st.integers(1, 12), keep=st.floats(0, 1))
def test_project_equals_a_direct_decomposition_of_the_stacked_history(seed, past, keep):
    update, history = drawn(seed, 4, 50), [drawn(seed + 1 + index, 4, 50) for index in range(past)]
    expected = directly_projected(update, history, keep)
    torch.testing.assert_close(project(update, history, keep).double(), expected, atol=1e-5, rtol=0)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    scales=st.lists(st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6), min_size=3, max_size=3),
    repeats=st.lists(st.integers(0, 2), max_size=5),
    zeros=st.integers(0, 2),
)
def test_scaling_repeating_or_adding_zeros_to_the_history_changes_nothing(seed, scales, repeats, zeros):
    update, history = drawn(seed, 3, 40), [drawn(seed + 1 + index, 3, 40) for index in range(3)]
    changed = [past * scale for past, scale in zip(history, scales, strict=True)]
    changed += [history[index] * 0.37 for index in repeats] + [torch.zeros(3, 40)] * zeros
    torch.testing.assert_close(project(update, changed, 0.25), project(update, history, 0.25), atol=1e-5, rtol=0)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), past=st.integers(1, 12), theta=st.floats(0.05, 1))
def test_keep_zero_is_orthogonal_to_the_whole_history(seed, past, theta):
    before, after = drawn(seed, 8, 60), drawn(seed + 99, 8, 60)
    history = [drawn(seed + 1 + index, 8, 60) for index in range(past)]
    _, lasting = consolidate(before, after, history, theta, keep=0.0)
    for past_update in history:
        cosine = (lasting * past_update).sum() / (lasting.norm() * past_update.norm())
        assert abs(cosine) < 1e-5


def test_a_nearly_dependent_history_stays_exact():
    base, other = drawn(1, 4, 50), drawn(2, 4, 50)
    history = [base, base + 1e-3 * other]
    update = drawn(3, 4, 50)
    found = project(update, history, 0.0)
    torch.testing.assert_close(found.double(), directly_projected(update, history, 0.0), atol=1e-4, rtol=0)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), theta=st.floats(0.05, 1), keep=st.floats(0, 1), past=st.integers(0, 4))
def test_what_is_consolidated_is_never_longer_than_the_update(seed, theta, keep, past):
    before, after = drawn(seed, 4, 30), drawn(seed + 7, 4, 30)
    _, lasting = consolidate(before, after, [drawn(seed + 10 + index, 4, 30) for index in range(past)], theta, keep)
    assert lasting.norm() <= (after - before).norm() * (1 + 1e-6)


def test_an_update_wholly_inside_the_history_is_scaled_by_keep():
    history = [drawn(1, 3, 20), drawn(2, 3, 20)]
    update = 2 * history[0] - 5 * history[1]
    torch.testing.assert_close(project(update, history, 0.5), 0.5 * update, atol=1e-5, rtol=0)


def test_theta_one_and_keep_one_return_the_trained_matrix_bit_for_bit():
    before, after = drawn(1, 8, 100), drawn(2, 8, 100)
    value, update = consolidate(before, after, [drawn(3, 8, 100)], theta=1.0, keep=1.0)
    assert value is after
    assert torch.equal(update, after - before)


def test_theta_one_skips_denoising_alone_and_keep_one_skips_projection_alone():
    before, after, history = drawn(1, 4, 20), drawn(2, 4, 20), [drawn(3, 4, 20)]
    update = after - before
    assert torch.equal(consolidate(before, after, history, 1.0, 0.5)[1], project(update, history, 0.5))
    assert torch.equal(consolidate(before, after, history, 0.5, 1.0)[1], denoise(update, 0.5))


def test_the_new_value_is_the_start_plus_the_consolidated_update():
    before, after = drawn(1, 4, 20), drawn(2, 4, 20)
    value, lasting = consolidate(before, after, [drawn(3, 4, 20)], 0.5, 0.5)
    assert torch.equal(value, before + lasting)
    assert not torch.equal(value, after)


def test_projection_sees_the_denoised_update():
    _, lasting = consolidate(torch.zeros(2, 3), UPDATE, [AXIS], theta=0.5, keep=0.0)
    assert lasting.abs().max() < 1e-6


def test_a_matrix_that_did_not_move_stays_where_it_was():
    before = drawn(1, 4, 20)
    value, update = consolidate(before, before.clone(), [drawn(2, 4, 20)], 0.9, 0.5)
    assert torch.equal(value, before)
    assert update.abs().max() == 0


def test_consolidation_is_deterministic_and_keeps_the_dtype():
    before, after, history = drawn(1, 8, 500), drawn(2, 8, 500), [drawn(3, 8, 500)]
    first, again = (consolidate(before, after, history, 0.7, 0.5) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert first[0].dtype == first[1].dtype == torch.float32


def test_inputs_are_left_untouched():
    before, after, history = drawn(1, 4, 20), drawn(2, 4, 20), [drawn(3, 4, 20)]
    copies = [tensor.clone() for tensor in (before, after, *history)]
    consolidate(before, after, history, 0.5, 0.5)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip((before, after, *history), copies, strict=True))


def test_shrink_reaches_the_norm_in_the_same_direction_and_never_grows():
    update = drawn(1, 4, 20)
    small = shrink(update, 1.5)
    assert small.norm().item() == pytest.approx(1.5, rel=1e-5)
    assert torch.nn.functional.cosine_similarity(small.flatten(), update.flatten(), dim=0).item() == pytest.approx(1.0)
    assert shrink(update, 1e9) is update
    assert shrink(update, 0.0).abs().max() == 0
    assert shrink(torch.zeros(2, 2), torch.tensor(0.0)).abs().max() == 0


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: denoise(UPDATE, 0.0), "theta"),
        (lambda: denoise(UPDATE, math.nan), "theta"),
        (lambda: denoise(UPDATE.flatten(), 0.5), "update"),
        (lambda: denoise(UPDATE * math.nan, 0.5), "update"),
        (lambda: project(UPDATE, [AXIS], 1.1), "keep"),
        (lambda: project(UPDATE, [AXIS.T], 0.5), "history"),
        (lambda: project(UPDATE, [AXIS * math.inf], 0.5), "update and history"),
        (lambda: project(UPDATE * math.nan, [AXIS], 0.5), "update and history"),
        (lambda: shrink(UPDATE, -1.0), "norm"),
        (lambda: shrink(UPDATE * math.nan, 1.0), "update"),
    ],
)
def test_what_cannot_be_consolidated_is_named(call, field):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field
