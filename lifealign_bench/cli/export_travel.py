"""`lifealign export lm-eval-results` and `model-index`: numbers that travel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them.", metavar="RUNS")]


def lm_eval_results(
    runs: Runs, out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the files to write.")]
) -> None:
    """Write each run's last row as a results file of lm-eval."""
    from lifealign_bench.benchmark.columns import read_table
    from lifealign_bench.benchmark.durable import new_folder
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.benchmark.strict_json import write_json
    from lifealign_bench.leaderboard.travelling import lm_eval_results as results_of

    stored = find_runs(runs)
    with new_folder(out) as folder:
        for run in stored:
            place = folder / run.folder.parent.name / run.folder.name
            place.mkdir(parents=True)
            write_json(place / "results.json", results_of(run, read_table(run.folder, "cells")))
    typer.echo(f"wrote {len(stored)} results files below {out}")


def model_index(
    runs: Runs,
    method: Annotated[str, typer.Option("--method", help="The method's name on the board.")],
    name: Annotated[str | None, typer.Option("--name", help="The model's name on its card; else the method's.")] = None,
) -> None:
    """Print the `model-index` of a model card, as YAML for its front matter."""
    import yaml

    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.data.errors import UnknownNameError
    from lifealign_bench.leaderboard.travelling import model_index as index_of

    stored = find_runs(runs)
    own = [run for run in stored if run.record.identity.method == method]
    if not own:
        raise UnknownNameError("--method", "method", method, {run.record.identity.method for run in stored})
    typer.echo(yaml.safe_dump(index_of(own, name or method), sort_keys=False, allow_unicode=True), nl=False)
