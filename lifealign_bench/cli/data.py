"""`lifealign data`: look at tasks, start one from files of one's own, and check it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli.options import DEFAULT_WORKSPACE, DataDir, Json, SuiteArgument, Workers, Workspace, WorldSeed

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="A task of the catalogue, or the YAML file of a card.", metavar="TASK")],
    data_dir: DataDir = None,
    examples: Annotated[int, typer.Option("--examples", min=0, help="Pairs to show.")] = 2,
    show_harmful: Annotated[bool, typer.Option("--show-harmful", help="Show the words of harmful pairs.")] = False,
    as_json: Json = False,
) -> None:
    """Show a task: its card, counts, what was dropped, surface cues, harm labels and examples."""
    from lifealign_bench.cli.task_view import print_card, print_rows, task_record
    from lifealign_bench.data.catalogue import find_card
    from lifealign_bench.data.stream import load_task

    card = find_card(task, Path.cwd())
    if as_json:
        import json

        typer.echo(json.dumps(task_record(load_task(card, data_dir), examples, show_harmful), indent=2))
        return
    print_card(card)
    print_rows(load_task(card, data_dir), examples, show_harmful)


@app.command("list")
def list_tasks(as_json: Json = False) -> None:
    """List the tasks of the catalogue."""
    from lifealign_bench.cli.task_view import print_catalogue
    from lifealign_bench.data.catalogue import list_cards

    cards = list_cards()
    if as_json:
        import json

        typer.echo(json.dumps([card.model_dump(mode="json") for card in cards], indent=2))
        return
    print_catalogue(cards)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The task's name: lower-case letters, digits, '-', '_' and '.'.")],
    first: Annotated[list[Path], typer.Option("--from", help="A folder with train.* and test.*, or one or two files.")],
    more: Annotated[list[Path] | None, typer.Argument(help="The second file.", metavar="[FILES]...")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of the new card.")] = Path("cards"),
    suite: Annotated[
        Path | None, typer.Option("--suite", help="Suite file to add the task to; made where there is none.")
    ] = None,
    prompt_column: Annotated[str | None, typer.Option("--prompt-column", help="Instead of a guess.")] = None,
    chosen_column: Annotated[str | None, typer.Option("--chosen-column", help="Instead of a guess.")] = None,
    rejected_column: Annotated[str | None, typer.Option("--rejected-column", help="Instead of a guess.")] = None,
) -> None:
    """Write a card, and on request a suite, for preference files of your own; guesses are explained in comments."""
    from lifealign_bench.data.scaffold import NamedColumns
    from lifealign_bench.data.scaffold_files import write_task

    columns = NamedColumns(prompt_column, chosen_column, rejected_column)
    for path in write_task(name, [*first, *(more or ())], columns, folder, suite):
        typer.echo(f"wrote {path}")
    typer.echo(f"next: lifealign data check {folder / name}.yaml")
    if suite is not None:
        typer.echo(f"then: lifealign plan {suite}")


@app.command()
def check(
    reference: Annotated[
        str, typer.Argument(help="A card, a folder of cards, a task's name; or mini, the whole world.", metavar="CARD")
    ],
    data_dir: DataDir = None,
    world_seed: WorldSeed = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Check a card and its rows, or a folder of cards as one stream, and print everything that is wrong.

    `mini` checks a miniature world instead: it runs the suite's references and SeqFT, uses what the workspace has of
    them, and prints what the world must show beside what it shows. The last three options but --json are for that.
    """
    import dataclasses
    import json

    from lifealign_bench.cli.task_view import print_findings
    from lifealign_bench.cli.world_check import SUITE, check_world, print_requirements
    from lifealign_bench.data.checking import check as find_problems

    if reference == SUITE and not Path(reference).exists():
        lines = check_world(world_seed, workspace, workers)
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(line) for line in lines], indent=2))
        else:
            print_requirements(lines)
        if not all(line.holds for line in lines):
            raise typer.Exit(1)
        return

    findings = find_problems(reference, data_dir)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        print_findings(findings, reference)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(2)


@app.command()
def similarity(
    suite: SuiteArgument = "mini", workspace: Workspace = DEFAULT_WORKSPACE, data_dir: DataDir = None
) -> None:
    """Measure how alike a suite's tasks are to its base model, and keep it beside the suite's results.

    Writes similarity.json: cosines of mean prompt states and of preference directions. `lifealign report` compares
    them with what tasks do to each other.
    """
    from lifealign_bench.benchmark.evaluation.embeddings import measure_similarity
    from lifealign_bench.benchmark.session import Overrides, overridden
    from lifealign_bench.benchmark.statistics.similarity import write_similarity
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.workspaces import open_store
    from lifealign_bench.benchmark.world import load_world

    chosen = overridden(load_suite(suite), Overrides(data_dir=data_dir))
    store = open_store(workspace)
    world = load_world(chosen, store.root, lambda text: None)
    record = measure_similarity(world, store)
    typer.echo(f"wrote {write_similarity(workspace / 'results' / chosen.name, record)}")
