"""`lifealign submission`: from runs on one machine to rows on a board that nobody has to trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifealign_bench.cli import options
from lifealign_bench.cli.submission_again import rejudge, reproduce

if TYPE_CHECKING:
    from lifealign_bench.leaderboard.submissions.findings import Verdict
    from lifealign_bench.leaderboard.submissions.format import Code

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Bundle = Annotated[Path, typer.Argument(help="An archive, or its folder.", metavar="ARCHIVE|FOLDER")]
Board = Annotated[
    list[Path] | None,
    typer.Option("--board", help="Results that bundles are compared with, beside those that ship; repeatable."),
]
Results = Annotated[Path, typer.Argument(help="The folder of a results repository.", metavar="RESULTS")]
Seconds = Annotated[int, typer.Option("--seconds", min=1, help="Processor time that the check may take.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the public log.")]

app.command("rejudge")(rejudge)
app.command("reproduce")(reproduce)


@app.callback()
def submission() -> None:
    """Pack runs, check them, put them on a board."""


@app.command()
def pack(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them.", metavar="RUNS")],
    method: Annotated[str, typer.Option("--method", help="The method's runs to pack, by their name on the board.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The archive to write.")],
    code: Annotated[
        str | None, typer.Option("--code", help="name==version:FILE, or https://HOST/REPO@COMMIT:FILE.")
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="That file on this machine; with :Class where no package registers it.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the submission is called; else the method.")] = None,
    licence: Annotated[str, typer.Option("--licence", help="Of the rows, as an SPDX expression.")] = "CC-BY-4.0",
    contact: Annotated[str | None, typer.Option("--contact", help="How you can be reached; it is public.")] = None,
    data_used: Annotated[
        list[str] | None, typer.Option("--data-used", help="NAME=LICENCE of data beside the suite's; open division.")
    ] = None,
) -> None:
    """Pack the runs of one method, with the STL and MTL runs that they are read against, into one archive."""
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.leaderboard.submissions.packing import Said, chosen_runs, declared, pack, slug_of

    stored = find_runs(runs)
    record = chosen_runs(stored, method)[0][0].record
    path, _, class_name = (file or "").partition(":")
    said = Said(
        name=name or slug_of(method),
        code=_code(code, path, record.method.name),
        declarations=declared(record.tuning_origin, licence, contact, data_used or ()),
        class_name=class_name or None,
    )
    packed = pack(stored, method, said, out)
    typer.echo(f"packed {packed.counts.runs} runs, {out.stat().st_size:,} bytes: {out}")
    typer.echo(f"next: lifealign submission check {out}")


def _code(named: str | None, file: str, method: str) -> Code:
    from lifealign_bench.data.errors import InputError
    from lifealign_bench.leaderboard.submissions.naming_code import EXPECTED, code_of, code_that_ships

    if named is not None:
        return code_of(named, Path(file))
    found = code_that_ships(method)
    if found is None:
        raise InputError("--code", "code", "nothing", f"where the code of {method} is: {EXPECTED}")
    return found


@app.command()
def answers(
    file: Annotated[Path, typer.Argument(help="Lines of step, task, pair_id, answer, tokens.", metavar="FILE.jsonl")],
    like: Annotated[Path, typer.Option("--like", help="A run folder with the same suite and order.")],
    method: Annotated[str, typer.Option("--method", help="What the method is called.")],
    code: Annotated[Path, typer.Option("--code", help="The file that its code begins with; its hash is taken.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the suite's runs to write into.")],
    version: Annotated[str, typer.Option("--version", help="The method's version.")] = "1",
    seed: Annotated[int, typer.Option("--seed", help="The run's seed.")] = 0,
) -> None:
    """Make a run of the open division from the answers of a policy trained elsewhere; the board judges them."""
    from lifealign_bench.leaderboard.submissions.elsewhere import Elsewhere, run_of_answers

    folder = run_of_answers(file, like, Elsewhere(method, version, code, seed), out)
    typer.echo(f"wrote {folder}")


@app.command()
def check(
    bundle: Bundle,
    board: Board = None,
    as_json: options.Json = False,
    annotations: Annotated[
        bool, typer.Option("--annotations", help="Print findings as annotations of a code review.")
    ] = False,
    seconds: Seconds = 600,
) -> None:
    """Check a bundle, rule by rule; every number in it is computed again from its rows.

    It is read as data in a process of its own, with 2 GiB of memory.

    Exits with 0 where it is clean, 1 where a rule is broken, 2 where there is nothing to check.
    """
    from lifealign_bench.leaderboard.submissions.apart import check_apart
    from lifealign_bench.leaderboard.submissions.findings import exit_code

    report = check_apart(bundle, board or [], seconds)
    _print(bundle, report, as_json=as_json, annotations=annotations)
    raise typer.Exit(exit_code(report.findings))


def _print(bundle: Path, report: Verdict, *, as_json: bool, annotations: bool = False) -> None:
    import json

    from lifealign_bench.leaderboard.analysis.wording import counted

    if as_json:
        found = [finding.as_json() for finding in report.findings]
        summary = {"bundle": str(bundle), "clean": report.is_clean, "rows": report.rows, "findings": found}
        typer.echo(json.dumps(summary, indent=2, sort_keys=True))
        return
    for finding in report.findings:
        typer.echo(finding.annotation if annotations else finding.text)
    errors = sum(finding.level == "error" for finding in report.findings)
    state = f"clean, {report.rows:,} rows" if report.is_clean else counted(errors, "error")
    typer.echo(f"{bundle.name}: {state}, {counted(len(report.findings) - errors, 'warning')}", err=annotations)


@app.command()
def add(
    bundle: Bundle,
    results: Results,
    why: Why = "a clean check",
    seconds: Seconds = 600,
    as_json: options.Json = False,
) -> None:
    """Check a bundle against a results repository and, where it is clean, put its runs on that board."""
    from lifealign_bench.leaderboard.submissions.adding import add as add_bundle
    from lifealign_bench.leaderboard.submissions.apart import check_apart

    added = add_bundle(bundle, results, lambda folder: check_apart(folder, [results], seconds), now(), why)
    _print(bundle, added.verdict, as_json=as_json)
    if not added.verdict.is_clean:
        raise typer.Exit(1)
    typer.echo(f"added {len(added.folders)} runs to {results}, trust: recomputed", err=as_json)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="The submission's name.")],
    results: Results,
    why: Annotated[str, typer.Option("--why", help="The reason, for the public log.")],
) -> None:
    """Take a submission off a board; the log says so, and why."""
    from lifealign_bench.leaderboard.submissions.adding import remove as remove_submission

    gone = remove_submission(results, name, now(), why)
    typer.echo(f"removed {len(gone)} runs of {name}")


def now() -> str:
    """This moment, ISO 8601, UTC."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")
