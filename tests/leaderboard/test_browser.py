"""The board in a real browser: every page on an empty, a friendly and a hostile board, and the exported pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import PATIENCE_S, Seen, Served, browser, served, visit
from playwright.sync_api import Browser, Page
from stored_boards import HOSTILE, SCRIPT, store_board

from example_board import example_board
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.queries import Rows
from lifealign_bench.leaderboard.site.writing import write_csv, write_html

"""A process beside the app computes what is waited for, and a busy machine gives it little."""
HEADINGS = {
    "": "What does a model keep?",
    "ranking": "Ranking",
    "matrix": "Forgetting matrix",
    "orders": "Order sensitivity",
    "compare": "Compare two methods",
    "samples": "Samples",
    "judges": "Judges",
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("hostile"), HOSTILE)


@pytest.fixture(scope="module")
def server(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served([hostile], tmp_path_factory.mktemp("server")) as running:
        yield running


def checked(page: Page, seen: Seen) -> None:
    """Nothing broke, nothing came from or went to another host, no script of the data ran."""
    assert page.locator('[data-testid="stException"]').count() == 0
    assert page.evaluate("window.hacked") is None
    assert seen.errors == []
    assert seen.foreign == []


def test_an_empty_board_is_a_page_that_says_what_to_do(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with served([tmp_path / "empty"], tmp_path) as server:
        page, seen = chromium.new_page(), Seen((server.address, server.address.replace("http", "ws")))
        seen.watch(page)
        for name in ("", "samples"):
            visit(page, f"{server.address}/{name}")
            assert page.get_by_text("There is nothing to show yet.").is_visible()
        checked(page, seen)
        page.close()


def test_a_newcomer_goes_from_question_to_answer_by_clicks(chromium: Browser, tmp_path: Path) -> None:
    with served([example_board()], tmp_path) as server:
        page, seen = chromium.new_page(), Seen((server.address, server.address.replace("http", "ws")))
        seen.watch(page)
        visit(page, server.address)
        page.get_by_text("Synthetic world").wait_for()
        page.get_by_text("Compare the two").click()
        page.get_by_role("heading", name="Is the difference real?").wait_for()
        page.get_by_text("lifealign less er:").wait_for()
        page.get_by_text("Order sensitivity").first.click()
        page.get_by_role("heading", name="Do the rankings agree?").wait_for()
        page.get_by_text("Its answers that got worse there").click()
        page.get_by_text("biggest fall first").wait_for()
        assert "order=order2" in page.url
        link = page.url
        for name in ("ranking", "matrix", "judges"):
            visit(page, f"{server.address}/{name}")
            page.get_by_role("heading", name=HEADINGS[name], exact=True).wait_for()
        visit(page, link)
        page.get_by_text("lifealign, order2, seed 0").wait_for()
        checked(page, seen)
        assert not server.loaded("libtorch")
        page.close()


def test_every_page_of_a_hostile_board_is_plain_text_in_light_and_dark(chromium: Browser, server: Served) -> None:
    for scheme, width in (("light", 1280), ("dark", 420)):
        page = chromium.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
        seen = Seen((server.address, server.address.replace("http", "ws")))
        seen.watch(page)
        for name, heading in HEADINGS.items() if scheme == "light" else [("samples", "Samples")]:
            visit(page, f"{server.address}/{name}?show=every+answer")
            assert page.get_by_role("heading", name=heading, exact=True).is_visible()
            made = "a[href^='https://evil'], a[href^='javascript'], .stMain img[src*='evil'], img[src='x']"
            assert page.locator(made).count() == 0
            sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert sideways <= 0, name
            if name == "samples":
                assert page.get_by_text(SCRIPT).filter(visible=True).count() > 0
        ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 200) == (scheme == "dark"), ground
        checked(page, seen)
        page.close()


def test_tables_and_figures_are_saved(chromium: Browser, server: Served) -> None:
    page = chromium.new_page(accept_downloads=True)
    visit(page, f"{server.address}/ranking?picture=SVG")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert SCRIPT in [cell for row in rows for cell in row]
    assert any(cell.startswith("'=HYPERLINK") for row in rows for cell in row)
    with page.expect_download() as picture:
        page.locator(".modebar-btn").first.click()
    assert picture.value.suggested_filename.endswith(".svg")
    assert b"<svg" in picture.value.path().read_bytes()[:200]
    page.close()


def test_exported_pages_work_from_disk_and_hold_nothing_that_runs(
    chromium: Browser, hostile: Path, tmp_path: Path
) -> None:
    board = load_board([hostile])
    site = write_html(board, Rows(), tmp_path / "site", ["preference_accuracy"])
    page, seen = chromium.new_page(), Seen((f"file://{site}",))
    seen.watch(page)
    pages = [path for path in sorted(site.rglob("*.html")) if path.parent.name != "methods"]
    pages += sorted((site / "methods").glob("*.html"))[:2]
    for path in pages:
        page.goto(f"file://{path}", timeout=1000 * PATIENCE_S)
        page.wait_for_timeout(200)
        assert page.locator("h1").count() == 1
        places, drawn = page.locator("[data-figure]:visible").count(), page.locator(".main-svg:visible").count()
        assert drawn >= places, path.name
    checked(page, seen)
    text = "".join(path.read_text("utf-8") for path in site.rglob("*.html"))
    assert SCRIPT not in text
    assert "http://" not in text.replace("https://evil.example", "")
    page.close()


def test_exports_leave_out_harmful_and_restricted_texts_unless_asked(hostile: Path, tmp_path: Path) -> None:
    friendly = store_board(tmp_path / "friendly")
    board, rows = load_board([friendly]), Rows()
    some = write_csv(board, rows, tmp_path / "some", ["rubric"]) / "answers-that-got-worse.csv"
    everything = write_csv(board, rows, tmp_path / "all", ["rubric"], everything=True) / "answers-that-got-worse.csv"
    shown = list(csv.DictReader(io.StringIO(some.read_text("utf-8"))))
    assert {row["Texts left out because"] for row in shown} == {"", "licence does not allow passing it on"}
    assert all(not row["Prompt"] for row in shown if row["Texts left out because"])
    assert len(list(csv.DictReader(io.StringIO(everything.read_text("utf-8"))))) > len(shown)
