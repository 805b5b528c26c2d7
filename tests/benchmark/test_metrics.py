"""The continual metrics against numbers worked out by hand and against the paper's published matrix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifealign_bench.benchmark.matrix import Cell, Matrix, Schedule
from lifealign_bench.benchmark.metrics import METRICS, Measure, References, measure_all

PUBLISHED = Path(__file__).with_name("published_matrix.csv")
TASKS = ("a", "b", "c")
# Row 0, then after a, after b, after c.
FULL = ((10.0, 20.0, 30.0), (50.0, 26.0, 28.0), (60.0, 70.0, 34.0), (40.0, 75.0, 90.0))
REFERENCES = References(stl={"a": 52.0, "b": 71.0, "c": 81.0}, mtl={"c": 95.0, "b": 80.0, "a": 65.0})


def matrix(rows: tuple[tuple[float | None, ...], ...] = FULL, schedule: Schedule = "sequential") -> Matrix:
    return Matrix(TASKS[: len(rows[0])], rows, schedule=schedule)


def without(*places: tuple[int, int]) -> Matrix:
    rows = [[None if (k, j + 1) in places else value for j, value in enumerate(row)] for k, row in enumerate(FULL)]
    return matrix(tuple(tuple(row) for row in rows))


def nulls(measures: dict[str, Measure]) -> set[str]:
    return {name for name, measure in measures.items() if measure.value is None}


def test_published_matrix_gives_the_numbers_of_the_paper() -> None:
    measures = measure_all(Matrix.from_csv(PUBLISHED))
    found = {name: round(measures[name].value or 0.0, 2) for name in ("last", "ap", "bwt")}
    assert found == {"last": 57.42, "ap": 53.91, "bwt": 0.37}
    assert measures["forgetting"].value == pytest.approx((54.17 + 59.55 + 58.43 + 50.74 + 69.71 - 271.13) / 5)
    assert "R[1, 2] (HC3 after 1 task) is missing" in str(measures["fwt"].reason)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", (40 + 75 + 90) / 3),
        ("ap", (50 + (60 + 70) / 2 + (40 + 75 + 90) / 3) / 3),
        ("bwt", ((40 - 50) + (75 - 70)) / 2),
        ("forgetting", ((60 - 40) + (70 - 75)) / 2),
        ("fwt", ((26 - 20) + (34 - 30)) / 2),
        ("plasticity", ((50 - 52) + (70 - 71) + (90 - 81)) / 3),
        ("avoidable_forgetting", ((65 - 40) + (80 - 75) + (95 - 90)) / 3),
        ("gap_closed", (205 / 3 - 20) / (80 - 20)),
        ("forgotten_per_gained", (10 + 0) / (40 + 44 + 56)),
    ],
)
def test_each_metric_equals_its_value_by_hand(name: str, expected: float) -> None:
    assert measure_all(matrix(), REFERENCES)[name].value == pytest.approx(expected, rel=1e-12)


def test_every_metric_is_listed_once_with_formula() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS) == 9
    assert all(metric.formula for metric in METRICS)


@pytest.mark.parametrize(
    ("place", "lost"),
    [
        ((3, 1), {"last", "ap", "bwt", "forgetting", "avoidable_forgetting", "gap_closed", "forgotten_per_gained"}),
        ((2, 1), {"ap", "forgetting"}),
        ((2, 2), {"ap", "bwt", "forgetting", "plasticity", "forgotten_per_gained"}),
        ((0, 1), {"gap_closed", "forgotten_per_gained"}),
        ((0, 2), {"fwt", "gap_closed"}),
        ((1, 3), set()),
        ((2, 3), {"fwt", "forgotten_per_gained"}),
    ],
)
def test_a_missing_cell_makes_null_exactly_what_needs_it_and_is_named(place: tuple[int, int], lost: set[str]) -> None:
    measures = measure_all(without(place), REFERENCES)
    assert nulls(measures) == lost
    assert all(f"R[{place[0]}, {place[1]}]" in str(measures[name].reason) for name in lost)


def test_corners_give_every_metric_whose_cells_are_there() -> None:
    measures = measure_all(without((1, 2), (1, 3), (2, 1), (2, 3)), REFERENCES)
    assert nulls(measures) == {"ap", "forgetting", "fwt", "forgotten_per_gained"}


def test_the_reason_of_a_missing_cell_is_passed_on() -> None:
    cells = [Cell(k, task, 1.0) for k in range(4) for task in TASKS if (k, task) != (3, "b")]
    measures = measure_all(Matrix.from_cells(TASKS, [*cells, Cell(3, "b", None, "judge refused")]))
    assert measures["last"].reason == "R[3, 2] (b after 3 tasks) is missing: judge refused"


def test_one_task_has_no_forgetting_rather_than_none_of_it() -> None:
    measures = measure_all(Matrix(("a",), ((10.0,), (50.0,))), References({"a": 50.0}, {"a": 60.0}))
    assert nulls(measures) == {"bwt", "forgetting", "fwt", "forgotten_per_gained"}
    assert measures["bwt"].reason == "there is only one task (T = 1)"
    assert measures["gap_closed"].value == pytest.approx(0.8)


def test_isolated_run_has_last_from_its_diagonal_and_nothing_else() -> None:
    diagonal = ((None,) * 3, (52.0, None, None), (None, 71.0, None), (None, None, 81.0))
    measures = measure_all(matrix(diagonal, "isolated"), REFERENCES)
    assert measures["last"].value == pytest.approx(68.0)
    assert nulls(measures) == {metric.name for metric in METRICS} - {"last"}


def test_a_sequential_run_that_hides_its_last_row_is_not_scored_by_its_diagonal() -> None:
    diagonal = ((None,) * 3, (52.0, None, None), (None, 71.0, None), (None, None, 81.0))
    assert measure_all(matrix(diagonal))["last"].value is None


def test_joint_run_has_what_its_last_row_gives() -> None:
    rows = (FULL[0], (None,) * 3, (None,) * 3, (65.0, 80.0, 95.0))
    measures = measure_all(matrix(rows, "joint"), REFERENCES)
    assert measures["last"].value == pytest.approx(80.0)
    assert nulls(measures) >= {"ap", "bwt", "forgetting", "fwt", "plasticity", "forgotten_per_gained"}


def test_nothing_gained_is_said_rather_than_divided_by() -> None:
    rows = ((50.0, 50.0), (40.0, 45.0), (30.0, 45.0))
    assert measure_all(matrix(rows))["forgotten_per_gained"] == Measure(None, "no gain")
    rounding = ((1.0, 0.0), (1.0, 0.0), (0.0, 5e-324))
    assert measure_all(matrix(rounding))["forgotten_per_gained"] == Measure(None, "no gain")


def test_gap_within_its_standard_error_is_null() -> None:
    wide = References(mtl=REFERENCES.mtl, gap_standard_error=60.0)
    narrow = References(mtl=REFERENCES.mtl, gap_standard_error=59.9)
    assert "within its standard error" in str(measure_all(matrix(), wide)["gap_closed"].reason)
    assert measure_all(matrix(), narrow)["gap_closed"].value is not None


def test_a_gap_of_rounding_error_is_no_gap() -> None:
    rows = ((0.1, 0.2), (0.5, 0.5), (0.5, 0.5))
    measure = measure_all(matrix(rows), References(mtl={"a": 0.3, "b": 1e-17}))["gap_closed"]
    assert measure.value is None


def test_reference_without_a_task_names_it() -> None:
    measures = measure_all(matrix(), References(stl={"a": 1.0, "b": None}, mtl={"a": 1.0, "b": 2.0}))
    assert measures["plasticity"].reason == "STL has no number for b"
    assert measures["avoidable_forgetting"].reason == "MTL has no number for c"
    assert measure_all(matrix())["plasticity"].reason == "no STL run to compare with"


def test_unbounded_quantities_are_never_averaged_over_tasks() -> None:
    assert nulls(measure_all(matrix(), REFERENCES, bounded=False)) == {metric.name for metric in METRICS}


@pytest.mark.parametrize(("value", "reason"), [(None, None), (1.0, "why"), (float("nan"), None)])
def test_a_measure_is_a_finite_number_or_a_reason(value: float | None, reason: str | None) -> None:
    with pytest.raises(ValueError, match="measure"):
        Measure(value, reason)


@given(st.lists(st.lists(st.floats(-100, 100), min_size=4, max_size=4), min_size=5, max_size=5), st.floats(-50, 50))
def test_differences_do_not_change_when_all_numbers_shift(rows: list[list[float]], shift: float) -> None:
    names = ("bwt", "forgetting", "fwt")
    tasks = ("a", "b", "c", "d")
    before = measure_all(Matrix(tasks, tuple(tuple(row) for row in rows)))
    after = measure_all(Matrix(tasks, tuple(tuple(value + shift for value in row) for row in rows)))
    assert [after[name].value for name in names] == pytest.approx([before[name].value for name in names], abs=1e-9)
    assert (before["forgetting"].value or 0.0) >= -(before["bwt"].value or 0.0) - 1e-9
