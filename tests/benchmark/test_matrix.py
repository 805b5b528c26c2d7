"""Matrices, and reading those that others published."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lifealign_bench.benchmark.matrix import Cell, Matrix
from lifealign_bench.benchmark.matrix_csv import read_reference
from lifealign_bench.data.errors import InputError

EMPTY = (None, None)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "m.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,\n3,4\n",
        "a,b\n1\n3,4\n",
        "a,b\r\n1,-\r\n3,4\r\n",
        "\ufeffa;b\n1;n/a\n3;4\n",
        "a\tb\n1.0\tnan\n3e0\t+4\n",
        "step,a,b\n1,1,\n2,3,4\n",
        "Task,a,b\n1,1,\n2,3,4\n",
        ",a,b\nafter a,1,\nafter b,3,4\n",
        "run,a,b\nafter a,1,\nafter b,3,4\n",
        'a,"b"\n\n" 1 ",\n3,4,\n',
    ],
)
def test_the_ways_in_which_a_triangle_is_written_are_all_read(tmp_path: Path, text: str) -> None:
    matrix = Matrix.from_csv(write(tmp_path, text))
    assert matrix.tasks == ("a", "b")
    assert matrix.rows == (EMPTY, (1.0, None), (3.0, 4.0))


@pytest.mark.parametrize(
    "text", ["a,b\n9,8\n1,\n3,4\n", "k,a,b\n0,9,8\n1,1,\n2,3,4\n", ",a,b\nbase,9,8\nx,1,\ny,3,4\n"]
)
def test_one_row_more_than_tasks_is_row_0(tmp_path: Path, text: str) -> None:
    matrix = Matrix.from_csv(write(tmp_path, text))
    assert matrix.has_base
    assert matrix.rows == ((9.0, 8.0), (1.0, None), (3.0, 4.0))


def test_numbered_rows_may_be_left_out(tmp_path: Path) -> None:
    assert Matrix.from_csv(write(tmp_path, "step,a,b\n0,9,8\n2,3,4\n")).rows == ((9.0, 8.0), EMPTY, (3.0, 4.0))


def test_a_rectangle_keeps_the_cells_of_unseen_tasks(tmp_path: Path) -> None:
    assert Matrix.from_csv(write(tmp_path, "a,b\n1,2\n3,4\n")).value(1, 2) == 2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["header", "empty file"]),
        ("a,b\n", ["a header alone", "2 rows"]),
        ("a,b\n1,\n", ["rows: found 1", "2 (a row per step)"]),
        ("a,b\n1,\n2,3\n4,5\n6,7\n", ["rows: found 4"]),
        ("a,b\n1,\n3,4O\n", ["line 3, column 2 (b)", "'4O'"]),
        ("a,b\n1,\nx,4\n", ["line 3, column 1 (a)", "'x'"]),
        ("step,a,b\n1,1,\n2,3,inf\n", ["line 3, column 3 (b)", "'inf'", "finite"]),
        ("a,b\n1,\n3,1e999\n", ["line 3, column 2", "finite"]),
        ("a,b\n1,\n3,1_0\n", ["line 3, column 2", "'1_0'"]),
        ("a,b\n1,\n3,4,5\n", ["line 3, column 3", "no more than 2 cells"]),
        ("a,a\n1,\n3,4\n", ["line 1, column 2", "'a' again"]),
        ("a,b,\n1,,\n3,4,\n", ["line 1, column 3", "no name"]),
        ("1,2\n3,4\n", ["line 1", "names of the tasks"]),
        ("step,a,b\n1,1,\n3,3,4\n", ["line 3, column 1", "step 3", "none above 2"]),
        ("step,a,b\n2,1,\n1,3,4\n", ["line 3, column 1", "rising"]),
        ('a,b\n"1,\n3,4\n', ["line 3", "well-formed CSV"]),
        (b"a,b\n1,\xff\n", ["encoding", "byte 6"]),
    ],
)
def test_a_file_that_is_no_matrix_is_one_error_with_its_place(
    tmp_path: Path, text: str | bytes, words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        Matrix.from_csv(write(tmp_path, text))
    assert all(word in str(caught.value) for word in ["m.csv", *words]), str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Matrix.from_csv(tmp_path / "none.csv")


def test_cells_make_a_matrix_and_missing_ones_keep_their_reason() -> None:
    matrix = Matrix.from_cells(("a", "b"), [Cell(1, "a", 5.0), Cell(2, "b", None, "answers were cut")])
    assert matrix.rows == (EMPTY, (5.0, None), EMPTY)
    assert matrix.missing(2, 2).endswith("is missing: answers were cut")
    assert matrix.diagonal == {"a": 5.0, "b": None}
    assert matrix.last == {"a": None, "b": None}


def test_a_joint_matrix_says_why_it_has_no_stages() -> None:
    matrix = Matrix.from_cells(("a", "b"), [Cell(2, "a", 5.0)], "joint")
    assert "learned at once" in matrix.missing(1, 1)
    assert matrix.missing(2, 2) == "R[2, 2] (b after 2 tasks) is missing"
    assert matrix.missing(0, 1) == "R[0, 1] (a after 0 tasks) is missing"
    array = matrix.to_array()
    assert array.shape == (3, 2)
    assert math.isnan(array[0, 0])


@pytest.mark.parametrize("cells", [[Cell(3, "a", 1.0)], [Cell(1, "c", 1.0)], [Cell(1, "a", 1.0), Cell(1, "a", 1.0)]])
def test_cells_that_do_not_fit_are_refused(cells: list[Cell]) -> None:
    with pytest.raises(InputError, match="cell"):
        Matrix.from_cells(("a", "b"), cells)


@pytest.mark.parametrize(
    ("tasks", "rows"),
    [((), ((),)), (("a", "a"), ((1.0, 1.0),) * 3), (("a",), ((1.0,),)), (("a",), ((1.0,), (math.nan,)))],
)
def test_a_matrix_of_the_wrong_shape_is_refused(tasks: tuple[str, ...], rows: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(InputError):
        Matrix(tasks, rows)


def test_reference_numbers_are_matched_by_name_whatever_the_shape(tmp_path: Path) -> None:
    tasks = ("a", "b")
    row = write(tmp_path, "b,a\n7,5\n")
    assert read_reference(row, tasks, "isolated") == {"a": 5.0, "b": 7.0}
    full = write(tmp_path, "b,a\n7,1\n2,5\n")
    assert read_reference(full, tasks, "isolated") == {"a": 5.0, "b": 7.0}
    assert read_reference(full, tasks, "joint") == {"a": 5.0, "b": 2.0}
    with pytest.raises(InputError, match="column"):
        read_reference(full, ("a", "c"), "joint")
