"""`lifealign method`: the method adapters that this installation knows, and a start for one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.conformance import Line

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """List name, fidelity, what is stored, what answering needs, and the source of every method.

    Exits with an error where an installed method cannot be loaded; the others are listed all the same.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from lifealign_bench.data.errors import LifeAlignError
    from lifealign_bench.methods import find_method, method_names

    records, broken = [], []
    for name in method_names():
        try:
            item = find_method(name)
            records.append(_record(name, item.source, item.method.spec))
        except LifeAlignError as error:
            broken.append(error)
    if as_json:
        import json

        typer.echo(json.dumps(records, indent=2))
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("name", no_wrap=True, min_width=max(len(name) for name in method_names()))
        for heading in ("paper", "fidelity", "stores", "answers need", "source"):
            table.add_column(heading)
        for record in records:
            table.add_row(*(str(value) for field, value in record.items() if field != "title"))
        Console().print(table)
    # Whatever works is shown; what does not is an error all the same.
    for earlier in broken[:-1]:
        typer.echo(f"error: {earlier}", err=True)
    if broken:
        raise broken[-1]


@app.command()
def check(
    methods: Annotated[list[str], typer.Argument(help="Names, or path/to/file.py:Class.", metavar="METHOD...")],
    full: Annotated[bool, typer.Option("--full", help="Over six tasks instead of two; minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Check that a method keeps to what every method must hold, on small tasks of the miniature world.

    Exits with 1 where a property fails.
    """
    from rich.console import Console

    from lifealign_bench.benchmark.conformance import check_method
    from lifealign_bench.benchmark.environment import settle_process

    settle_process(1)
    console = Console(stderr=as_json)
    reports = {}
    for method in methods:
        with console.status(method) as status:
            reports[method] = check_method(method, full, lambda name: status.update(f"{method}: {name}"))  # noqa: B023
        if not as_json:
            _print_report(console, method, reports[method])
    if as_json:
        import dataclasses
        import json

        lines = {method: [dataclasses.asdict(line) for line in report] for method, report in reports.items()}
        typer.echo(json.dumps(lines, indent=2))
    if any(line.state == "fail" for report in reports.values() for line in report):
        raise typer.Exit(1)


def _print_report(console: Console, method: str, report: Sequence[Line]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    marks = {"pass": "[green]pass[/]", "fail": "[bold red]FAIL[/]", "not applicable": "[dim]–[/]"}
    table = Table("property", "", "found", box=box.SIMPLE_HEAD, pad_edge=False, title=method, title_justify="left")
    for line in report:
        table.add_row(line.name, marks[line.state], escape(line.message))
    console.print(table)
    failing = sum(line.state == "fail" for line in report)
    console.print(
        f"{method}: {failing} of {len(report)} properties fail" if failing else f"{method}: every property holds"
    )


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The method's name: lower-case letters, digits and '_'.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder of the new files.")] = Path(),
) -> None:
    """Write a method file that works, with every hook explained, and a test beside it."""
    import shlex

    from lifealign_bench.cli.method_template import write_method

    written = write_method(name, folder)
    for path in (written.method, written.test):
        typer.echo(f"wrote {path}")
    reference = shlex.quote(written.reference)
    typer.echo(f"next: lifealign method check {reference}")
    typer.echo(f"then: lifealign run mini-quick --methods seqft,{reference}")


def _record(name: str, source: str, spec: object) -> dict[str, object]:
    from lifealign_bench.methods import MethodSpec

    if not isinstance(spec, MethodSpec):
        raise TypeError(f"method {name} has no MethodSpec")
    return {
        "name": name,
        "title": spec.title,
        "paper": spec.paper,
        "fidelity": spec.fidelity,
        "stores": (", ".join(sorted(spec.keeps)) or "nothing") + (", grows with tasks" if spec.grows else ""),
        "answers_need": "task identity" if spec.needs_task_identity else "nothing",
        "source": source,
    }
