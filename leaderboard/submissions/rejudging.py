"""A random part of a submission's answers, judged again: do its verdicts differ more than the judge from itself?"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.benchmark.judged_answers import JudgedRun
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.interface import JudgedItem, Judgment
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning

RARE = 0.01
"""The chance below which so many differences are no chance."""
Question = tuple[JudgedItem, str]


@dataclass(frozen=True, slots=True)
class Again:
    """One dimension judged again: answers that have both verdicts, and how many of these differ.

    retest: the share of answers on which the judge agrees with itself, 0-1. chance: of at least as many differences.
    """

    dimension: str
    answers: int
    different: int
    retest: float
    chance: float

    @property
    def agreement(self) -> float:
        """The share of answers whose verdict is the same, 0-1; 1 where there are none."""
        return 1.0 - self.different / self.answers if self.answers else 1.0


def drawn(items: Sequence[JudgedItem], share: float, seed: int) -> list[JudgedItem]:
    """A share of distinct answers, at least one, drawn by a seed that the submitter did not know.

    Raises:
        InputError: a share that is not over 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise InputError("--share", "share", share, "over 0 % and at most 100 %")
    count = max(1, round(share * len(items)))
    return random.Random(f"rejudge {seed}").sample(list(items), min(count, len(items)))


def share_of(text: str) -> float:
    """The share in `5%` or `0.05`. Raises InputError where there is none."""
    try:
        return float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        raise InputError("--share", "share", repr(text), "a share, such as 5% or 0.05") from None


def written_verdicts(runs: Sequence[JudgedRun], judgments: Sequence[pd.DataFrame]) -> dict[Question, float | None]:
    """The submitted verdicts by answer and dimension, of answers judged alone; None where one is not scored."""
    found: dict[Question, float | None] = {}
    for run, table in zip(runs, judgments, strict=True):
        items = dict(zip(run.samples["sample_id"], run.items, strict=True))
        own = table[table["against"].isna()]
        for sample, dimension, verdict in zip(own["sample_id"], own["dimension"], own["verdict"], strict=True):
            if sample in items:
                found.setdefault((items[sample], str(dimension)), None if pd.isna(verdict) else float(verdict))
    return found


def compared(
    written: Mapping[Question, float | None],
    said: Iterable[tuple[JudgedItem, Judgment]],
    retest: Mapping[str, float],
) -> list[Again]:
    """How often new verdicts differ from those that were submitted, by dimension, against the judge's retest rate.

    An answer that was submitted without a verdict, and gets one now, differs. A dimension of which nothing was
    submitted is none that was asked for.
    chance: the upper tail of a binomial with as many answers and the rate at which the judge differs from itself.
    """
    from scipy.stats import binom

    counts: dict[str, list[int]] = {}
    asked = {dimension for _, dimension in written}
    for item, judgment in said:
        before = written.get((item, judgment.dimension))
        if judgment.dimension in asked and judgment.verdict is not None:
            count = counts.setdefault(judgment.dimension, [0, 0])
            count[0] += 1
            count[1] += before != judgment.verdict
    found = []
    for dimension, (answers, different) in sorted(counts.items()):
        rate = retest.get(dimension, retest.get("", 1.0))
        chance = float(binom.sf(different - 1, answers, 1.0 - rate)) if different else 1.0
        found.append(Again(dimension, answers, different, rate, chance))
    return found


def findings_of(again: Sequence[Again]) -> list[Finding]:
    """J6: verdicts differ from the judge no more than the judge from itself; a warning where nothing compares."""
    found = [
        error(
            "J6", "", f"verdicts in {one.dimension}",
            f"{one.different} of {one.answers} differ when they are judged again",
            f"about {100 * (1 - one.retest):.1f} %, as the judge differs from itself (chance {one.chance:.2g})",
        )
        for one in again
        if one.chance < RARE
    ]  # fmt: skip
    if not any(one.answers for one in again):
        found.append(warning("J6", "", "verdicts", "none that can be compared", "answers with a verdict"))
    return found
