"""Strict JSON: a key that stands twice is found, however many keys there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lifealign_bench.benchmark.strict_reading import _once, read_json
from lifealign_bench.data.errors import InputError


class Counting(str):
    """A text that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counting.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_key_that_stands_twice_late_is_found_without_comparing_all_with_all() -> None:
    pairs: list[tuple[str, object]] = [(Counting(f"k{place}"), 0) for place in range(2_000)]
    with pytest.raises(ValueError, match="k1999"):
        _once([*pairs, (Counting("k1999"), 0)])
    assert Counting.compared < 20_000


def test_a_key_twice_is_an_error_and_each_key_once_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"a": 1, "b": {"c": 1}}', "utf-8")
    assert read_json(path)[1] == json.loads(path.read_text("utf-8"))
    path.write_text('{"a": 1, "b": {"c": 1, "c": 2}}', "utf-8")
    with pytest.raises(InputError, match="'c' twice"):
        read_json(path)
