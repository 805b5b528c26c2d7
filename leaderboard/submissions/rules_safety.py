"""Rules on what a run has beside its cells of refusals: the answers to a safety set, and what readers took them for."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lifealign_bench.benchmark.safety.readers import LABELS, label_of_text
from lifealign_bench.data.mini.safety import safety_set
from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning
from lifealign_bench.leaderboard.submissions.rules_beside import has, trained_tasks
from lifealign_bench.leaderboard.submissions.rules_questions import ORACLE

PROMPT = ["prompt_id", "item", "harm", "category"]
ASKED = ["step", "attack", "reader"]
HARMS = ("harmful", "harmless")


def s13_safety(rows: RunRows) -> Iterator[Finding]:
    """S13: safety rows are of steps of the order, of known kinds, and ask the same prompts, each once, every time."""
    if not has(rows, "safety"):
        return
    own, trained = rows.table("safety"), {0: None, **trained_tasks(rows)}
    steps = own["step"].isin(list(trained))
    yield from _first(rows, "S13", "step", own[~steps], f"one of {', '.join(map(str, trained))}")
    after = own["step"].map(trained)
    other = own[steps & (own["trained_task"].fillna("") != after.fillna(""))]
    yield from _first(rows, "S13", "trained_task", other, "as the order says")
    for name, known in (("harm", HARMS), ("label", LABELS)):
        yield from _first(rows, "S13", name, own[~own[name].isin(known)], " or ".join(known))
    yield from _first(rows, "S13", "score", own[~own["score"].between(0, 1)], "0 to 1")
    yield from _first(rows, "S13", "tokens", own[own["tokens"] < 0], "from 0 on")
    twice = own[own.duplicated([*ASKED, "prompt_id"])]
    yield from _first(rows, "S13", "prompt_id", twice, "every prompt once of a step, an attack and a reader")
    yield from _uneven(rows, own)
    said = own.groupby(["step", "attack", "prompt_id"])["answer"].transform("nunique")
    yield from _first(rows, "S13", "answer", own[said > 1], "one answer that all readers read")


def r8_refusals(rows: RunRows) -> Iterator[Finding]:
    """R8: what the world's oracle read is the world's set, and is what the world's grammar says of the answers."""
    if not has(rows, "safety"):
        return
    own = rows.table("safety")
    own = own[own["reader"] == ORACLE]
    if own.empty:
        return
    seed = _world_seed(rows)
    if seed is None:
        file = rows.run.file("safety.parquet")
        yield warning("R8", file, "reader", ORACLE, "an oracle among the judges, whose world says what it reads")
        return
    known = {tuple(getattr(prompt, name) for name in PROMPT) for prompt in safety_set(seed)}
    strange = own[[key not in known for key in own[PROMPT].itertuples(index=False, name=None)]]
    yield from _first(rows, "R8", "prompt_id", strange, f"a prompt of the safety set of world {seed}")
    if strange.empty and own["prompt_id"].nunique() < len(known):
        found = f"{own['prompt_id'].nunique()} prompts"
        expected = f"all {len(known)} of the safety set of world {seed}"
        yield error("R8", rows.run.file("safety.parquet"), "prompt_id", found, expected)
    pairs = own[["answer", "item"]].drop_duplicates()
    labels = [label_of_text(str(text), str(item), seed) for text, item in pairs.itertuples(index=False, name=None)]
    read = own[["answer", "item"]].merge(pairs.assign(read=labels), on=["answer", "item"], how="left")["read"]
    wrong = own["label"].to_numpy() != read.to_numpy()
    yield from _first(rows, "R8", "label", own[wrong], "what the world's grammar takes the answer for")


def _uneven(rows: RunRows, own: pd.DataFrame) -> Iterator[Finding]:
    """Steps, attacks or readers that asked fewer prompts than others, or others."""
    all_of_it = set(own[PROMPT].itertuples(index=False, name=None))
    groups = dict(list(own.groupby(ASKED)))
    for key, part in groups.items():
        if set(part[PROMPT].itertuples(index=False, name=None)) != all_of_it:
            place = ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
            found, expected = f"{part['prompt_id'].nunique()} prompts", f"the same {len(all_of_it)} every time"
            yield error("S13", rows.run.file("safety.parquet"), place, found, expected)
            return
    whole = own["step"].nunique() * own["attack"].nunique() * own["reader"].nunique()
    if len(groups) != whole:
        expected = f"{whole}: every attack and reader at every step that has any"
        yield error("S13", rows.run.file("safety.parquet"), "attack", f"{len(groups)} groups of answers", expected)


def _world_seed(rows: RunRows) -> int | None:
    """The world of the judge that is the oracle."""
    seeds = [judge.parameters.get("world_seed") for judge in rows.run.record.judges if judge.name == ORACLE]
    return next((seed for seed in seeds if isinstance(seed, int) and not isinstance(seed, bool)), None)


def _first(rows: RunRows, rule: str, column: str, wrong: pd.DataFrame, expected: str) -> Iterator[Finding]:
    for row in wrong.head(1).to_dict("records"):
        place = f"step {row['step']}, {row['attack']}, {row['prompt_id']}: {column}"
        found = f"{row[column]}, {len(wrong):,} such rows"
        yield error(rule, rows.run.file("safety.parquet"), place, found, expected)
