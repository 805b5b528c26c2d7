"""Drawing answers so that every task, stage and method is there about equally often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.human.study import unit_of
from lifealign_bench.judges.interface import JudgedItem


@dataclass(frozen=True, slots=True)
class Stratum:
    """Where an answer comes from; step: after how many learned tasks."""

    task: str
    step: int
    method: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer (with `other`, two of them) that may be drawn."""

    item: JudgedItem
    stratum: Stratum
    other: str | None = None


def draw(candidates: Sequence[Candidate], count: int, seed: int) -> list[Candidate]:
    """That many different answers, in the order they were drawn; the first of more are those of fewer.

    Each next one comes from the stratum whose task, stage and method were drawn least so far, ties by a hash of the
    seed; inside a stratum prompts that were not drawn yet go first.

    Raises:
        InputError: fewer different answers than are asked for.
    """
    pools = _pools(candidates, seed)
    strata = list(pools)
    counts = _Counts(strata, seed)
    found: list[Candidate] = []
    prompts: Counter[str] = Counter()
    units: set[str] = set()
    while len(found) < count and counts.left:
        place = counts.least()
        taken = _take(pools[strata[place]], prompts, units)
        if taken is None:
            counts.close(place)
            continue
        unit, candidate = taken
        units.add(unit)
        prompts[candidate.item.pair_id] += 1
        counts.add(place)
        found.append(candidate)
    if len(found) < count:
        raise InputError("--share", "answers", f"{len(found)} different ones", f"at least {count}, or a smaller share")
    return found


def counted(drawn: Sequence[Candidate]) -> Mapping[str, Mapping[str, int]]:
    """How often each task, stage and method was drawn."""
    return {
        "task": Counter(each.stratum.task for each in drawn),
        "stage": Counter(str(each.stratum.step) for each in drawn),
        "method": Counter(each.stratum.method for each in drawn),
    }


def _pools(candidates: Sequence[Candidate], seed: int) -> dict[Stratum, list[tuple[str, str, Candidate]]]:
    """By stratum: (hash, unit, candidate), in the order of the hash."""
    pools: dict[Stratum, list[tuple[str, str, Candidate]]] = {}
    for each in candidates:
        unit = unit_of(each.item, each.other)
        pools.setdefault(each.stratum, []).append((digest([seed, "answer", unit]), unit, each))
    for pool in pools.values():
        pool.sort(key=lambda entry: entry[0])
    return dict(sorted(pools.items(), key=lambda entry: digest([seed, "stratum", *_names(entry[0])])))


def _take(
    pool: list[tuple[str, str, Candidate]], prompts: Mapping[str, int], units: set[str]
) -> tuple[str, Candidate] | None:
    pool[:] = [entry for entry in pool if entry[1] not in units]
    if not pool:
        return None
    best = min(range(len(pool)), key=lambda place: (prompts.get(pool[place][2].item.pair_id, 0), place))
    _, unit, candidate = pool.pop(best)
    return unit, candidate


class _Counts:
    """How often every task, stage, method and stratum was drawn, as numbers beside the strata."""

    def __init__(self, strata: Sequence[Stratum], seed: int) -> None:
        names = [_names(each) for each in strata]
        self._of = [_numbered([own[part] for own in names]) for part in range(3)]
        self._drawn = [np.zeros(len(strata) + 1) for _ in range(3)]
        self._own = np.zeros(len(strata))
        self._open = np.ones(len(strata), dtype=bool)

    @property
    def left(self) -> bool:
        """Whether any stratum has answers."""
        return bool(self._open.any())

    def least(self) -> int:
        """The place of the stratum to draw from; the first of equal ones, which a hash has ordered."""
        score = sum(drawn[of] for drawn, of in zip(self._drawn, self._of, strict=True)) + self._own / 1e6
        return int(np.argmin(np.where(self._open, score, np.inf)))

    def add(self, place: int) -> None:
        """One more was drawn there."""
        self._own[place] += 1
        for drawn, of in zip(self._drawn, self._of, strict=True):
            drawn[of[place]] += 1

    def close(self, place: int) -> None:
        """Nothing is left there."""
        self._open[place] = False


def _names(stratum: Stratum) -> tuple[str, str, str]:
    return stratum.task, str(stratum.step), stratum.method


def _numbered(names: Sequence[str]) -> np.ndarray:
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
