"""A rater at the page in a real browser, who has nothing but a keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browsing import READY, Seen, browser
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import TimeoutError as TookTooLong

from lifealign_bench.judges.human.store import StudyFile
from lifealign_bench.judges.human.study import Question
from study_boards import METHODS

PATIENCE_MS = 120_000


@contextmanager
def patient_browser() -> Iterator[BrowserContext]:
    """A browser that waits long: cores may be shared with much else, and what is waited for comes, if late."""
    with browser() as opened:
        context = opened.new_context()
        context.set_default_timeout(PATIENCE_MS)
        yield context


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
