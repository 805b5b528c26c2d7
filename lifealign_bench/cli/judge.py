"""`lifealign judge`: judge answers that exist, without training or answering again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifealign_bench.cli import options
from lifealign_bench.cli.judge_card import card

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from lifealign_bench.judges.client import Progress
    from lifealign_bench.judges.interface import Comparison, Judge, JudgedItem
    from lifealign_bench.judges.purse import Purse


class Relay:
    """Hands on what a client does to whoever shows it now."""

    def __init__(self) -> None:
        self.to: Callable[[Progress], None] = lambda moment: None

    def __call__(self, moment: Progress) -> None:
        """See `ChatClient.complete`."""
        self.to(moment)


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Judging = Annotated[str, typer.Option("--judge", help="A judge file, a built-in judge, openai:MODEL, or oracle.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="The endpoint's address, up to /v1.")]
KeyName = Annotated[str | None, typer.Option("--api-key-env", help="The environment variable that holds its key.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder of the judged runs; else judged/JUDGE of their workspace.")
]
Cache = Annotated[Path | None, typer.Option("--cache", help="File of paid replies; else the workspace's.")]
Dimensions = Annotated[
    str | None, typer.Option("--dimensions", help="Some of helpfulness,safety,rubric,refusal; else all.")
]


app.command("card")(card)


@app.callback()
def judge() -> None:
    """Judges of answers."""


@app.command("run")
def run(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them.", metavar="RUNS")],
    judge: Judging,
    base_url: BaseUrl = None,
    api_key_env: KeyName = None,
    out: Out = None,
    dimensions: Dimensions = None,
    joint: Annotated[bool, typer.Option("--joint", help="All dimensions in one call: cheaper, with a halo.")] = False,
    pairwise: Annotated[
        str | None, typer.Option("--pairwise", help="Also compare the last answers with `base`, or a METHOD's.")
    ] = None,
    cache: Cache = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print calls, tokens and cost; ask nothing.")] = False,
    max_calls: Annotated[int | None, typer.Option("--max-calls", min=0, help="Make no more calls than these.")] = None,
    max_cost: Annotated[float | None, typer.Option("--max-cost", min=0, help="Spend no more than this.")] = None,
    as_json: options.Json = False,
) -> None:
    """Judge the answers of finished runs and write them, with new verdicts and numbers, into a folder of their own.

    Stopped at any moment, the same command goes on: no reply is paid for twice.
    """
    from rich.console import Console

    from lifealign_bench.benchmark.comparing import with_comparisons
    from lifealign_bench.benchmark.judge_running import (
        check_compared,
        dimensions_of,
        judged_by,
        name_of,
        replies_beside,
        world_of,
    )
    from lifealign_bench.benchmark.judged_answers import answers_of, distinct, distinct_comparisons
    from lifealign_bench.benchmark.judged_results import place_of, write_judged
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.cli.chat_progress import watching
    from lifealign_bench.judges.client.config import Budget
    from lifealign_bench.judges.opening import Asked, open_judges
    from lifealign_bench.judges.purse import Purse

    console = Console(stderr=as_json)
    stored = find_runs(runs)
    purse, relay = Purse(Budget(max_calls, max_cost)), Relay()
    wanted = dimensions_of(dimensions)
    check_compared(wanted, pairwise)
    asked = Asked(wanted, base_url, api_key_env, joint, purse, relay)
    replies = cache or replies_beside(place_of(stored, "any", options.DEFAULT_WORKSPACE))
    opened = open_judges(judge, world_of(stored), replies, asked)
    judged = answers_of(stored)
    if pairwise is not None:
        judged = with_comparisons(judged, pairwise)
    items, comparisons = distinct(judged), distinct_comparisons(judged)
    console.print(f"{len(judged)} runs, {len(items):,} distinct answers", markup=False, highlight=False)
    if dry_run:
        _show_plans(opened, items, comparisons, console, as_json=as_json)
        return
    found = []
    for one in opened:
        with watching(console, one.identity.name) as relay.to:
            found.append(judged_by(one, items, comparisons))
    place = out or place_of(stored, name_of(judge, opened), options.DEFAULT_WORKSPACE)
    folders = write_judged(judged, found, place)
    _show(folders, place, purse, console, as_json=as_json)


def _show_plans(
    judges: Sequence[Judge],
    items: Sequence[JudgedItem],
    comparisons: Sequence[Comparison],
    console: Console,
    *,
    as_json: bool,
) -> None:
    import json
    from dataclasses import asdict

    from lifealign_bench.judges.llm import LlmJudge

    plans = {judge.identity.name: judge.plan(items, comparisons) for judge in judges if isinstance(judge, LlmJudge)}
    if as_json:
        typer.echo(json.dumps({name: asdict(plan) for name, plan in plans.items()}, indent=2, sort_keys=True))
        return
    for name, plan in plans.items():
        tokens = f"about {plan.input_tokens:,} tokens in and {plan.output_tokens:,} out ({plan.estimate})"
        line = f"{name}: {plan.calls:,} calls, {plan.cached:,} cached; {tokens}; cost {cost_of(plan.cost)}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not plans:
        console.print("no calls: this judge works here", markup=False)


def _show(folders: Sequence[Path], place: Path, purse: Purse, console: Console, *, as_json: bool) -> None:
    import json

    from lifealign_bench.benchmark.schema import read_run

    records = {folder: read_run(folder) for folder in folders}
    if as_json:
        coverage = {
            str(folder): {name: one.model_dump(mode="json") for name, one in record.coverage.items()}
            for folder, record in records.items()
        }
        spent = {"calls": purse.calls, "cached": purse.cached, "cost": purse.cost}
        typer.echo(json.dumps({"out": str(place), "coverage": coverage, **spent}, indent=2, sort_keys=True))
        return
    for name in sorted({name for record in records.values() for name in record.coverage}):
        parts = [record.coverage[name] for record in records.values() if name in record.coverage]
        scored, expected = sum(part.scored for part in parts), sum(part.expected for part in parts)
        reasons: dict[str, int] = {}
        for part in parts:
            for reason, count in part.unscored.items():
                reasons[reason] = reasons.get(reason, 0) + count
        why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        console.print(f"{name}: {scored:,} of {expected:,} scored{f' ({why})' if why else ''}", markup=False)
    if purse.calls or purse.cached:
        console.print(f"{purse.calls:,} calls, {purse.cached:,} cached, cost {cost_of(purse.cost)}", markup=False)
    console.print(f"judged runs: {place}", markup=False, soft_wrap=True)
    console.print(f"tables: lifealign leaderboard {place}", markup=False, soft_wrap=True)


def cost_of(cost: float | None) -> str:
    """A cost as people say it."""
    return "unknown (no price)" if cost is None else f"{cost:,.4f}"
