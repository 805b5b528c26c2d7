"""The page in a real browser: two raters, whole sessions by keys alone, on one store at once."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext
from rating_sittings import Sitting, sit

from lifealign_bench.judges.human.store import StudyFile
from study_boards import METHODS, draw, serving


def test_two_raters_rate_forty_items_each_at_once_by_keys(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 20, "--dimensions", "helpfulness,safety", "--controls", 0)
    keys = "1234567890"
    with serving(study) as server:
        both = [sit(rating_browser, server.address, study, rater) for rater in ("anna", "ben")]
        given: dict[str, dict[str, int]] = {"anna": {}, "ben": {}}
        for number in range(40):
            for sitting, _ in both:
                question = sitting.see()
                if number % 10 == 0:
                    sitting.look()
                if number == 20:
                    sitting.page.reload()
                    sitting.page.get_by_text("20 of 40 done").wait_for()
                    sitting.see()
                key = keys[(number * 3 + len(sitting.rater)) % 10]
                sitting.press(key, number + 1)
                given[sitting.rater][question.id] = int(key) or 10
        for sitting, seen in both:
            sitting.page.get_by_text("All done").wait_for()
            sitting.look()
            wire = b"".join(sitting.frames)
            assert not [name for name in METHODS if name.encode() in wire]
            assert seen.errors == []
            assert seen.foreign == []
            sitting.page.close()
    kept = {(each.rater, each.question): each.verdict for each in StudyFile(study).ratings()}
    assert kept == {(rater, name): verdict for rater, own in given.items() for name, verdict in own.items()}
    numbers = [each.number for each in StudyFile(study).ratings() if each.rater == "anna"]
    assert numbers == list(range(1, 41))


def test_two_raters_compare_forty_pairs_of_answers_by_keys(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(
        *(rated_board, study, "--share", 20, "--dimensions", "helpfulness", "--pairwise", "base", "--controls", 0),
        *("--raters", "anna,ben"),
    )
    choices = {"1": "first", "2": "second", "3": "tie"}
    with serving(study) as server:
        both = [sit(rating_browser, server.address, study, rater) for rater in ("anna", "ben")]
        given: dict[tuple[str, str], str] = {}
        for number in range(40):
            for sitting, _ in both:
                question = sitting.see()
                if number == 13:
                    sitting.page.reload()
                    sitting.page.get_by_text("13 of 40 done").wait_for()
                    sitting.see()
                    sitting.look()
                key = "123"[(number + len(sitting.rater)) % 3]
                sitting.press(key, number + 1)
                given[sitting.rater, question.id] = choices[key]
        for sitting, seen in both:
            sitting.page.get_by_text("All done").wait_for()
            assert not [name for name in METHODS if name.encode() in b"".join(sitting.frames)]
            assert seen.errors == []
            sitting.page.close()
    file = StudyFile(study)
    assert {(each.rater, each.question): each.verdict for each in file.ratings()} == given
    places = {question.unit: set[int]() for question in file.questions()}
    for question in file.questions():
        places[question.unit].add(question.place)
    assert set(map(frozenset, places.values())) == {frozenset((0, 1))}


def test_a_rater_who_is_not_registered_sees_no_question(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 4, "--controls", 0)
    with serving(study, "--tokens-only") as server:
        for name in ("mallory", "anna"):
            page = rating_browser.new_page()
            page.goto(f"{server.address}/?rater={name}")
            page.get_by_text("is not registered in this study").wait_for()
            assert page.get_by_text("Before you begin").count() == 0
            page.close()
        page = rating_browser.new_page()
        page.goto(server.address)
        page.get_by_label("Your name or token").fill(StudyFile(study).rater("anna").token)
        page.keyboard.press("Enter")
        page.get_by_text("Before you begin").wait_for()
        page.close()
    assert StudyFile(study).ratings() == ()


def test_a_second_window_rates_nothing_twice(rating_browser: BrowserContext, rated_board: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 4, "--dimensions", "helpfulness", "--controls", 0)
    with serving(study) as server:
        one, _ = sit(rating_browser, server.address, study, "anna")
        other = Sitting(rating_browser.new_page(), server.address, "anna", one.file)
        other.open()
        other.page.get_by_text("0 of 4 done").wait_for()
        for sitting in (one, other):
            sitting.see()
        one.press("4", 1)
        other.press("9", 1)
        other.page.get_by_text("was rated before").wait_for()
    assert [each.verdict for each in StudyFile(study).ratings()] == [4]


def test_a_template_that_changed_stops_the_page_and_stores_nothing(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    from lifealign_bench.judges.templates import SHIPPED

    own = tmp_path / "own"
    own.mkdir()
    for path in SHIPPED.glob("*.yaml"):
        (own / path.name).write_bytes(path.read_bytes())
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 4, "--dimensions", "helpfulness", "--controls", 0, "--templates", own)
    with serving(study) as server:
        sitting, _ = sit(rating_browser, server.address, study, "anna")
        sitting.see()
        sitting.press("4", 1)
        sitting.see()
        path = own / "helpfulness.a.yaml"
        path.write_text(path.read_text("utf-8").replace("Nothing of use", "Nothing at all"), "utf-8")
        sitting.page.keyboard.press("5")
        sitting.page.get_by_text("it changed since").first.wait_for()
        assert sitting.page.get_by_text("10 ·").count() == 0
    assert [each.verdict for each in StudyFile(study).ratings()] == [4]
