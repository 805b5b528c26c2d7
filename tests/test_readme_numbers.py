"""Numbers and figure of README.md and docs/reproduction.md are those of the results that ship."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from docs_scripts import docs_script
from example_board import example_board
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.paper.choices import AS_DEFINED, runs_of_choices
from lifealign_bench.leaderboard.paper.choices import CHOICES as KNOWN
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.shipped import board_folder

ROOT = Path(__file__).resolve().parents[1]
CHOICES = ROOT / "docs" / "choices"


@pytest.fixture(scope="module")
def rebuild() -> Iterator[ModuleType]:
    with docs_script("rebuild") as script:
        yield script


def test_every_number_is_as_the_shipped_results_give_it(rebuild: ModuleType) -> None:
    made = rebuild.parts()
    pages = {page: page.read_text("utf-8") for page in rebuild.PAGES}
    named = [found["name"] for text in pages.values() for found in rebuild.PART.finditer(text)]
    assert sorted(named) == sorted(made)
    for page, text in pages.items():
        assert rebuild.refreshed(text, made) == text, f"make readme: {page.name}"


def test_the_figure_is_of_these_runs(rebuild: ModuleType) -> None:
    drawn = json.loads(rebuild.drawn(rebuild.reference_runs()))
    assert drawn == json.loads(rebuild.DRAWN.read_text("utf-8")), "make readme"
    assert rebuild.FIGURE.read_bytes().startswith(b"\x89PNG")


def test_a_number_that_was_changed_by_hand_is_noticed(rebuild: ModuleType) -> None:
    text = "<!-- numbers: claims -->\n29 of 29.\n<!-- end -->"
    assert rebuild.refreshed(text, {"claims": "28 of 29.\n"}) == "<!-- numbers: claims -->\n28 of 29.\n<!-- end -->"


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {key: leaf for name, one in value.items() for key, leaf in leaves(one, f"{place}.{name}").items()}
    return {place: value}


@pytest.mark.parametrize("name", [choice.suite for choice in KNOWN])
def test_each_choice_differs_from_the_protocol_in_one_field(name: str) -> None:
    suites = [yaml.safe_load((CHOICES / f"{suite}.yaml").read_text("utf-8")) for suite in (AS_DEFINED, name)]
    first, second = (leaves(suite) for suite in suites)
    differing = {key for key in first | second if first.get(key) != second.get(key)}
    assert len(differing - {".name", ".description"}) == 1
    assert suites[1]["name"] == name


def test_a_choice_that_was_measured_has_runs_of_every_method_that_it_can_touch() -> None:
    runs = runs_of_choices(CHOICES / "results")
    measured = [choice for choice in KNOWN if choice.suite in runs]
    assert AS_DEFINED in runs
    assert len(measured) >= 3
    assert all(set(choice.methods) <= {run.entry.label for run in runs[choice.suite]} for choice in measured)


def test_the_page_says_which_choices_were_not_measured() -> None:
    runs = runs_of_choices(CHOICES / "results")
    said = (ROOT / "docs" / "reproduction.md").read_text("utf-8").partition("Not measured yet: ")[2].partition(".\n")[0]
    assert {name for name in (choice.suite for choice in KNOWN) if f"`{name}`" in said} == {
        choice.suite for choice in KNOWN if choice.suite not in runs
    }


def test_what_is_kept_of_other_worlds_is_what_their_results_say(rebuild: ModuleType) -> None:
    worlds = importlib.import_module("rebuild_worlds")
    found = worlds.world_of(str(example_board()))
    assert (found["suite"], found["orders"], found["seeds"], found["runs"]) == ("mini-all", 3, 1, 24)
    frame = ranking(load_board([example_board()]).runs, "rubric").set_index("method")
    means = found["means"]["rubric"]
    assert means["last"] == pytest.approx(frame.loc[list(means["last"]), "last"].to_dict())
    assert means["bwt"] == pytest.approx(frame.loc[list(means["bwt"]), "bwt"].to_dict())
    with pytest.raises(InputError, match="one"):
        worlds.world_of(str(board_folder()))
