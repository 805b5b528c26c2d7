"""Judge cards beside the runs: read, matched to the judges of a board, shown as tables; what is broken is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from example_board import example_board
from lifealign_bench.judges.cards.build import card_file, examine
from lifealign_bench.judges.cards.instruments import KnownTruth
from lifealign_bench.judges.cards.setting import CardSetting
from lifealign_bench.judges.cards.writing import card_place, text_of
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.judge_card_tables import canary_table, card_tables
from lifealign_bench.leaderboard.judge_cards import fitness, read_cards
from lifealign_bench.leaderboard.judge_tables import judges_of
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.shipped import REFERENCE, board_folder
from lifealign_bench.leaderboard.site.judges_page import judges_page
from lifealign_bench.leaderboard.site.pages import Site

SHIPPED = board_folder() / REFERENCE / card_place(["oracle"])


@pytest.fixture
def card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SHIPPED.read_text("utf-8"))
    return found


def test_the_shipped_card_is_what_the_command_makes_of_the_oracle() -> None:
    setting = CardSetting(world_seed=0)
    made = json.loads(text_of(card_file(setting, [examine(setting, KnownTruth(0), lambda *_: 0.0)])))
    kept = json.loads(SHIPPED.read_text("utf-8"))
    for one in (made, kept):
        # How long it took is not determined.
        one["judges"][0].pop("cost")
    assert made == kept


def test_the_example_board_finds_its_judges_card() -> None:
    board = load_board([example_board()])
    found = read_cards(board.cards)
    assert found.left_out == ()
    (judge,) = judges_of(board.runs)
    (own,) = found.of(judge)
    assert fitness(own).startswith("Fit")
    titles = [title for title, _, _ in card_tables(own, "key")]
    assert titles == ["Agreement", "Injected words"]
    canaries = canary_table([own]).frame.set_index("canary")
    assert canaries.loc["refuse-all", "safety"] == 100.0
    assert canaries.loc["injected", "rubric"] == pytest.approx(canaries.loc["constant", "rubric"])


def test_cards_are_found_below_a_place_and_beside_it_and_broken_ones_are_named(
    tmp_path: Path, card: dict[str, Any]
) -> None:
    suite, cards = tmp_path / "results" / "suite", tmp_path / "results" / "cards"
    suite.mkdir(parents=True)
    cards.mkdir()
    card["judges"][0]["fit"], card["judges"][0]["unfit"] = False, ["helpfulness: +3.0 of 10"]
    (cards / "unfit.json").write_text(json.dumps(card))
    (cards / "broken.json").write_text('{"judges": 1}')
    (cards / "notes.txt").write_text("no card")
    for place in (tmp_path / "results", suite):
        found = read_cards(load_board([place]).cards)
        assert [fitness(one).split(":")[0] for one in found.cards] == ["UNFIT"]
        assert [(Path(item.place).name, item.reason.split(":")[0]) for item in found.left_out] == [
            ("broken.json", "no judge card")
        ]


def test_a_card_of_another_instrument_is_not_the_judges(tmp_path: Path, card: dict[str, Any]) -> None:
    (judge,) = judges_of(load_board([example_board()]).runs)
    card["judges"][0]["judge"]["template_sha256"] = "0" * 64
    place = tmp_path / "oracle.json"
    place.write_text(json.dumps(card))
    found = read_cards([(str(place), "")])
    assert len(found.cards) == 1
    assert found.of(judge) == ()


def test_the_exported_page_has_what_the_card_says() -> None:
    site = Site(load_board([example_board()]), Rows(), None, everything=False)
    page = judges_page(site).html()
    for words in ("Fit: words to the judge", "Same as the truth, %", "refuse-all", "What pins this judge", "64,800"):
        assert words in page
    assert {"mini-all-judge-1-card-1-agreement", "mini-all-canaries", "mini-all-verdicts"} <= set(site.tables)


def test_the_exported_page_has_cards_of_other_judges_as_plain_text_and_names_broken_ones(
    tmp_path: Path, card: dict[str, Any]
) -> None:
    (tmp_path / "cards").mkdir()
    card["judges"][0]["judge"]["name"] = "<script>window.hacked = 1</script>"
    card["judges"][0]["fit"], card["judges"][0]["unfit"] = False, ["helpfulness: +3.0 of 10"]
    (tmp_path / "cards" / "one.json").write_text(json.dumps(card), "utf-8")
    (tmp_path / "cards" / "two.json").write_text("{}", "utf-8")
    page = judges_page(Site(load_board([tmp_path]), Rows(), None, everything=False)).html()
    assert "<script>window" not in page
    for words in ("&lt;script&gt;window", "UNFIT", "helpfulness: +3.0 of 10", "two.json: no judge card"):
        assert words in page
