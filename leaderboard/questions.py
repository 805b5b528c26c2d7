"""What takes too long to be computed while a page is drawn: asked and answered as JSON, so in another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from lifealign_bench.benchmark.orders import Order
from lifealign_bench.benchmark.statistics.comparison import Comparison
from lifealign_bench.benchmark.statistics.design import Ran, design_of_blocks
from lifealign_bench.benchmark.statistics.similarity import SimilarityRecord, read_similarity
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.analysis.record import MetricAnalysis
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.inference import Inference, compare_two, infer, too_many
from lifealign_bench.leaderboard.places import is_url
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.statistics_board import statistics_board
from lifealign_bench.leaderboard.variation.record import Variation, board_variation

Kind = Literal["inference", "analysis", "pair", "variation"]
Answer = Inference | MetricAnalysis | Comparison | Variation | str


@dataclass(frozen=True, slots=True)
class Question:
    """Of one metric of some runs, by their folders.

    kind: intervals, ranks and tests (`inference`), everything of a report (`analysis`), two methods (`pair`: of
    `measure`, `first` less the others), or what variants of one suite say (`variation`).
    """

    kind: Kind
    folders: tuple[str, ...]
    metric: str
    measure: str = "last"
    first: tuple[str, ...] = ()


def answer(question: Question, runs: Sequence[BoardRun], rows: Rows) -> Answer:
    """The answer, or in words why there is none; runs: those of the question."""
    if question.kind == "inference":
        return infer(rows, runs, question.metric)
    if question.kind == "analysis":
        return _analysis(rows, runs, question.metric)
    if question.kind == "variation":
        return board_variation(runs, question.metric)
    own = [run for run in runs if run.folder in question.first]
    others = [run for run in runs if run.folder not in question.first]
    return compare_two(rows, own, others, question.metric, question.measure)


def to_json(kind: Kind, found: Answer) -> bytes:
    """Strict JSON on one line."""
    return _adapter(kind).dump_json(found)


def from_json(kind: Kind, text: bytes) -> Answer:
    """The answer that JSON holds; raises ValueError where it is none of this kind."""
    return _adapter(kind).validate_json(text)


def _adapter(kind: Kind) -> TypeAdapter[Answer]:
    kinds: dict[Kind, Any] = {
        "inference": Inference,
        "analysis": MetricAnalysis | str,
        "pair": Comparison | str,
        "variation": Variation | str,
    }
    return TypeAdapter(kinds[kind])


def _analysis(rows: Rows, runs: Sequence[BoardRun], metric: str) -> MetricAnalysis | str:
    from lifealign_bench.leaderboard.analysis.analysis import design_record
    from lifealign_bench.leaderboard.analysis.gather import analyse_metric

    reason = too_many(runs)
    if reason is not None:
        return reason
    try:
        design = design_of_blocks(
            [Ran(run.entry.label, Order(run.order, run.tasks), run.seed, run.folder) for run in runs]
        )
        board = statistics_board(rows, runs, metric)
        similarity = _similarity(runs[0])
    except InputError as error:
        return f"{error.found}; expected {error.expected}"
    return analyse_metric(board, design_record(design), similarity=similarity)


def _similarity(run: BoardRun) -> SimilarityRecord | None:
    """What `lifealign data similarity` wrote beside the runs; of a URL, it is not looked for."""
    return None if is_url(run.folder) else read_similarity(Path(run.folder).parent)
