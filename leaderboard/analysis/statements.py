"""What a board's numbers allow to be said, in words: what is shown first, then what was seen, then what is open."""

from __future__ import annotations

from dataclasses import replace

from lifealign_bench.leaderboard.analysis.method_statements import method_statements
from lifealign_bench.leaderboard.analysis.order_statements import agreement_statements, order_statements
from lifealign_bench.leaderboard.analysis.position_statements import position_statements
from lifealign_bench.leaderboard.analysis.record import DesignRecord, Level, MetricAnalysis, Statement
from lifealign_bench.leaderboard.analysis.task_statements import ending_statements, interference_statements

LEVELS: tuple[Level, ...] = ("shown", "seen", "open")


def stated(found: MetricAnalysis, design: DesignRecord) -> MetricAnalysis:
    """The analysis with its statements: by level, then by size times evidence."""
    listed = [
        *interference_statements(found.interference_tests, found.interference, found.averaged, found.metric),
        *ending_statements(found.endings, found.averaged, found.metric),
        *order_statements(
            found.order_tests, found.order_effects, found.averaged, found.sensitivity, design, found.metric
        ),
        *position_statements(found.position_tests, found.averaged, len(design.tasks), found.metric),
        *agreement_statements(found.agreement, found.ranking),
        *method_statements(found.ranking, found.power, found.difference, len(design.seeds), found.metric),
    ]
    return replace(found, statements=tuple(sorted(listed, key=_place)))


def _place(statement: Statement) -> tuple[int, float, float, str]:
    size = abs(statement.value) if statement.value is not None else 0.0
    return LEVELS.index(statement.level), -statement.strength, -size, statement.text
