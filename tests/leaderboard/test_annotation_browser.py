"""The page in a real browser: two raters, whole sessions by keys alone, on one store at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browsing import READY, Seen, browser
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import TimeoutError as TookTooLong

from lifealign_bench.judges.human.store import StudyFile
from lifealign_bench.judges.human.study import Question
from study_boards import METHODS, draw, hostile_board, serving

PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserContext]:
    with browser() as opened:
        context = opened.new_context()
        # Two cores may be shared with much else: what is waited for comes, if late.
        context.set_default_timeout(PATIENCE_MS)
        yield context


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_board(tmp_path_factory.mktemp("board"))


@dataclass
class Sitting:
    """One rater at the page, who has nothing but a keyboard; frames: all bytes that came over the wire."""

    page: Page
    address: str
    rater: str
    file: StudyFile
    frames: list[bytes] = field(default_factory=list)

    def open(self) -> None:
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._came))
        self.page.goto(f"{self.address}/?rater={self.rater}")
        self.page.wait_for_selector(READY)

    def _came(self, payload: bytes | str) -> None:
        self.frames.append(payload if isinstance(payload, bytes) else payload.encode())

    def agree(self) -> None:
        self.page.get_by_text("I have read this and take part").wait_for()
        self.settle()
        self.page.keyboard.press("Enter")
        self.page.get_by_text("0 of ").wait_for()

    def press(self, key: str, done: int) -> None:
        """Press a key and wait until the page says that so many are done."""
        self.page.keyboard.press(key)
        try:
            self.page.get_by_text(f"{done} of ").first.wait_for()
        except TookTooLong:
            pytest.fail(f"{key!r} did not lead to {done} done: {self.page.inner_text('body')}")
        self.page.wait_for_selector(READY)

    def see(self) -> Question:
        """The question that the store says comes next, once it stands on the page with its scale."""
        question = self.file.next_of(self.rater)
        assert question is not None
        scale = ", ".join(f"[class*='st-key-{kind}-{question.id}']" for kind in ("rate", "Yes"))
        folded = f".st-key-open-{question.id}"
        self.page.locator(f"{scale}, {folded}").first.wait_for()
        if self.page.locator(folded).count():
            self.settle()
            self.page.keyboard.press("o")
            self.page.locator(scale).first.wait_for()
        self.settle()
        return question

    def settle(self) -> None:
        """Wait until the page is whole and listens to keys, which it does once the browser has painted it."""
        self.page.wait_for_selector(READY)
        painted = "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20)))"
        self.page.evaluate(f"() => new Promise(done => {painted})")

    def look(self) -> None:
        """Nothing of the answers ran or was markup, and no method is named."""
        assert self.page.evaluate("window.hacked") is None
        assert self.page.locator("a[href^='https://evil'], a[href^='javascript'], img[src='x']").count() == 0
        shown = self.page.content()
        assert not [name for name in METHODS if name in shown]

    def done(self) -> int:
        return self.file.progress_of(self.rater).done


def sit(chromium: BrowserContext, address: str, study: Path, rater: str) -> tuple[Sitting, Seen]:
    page, seen = chromium.new_page(), Seen((address, address.replace("http", "ws")))
    seen.watch(page)
    sitting = Sitting(page, address, rater, StudyFile(study))
    sitting.open()
    sitting.agree()
    return sitting, seen


def test_two_raters_rate_forty_items_each_at_once_by_keys(
    chromium: BrowserContext, board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(board, study, "--share", 20, "--dimensions", "helpfulness,safety", "--controls", 0)
    keys = "1234567890"
    with serving(study) as server:
        both = [sit(chromium, server.address, study, rater) for rater in ("anna", "ben")]
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
    chromium: BrowserContext, board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(
        *(board, study, "--share", 20, "--dimensions", "helpfulness", "--pairwise", "base", "--controls", 0),
        *("--raters", "anna,ben"),
    )
    choices = {"1": "first", "2": "second", "3": "tie"}
    with serving(study) as server:
        both = [sit(chromium, server.address, study, rater) for rater in ("anna", "ben")]
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


def test_a_rating_is_taken_back_commented_and_skipped_by_keys(
    chromium: BrowserContext, board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(board, study, "--share", 4, "--dimensions", "helpfulness,refusal", "--controls", 0)
    with serving(study) as server:
        sitting, seen = sit(chromium, server.address, study, "anna")
        page, file = sitting.page, sitting.file

        def answer(key: str, number: int) -> None:
            question = sitting.see()
            if question.dimension == "refusal":
                page.keyboard.press("y")
                page.get_by_text("yes: ").wait_for()
                sitting.settle()
                sitting.press("n", number)
            else:
                sitting.press(key, number)

        answer("3", 1)
        sitting.see()
        sitting.press("u", 0)
        assert file.ratings() == ()
        answer("8", 1)
        sitting.see()
        page.keyboard.press("s")
        page.get_by_text("Why do you skip it?").wait_for()
        box = page.get_by_label("Comment")
        for _ in range(40):
            if box.evaluate("element => element === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.type("12 words: s u o 3")
        assert file.progress_of("anna").done == 1
        page.keyboard.press("Tab")
        page.wait_for_selector(READY)
        sitting.settle()
        sitting.press("2", 2)
        page.get_by_text("1 skipped").wait_for()
        skipped = file.ratings()[-1]
        assert (skipped.state, skipped.verdict, skipped.comment) == ("skipped", None, "12 words: s u o 3")
        assert skipped.reason == "The request or the answer cannot be understood"
        for number in range(3, file.progress_of("anna").total + 1):
            answer("7", number)
        page.get_by_text("All done").wait_for()
        assert seen.errors == []
        page.close()
    ratings = {each.question: each for each in file.ratings()}
    refusals = [
        ratings[q.id] for q in file.questions() if q.dimension == "refusal" and ratings[q.id].verdict is not None
    ]
    assert refusals
    assert {(each.verdict, each.raw) for each in refusals} == {(0, '{"declines": "yes", "withholds": "no"}')}


def test_a_rater_who_is_not_registered_sees_no_question(chromium: BrowserContext, board: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.sqlite"
    draw(board, study, "--share", 4, "--controls", 0)
    with serving(study, "--tokens-only") as server:
        for name in ("mallory", "anna"):
            page = chromium.new_page()
            page.goto(f"{server.address}/?rater={name}")
            page.get_by_text("is not registered in this study").wait_for()
            assert page.get_by_text("Before you begin").count() == 0
            page.close()
        page = chromium.new_page()
        page.goto(server.address)
        page.get_by_label("Your name or token").fill(StudyFile(study).rater("anna").token)
        page.keyboard.press("Enter")
        page.get_by_text("Before you begin").wait_for()
        page.close()
    assert StudyFile(study).ratings() == ()


def test_a_second_window_rates_nothing_twice(chromium: BrowserContext, board: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.sqlite"
    draw(board, study, "--share", 4, "--dimensions", "helpfulness", "--controls", 0)
    with serving(study) as server:
        one, _ = sit(chromium, server.address, study, "anna")
        other = Sitting(chromium.new_page(), server.address, "anna", one.file)
        other.open()
        other.page.get_by_text("0 of 4 done").wait_for()
        for sitting in (one, other):
            sitting.see()
        one.press("4", 1)
        other.press("9", 1)
        other.page.get_by_text("was rated before").wait_for()
    assert [each.verdict for each in StudyFile(study).ratings()] == [4]


def test_a_template_that_changed_stops_the_page_and_stores_nothing(
    chromium: BrowserContext, board: Path, tmp_path: Path
) -> None:
    from lifealign_bench.judges.templates import SHIPPED

    own = tmp_path / "own"
    own.mkdir()
    for path in SHIPPED.glob("*.yaml"):
        (own / path.name).write_bytes(path.read_bytes())
    study = tmp_path / "study.sqlite"
    draw(board, study, "--share", 4, "--dimensions", "helpfulness", "--controls", 0, "--templates", own)
    with serving(study) as server:
        sitting, _ = sit(chromium, server.address, study, "anna")
        sitting.see()
        sitting.press("4", 1)
        sitting.see()
        path = own / "helpfulness.a.yaml"
        path.write_text(path.read_text("utf-8").replace("Nothing of use", "Nothing at all"), "utf-8")
        sitting.page.keyboard.press("5")
        sitting.page.get_by_text("it changed since").first.wait_for()
        assert sitting.page.get_by_text("10 ·").count() == 0
    assert [each.verdict for each in StudyFile(study).ratings()] == [4]
