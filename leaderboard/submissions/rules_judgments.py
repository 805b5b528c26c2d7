"""Group J: judgments belong to these samples, samples to these prompts, and one served model spoke for each judge."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd

from lifealign_bench.data.rows import digest
from lifealign_bench.judges.interface import DIMENSIONS, HIGHEST, LOWEST
from lifealign_bench.leaderboard.submissions.bundle import Bundle, RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.known import PROMPT

MOST = 10
STATUSES = ("scored", "parse", "refusal", "length", "rejected", "endpoint")
PLACE = ["task", "step", "pair_id", "item"]


def j1_samples(rows: RunRows) -> Iterator[Finding]:
    """J1: every judgment is of a sample of this run, with its task, step, pair and item."""
    samples = rows.samples.drop_duplicates("sample_id").set_index("sample_id")[PLACE]
    own = rows.judgments
    there = own["sample_id"].isin(samples.index)
    beside = samples.reindex(own["sample_id"])
    wrong = ~there.to_numpy()
    for name in PLACE:
        wrong |= own[name].to_numpy() != beside[name].to_numpy()
    for row in own[wrong].head(MOST).to_dict("records"):
        found = f"{row['sample_id']}: step {row['step']}, {row['task']}, {row['pair_id']}"
        expected = "a sample of this run" if row["sample_id"] not in samples.index else _said(samples, row["sample_id"])
        yield error("J1", rows.run.file("judgments.parquet"), "sample_id", found, expected)


def j2_judges(rows: RunRows) -> Iterator[Finding]:
    """J2: every judgment is by a judge of `run.json`, with one of its templates."""
    labels = {judge.name: set(judge.templates) for judge in rows.run.record.judges}
    file = rows.run.file("judgments.parquet")
    pairs = rows.judgments[["judge", "template"]].drop_duplicates().to_dict("records")
    for row in pairs:
        known = labels.get(row["judge"])
        if known is None:
            yield error("J2", file, "judge", row["judge"], f"one of {', '.join(labels) or 'none'}, as run.json says")
        elif not all(part in known or part.startswith("joint@") for part in [str(row["template"])]):
            yield error("J2", file, "template", row["template"], f"one of {', '.join(sorted(known))}")
    for name in sorted(labels.keys() - {row["judge"] for row in pairs}):
        yield error("J2", file, "judge", f"no verdict of {name}", "verdicts of every judge of run.json")


def j3_one_model(bundle: Bundle) -> Iterator[Finding]:
    """J3: all runs were judged by the same judges, each served by one model."""
    first = bundle.runs[0]
    for run in bundle.runs[1:]:
        if run.record.judges != first.record.judges:
            found = _names(run.record.judges)
            yield error("J3", run.file("run.json"), "judges", found, f"{_names(first.record.judges)}, as in the others")


def j4_prompts(rows: RunRows) -> Iterator[Finding]:
    """J4: sample ids are hashes of their places, each once, and what is said of a prompt is what the board says."""
    file, samples = rows.run.file("samples.parquet"), rows.samples
    places = zip(samples["sample_id"], samples["step"], samples["task"], samples["pair_id"], strict=True)
    seen: set[str] = set()
    for sample, step, task, pair in places:
        expected = digest([int(step), task, pair])[:16]
        if sample != expected or sample in seen:
            found = f"{sample} again" if sample in seen else sample
            yield error("J4", file, "sample_id", found, f"{expected} once, the hash of its place")
        seen.add(sample)
    for task, own in samples.groupby("task", sort=False):
        record = rows.run.record.data.get(str(task))
        known = rows.bundle.known.prompts.get((str(task), record.evaluation_sha256)) if record else None
        if known is not None:
            yield from _prompts(file, own.drop_duplicates(["pair_id", *PROMPT]), known)


def _prompts(file: str, samples: pd.DataFrame, known: pd.DataFrame) -> Iterator[Finding]:
    beside = known.reindex(samples["pair_id"].to_numpy(object))
    there = beside.index.isin(known.index)
    for name in PROMPT:
        found, expected = (frame[name].to_numpy(object) for frame in (samples, beside))
        neither = pd.isna(found) & pd.isna(expected)
        for place in np.flatnonzero(there & ~neither & (found != expected)):
            sample = samples["sample_id"].iloc[place]
            yield error("J4", file, f"{sample}: {name}", found[place], f"{expected[place]}, as on the board")


def j5_verdicts(rows: RunRows) -> Iterator[Finding]:
    """J5: verdicts are on their scales, there where the status says so, each question answered once."""
    file, own = rows.run.file("judgments.parquet"), rows.judgments
    questions = ["sample_id", "judge", "dimension", "against", "position"]
    for row in own[own.duplicated(questions)].head(MOST).to_dict("records"):
        yield error("J5", file, f"{row['sample_id']}, {row['dimension']}", "judged twice", "one row for each question")
    for row in own[~_fits(own)].head(MOST).to_dict("records"):
        found = f"{row['status']}, {row['verdict']}, position {row['position']}"
        yield error("J5", file, f"{row['sample_id']}, {row['dimension']}", found, "a verdict on the dimension's scale")
    for usage in own["usage"].unique():
        if not _is_usage(usage):
            yield error("J5", file, "usage", usage, "a JSON object of whole numbers")


def _fits(own: pd.DataFrame) -> pd.Series:
    verdict, compared = own["verdict"], own["against"].notna()
    scaled = verdict.between(LOWEST, HIGHEST) & (verdict % 1 == 0)
    yes_or_no = verdict.isin([0.0, 1.0])
    better = verdict.isin([0.0, 0.5, 1.0])
    on_scale = better.where(compared, yes_or_no.where(own["dimension"] == "refusal", scaled))
    scored = own["status"] == "scored"
    known = own["status"].isin(STATUSES) & own["dimension"].isin(DIMENSIONS) & own["position"].isin([0, 1])
    alone = compared | (own["position"] == 0)
    fits: pd.Series = known & alone & on_scale.where(scored, verdict.isna())
    return fits.astype(bool)


def _is_usage(text: object) -> bool:
    try:
        value = json.loads(str(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and all(isinstance(count, int) and count >= 0 for count in value.values())


def _said(samples: pd.DataFrame, sample: object) -> str:
    row = samples.loc[sample]  # type: ignore[call-overload]
    return f"step {row['step']}, {row['task']}, {row['pair_id']}"


def _names(judges: tuple[object, ...]) -> str:
    return ", ".join(f"{getattr(judge, 'name', '')} served by {getattr(judge, 'model_served', '')}" for judge in judges)
