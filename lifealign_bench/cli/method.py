"""`lifealign method`: the method adapters that this installation knows, and a start for one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """List name, fidelity, what is stored, what answering needs, and the source of every method."""
    from rich.console import Console
    from rich.table import Table

    from lifealign_bench.methods import find_method, method_names

    found = [(name, find_method(name)) for name in method_names()]
    if as_json:
        import json

        typer.echo(json.dumps([_record(name, item.source, item.method.spec) for name, item in found], indent=2))
        return
    table = Table("name", "title", "paper", "fidelity", "stores", "answers need", "source")
    for name, item in found:
        record = _record(name, item.source, item.method.spec)
        table.add_row(*(str(value) for value in record.values()))
    Console().print(table)


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
        "stores": ", ".join(sorted(spec.keeps)) or "nothing",
        "answers_need": "task identity" if spec.needs_task_identity else "nothing",
        "source": source,
    }
