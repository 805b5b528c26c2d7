"""Prompts that all runs share, and the items they are made from: the clusters that a bootstrap draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lifealign_bench.benchmark.statistics.seeding import generator_of

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

REPLICATES = 2000
LEAST_ITEMS = 8


@dataclass(frozen=True, eq=False)
class Prompts:
    """P prompts of T tasks, and what they were made from.

    task: (P,) the task of each prompt, 0..T-1, every task at least once. item: (P,) the item (cluster) of each, 0..G-1.
    An item may stand in several tasks (one skill asked about in two ways); it is drawn for all of them at once.
    """

    task: Integers
    item: Integers

    def __post_init__(self) -> None:
        if self.task.shape != self.item.shape or self.task.ndim != 1 or not self.task.size:
            raise ValueError("task and item are two lists of the same length, not empty")
        if (self.task_sizes == 0).any() or (np.bincount(self.item) == 0).any():
            raise ValueError("tasks and items are numbered without gaps from 0")

    @cached_property
    def task_sizes(self) -> Integers:
        """(T,) prompts of each task."""
        return np.bincount(self.task)

    @property
    def n_tasks(self) -> int:
        """T."""
        return len(self.task_sizes)

    @property
    def n_prompts(self) -> int:
        """P."""
        return len(self.task)

    @property
    def n_items(self) -> int:
        """G."""
        return int(self.item.max()) + 1

    @cached_property
    def stratum(self) -> Integers:
        """(G,) the stratum of each item: items that stand in the same tasks are exchangeable, others are not.

        A stratum of fewer than `LEAST_ITEMS` joins the one that shares most tasks with it, if any does.
        """
        member = self.counts > 0
        kinds, found = np.unique(member, axis=0, return_inverse=True)
        return _merged(kinds, found.reshape(-1))

    @cached_property
    def stratum_sizes(self) -> Integers:
        """(S,) items of each stratum."""
        return np.bincount(self.stratum)

    @cached_property
    def weights(self) -> Floats:
        """(P,) the share of each prompt in the mean over tasks of the means over prompts."""
        return 1.0 / (self.n_tasks * self.task_sizes[self.task])

    @cached_property
    def by_item(self) -> sparse.csr_array:
        """(G, P): sums over the prompts of each item."""
        return _sparse((np.ones(self.n_prompts), (self.item, np.arange(self.n_prompts))))

    @cached_property
    def by_task(self) -> sparse.csr_array:
        """(T, P): means over the prompts of each task."""
        return _sparse((1.0 / self.task_sizes[self.task], (self.task, np.arange(self.n_prompts))))

    @cached_property
    def by_stratum(self) -> sparse.csr_array:
        """(S, G): sums over the items of each stratum."""
        return _sparse((np.ones(self.n_items), (self.stratum, np.arange(self.n_items))))

    @cached_property
    def counts(self) -> Floats:
        """(G, T): prompts of each item in each task."""
        cells = self.item * self.n_tasks + self.task
        found = np.bincount(cells, minlength=self.n_items * self.n_tasks).reshape(self.n_items, self.n_tasks)
        return found.astype(float)

    def mean(self, values: Floats) -> Floats:
        """(..., P) -> (...): mean over tasks of the means over prompts."""
        found: Floats = np.asarray(values @ self.weights)
        return found

    def influence(self, values: Floats) -> Floats:
        """(R, P) -> (R, G): what each item adds to the mean beyond its share, centred within its stratum.

        Source: linearisation (infinitesimal jackknife) of a stratified, clustered ratio mean.
        """
        means = (self.by_task @ values.T).T
        sums = (self.by_item @ ((values - means[:, self.task]) * self.weights).T).T
        centre = (self.by_stratum @ sums.T).T / self.stratum_sizes
        found: Floats = sums - centre[:, self.stratum]
        return found

    def stratum_variances(self, influence: Floats) -> Floats:
        """(R, G) influences -> (R, S): variance of each mean that each stratum's items cause, 0 for a single item.

        Formula: G_s / (G_s - 1) * sum over items of the squared influence.
        """
        sizes = self.stratum_sizes
        scale = np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 0.0)
        found: Floats = (self.by_stratum @ np.square(influence).T).T * scale
        return found


@dataclass(frozen=True, eq=False)
class Draws:
    """Bootstrap draws of items, made once and used for every run and every statistic of a board.

    counts: (B, G) how often each replicate has each item; within a stratum they sum to its size.
    """

    prompts: Prompts
    counts: Floats

    @cached_property
    def _sizes(self) -> Floats:
        """(B, T) prompts of each task in each replicate."""
        found: Floats = self.counts @ self.prompts.counts
        return found

    def task_means(self, values: Floats) -> Floats:
        """(P,) -> (B, T): the mean of each task in each replicate; NaN where a replicate has no prompt of a task."""
        prompts = self.prompts
        cells = prompts.item * prompts.n_tasks + prompts.task
        sums = np.bincount(cells, weights=values, minlength=prompts.n_items * prompts.n_tasks)
        with np.errstate(invalid="ignore"):
            found: Floats = (self.counts @ sums.reshape(prompts.n_items, prompts.n_tasks)) / self._sizes
        return found

    def means(self, values: Floats) -> Floats:
        """(P,) -> (B,): the mean over tasks in each replicate."""
        found: Floats = self.task_means(values).mean(axis=1)
        return found


def _sparse(content: tuple[Floats, tuple[Integers, Integers]]) -> sparse.csr_array:
    # SciPy is loaded where numbers are made: what only reads them, as a page does, need not wait for it.
    from scipy import sparse

    return sparse.csr_array(content)


def _merged(kinds: NDArray[np.bool_], stratum: Integers) -> Integers:
    """Strata of enough items, numbered without gaps; kinds: (S, T) the tasks of each."""
    while True:
        sizes = np.bincount(stratum, minlength=len(kinds))
        shared = (kinds.astype(int) @ kinds.astype(int).T) * (sizes > 0) * (1 - np.eye(len(kinds), dtype=int))
        small = [s for s in np.argsort(sizes, kind="stable") if 0 < sizes[s] < LEAST_ITEMS and shared[s].any()]
        if not small:
            return np.unique(stratum, return_inverse=True)[1].reshape(-1)
        best = max(range(len(kinds)), key=lambda other: (shared[small[0], other], sizes[other]))
        kinds = kinds.copy()
        kinds[best] |= kinds[small[0]]
        stratum = np.where(stratum == small[0], best, stratum)


def draw_items(prompts: Prompts, replicates: int = REPLICATES) -> Draws:
    """Draws of items with replacement, within strata; the same prompts always give the same draws."""
    generator = generator_of("items", prompts.task, prompts.item)
    counts = np.zeros((replicates, prompts.n_items))
    for stratum, size in enumerate(prompts.stratum_sizes):
        places = np.flatnonzero(prompts.stratum == stratum)
        counts[:, places] = generator.multinomial(size, np.full(size, 1.0 / size), size=replicates)
    return Draws(prompts, counts)
