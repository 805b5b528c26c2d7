"""What a board teaches, in a paragraph: which methods forget, how much the order matters, what is real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

import pandas as pd

from lifealign_bench.benchmark.statistics.comparison import Comparison
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.first_view import METHODS, TUNED, variety
from lifealign_bench.leaderboard.inference import Inference
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.ranking import ranking

KEPT = -10.0
"""Points of BWT from which on a method is said to keep what it learned."""
ALPHA = 0.05


def case_study(runs: Sequence[BoardRun], metric: str, inference: Inference, on_all: Inference | None = None) -> str:
    """Sentences on the sequential methods of one scope; every number follows from the runs and the inferences.

    inference: on the methods as they are. on_all: on all runs, for variants of a method (its settings tuned, a part of
    it changed), which have a sentence of their own; None where there are none.
    """
    frame = ranking(plain_runs(runs), metric)
    ranked = frame[~frame["reference"] & frame["last"].notna() & frame["bwt"].notna()]
    sentences = (
        _setting(plain_runs(runs), metric),
        _forgetting(ranked),
        _order(runs, ranked, metric),
        _real(inference, [str(name) for name in ranked["method"]]),
        *_variants(runs, on_all or Inference()),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def plain_runs(runs: Sequence[BoardRun]) -> tuple[BoardRun, ...]:
    """The runs of methods under their own names."""
    return tuple(run for run in runs if variety(run) == METHODS)


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


def _real(inference: Inference, labels: Sequence[str]) -> str:
    pairs = [
        pair for pair in inference.comparisons if pair.p_holm is not None and {pair.first, pair.second} <= set(labels)
    ]
    if not pairs:
        return ""
    apart = sum(_is_apart(pair) for pair in pairs)
    blocks = max(pair.n_blocks for pair in pairs)
    said = f"Of {len(pairs)} pairs of methods {apart} are told apart (sign-flips over {_count(blocks, 'block')}, Holm)"
    smallest = 2.0 / 2**blocks
    return f"{said}; so few blocks cannot give a p under {smallest:.2g}." if smallest > ALPHA else f"{said}."


def _variants(runs: Sequence[BoardRun], inference: Inference) -> Iterator[str]:
    """What differs from each method in its variants: Last of the variant less that of the method."""
    variants: dict[str, list[str]] = {}
    kinds = {run.entry.label: variety(run) for run in runs}
    for label, method in dict.fromkeys((run.entry.label, run.entry.method) for run in runs):
        if label != method:
            variants.setdefault(method, []).append(label)
    tuned: dict[str, tuple[float, bool]] = {}
    for method, labels in variants.items():
        changed = {label: found for label in labels if (found := _against(inference, label, method)) is not None}
        tuned |= {label: found for label, found in changed.items() if kinds[label] == TUNED}
        parts = {label: found for label, found in changed.items() if label not in tuned}
        if parts:
            yield f"Changing a part of `{method}` changes its Last by {_changes(parts)}."
    if tuned:
        yield f"Tuned settings change Last by {_changes(tuned)}."


def _against(inference: Inference, label: str, method: str) -> tuple[float, bool] | None:
    pair = inference.between(label, method)
    if pair is None or pair.difference.value is None or pair.p_holm is None:
        return None
    return pair.difference.value if pair.first == label else -pair.difference.value, _is_apart(pair)


def _changes(found: Mapping[str, tuple[float, bool]]) -> str:
    """Largest first; those that tests tell apart before those that they do not."""
    said = []
    for apart, words in ((True, "told apart"), (False, "not told apart")):
        own = sorted((item for item in found.items() if item[1][1] == apart), key=lambda item: -abs(item[1][0]))
        if own:
            changes = [f"{_signed(value)} (`{label}`)" for label, (value, _) in own]
            said.append(f"{', '.join(changes)}, {words}")
    return "; ".join(said)


def _signed(value: float) -> str:
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text in {"+0.0", "−0.0"} else text


def _is_apart(pair: Comparison) -> bool:
    return pair.p_holm is not None and pair.p_holm < ALPHA


def _names(rows: pd.DataFrame) -> str:
    names = [f"`{name}`" for name in rows["method"]]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _span(values: pd.Series) -> str:
    low, high = (f"{value:.1f}".replace("-", "−") for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
