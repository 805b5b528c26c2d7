"""Group R but for verdicts: every number again from the rows, by the code that scores every run."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping

import pandas as pd

from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.evaluation.text_metrics import bleu4_char, rouge_l
from lifealign_bench.benchmark.measuring import measures_of, references_from
from lifealign_bench.benchmark.rescoring import TOLERANCE
from lifealign_bench.benchmark.schema import MeasureRecord
from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning

BLEU = "bleu"
"""The one metric that needs the references' texts."""
KEY = ["step", "task", "metric"]
NUMBERS = ("value", "standard_error", "n", "n_unscored")
DRAWN, LEAST_DRAWN = 4_000, 200
"""Distinct answers of a bundle whose text metrics are computed again, at least as many of each run as the second; of
more than these, as many are drawn from the rows' hash."""


def r2_coverage(rows: RunRows) -> Iterator[Finding]:
    """R2: the record's coverage is that of the judgments."""
    written, fresh = rows.run.record.coverage, rows.scores.coverage
    for name in sorted({*written, *fresh}):
        if written.get(name) != fresh.get(name):
            found, expected = _shown(written.get(name)), _shown(fresh.get(name))
            yield error("R2", rows.run.file("run.json"), f"coverage.{name}", found, f"{expected}, from the rows")


def r3_cells(rows: RunRows) -> Iterator[Finding]:
    """R3: every cell is what the rows give."""
    file = rows.run.file("cells.parquet")
    written, fresh = (_keyed(frame) for frame in (read_table(rows.run.folder, "cells"), rows.scores.cells))
    if len(twice := written.index[written.index.duplicated()]):
        yield error("R3", file, _place(twice[0]), "twice", "every cell once")
        return
    known = _texts_known(rows)
    if not known:
        found = f"no texts of the suite's pairs, so {BLEU} is not computed again"
        yield warning("R3", file, BLEU, found, "the suite's texts in the bundle or on the board")
    for key in written.index.difference(fresh.index):
        yield error("R3", file, _place(key), "a cell", "none, from the rows")
    for key in fresh.index.difference(written.index):
        yield error("R3", file, _place(key), "no cell", f"{fresh.loc[key, 'value']}, from the rows")
    both = written.index.intersection(fresh.index)
    one, two = written.loc[both], fresh.loc[both]
    for name in (*NUMBERS, "trained_task"):
        for key, before, after in zip(both, one[name], two[name], strict=True):
            if not same(before, after) and (known or key[2] != BLEU):
                yield error("R3", file, f"{_place(key)}: {name}", before, f"{after}, from the rows")


def r4_metrics(rows: RunRows, peers: Mapping[str, pd.DataFrame]) -> Iterator[Finding]:
    """R4: every metric of `run.json` is what the cells give; peers: cells of STL and MTL of the same seed."""
    record, file = rows.run.record, rows.run.file("run.json")
    references = references_from(peers.get("isolated"), peers.get("joint"))
    fresh = measures_of(rows.scores.cells, record.order.tasks, record.method.spec.schedule, references)
    known = _texts_known(rows)
    for metric in sorted({*fresh, *record.metrics}):
        if metric == BLEU and not known:
            continue
        before, after = record.metrics.get(metric, {}), fresh.get(metric, {})
        for name in sorted({*before, *after}):
            yield from _measure(file, f"metrics.{metric}.{name}", before.get(name), after.get(name))
    if record.primary_metric not in fresh and rows.bundle.submission.division != "open":
        yield error("R4", file, "primary_metric", record.primary_metric, f"one of {', '.join(sorted(fresh))}")


def _measure(file: str, place: str, before: MeasureRecord | None, after: MeasureRecord | None) -> Iterator[Finding]:
    if before is None or after is None:
        yield error("R4", file, place, "nothing" if before is None else before.value, "as the rows give it")
        return
    for field in ("value", "standard_error", "n"):
        found, expected = getattr(before, field), getattr(after, field)
        if not same(found, expected):
            yield error("R4", file, f"{place}.{field}", found, f"{expected}, from the rows")
    if before.interval != after.interval:
        yield error("R4", file, f"{place}.interval", before.interval, f"{after.interval}, from the rows")


def r5_comparability(rows: RunRows) -> Iterator[Finding]:
    """R5: the comparability key is that of the record's own fields."""
    record = rows.run.record
    if record.comparability_key != (expected := record.recomputed_comparability_key()):
        yield error("R5", rows.run.file("run.json"), "comparability_key", record.comparability_key, expected)


def r6_texts(rows: RunRows) -> Iterator[Finding]:
    """R6: the text metrics of an answer are those of its text against the reference; of very many answers, of some."""
    samples, references = rows.samples, rows.bundle.texts.references
    names = ("sample_id", "pair_id", "answer", "bleu4_char", "rouge_l")
    listed = list(zip(*(samples[name].tolist() for name in names), strict=True))
    chosen = list(dict.fromkeys((pair, answer) for _, pair, answer, _, _ in listed if pair in references))
    most = max(LEAST_DRAWN, DRAWN // len(rows.bundle.runs))
    if len(chosen) > most:
        chosen = random.Random(rows.run.record.artefacts.get("samples.parquet", "")).sample(chosen, most)
    fresh = {(pair, answer): _of_text(answer, references[pair]) for pair, answer in chosen}
    file = rows.run.file("samples.parquet")
    for sample, pair, answer, bleu, rouge in listed:
        for name, written, number in zip(names[3:], (bleu, rouge), fresh.get((pair, answer), ()), strict=False):
            if not same(written, number):
                yield error("R6", file, f"{sample}: {name}", written, f"{number}, from the answer")


def _of_text(answer: str, reference: str) -> tuple[float, float]:
    return bleu4_char(answer, reference), rouge_l(answer, reference)


def _texts_known(rows: RunRows) -> bool:
    return set(rows.samples["pair_id"].unique()) <= rows.bundle.texts.references.keys()


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index(KEY)


def _place(key: object) -> str:
    step, task, metric = key if isinstance(key, tuple) else (key, "", "")
    return f"step {step}, {task}, {metric}"


def _shown(coverage: object) -> str:
    return "nothing" if coverage is None else str(coverage)


def same(one: object, two: object) -> bool:
    """Whether two numbers are the same but for the last digits; null is null, whatever stands for it."""
    if pd.isna(one) or pd.isna(two):  # type: ignore[call-overload]
        return bool(pd.isna(one) and pd.isna(two))  # type: ignore[call-overload]
    if isinstance(one, str) or isinstance(two, str):
        return one == two
    return math.isclose(float(str(one)), float(str(two)), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
