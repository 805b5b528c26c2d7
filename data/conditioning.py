"""Applying a data condition: rows in, rows out; the same rows and seed give the same rows, every change is counted."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lifealign_bench.data.conditions import AGAIN, Condition
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.item_overlap import drawn_by_items, of_items
from lifealign_bench.data.rows import Pair, digest, pair_id
from lifealign_bench.data.sources import prompt_key

WHERE = "condition"


@dataclass(frozen=True, slots=True)
class TaskRows:
    """The pairs of one task, each split in its seeded order. In: `train` is all there is; out: what is learned from."""

    train: tuple[Pair, ...]
    evaluation: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one task's training pairs.

    available: pairs there were; usual: how many the suite takes; rows: how many are learned from. flipped: of these,
    pairs whose answers were swapped. shared: pairs that are the task's `shared_with`, too, or of an item overlap about
    an item of it. mean_words: of both answers.
    """

    available: int
    usual: int
    rows: int
    flipped: int
    shared: int
    shared_with: str | None
    mean_words: float


@dataclass(frozen=True)
class Conditioned:
    """The rows of every task and every second visit, by name, and what was changed about each."""

    rows: Mapping[str, TaskRows]
    applied: Mapping[str, Applied]


def apply_condition(
    pools: Mapping[str, TaskRows], usual: Mapping[str, int], condition: Condition, seed: int
) -> Conditioned:
    """The stream of tasks under a condition.

    pools: all pairs of each task, by name, in the suite's order. usual: pairs a task without a condition. What a larger
    condition takes or flips holds what a smaller one does.

    Raises:
        InputError: a task would be left without rows, has too few for what is asked, or its training prompts stand in
            an evaluation split; each with the numbers.
    """
    wanted = sizes_under(usual, condition, seed)
    drawn = _all_drawn(pools, wanted, condition, seed)
    mixed = _with_shared(drawn, condition)
    noisy = {name: flip_labels(rows, condition.label_noise, seed) for name, rows in mixed.items()}
    neighbours = _neighbours(tuple(pools))
    found: dict[str, TaskRows] = {}
    applied: dict[str, Applied] = {}
    for name in pools:
        own = {pair.pair_id for pair in drawn[name]}
        changes = _Changes(
            len(pools[name].train),
            usual[name],
            frozenset(pair.pair_id for pair in noisy[name]) - {pair.pair_id for pair in mixed[name]},
            frozenset(new.pair_id for old, new in zip(mixed[name], noisy[name], strict=True) if old.pair_id not in own),
            neighbours[name] if condition.overlap else None,
        )
        if condition.item_overlap is not None and name != tuple(pools)[-1]:
            shared = of_items(noisy[name], noisy[neighbours[name]])
            changes = replace(changes, shared=shared, shared_with=neighbours[name])
        for visit, rows in _visits(name, TaskRows(noisy[name], pools[name].evaluation), condition).items():
            found[visit], applied[visit] = rows, changes.among(rows.train)
    _check_recurring(condition, tuple(pools))
    last = visit_names(condition)
    listed = [*(name for name in found if name not in last), *last]
    check_evaluation(found)
    return Conditioned({name: found[name] for name in listed}, {name: applied[name] for name in listed})


@dataclass(frozen=True, slots=True)
class _Changes:
    """What was done to a task's rows before they were divided between its visits; rows by their ids."""

    available: int
    usual: int
    flipped: frozenset[str]
    shared: frozenset[str]
    shared_with: str | None

    def among(self, rows: Sequence[Pair]) -> Applied:
        """The account of these rows of the task."""
        ids = [pair.pair_id for pair in rows]
        flipped, shared = (sum(own in ids_of for own in ids) for ids_of in (self.flipped, self.shared))
        words = round(statistics.fmean(_words(pair) for pair in rows), 2)
        return Applied(self.available, self.usual, len(rows), flipped, shared, self.shared_with, words)


def sizes_under(usual: Mapping[str, int], condition: Condition, seed: int) -> dict[str, int]:
    """Pairs a task under a condition: `usual` times `size`, dealt out by `size_ratio` with the same total.

    The sizes are a geometric row r^0, r^(-1/(T-1)), ..., r^-1; which task gets which is decided by the seed.

    Raises:
        InputError: a task is left without rows.
    """
    names = list(usual)
    weights = dict.fromkeys(names, 1.0)
    if condition.size_ratio != 1 and len(names) > 1:
        ranked = sorted(names, key=lambda name: digest(["size ratio", seed, name]))
        row = [condition.size_ratio ** (-place / (len(names) - 1)) for place in range(len(names))]
        scale = sum(usual.values()) / math.fsum(usual[name] * row[ranked.index(name)] for name in names)
        weights = {name: scale * row[ranked.index(name)] for name in names}
    found = {name: round(usual[name] * condition.size * weights[name]) for name in names}
    empty = [name for name, count in found.items() if not count]
    if empty:
        asked = f"size {condition.size:g} and size_ratio {condition.size_ratio:g}"
        share = usual[empty[0]] * condition.size * weights[empty[0]]
        said = f"{share:.2f} of {usual[empty[0]]} training rows of task {empty[0]} under {asked}"
        raise InputError(WHERE, "size", said, "at least 1 row of every task")
    return found


def flip_labels(rows: Sequence[Pair], share: float, seed: int) -> tuple[Pair, ...]:
    """The rows with the answers of `round(share x rows)` of them swapped, chosen by a hash; the others as they are."""
    ranked = sorted(rows, key=lambda pair: digest(["label noise", seed, pair.pair_id]))
    flipped = {pair.pair_id for pair in ranked[: flip_count(len(rows), share)]}
    return tuple(_flipped(pair) if pair.pair_id in flipped else pair for pair in rows)


def flip_count(rows: int, share: float) -> int:
    """How many of so many rows are flipped."""
    return round(share * rows)


def skewed(rows: Sequence[Pair], skew: float, seed: int) -> tuple[Pair, ...]:
    """The rows in the order in which they are drawn without replacement, with weight exp(skew x z).

    z: the standardised log of both answers' words. Of a skew of 0 that is the order that they come in, if it is their
    seeded order. Source: Efraimidis and Spirakis (2006), Weighted random sampling with a reservoir.
    """
    logs = [math.log(1 + _words(pair)) for pair in rows]
    spread = statistics.pstdev(logs) if rows else 0.0
    if not skew or not spread:
        return tuple(rows)
    mean = statistics.fmean(logs)
    weights = [math.exp(skew * (value - mean) / spread) for value in logs]
    drawn = [-math.log1p(-_uniform(seed, pair)) / weight for pair, weight in zip(rows, weights, strict=True)]
    return tuple(rows[place] for place in sorted(range(len(rows)), key=lambda place: (drawn[place], place)))


def check_evaluation(rows: Mapping[str, TaskRows]) -> None:
    """Raise `InputError` where a training prompt of any task stands in the evaluation rows of any task."""
    held = {prompt_key(pair.prompt): name for name, own in rows.items() for pair in own.evaluation}
    for name, own in rows.items():
        found = [held[key] for pair in own.train if (key := prompt_key(pair.prompt)) in held]
        if found:
            rows_of = f"{len(found)} of {len(own.train)} training rows of task {name}"
            said = f"{rows_of} have a prompt that task {found[0]} evaluates"
            raise InputError(WHERE, "overlap with the evaluation split", said, "none")


def visit_names(condition: Condition) -> tuple[str, ...]:
    """What the second visits of a condition are called."""
    return tuple(f"{name}{AGAIN}" for name in condition.recurrence)


def _drawn(name: str, pool: Sequence[Pair], wanted: int, condition: Condition, seed: int) -> tuple[Pair, ...]:
    if wanted > len(pool):
        asked = f"size {condition.size:g}, size_ratio {condition.size_ratio:g}"
        raise InputError(WHERE, f"task {name}", f"{len(pool)} training rows", f"at least {wanted} ({asked})")
    return skewed(pool, condition.length_skew, seed)[:wanted]


def _all_drawn(
    pools: Mapping[str, TaskRows], wanted: Mapping[str, int], condition: Condition, seed: int
) -> dict[str, tuple[Pair, ...]]:
    drawn = {name: _drawn(name, pools[name].train, wanted[name], condition, seed) for name in pools}
    if condition.item_overlap is None:
        return drawn
    ordered = {name: skewed(pools[name].train, condition.length_skew, seed) for name in pools}
    return drawn_by_items(ordered, wanted, condition.item_overlap)


def _with_shared(drawn: Mapping[str, tuple[Pair, ...]], condition: Condition) -> dict[str, tuple[Pair, ...]]:
    """Every task's last rows replaced by the first rows of the next task, which keeps those."""
    counts = {name: round(condition.overlap * len(rows)) for name, rows in drawn.items()}
    neighbours = _neighbours(tuple(drawn))
    found = {}
    for name, rows in drawn.items():
        other = neighbours[name]
        kept, lent = len(rows) - counts[name], len(drawn[other]) - counts[other]
        if counts[name] and (len(drawn) < 2 or counts[name] > lent):
            said = f"{lent} rows of its own in task {other}" if len(drawn) > 1 else "one task"
            raise InputError(WHERE, f"overlap of task {name}", said, f"{counts[name]} rows to share")
        found[name] = rows[:kept] + tuple(_of_task(pair, rows[0].task) for pair in drawn[other][: counts[name]])
    return found


def _neighbours(names: tuple[str, ...]) -> dict[str, str]:
    return {name: names[(place + 1) % len(names)] for place, name in enumerate(names)}


def _visits(name: str, whole: TaskRows, condition: Condition) -> dict[str, TaskRows]:
    """The task as it is, or where it comes back divided between its visits: every other row to either."""
    if name not in condition.recurrence:
        return {name: whole}
    for split, pairs in (("training", whole.train), ("evaluation", whole.evaluation)):
        if len(pairs) < 2:
            raise InputError(WHERE, f"recurrence of task {name}", f"{len(pairs)} {split} rows", "2, one a visit")
    return {
        visit: TaskRows(whole.train[place::2], whole.evaluation[place::2])
        for place, visit in enumerate((name, f"{name}{AGAIN}"))
    }


def _check_recurring(condition: Condition, names: tuple[str, ...]) -> None:
    for name in condition.recurrence:
        if name not in names:
            raise InputError(WHERE, "recurrence", repr(name), f"one of {', '.join(names)}")


def _flipped(pair: Pair) -> Pair:
    own = pair_id(pair.task, pair.prompt, pair.rejected, pair.chosen)
    return replace(pair, pair_id=own, chosen=pair.rejected, rejected=pair.chosen)


def _of_task(pair: Pair, task: str) -> Pair:
    return replace(pair, task=task, pair_id=pair_id(task, pair.prompt, pair.chosen, pair.rejected))


def _uniform(seed: int, pair: Pair) -> float:
    """In [0, 1), rising with the hash that the seeded order goes by."""
    return int(digest([seed, pair.pair_id])[:13], 16) / 16**13


def _words(pair: Pair) -> int:
    return len(pair.chosen.split()) + len(pair.rejected.split())
