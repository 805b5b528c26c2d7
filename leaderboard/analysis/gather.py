"""From the numbers of a board to everything that a report says about one metric; pure."""

from __future__ import annotations

import numpy as np

from lifealign_bench.benchmark.statistics.agreement import Agreement, agreement
from lifealign_bench.benchmark.statistics.board import Board, Measured, measured
from lifealign_bench.benchmark.statistics.comparison import method_intervals
from lifealign_bench.benchmark.statistics.interference import Interference, interference
from lifealign_bench.benchmark.statistics.positions import position_effects
from lifealign_bench.benchmark.statistics.power import pair_powers
from lifealign_bench.benchmark.statistics.ranking import rank_methods
from lifealign_bench.benchmark.statistics.sensitivity import order_sensitivity
from lifealign_bench.benchmark.statistics.similarity import SimilarityRecord, similarity_tests
from lifealign_bench.leaderboard.analysis.findings import (
    averaged_board,
    ending_effects,
    interference_tests,
    order_effects,
    order_tests,
    position_tests,
    subjects_of,
)
from lifealign_bench.leaderboard.analysis.record import (
    Averaged,
    Coverage,
    DesignRecord,
    MeanMatrix,
    MethodRow,
    MetricAnalysis,
    Similarity,
)
from lifealign_bench.leaderboard.analysis.statements import stated

Judged = dict[str, tuple[int, int]]
DIFFERENCE = 5.0


def analyse_metric(
    board: Board,
    design: DesignRecord,
    judged: Judged | None = None,
    similarity: SimilarityRecord | None = None,
    difference: float = DIFFERENCE,
) -> MetricAnalysis:
    """Everything about one metric of a board.

    judged: verdicts expected and scored by method, None where the metric needs no judge. similarity: of the suite's
    tasks. difference: the points of Last that `power` is about.
    """
    last = measured(board, "last")
    average, over, reason = averaged_board(board)
    subjects = subjects_of(board, average)
    sensitivity = order_sensitivity(board)
    averaged = Averaged(
        over,
        interference(average)[0] if average is not None else None,
        order_sensitivity(average)[0] if average is not None else None,
        (position_effects(average, "learned")[0], position_effects(average, "end")[0]) if average is not None else (),
        reason,
    )
    matrices = interference(board)
    positions = (*position_effects(board, "learned"), *position_effects(board, "end"))
    found = MetricAnalysis(
        metric=board.metric,
        methods=_method_rows(board, last, judged),
        ranking=rank_methods(last),
        averaged=averaged,
        sensitivity=sensitivity,
        order_tests=order_tests(averaged.sensitivity, sensitivity),
        order_effects=order_effects(subjects),
        endings=ending_effects(average),
        agreement=agreement_of_orders(last),
        interference=matrices,
        interference_tests=interference_tests(subjects),
        positions=positions,
        position_tests=position_tests((*averaged.positions, *positions)),
        similarity=_similarity(similarity, matrices, averaged),
        difference=difference,
        power=pair_powers(last, difference),
        matrices=_mean_matrices(board),
        statements=(),
    )
    return stated(found, design)


def _method_rows(board: Board, last: Measured, judged: Judged | None) -> tuple[MethodRow, ...]:
    """Best Last first, those without a number after them, references (STL, MTL) last."""
    lasts, bwts, aps = (method_intervals(found) for found in (last, measured(board, "bwt"), measured(board, "ap")))
    rows = [
        MethodRow(method, schedule, lasts[method], bwts[method], aps[method], _coverage(board, m, judged))
        for m, (method, schedule) in enumerate(zip(board.methods, board.schedules, strict=True))
    ]
    return tuple(sorted(rows, key=_place))


def _place(row: MethodRow) -> tuple[bool, bool, float, str]:
    return row.schedule != "sequential", row.last.value is None, -(row.last.value or 0.0), row.method


def _coverage(board: Board, m: int, judged: Judged | None) -> Coverage:
    method = board.methods[m]
    lost = [block for block in board.blocks if (method, block, None, None) in board.reasons]
    cells = sum(1 for name, _, step, _ in board.reasons if name == method and step is not None)
    expected, scored = (judged or {}).get(method, (None, None))
    return Coverage(len(board.blocks) - len(lost), len(board.blocks), cells, expected, scored)


def agreement_of_orders(last: Measured) -> Agreement:
    """Of the orders about the sequential methods; Last, seeds averaged."""
    board = last.board
    names = sorted({block.order for block in board.blocks})
    places = [board.methods.index(name) for name in board.sequential]
    scores = np.full((len(names), len(places)), np.nan)
    for o, name in enumerate(names):
        rows = [r for r, block in enumerate(board.blocks) if block.order == name]
        scores[o] = last.means[np.ix_(places, rows)].mean(axis=1)
    return agreement(scores, names, board.sequential)


def _similarity(record: SimilarityRecord | None, matrices: tuple[Interference, ...], averaged: Averaged) -> Similarity:
    if record is None:
        return Similarity((), "no similarity.json beside the runs: `lifealign data similarity SUITE` writes it")
    average = (averaged.interference,) if averaged.interference is not None else ()
    return Similarity(similarity_tests(record, (*average, *matrices)), None)


def _mean_matrices(board: Board) -> tuple[MeanMatrix, ...]:
    found = []
    for m, (method, schedule) in enumerate(zip(board.methods, board.schedules, strict=True)):
        for name, order in sorted(board.orders.items()):
            rows = [r for r, block in enumerate(board.blocks) if block.order == name]
            cells = np.stack([(board.prompts.by_task @ board.values[m, r].T).T for r in rows])
            there = ~np.isnan(cells).all(axis=(1, 2))
            if not there.any():
                continue
            mean = cells[there].mean(axis=0)[:, [board.tasks.index(task) for task in order.tasks]]
            table = tuple(tuple(None if np.isnan(value) else float(value) for value in row) for row in mean)
            found.append(MeanMatrix(method, schedule, name, order.tasks, table, int(there.sum())))
    return tuple(found)
