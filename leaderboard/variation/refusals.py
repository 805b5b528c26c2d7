"""Which methods keep refusing: attack success and over-refusal on a held-out safety set, after every stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lifealign_bench.benchmark.safety.scoring import Share
from lifealign_bench.leaderboard.shown import Column, Table, text_table
from lifealign_bench.leaderboard.variation.refusal_counts import RUN, TWO, Counts, same_labels, shares, shares_over_all
from lifealign_bench.leaderboard.variation.refusal_rows import PLAIN
from lifealign_bench.leaderboard.visible import named

LABELS = {"harmful": ("compliance", "attack success"), "harmless": ("refusal", "over-refusal")}
"""By kind of prompt: the label that counts, and what its share is called."""


def refusal_numbers(counts: Counts, reader: str | None = None) -> list[dict[str, object]]:
    """Of each method and attack: attack success at row 0, when it was lowest and at the end, and over-refusal then.

    Over all runs of the method. lowest: the stage of each order with the least success, the mean over runs; what a
    method learned to refuse is what lies between it and row 0, and what it lost again is `last` less `lowest`.
    reader: by default the oracle, where it read.
    """
    found = []
    success = counts.success[counts.success["reader"] == (reader or counts.readers[0])]
    later = success[success["step"] > success.groupby(["method", "attack", *RUN])["step"].transform("min")]
    by_run = later.groupby(["method", "attack", *RUN])["value"].min()
    lowest_of = by_run.groupby(level=["method", "attack"]).agg(["mean", "size"])
    stages = later.groupby(["method", "attack"])["step"].nunique()
    for (method, attack), part in _groups(counts.read_by(reader), "method", "attack"):
        runs = counts.runs[method]
        if (method, attack) not in lowest_of.index or lowest_of.loc[(method, attack), "size"] < runs:
            continue
        lowest = float(lowest_of.loc[(method, attack), "mean"])
        base, last = (shares(_at(part, end), "harmful", "compliance") for end in ("first", "last"))
        over_base, over = (shares(_at(part, end), "harmless", "refusal") for end in ("first", "last"))
        row = {"method": method, "attack": attack, "base": base.value, "lowest": lowest, **_named("last", last)}
        # What is learned in one stage has none in which to lose it.
        lost = None if last.value is None or stages[method, attack] == 1 else max(0.0, last.value - lowest)
        row |= {"interval": between(last), "lost": lost}
        row |= {"over_base": over_base.value, **_named("over", over), "over_interval": between(over)}
        found.append(row | {"runs": runs, "n": last.n, "items": last.items})
    return found


def refusal_table(counts: Counts, reader: str | None = None) -> Table:
    """`refusal_numbers` as a table."""
    columns = [
        Column("method", "Method", pinned=True),
        Column("attack", "Attack", pinned=True),
        Column("base", "Success, base, %", 1, "Answers to harmful prompts that give what was asked for."),
        Column("lowest", "Lowest, %", 1, "Of each run its best stage, the mean over runs."),
        Column("last", "Last, %", 1, "Success after the last task."),
        Column("interval", "95 %", help="Prompts of one item are drawn together; these runs only."),
        Column("lost", "Lost again, points", 1, "Success after the last task less the lowest; none after one stage."),
        Column("over_base", "Over-refusal, base, %", 1, "Answers to harmless look-alikes that decline."),
        Column("over", "Over-refusal, last, %", 1, "Answers to harmless look-alikes that decline."),
        Column("over_interval", "95 % of it"),
        Column("runs", "Runs", 0),
        Column("n", "Answers", 0, "To harmful prompts, after the last task."),
        Column("items", "Items", 0, "That harmful prompts are made of."),
    ]
    return text_table("refusals", refusal_numbers(counts, reader), columns)


def stage_table(counts: Counts, reader: str | None = None) -> Table:
    """A row per method, attack and number of learned tasks: attack success and over-refusal with their intervals."""
    found = []
    for (method, attack, step), part in _groups(counts.read_by(reader), "method", "attack", "step"):
        success, over = shares(part, "harmful", "compliance"), shares(part, "harmless", "refusal")
        row = {"method": method, "attack": attack, "step": step, **_named("success", success)}
        found.append(row | _named("over", over) | {"runs": counts.runs[method], "n": success.n})
    columns = [
        Column("method", "Method", pinned=True),
        Column("attack", "Attack", pinned=True),
        Column("step", "Learned tasks", 0),
        *_three("success", "Attack success"),
        *_three("over", "Over-refusal"),
        Column("runs", "Runs", 0),
        Column("n", "Answers to harmful prompts", 0),
    ]
    return text_table("refusals-by-stage", found, columns)


def category_table(counts: Counts, reader: str | None = None) -> Table:
    """A row per method, attack and kind of harm: attack success and over-refusal after the last task."""
    found = []
    for (method, attack, category), part in _groups(counts.read_by(reader), "method", "attack", "category"):
        last = _at(part, "last")
        success, over = shares(last, "harmful", "compliance"), shares(last, "harmless", "refusal")
        row = {"method": method, "attack": attack, "category": category, **_named("success", success)}
        found.append(row | _named("over", over) | {"items": success.items, "alike": over.items})
    columns = [
        Column("method", "Method", pinned=True),
        Column("attack", "Attack", pinned=True),
        Column("category", "Kind of harm", pinned=True),
        *_three("success", "Attack success"),
        *_three("over", "Over-refusal"),
        Column("items", "Harmful items", 0),
        Column("alike", "Harmless items", 0),
    ]
    return text_table("refusals-by-harm", found, columns)


def reader_table(counts: Counts) -> Table:
    """A row per attack and kind of prompt: what each of the first two readers says, and how often they say the same.

    Without a row where one reader alone read.
    """
    names = counts.readers[:TWO]
    found = []
    for (attack, harm), part in _groups(counts.same, "attack", "harm"):
        label, measure = LABELS[harm]
        by_reader = [counts.read_by(name) for name in names]
        first, second = (shares_over_all(own[own["attack"] == attack], harm, label).value for own in by_reader)
        same = same_labels(part)
        row = {"attack": attack, "measure": measure, "first": first, "second": second, **_named("same", same)}
        found.append(row | {"n": same.n, "items": same.items})
    titles = [named(name) for name in names] if len(names) == TWO else ["First", "Second"]
    columns = [
        Column("attack", "Attack", pinned=True),
        Column("measure", "Share"),
        Column("first", f"By {titles[0]}, %", 1),
        Column("second", f"By {titles[1]}, %", 1),
        *_three("same", "Same label"),
        Column("n", "Answers", 0),
        Column("items", "Items", 0),
    ]
    return text_table("refusals-readers", found, columns)


def refusal_words(counts: Counts, table: Table) -> list[str]:
    """Who kept most of what it refused at its best, what over-refusal is beside it, how far two readers agree; table:
    the `refusal_table` of these counts."""
    plain = table.frame[table.frame["attack"].astype(str).str.startswith(PLAIN)].set_index("method")
    texts = []
    if len(plain):
        learned = plain[plain["lost"].notna() & (plain["lowest"] < plain["base"])]
        if len(learned):
            lost = learned["lost"].astype(float)
            who = f"Of the methods that learned to refuse plain prompts {lost.idxmin()} lost least again"
            texts.append(f"{who}, {lost.min():+.1f} points of success.")
        last, over = (plain[name].astype(float) for name in ("last", "over"))
        texts.append(
            f"After the last task {last.idxmin()} gives least of what is harmful ({last.min():.1f} %), and refuses "
            f"{float(over.loc[str(last.idxmin())]):.1f} % of the harmless look-alikes."
        )
    if len(counts.same):
        share = same_labels(counts.same)
        who = " and ".join(counts.readers[:TWO])
        texts.append(f"{who} agree on {share.value:.1f} % of {share.n:,} answers ({between(share)}).")
    return texts


def between(share: Share) -> str:
    """The interval of a share, empty where there is none."""
    return "" if share.low is None or share.high is None else f"{share.low:.0f} to {share.high:.0f}"


def _groups(frame: pd.DataFrame, *by: str) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """The parts of a frame by the values of these columns, in their order."""
    found: Any = frame.groupby(list(by), sort=True)
    yield from found


def _named(name: str, share: Share) -> dict[str, object]:
    return {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}


def _three(name: str, title: str) -> tuple[Column, Column, Column]:
    return (
        Column(name, f"{title}, %", 1),
        Column(f"{name}_low", f"{title}: 95 % from, %", 1, "Prompts of one item are drawn together; these runs only."),
        Column(f"{name}_high", f"{title}: to, %", 1),
    )


def _at(rows: pd.DataFrame, end: str) -> pd.DataFrame:
    steps = rows["step"].to_numpy()
    found: pd.DataFrame = rows[steps == (steps.min() if end == "first" else steps.max())]
    return found
