"""`lifealign submission rejudge` and `reproduce`: a part of it judged again, a run of it run again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifealign_bench.cli import options

if TYPE_CHECKING:
    from lifealign_bench.benchmark.schema import RunRecord
    from lifealign_bench.judges.interface import JudgeIdentity
    from lifealign_bench.leaderboard.submissions.findings import Finding

Bundle = Annotated[Path, typer.Argument(help="An archive, or its folder.", metavar="ARCHIVE|FOLDER")]
Board = Annotated[Path | None, typer.Option("--board", help="A results repository, whose log gets a line.")]


def rejudge(
    bundle: Bundle,
    judge: Annotated[str, typer.Option("--judge", help="The protocol's judge: its file or name, or oracle.")],
    share: Annotated[str, typer.Option("--share", help="How much of the distinct answers, such as 5%.")] = "5%",
    seed: Annotated[int | None, typer.Option("--seed", help="Of the draw; else one that nobody knows.")] = None,
    retest: Annotated[
        float | None,
        typer.Option("--retest", min=0, max=1, help="Share on which the judge agrees with itself; else its card's."),
    ] = None,
    card: Annotated[
        list[Path] | None,
        typer.Option("--card", help="A judge card, beside those of the workspace and those that ship; repeatable."),
    ] = None,
    cache: Annotated[Path | None, typer.Option("--cache", help="File of paid replies; else a fresh one.")] = None,
    as_json: options.Json = False,
) -> None:
    """Judge a random part of a bundle's answers again and compare with the judge's own retest rate.

    Exits with 1 where verdicts differ more often than the judge differs from itself.
    """
    import json
    import secrets
    import tempfile
    from dataclasses import asdict

    from lifealign_bench.benchmark.columns import read_table
    from lifealign_bench.benchmark.judge_running import world_of
    from lifealign_bench.benchmark.judged_answers import answers_of
    from lifealign_bench.benchmark.runs import find_runs
    from lifealign_bench.judges.interface import asked_of
    from lifealign_bench.judges.opening import open_judges
    from lifealign_bench.leaderboard.submissions import rejudging
    from lifealign_bench.leaderboard.submissions.findings import exit_code
    from lifealign_bench.leaderboard.submissions.layout import RUNS

    drawn_by = secrets.randbits(32) if seed is None else seed
    with unpacked(bundle) as folder, tempfile.TemporaryDirectory() as scratch:
        stored = find_runs(folder / RUNS)
        answers = answers_of(stored)
        written = rejudging.written_verdicts(answers, [read_table(run.folder, "judgments") for run in stored])
        items = rejudging.drawn_first(written, rejudging.share_of(share), drawn_by)
        # A cache of replies that were paid before would only repeat them.
        (opened,) = open_judges(judge, world_of(stored), cache or Path(scratch) / "replies.sqlite")
        said = iter(opened.judge(items))
        pairs = [(item, next(said)) for item in items for _ in asked_of(item, opened.dimensions)]
        rates = retest_rates(opened.identity, card or []) if retest is None else {"": retest}
        again = rejudging.compared(written, pairs, rates)
        beside = rejudging.unasked(written, pairs)
    found = [*rejudging.findings_of(again), *rejudging.findings_on_unasked(beside)]
    if as_json:
        rows = [{**asdict(one), "agreement": one.agreement} for one in again]
        summary = {
            "answers": len(items),
            "seed": drawn_by,
            "dimensions": rows,
            "never_judged": [asdict(one) for one in beside],
            "findings": [f.as_json() for f in found],
        }
        typer.echo(json.dumps(summary, indent=2, sort_keys=True))
    else:
        typer.echo(f"{len(items):,} answers judged again by {opened.identity.name}, drawn by seed {drawn_by}")
        for one in again:
            rate = f"{100 * one.agreement:.1f} % of {one.answers:,} the same; retest rate {100 * one.retest:.1f} %"
            typer.echo(f"{one.dimension}: {rate}")
        for finding in found:
            typer.echo(finding.text)
    raise typer.Exit(exit_code(found))


def retest_rates(judge: JudgeIdentity, cards: list[Path]) -> dict[str, float]:
    """How often a judge agrees with itself, by dimension, as its card says; 1 of every dimension that no card names."""
    from lifealign_bench.benchmark.judge_records import JudgeRecord
    from lifealign_bench.data.errors import InputError
    from lifealign_bench.leaderboard.judge_cards import read_cards
    from lifealign_bench.leaderboard.shipped import shipped_results

    here = options.DEFAULT_WORKSPACE / "results" / "cards"
    places = [*cards, *sorted(here.glob("*.json")), *sorted((shipped_results() / "cards").glob("*.json"))]
    read = read_cards((str(place), "") for place in places)
    if wrong := [one for one in read.left_out if Path(one.place) in cards]:
        raise InputError(wrong[0].place, "card", wrong[0].reason, "a card, as `lifealign judge card` writes it")
    # The first that says something of a dimension is believed: what was named comes first.
    spreads = [spread for one in read.of(JudgeRecord.from_identity(judge)) for spread in one.retest or ()]
    known = {spread.dimension: spread.same.value for spread in reversed(spreads) if spread.same.value is not None}
    return {"": 1.0, **known}


def reproduce(
    bundle: Bundle,
    run: Annotated[str | None, typer.Option("--run", help="Which of its runs; else the first of the method.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="The method's file, fetched from where the bundle names it.")
    ] = None,
    suite: Annotated[str | None, typer.Option("--suite", help="A suite file; else the built-in one it names.")] = None,
    world_seed: Annotated[
        int | None, typer.Option("--world-seed", help="Run it on a fresh miniature world instead; its base is built.")
    ] = None,
    not_isolated: Annotated[
        bool,
        typer.Option("--not-isolated", help="Run the code also where it cannot be cut off from all else."),
    ] = False,
    board: Board = None,
    why: Annotated[str, typer.Option("--why", help="With --board: the reason, for the log.")] = "reproduced",
    as_json: options.Json = False,
) -> None:
    """Run one run of a bundle again, without network, keys and other files, and compare.

    What it does stands on standard error, line by line. Exits with 1 where it does not fit, 130 where it was stopped.
    """
    import json
    import tempfile
    from dataclasses import asdict

    from lifealign_bench.benchmark.schema import read_run
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.data.errors import InputError
    from lifealign_bench.leaderboard.submissions import reproducing
    from lifealign_bench.leaderboard.submissions.adding import with_trust
    from lifealign_bench.leaderboard.submissions.format import Submission
    from lifealign_bench.leaderboard.submissions.layout import RUNS, SUBMISSION

    with (
        _stoppable(),
        unpacked(bundle, board) as folder,
        tempfile.TemporaryDirectory(prefix="lifealign-") as scratch,
    ):
        said = Submission.model_validate_json((folder / SUBMISSION).read_text("utf-8"))
        names = [entry.folder for entry in said.runs if entry.role == "method"]
        chosen = run or names[0]
        if chosen not in names:
            raise InputError("--run", "run", chosen, f"one of {', '.join(names)}")
        submitted = folder / RUNS / chosen
        record = read_run(submitted)
        method = reproducing.method_reference(record, file, said.method.class_name, said.method.code.sha256)
        values = load_suite(suite or said.suite).model_dump(mode="json")
        place = Path(scratch)
        suite_again = reproducing.suite_of(values, record, method)
        say(_begun(record, world_seed))
        again, isolated = reproducing.run_again(
            suite_again, place, world_seed, file, not_isolated=not_isolated, say=lambda line: say(f"  {line}")
        )
        found = reproducing.compare_runs(submitted, again, fresh=world_seed is not None, isolated=isolated)
        largest = reproducing.largest_difference(submitted, again)
    if as_json:
        summary = {**asdict(found), "run": chosen, "reproduced": found.is_reproduced, "largest_difference": largest}
        typer.echo(json.dumps(summary, indent=2, sort_keys=True))
    else:
        _print(chosen, found, largest)
    if board is not None and found.is_reproduced and world_seed is None:
        from lifealign_bench.cli.submission import now

        with_trust(board, said.name, "reproduced", now(), f"{why} ({chosen})")
    raise typer.Exit(0 if found.is_reproduced else 1)


def say(line: str) -> None:
    """One line of what is being done, on standard error: what came of it stands alone on standard output."""
    typer.echo(line, err=True)


def _begun(record: RunRecord, world_seed: int | None) -> str:
    what = f"{record.identity.method}, {record.order.name} of {len(record.order.tasks)} tasks, {record.suite.name}"
    world = "" if world_seed is None else f" on world {world_seed}, whose base is built first (minutes to an hour)"
    return f"running {what}, seed {record.identity.seed}, again{world}; Ctrl-C stops it and leaves nothing behind"


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the command with 130, after everything was cleared away."""
    from lifealign_bench.leaderboard.submissions.watching import stopped_by_term

    try:
        with stopped_by_term():
            yield
    except KeyboardInterrupt:
        say("stopped: nothing runs any more, and nothing was written")
        raise typer.Exit(130) from None


def _print(run: str, found: Any, largest: float) -> None:
    typer.echo(f"{run}: {'reproduced' if found.is_reproduced else 'NOT reproduced'}")
    if not found.same_source:
        typer.echo("  the method's source or configuration is another one")
    if found.answers is not None:
        same, total = found.answers
        mark = "" if found.has_same_words else "  <- too few"
        typer.echo(
            f"  {same:,} of {total:,} answers in the same words{mark}; largest difference {largest:.4g} of a cell"
        )
    for one in found.metrics:
        mark = "" if one.fits else "  <- outside"
        typer.echo(f"  {one.metric} Last: {one.submitted} submitted, {one.again} again, room {one.room:.2f}{mark}")
    if not found.isolated:
        typer.echo("  this system cannot cut a process off: it ran without keys, but could reach network and files")


def unpacked(bundle: Path, board: Path | None = None) -> Any:
    """A context with the folder of a bundle that is whole and of this format.

    board: results that every rule of the checker is looked at against; without them no more is checked.
    """
    from lifealign_bench.data.errors import InputError
    from lifealign_bench.leaderboard.submissions.archives import opened
    from lifealign_bench.leaderboard.submissions.layout import DEFAULT
    from lifealign_bench.leaderboard.submissions.manifest import manifest_rules
    from lifealign_bench.leaderboard.submissions.reading import read_bundle

    @contextmanager
    def inside() -> Any:
        with opened(bundle) as found:
            faults = list(found.findings)
            if found.folder is not None:
                faults += list(manifest_rules(found.folder)) or list(read_bundle(found.folder, DEFAULT).findings)
            # What stands on a board may only be called reproduced by numbers that its rows give.
            if board is not None and found.folder is not None and not faults:
                faults += faults_of(found.folder, board)
            if faults or found.folder is None:
                raise InputError(bundle, "bundle", faults[0].text, "a bundle that `lifealign submission check` passes")
            yield found.folder

    return inside()


def faults_of(folder: Path, board: Path) -> list[Finding]:
    """The errors that the checker finds in an unpacked bundle; InputError where it is not the one on the board."""
    from lifealign_bench.leaderboard.submissions import apart
    from lifealign_bench.leaderboard.submissions.adding import require_same_bundle, submission_in

    require_same_bundle(board, submission_in(folder).name, folder)
    return [finding for finding in apart.check_apart(folder, [board]).findings if finding.level == "error"]
