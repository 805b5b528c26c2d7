"""GEM's projection: the golden numbers, and what must hold for every gradient and every memory."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.gem import GEM, project


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_golden_numbers():
    found = project(torch.tensor([-2.0, 1.0, 0.0]), torch.tensor([[1.0, 0.0, 0.0]]), 0.0)
    assert torch.allclose(found, torch.tensor([0.0, 1.0, 0.0]), atol=1e-4)


def test_a_gradient_that_agrees_with_every_past_one_is_left_alone():
    gradient = torch.tensor([1.0, 1.0])
    assert project(gradient, torch.eye(2), 0.5) is gradient


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), past=st.integers(1, 6))
def test_the_projected_gradient_points_against_no_past_gradient_and_is_the_nearest(seed, past):
    gradient, memory = drawn(seed, 12), drawn(seed + 1, past, 12)
    found = project(gradient, memory, 0.0)
    assert (memory @ found >= -1e-3 * gradient.norm() * memory.norm(dim=1)).all()

    def distance(x):
        return ((x - gradient.double().numpy()) ** 2).sum()

    rows = memory.double().numpy()
    nearest = minimize(
        distance, found.double().numpy(), constraints={"type": "ineq", "fun": lambda x: rows @ x}, method="SLSQP"
    )
    assert distance(found.double().numpy()) <= nearest.fun * 1.01 + 1e-3


def test_past_gradients_that_repeat_each_other_do_not_break_it():
    memory = drawn(3, 1, 8).repeat(4, 1)
    found = project(-memory[0], memory, 0.0)
    assert found.isfinite().all()
    assert found.norm() < 1e-2 * memory[0].norm()


def test_a_margin_pushes_towards_the_past():
    gradient, memory = torch.tensor([-2.0, 1.0, 0.0]), torch.tensor([[1.0, 0.0, 0.0]])
    assert (memory @ project(gradient, memory, 3.0)).item() > (memory @ project(gradient, memory, 0.0)).item()


@pytest.mark.parametrize(("values", "field"), [({"margin": -1.0}, "margin"), ({"sample": 0}, "sample")])
def test_a_wrong_setting_is_named(values, field):
    with pytest.raises(InputError) as caught:
        GEM.from_mapping(values)
    assert caught.value.field == field
