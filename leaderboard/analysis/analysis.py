"""From runs on disk to the record of one board, and its JSON."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.benchmark.statistics.design import Design, design_of
from lifealign_bench.benchmark.statistics.pairwise import bradley_terry
from lifealign_bench.benchmark.statistics.reading import PROMPT_METRICS, read_board
from lifealign_bench.benchmark.statistics.similarity import read_similarity
from lifealign_bench.benchmark.statistics.verdicts import read_verdicts
from lifealign_bench.leaderboard.analysis.gather import DIFFERENCE, Judged, analyse_metric
from lifealign_bench.leaderboard.analysis.record import SCHEMA_VERSION, Analysis, Compared, DesignRecord, OrderRow
from lifealign_bench.leaderboard.analysis.refusal_sheets import refused

RUBRIC = "rubric"


def analyse(runs: Sequence[StoredRun], metrics: Sequence[str] = (), difference: float = DIFFERENCE) -> Analysis:
    """The analysis of runs that may stand on one board; metrics: by default the primary one and the judge's rubric.

    Raises:
        InputError: runs that may not be compared, or rows that cannot be read.
        UnknownNameError: a metric that has no number per prompt.
    """
    folders = [run.folder for run in runs]
    first = runs[0].record
    design = design_record(design_of(runs))
    similarity = read_similarity(runs[0].folder.parent)
    chosen = tuple(dict.fromkeys(metrics)) or default_metrics(runs)
    found = tuple(
        analyse_metric(read_board(folders, metric), design, _judged(runs, metric), similarity, difference)
        for metric in chosen
    )
    return Analysis(
        SCHEMA_VERSION,
        first.suite.name,
        first.comparability_key,
        first.model.source,
        tuple(judge.name for judge in first.judges),
        first.primary_metric,
        tuple(sorted({run.record.identity.method for run in runs})),
        design,
        found,
        _pairwise(runs),
        _notes(design),
        refused(runs),
    )


def default_metrics(runs: Sequence[StoredRun]) -> tuple[str, ...]:
    """The primary metric, and the rubric where every run was judged."""
    primary = runs[0].record.primary_metric
    judged = primary != RUBRIC and all(RUBRIC in run.record.metrics for run in runs)
    return (primary, RUBRIC) if judged and RUBRIC in PROMPT_METRICS else (primary,)


def design_record(design: Design) -> DesignRecord:
    """The design as the report keeps it."""
    tasks = tuple(sorted(design.orders[0].tasks))
    adjacent = design.balance.adjacent
    return DesignRecord(
        design.name,
        design.summary,
        design.balance.balanced,
        tasks,
        tuple(OrderRow(order.name, order.tasks) for order in design.orders),
        design.seeds,
        tuple(tuple(design.balance.positions[task]) for task in tasks),
        tuple(tuple(adjacent.get((a, b), 0) for b in tasks) for a in tasks),
        design.missing,
    )


def to_json(analysis: Analysis) -> bytes:
    """Strict JSON; the same analysis gives the same bytes."""
    return _adapter().dump_json(analysis) + b"\n"


def from_json(text: bytes | str) -> Analysis:
    """The analysis that JSON holds; raises ValidationError where it is not one."""
    return _adapter().validate_json(text)


def _adapter() -> TypeAdapter[Analysis]:
    return TypeAdapter(Analysis)


def _judged(runs: Sequence[StoredRun], metric: str) -> Judged | None:
    """Verdicts expected and scored, by method; None where no run says."""
    found: Judged = {}
    for run in runs:
        own = run.record.coverage.get(metric)
        if own is not None:
            expected, scored = found.get(run.record.identity.method, (0, 0))
            found[run.record.identity.method] = (expected + own.expected, scored + own.scored)
    return found or None


def _pairwise(runs: Sequence[StoredRun]) -> tuple[Compared, ...]:
    return tuple(
        Compared(name, bradley_terry(own), len(own.score), own.prompts.n_prompts, len(own.runs))
        for name, own in read_verdicts(runs).items()
    )


def _notes(design: DesignRecord) -> tuple[str, ...]:
    notes = list(design.missing)
    if len(design.tasks) == 1:
        notes.append("one task (T = 1): nothing can be forgotten, and there is one order")
    return tuple(notes)
