"""A random part of a submission's answers, judged again: do its verdicts differ more than the judge from itself?"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lifealign_bench.benchmark.judged_answers import JudgedRun
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.interface import JudgedItem, Judgment
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning

RARE = 0.01
"""The chance below which so many differences are no chance."""
UNASKED = "endpoint"
"""The status of an answer that nobody judged, because no judge could be reached."""
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


@dataclass(frozen=True, slots=True)
class Written:
    """What was submitted of an answer in a dimension: its verdict, None where it has none, and the status."""

    verdict: float | None
    status: str

    @property
    def is_unasked(self) -> bool:
        """Whether no judge ever answered, as the submitter says; then there are no words to read again."""
        return self.status == UNASKED


@dataclass(frozen=True, slots=True)
class Unasked:
    """Answers of one dimension that were submitted as never judged, judged now: how many, and their mean beside that of
    the others (the dimension's scale). chance: of means so far apart, were they a fair sample."""

    dimension: str
    answers: int
    mean: float
    others: float
    chance: float


def drawn_first(written: Mapping[Question, Written], share: float, seed: int) -> list[JudgedItem]:
    """A share of the distinct answers, and as many of those that are said to have never been judged, which come first.

    Raises:
        InputError: a share that is not over 0 and at most 1.
    """
    everything = list(dict.fromkeys(item for item, _ in written))
    unasked = list(dict.fromkeys(item for (item, _), one in written.items() if one.is_unasked))
    chosen = drawn(everything, share, seed)
    first = drawn(unasked, min(1.0, len(chosen) / len(unasked)), seed) if unasked else []
    return list(dict.fromkeys([*first, *chosen]))


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


def written_verdicts(runs: Sequence[JudgedRun], judgments: Sequence[pd.DataFrame]) -> dict[Question, Written]:
    """What was submitted by answer and dimension, of answers judged alone; of the same answer at several places one
    without a verdict, should there be any."""
    found: dict[Question, Written] = {}
    for run, table in zip(runs, judgments, strict=True):
        items = dict(zip(run.samples["sample_id"], run.items, strict=True))
        own = table[table["against"].isna()]
        columns = (own[name].tolist() for name in ("sample_id", "dimension", "verdict", "status"))
        for sample, dimension, verdict, status in zip(*columns, strict=True):
            if sample in items:
                one = Written(None if pd.isna(verdict) else float(verdict), str(status))
                key = (items[sample], str(dimension))
                if one.verdict is None or key not in found:
                    found[key] = one
    return found


def compared(
    written: Mapping[Question, Written],
    said: Iterable[tuple[JudgedItem, Judgment]],
    retest: Mapping[str, float],
) -> list[Again]:
    """How often new verdicts differ from those that were submitted, by dimension, against the judge's retest rate.

    An answer that a judge is said to have answered without a verdict, and that gets one now, differs; of those that
    were never judged see `unasked`. A dimension of which nothing was
    submitted is none that was asked for.
    chance: the upper tail of a binomial with as many answers and the rate at which the judge differs from itself.
    """
    from scipy.stats import binom

    counts: dict[str, list[int]] = {}
    asked = {dimension for _, dimension in written}
    for item, judgment in said:
        before = written.get((item, judgment.dimension))
        if before is not None and before.is_unasked:
            continue
        if judgment.dimension in asked and judgment.verdict is not None:
            count = counts.setdefault(judgment.dimension, [0, 0])
            count[0] += 1
            count[1] += before is None or before.verdict != judgment.verdict
    found = []
    for dimension, (answers, different) in sorted(counts.items()):
        rate = retest.get(dimension, retest.get("", 1.0))
        chance = float(binom.sf(different - 1, answers, 1.0 - rate)) if different else 1.0
        found.append(Again(dimension, answers, different, rate, chance))
    return found


def unasked(written: Mapping[Question, Written], said: Iterable[tuple[JudgedItem, Judgment]]) -> list[Unasked]:
    """What those answers are worth that were submitted as never judged, by dimension, beside the others drawn.

    chance: of a two-sided rank test (Mann and Whitney, 1947); 1 where there is nothing to compare with.
    """
    from scipy.stats import mannwhitneyu

    groups: dict[str, tuple[list[float], list[float]]] = {}
    for item, judgment in said:
        before = written.get((item, judgment.dimension))
        if before is not None and judgment.verdict is not None:
            groups.setdefault(judgment.dimension, ([], []))[not before.is_unasked].append(judgment.verdict)
    found = []
    for dimension, (own, others) in sorted(groups.items()):
        if own:
            chance = float(mannwhitneyu(own, others).pvalue) if others and len({*own, *others}) > 1 else 1.0
            mean = statistics.fmean(others) if others else math.nan
            found.append(Unasked(dimension, len(own), statistics.fmean(own), mean, chance))
    return found


def findings_on_unasked(found: Sequence[Unasked]) -> list[Finding]:
    """J7: answers that were submitted as never judged are worth what the others are, so that none was left out because
    of its verdict; a warning says how many there are."""
    return [
        (error if one.chance < RARE else warning)(
            "J7", "", f"no verdicts in {one.dimension}",
            f"{one.answers} answers never judged, {one.mean:.2f} on average when they are",
            f"about {one.others:.2f}, as the others (chance {one.chance:.2g})",
        )
        for one in found
    ]  # fmt: skip


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
