"""The Mantel test: exact for few tasks, calibrated under chance, null where there is nothing to test."""

from __future__ import annotations

import numpy as np
import pytest

from lifealign_bench.benchmark.statistics.mantel import mantel_test


def symmetric(generator: np.random.Generator, size: int) -> np.ndarray:
    table = generator.standard_normal((size, size))
    return table + table.T


def test_a_table_agrees_with_itself_and_disagrees_with_its_opposite() -> None:
    table = symmetric(np.random.default_rng(0), 6)
    same, opposite = mantel_test(table, 3 * table + 7), mantel_test(table, -table)
    assert same.correlation == pytest.approx(1.0)
    assert opposite.correlation == pytest.approx(-1.0)
    assert same.p == pytest.approx(1 / 720)
    assert opposite.p <= 2 / 720
    assert (same.n_tasks, same.n_pairs) == (6, 15)


def test_the_correlation_is_that_of_the_symmetrised_off_diagonal_cells() -> None:
    generator = np.random.default_rng(1)
    one, other = generator.random((5, 5)), generator.random((5, 5))
    rows, columns = np.triu_indices(5, 1)
    expected = np.corrcoef((one + one.T)[rows, columns], (other + other.T)[rows, columns])[0, 1]
    found = mantel_test(one, other)
    assert found.correlation == pytest.approx(expected)
    np.fill_diagonal(other, np.nan)
    assert mantel_test(one, other) == found


@pytest.mark.parametrize("size", [5, 6])
def test_chance_is_called_a_finding_in_5_percent(size: int) -> None:
    generator = np.random.default_rng(size)
    p = [mantel_test(symmetric(generator, size), symmetric(generator, size)).p for _ in range(1000)]
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07


def test_many_tasks_are_relabelled_at_random_and_always_alike() -> None:
    generator = np.random.default_rng(2)
    one = symmetric(generator, 10)
    other = one + symmetric(generator, 10)
    found = mantel_test(one, other)
    assert found == mantel_test(one.copy(), other.copy())
    assert found.p == pytest.approx(1e-4, abs=2e-3)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (np.eye(3), "at least 4 tasks"),
        (np.ones((5, 5)), "same number"),
        (np.where(np.eye(5)[::-1] > 0, np.nan, 1.0) * np.arange(5), "no number"),
    ],
)
def test_what_cannot_be_tested_says_why(one: np.ndarray, words: str) -> None:
    found = mantel_test(one, symmetric(np.random.default_rng(3), len(one)))
    assert (found.correlation, found.p) == (None, None)
    assert words in str(found.reason)
