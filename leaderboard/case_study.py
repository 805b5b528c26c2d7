"""What a board teaches, in a paragraph: which methods forget, how much the order matters, what is real."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pandas as pd

from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.inference import Inference
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.ranking import ranking

KEPT = -10.0
"""Points of BWT from which on a method is said to keep what it learned."""
ALPHA = 0.05


def case_study(runs: Sequence[BoardRun], metric: str, inference: Inference) -> str:
    """Four sentences on the sequential methods of one scope; every number follows from the runs and the inference."""
    frame = ranking(runs, metric)
    ranked = frame[~frame["reference"] & frame["last"].notna() & frame["bwt"].notna()]
    sentences = (_setting(runs, metric), _forgetting(ranked), _order(runs, ranked, metric), _real(inference))
    return " ".join(sentence for sentence in sentences if sentence)


def _setting(runs: Sequence[BoardRun], metric: str) -> str:
    orders, seeds = len({run.order for run in runs}), len({run.seed for run in runs})
    counted = f"{len(runs)} runs of `{runs[0].suite}` ({_count(orders, 'order')}, {_count(seeds, 'seed')})"
    return f"{counted}, read by the {metric_name(metric).title.lower()}:"


def _forgetting(ranked: pd.DataFrame) -> str:
    kept, lost = ranked[ranked["bwt"] >= KEPT], ranked[ranked["bwt"] < KEPT]
    parts = []
    if len(kept):
        parts.append(f"{_names(kept)} keep what they learned (BWT {_span(kept['bwt'])}, Last {_span(kept['last'])})")
    if len(lost):
        parts.append(f"{_names(lost)} forget (BWT {_span(lost['bwt'])}, Last {_span(lost['last'])})")
    return f"{'; '.join(parts)}." if parts else ""


def _order(runs: Sequence[BoardRun], ranked: pd.DataFrame, metric: str) -> str:
    spans = {}
    for label in ranked["method"]:
        ends: dict[str, list[float]] = {}
        for run in runs:
            value = run.number(metric, "last").value
            if run.entry.label == label and value is not None:
                ends.setdefault(run.order, []).append(value)
        means = [fmean(values) for values in ends.values()]
        spans[str(label)] = max(means) - min(means)
    if not spans:
        return ""
    most, least = max(spans, key=lambda name: spans[name]), min(spans, key=lambda name: spans[name])
    return (
        f"The order moves the Last of `{most}` by {spans[most]:.1f} points from its worst to its best, "
        f"that of `{least}` by {spans[least]:.1f}."
    )


def _real(inference: Inference) -> str:
    pairs = [pair for pair in inference.comparisons if pair.p_holm is not None]
    if not pairs:
        return ""
    apart = sum(pair.p_holm is not None and pair.p_holm < ALPHA for pair in pairs)
    blocks = max(pair.n_blocks for pair in pairs)
    said = f"Of {len(pairs)} pairs of methods {apart} are told apart (sign-flips over {_count(blocks, 'block')}, Holm)"
    smallest = 2.0 / 2**blocks
    return f"{said}; so few blocks cannot give a p under {smallest:.2g}." if smallest > ALPHA else f"{said}."


def _names(rows: pd.DataFrame) -> str:
    names = [f"`{name}`" for name in rows["method"]]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _span(values: pd.Series) -> str:
    low, high = (f"{value:.1f}".replace("-", "−") for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
