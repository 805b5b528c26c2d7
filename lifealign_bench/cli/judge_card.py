"""`lifealign judge card`: what a judge is worth, before its verdicts are believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifealign_bench.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from lifealign_bench.judges.cards.build import Price
    from lifealign_bench.judges.cards.instruments import Instrument
    from lifealign_bench.judges.cards.probes import Part
    from lifealign_bench.judges.cards.setting import CardSetting, People, Rating
    from lifealign_bench.judges.interface import JudgedItem
    from lifealign_bench.judges.llm import Watch
    from lifealign_bench.judges.purse import Purse

Judges = Annotated[
    list[str],
    typer.Option("--judge", help="A judge file, a built-in judge, openai:MODEL, or oracle; again for a panel."),
]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="The endpoint's address, up to /v1.")]
KeyName = Annotated[str | None, typer.Option("--api-key-env", help="The environment variable that holds its key.")]
Seed = Annotated[int, typer.Option("--world-seed", help="The miniature world of the answers of known truth.")]
Samples = Annotated[int, typer.Option("--samples", min=8, help="Answers of known truth.")]
Injected = Annotated[
    int, typer.Option("--injected-prompts", min=5, help="Requests a template that words to the judge are tried on.")
]
Pairs = Annotated[
    Path | None, typer.Option("--pairs", help="Folder of real pairs (hh-harmless, hh-helpful, safe-rlhf).")
]
PairCount = Annotated[int, typer.Option("--pairs-per-set", min=1, help="Test pairs of each set.")]
Human = Annotated[
    Path | None,
    typer.Option("--human", help="People's ratings: a study's export (.jsonl, with texts), or CSV; see the docs."),
]
Runs = Annotated[list[Path] | None, typer.Option("--runs", help="Runs whose untouched base's answers are judged.")]
Parts = Annotated[str | None, typer.Option("--parts", help="Some parts of the card, comma-separated; else all.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="The card, as JSON; else workspace/results/cards, where the board reads.")
]
Cache = Annotated[
    Path | None, typer.Option("--cache", help="File of paid replies; else beside --out, or in the workspace.")
]
BASE_ANSWERS = 60


def card(
    judge: Judges,
    base_url: BaseUrl = None,
    api_key_env: KeyName = None,
    world_seed: Seed = 0,
    samples: Samples = 240,
    injected_prompts: Injected = 33,
    pairs: Pairs = None,
    pairs_per_set: PairCount = 100,
    human: Human = None,
    runs: Runs = None,
    parts: Parts = None,
    out: Out = None,
    cache: Cache = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print calls, tokens and cost; ask nothing.")] = False,
    max_calls: Annotated[int | None, typer.Option("--max-calls", min=0, help="Make no more calls than these.")] = None,
    max_cost: Annotated[float | None, typer.Option("--max-cost", min=0, help="Spend no more than this.")] = None,
    as_json: options.Json = False,
) -> None:
    """Test a judge: known truth, people's choices, other words, other places, length, and words that try to steer it.

    Exits with 4 where a judge is unfit, or too few replies tell. Stopped at any moment, the same command goes on: no
    reply is paid for twice.
    """
    from rich.console import Console

    from lifealign_bench.cli.chat_progress import watching
    from lifealign_bench.cli.judge import Relay
    from lifealign_bench.cli.judge_card_view import show
    from lifealign_bench.judges.cards.build import card_file, examine
    from lifealign_bench.judges.cards.people import read_pairs
    from lifealign_bench.judges.cards.setting import CardSetting
    from lifealign_bench.judges.cards.writing import card_place, text_of, write_card
    from lifealign_bench.judges.client.config import Budget
    from lifealign_bench.judges.opening import REPLIES
    from lifealign_bench.judges.purse import Purse

    console = Console(stderr=as_json)
    people, ratings = _ratings(human)
    setting = CardSetting(
        world_seed=world_seed,
        samples=samples,
        injected_prompts=injected_prompts,
        parts=_parts(parts),
        human=read_pairs(pairs, pairs_per_set) if pairs is not None else (),
        ratings=ratings,
        people=people,
        base=_base_answers(runs) if runs else (),
    )
    purse, relay = Purse(Budget(max_calls, max_cost)), Relay()
    replies = cache or (options.DEFAULT_WORKSPACE if out is None else out.parent) / REPLIES
    opened = _open(judge, base_url, api_key_env, world_seed, replies, purse, relay)
    if dry_run:
        _show_plans(setting, [each for each, _ in opened], console, as_json=as_json)
        return
    tested = []
    for each, price in opened:
        with watching(console, each.identity.name) as relay.to:
            tested.append(examine(setting, each, price))
    found = card_file(setting, tested)
    place = out or options.DEFAULT_WORKSPACE / "results" / card_place([each.identity.name for each, _ in opened])
    write_card(found, place)
    if as_json:
        typer.echo(text_of(found), nl=False)
    else:
        show(found, console)
        console.print(f"card: {place}", markup=False, soft_wrap=True)
    if any(each.injections is not None and not each.fit for each in found.judges):
        raise typer.Exit(4)


def _ratings(path: Path | None) -> tuple[People | None, tuple[Rating, ...]]:
    """What people said: of a study, or of a table."""
    from lifealign_bench.judges.cards.people import read_ratings
    from lifealign_bench.judges.cards.studies import SUFFIX, read_study

    if path is None:
        return None, ()
    return read_study(path) if path.suffix == SUFFIX else (None, read_ratings(path))


def _parts(text: str | None) -> tuple[Part, ...]:
    from lifealign_bench.data.errors import UnknownNameError
    from lifealign_bench.judges.cards.probes import PARTS

    names = PARTS if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in PARTS:
            raise UnknownNameError("--parts", "part", name, PARTS)
    return tuple(part for part in PARTS if part in names)


def _base_answers(runs: Sequence[Path]) -> tuple[JudgedItem, ...]:
    """Answers of the untouched base, in the order of a hash, so that they are of every task."""
    from lifealign_bench.benchmark.judged_answers import answers_of
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.data.rows import digest

    found: dict[JudgedItem, None] = {}
    for run in answers_of(find_runs(runs)):
        steps = run.samples["step"].tolist()
        found |= {item: None for item, step in zip(run.items, steps, strict=True) if step == 0}
    return tuple(sorted(found, key=lambda item: digest([item.pair_id, item.answer]))[:BASE_ANSWERS])


def _open(
    references: Sequence[str],
    base_url: str | None,
    api_key_env: str | None,
    world_seed: int,
    cache: Path,
    purse: Purse,
    watch: Watch,
) -> list[tuple[Instrument, Price]]:
    from lifealign_bench.data.errors import InputError
    from lifealign_bench.judges.cards.instruments import KnownTruth, LanguageModel
    from lifealign_bench.judges.judge_file import read_settings
    from lifealign_bench.judges.opening import ORACLE

    opened: list[tuple[Instrument, Price]] = []
    for reference in references:
        if reference == ORACLE:
            opened.append((KnownTruth(world_seed), lambda tokens_in, tokens_out: 0.0))
            continue
        for settings in read_settings(reference, base_url, api_key_env):
            opened.append((LanguageModel(settings, cache, purse, watch), settings.endpoint.cost))
    names = [each.identity.name for each, _ in opened]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError("--judge", "name", f"{twice[0]} twice", "every judge once, under a name of its own")
    return opened


def _show_plans(setting: CardSetting, judges: Sequence[Instrument], console: Console, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from lifealign_bench.cli.judge import cost_of
    from lifealign_bench.judges.cards.build import left_out, probes_by_part
    from lifealign_bench.judges.cards.probes import distinct

    plans = {}
    for judge in judges:
        parts = probes_by_part(setting, judge)
        questions = {str(part): len(probes) for part, probes in parts.items()}
        plan = judge.plan(distinct(parts.values()))
        without = {str(part): why for part, why in left_out(setting, judge).items()}
        plans[judge.identity.name] = {**asdict(plan), "questions": questions, "left_out": without}
        if as_json:
            continue
        tokens = f"about {plan.input_tokens:,} tokens in and {plan.output_tokens:,} out ({plan.estimate})"
        line = (
            f"{judge.identity.name}: {plan.calls:,} calls, {plan.cached:,} cached; {tokens}; cost {cost_of(plan.cost)}"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        for part, count in questions.items():
            console.print(f"  {part}: {count:,} questions (parts share some)", markup=False, highlight=False)
        for part, why in without.items():
            console.print(f"  {part}: left out, {why}", markup=False, highlight=False)
    if as_json:
        typer.echo(json.dumps(plans, indent=2, sort_keys=True))
