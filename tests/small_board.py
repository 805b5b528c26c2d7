"""A few runs of the example board with two prompts a task: small enough to be judged by a real server in a test."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd

from example_board import EXAMPLE, example_board
from lifealign_bench.benchmark.columns import Table, read_table, write_table
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.schema import read_run, write_run

SUITE = EXAMPLE.name
CUT: tuple[Table, ...] = ("pairs", "samples", "judgments")


def small_board(results: Path, runs: tuple[str, ...], prompts: int = 2) -> Path:
    """Write `results/mini-all` with these runs and all texts; returns the suite's folder."""
    folder = results / SUITE
    folder.mkdir(parents=True)
    texts = pd.read_parquet(example_board() / "texts.parquet")
    kept = few(read_table(example_board() / runs[0], "samples"), prompts)
    texts[texts["pair_id"].isin(kept)].to_parquet(folder / "texts.parquet", index=False)
    for name in runs:
        copy_run(example_board() / name, folder / name, kept)
    rescore([folder], write=True)
    return folder


def few(samples: pd.DataFrame, prompts: int) -> set[str]:
    """The first pairs of every task, harmful and harmless ones where there are both."""
    base = samples[samples["step"] == 0]
    return set(base.groupby(["task", "harm"], sort=False).head(prompts)["pair_id"])


def copy_run(source: Path, target: Path, kept: set[str]) -> None:
    target.mkdir()
    record = read_run(source)
    for name in CUT:
        frame = read_table(source, name)
        write_table(target, name, frame[frame["pair_id"].isin(kept)].reset_index(drop=True))
    for name in ("cells", "losses"):
        write_table(target, name, read_table(source, name))
    (target / "provenance.json").write_bytes((source / "provenance.json").read_bytes())
    artefacts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in target.glob("*.parquet")}
    write_run(target, record.model_copy(update={"artefacts": artefacts}))


def items_of_prompts(folder: Path) -> dict[str, str]:
    """What each prompt was made from, by the last user turn."""
    texts = pd.read_parquet(folder / "texts.parquet")
    last = {row["pair_id"]: json.loads(row["prompt"])[-1][1] for row in texts.to_dict("records")}
    samples = [read_table(path.parent, "samples") for path in sorted(folder.glob("*/run.json"))]
    together = pd.concat(samples).drop_duplicates("pair_id")
    return {last[pair_id]: item for pair_id, item in zip(together["pair_id"], together["item"], strict=True)}
