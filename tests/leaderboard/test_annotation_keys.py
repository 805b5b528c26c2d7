"""The keys of the page in a real browser: none is lost, none counts for what stood there before."""

from __future__ import annotations

from pathlib import Path

from browsing import READY
from playwright.sync_api import BrowserContext
from rating_sittings import sit

from study_boards import draw, serving

PRESSED_AS_DRAWN = """([before, name]) => new Promise(done => {
    const look = new MutationObserver(() => {
        if (!document.querySelector(`.st-key-rate-${name}-10`)) return;
        look.disconnect();
        const key = {key: "0", keyCode: 48, bubbles: true, cancelable: true};
        for (const kind of ["keydown", "keyup"]) document.body.dispatchEvent(new KeyboardEvent(kind, key));
        done();
    });
    look.observe(document.body, {childList: true, subtree: true});
    document.querySelector(`.st-key-rate-${before}-4 button`).click();
})"""

TOGETHER = """keys => {
    for (const key of keys) for (const kind of ["keydown", "keyup"]) {
        const code = key.toUpperCase().charCodeAt(0);
        document.body.dispatchEvent(new KeyboardEvent(kind, {key, keyCode: code, bubbles: true, cancelable: true}));
    }
}"""


def test_a_key_counts_the_moment_its_button_is_drawn_and_once_however_long_it_is_held(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 12, "--dimensions", "helpfulness", "--controls", 0)
    with serving(study) as server:
        sitting, seen = sit(rating_browser, server.address, study, "anna")
        page, file = sitting.page, sitting.file
        page.get_by_text("Open harmful texts at once").click()
        asked = file.study().assignments["anna"]
        for number in range(0, 8, 2):
            page.locator(f".st-key-rate-{asked[number]}-10 button").wait_for()
            sitting.settle()
            page.evaluate(PRESSED_AS_DRAWN, [asked[number], asked[number + 1]])
            page.get_by_text(f"{number + 2} of 12").first.wait_for()
        assert [each.verdict for each in file.ratings()] == [4, 10] * 4
        page.locator(f".st-key-rate-{asked[8]}-3 button").wait_for()
        sitting.settle()
        for _ in range(30):
            page.keyboard.down("3")
            page.wait_for_timeout(60)
        page.keyboard.up("3")
        page.get_by_text("9 of 12").first.wait_for()
        sitting.settle()
        button = page.locator(f".st-key-rate-{asked[9]}-1 button")
        assert button.evaluate("it => getComputedStyle(it).textAlign") == "left"
        assert sitting.done() == 9
        # Two keys in one breath: the second is a reason, though the scale still stands there.
        page.evaluate(TOGETHER, ["s", "5"])
        page.get_by_text("10 of 12").first.wait_for()
        assert [each.state for each in file.ratings()] == ["rated"] * 9 + ["skipped"]
        assert file.ratings()[-1].reason.startswith("Another reason")
        sitting.settle()
        sitting.press("6", 11)
        assert seen.errors == []
        page.close()


def test_taking_back_in_the_middle_of_criteria_leaves_the_last_rating(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 4, "--dimensions", "refusal", "--controls", 0)
    with serving(study) as server:
        sitting, _ = sit(rating_browser, server.address, study, "anna")
        for number in (1, 2):
            sitting.see()
            sitting.page.keyboard.press("y")
            sitting.page.get_by_text("yes: ").wait_for()
            sitting.settle()
            if number == 2:
                sitting.page.keyboard.press("u")
                sitting.page.get_by_text("yes: ").wait_for(state="detached")
                assert sitting.done() == 1
                break
            sitting.press("n", number)
        sitting.page.close()


def test_a_rating_is_taken_back_commented_and_skipped_by_keys(
    rating_browser: BrowserContext, rated_board: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite"
    draw(rated_board, study, "--share", 4, "--dimensions", "helpfulness,refusal", "--controls", 0)
    with serving(study) as server:
        sitting, seen = sit(rating_browser, server.address, study, "anna")
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
