"""CPPO's weights: running statistics, and the table of the four corners."""

import statistics

import pytest

from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.cppo import CPPO, Running


def test_running_statistics_are_those_of_all_values():
    values = [0.5, -3.0, 12.0, 4.5, 4.5]
    running = Running()
    running.add(values[:2])
    running.add(values[2:])
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    assert running.bounds == pytest.approx((mean - deviation, mean + deviation))


def test_a_single_pair_is_never_outside_of_the_bounds():
    method = CPPO()
    assert method._weights([5.0], [-1.0]) == [(1.0, 1.0)]


@pytest.mark.parametrize(
    ("margin", "likelihood", "expected"),
    [
        (9.0, 9.0, (2.0, 2.0)),
        (-9.0, 9.0, (2.0, 0.5)),
        (9.0, -9.0, (2.0, 0.5)),
        (-9.0, -9.0, (0.5, 0.5)),
        (0.0, 9.0, (1.0, 1.0)),
        (9.0, 0.0, (1.0, 1.0)),
        (0.0, 0.0, (1.0, 1.0)),
    ],
)
def test_the_corners_have_the_weights_of_the_table(margin, likelihood, expected):
    method = CPPO()
    method._weights([-1.0, 1.0] * 50, [-1.0, 1.0] * 50)
    assert method._weights([margin], [likelihood]) == [expected]


def test_micro_batches_of_one_still_reach_the_corners():
    method = CPPO()
    for value in [-1.0, 1.0] * 50:
        method._weights([value], [value])
    assert method._weights([9.0], [9.0]) == [(2.0, 2.0)]


@pytest.mark.parametrize(
    ("values", "field"), [({"drift": -0.1}, "drift"), ({"low": 0.0}, "low"), ({"high": 0.1}, "high")]
)
def test_a_wrong_setting_is_named(values, field):
    with pytest.raises(InputError) as caught:
        CPPO.from_mapping(values)
    assert caught.value.field == field
