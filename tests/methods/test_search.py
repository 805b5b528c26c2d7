from dataclasses import dataclass
from typing import ClassVar

import pytest

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.methods import (
    Choices,
    FloatRange,
    IntRange,
    Method,
    MethodConfig,
    MethodSpec,
    SearchSpace,
    find_method,
    method_names,
    search_space,
)


def method(space):
    @dataclass(frozen=True, kw_only=True)
    class Config(MethodConfig):
        rate: float = 0.5
        depth: int = 2
        search_space: ClassVar[SearchSpace] = space

    return type(
        "Mine", (Method,), {"spec": MethodSpec(name="mine", version="1", title="M", paper="-"), "Config": Config}
    )


@pytest.mark.parametrize("name", method_names())
def test_every_methods_space_holds_its_defaults_and_is_accepted_at_its_ends(name):
    found = find_method(name).method
    for field, dimension in search_space(found).items():
        for value in (dimension.low, dimension.high):
            assert getattr(found.from_mapping({field: value}).config, field) == value


def test_all_but_the_references_and_seqft_declare_a_space():
    spaces = {name: set(search_space(find_method(name).method)) for name in method_names()}
    assert {name: space for name, space in spaces.items() if space} == {
        "er": {"buffer_fraction"},
        "ewc": {"strength"},
        "gem": {"buffer_fraction", "margin"},
        "l2p": {"length", "pull"},
        "olora": {"strength"},
        "cppo": {"drift"},
        "lifealign": {"buffer_fraction", "gamma", "theta", "keep"},
    }


def test_what_is_fixed_is_not_searched():
    mine = method({"rate": FloatRange(0, 1), "depth": IntRange(1, 3)})
    assert set(search_space(mine, {"rate": 0.1})) == {"depth"}


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ({"raet": FloatRange(0, 1)}, "did you mean rate"),
        ({"rate": FloatRange(0.6, 1)}, "found 0.6 to 1 for a default of 0.5"),
        ({"depth": Choices((4, 8))}, "found 4 or 8 for a default of 2"),
        ({"rate": (0, 1)}, r"rate: found \(0, 1\), expected a FloatRange"),
    ],
)
def test_a_space_that_does_not_fit_the_config_is_one_clear_error(space, expected):
    with pytest.raises(InputError, match=expected):
        search_space(method(space))


def test_an_unknown_field_is_an_unknown_name():
    with pytest.raises(UnknownNameError, match="search space of method mine: field"):
        search_space(method({"nothing": FloatRange(0, 1)}))


@pytest.mark.parametrize(
    "make",
    [
        lambda: FloatRange(1, 1),
        lambda: FloatRange(0, 1, log=True),
        lambda: FloatRange(0, float("inf")),
        lambda: IntRange(3, 2),
        lambda: Choices((1,)),
        lambda: Choices((1, 1)),
    ],
)
def test_an_empty_dimension_is_refused(make):
    with pytest.raises(InputError, match="search space"):
        make()
