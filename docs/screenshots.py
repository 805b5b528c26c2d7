"""Draws the pictures of docs/screenshots from the board that ships: the main pages, light and dark, wide and narrow."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browsing import PATIENCE_S, READY, browser, served, visit

from lifealign_bench.leaderboard.shipped import board_folder

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(__file__).resolve().with_name("screenshots")
PAGES_WITHOUT_FIGURES = ("", "samples", "paper", "judges")
# Name of the file, address below the server, colours, width and height in pixels.
SHOTS = (
    ("start", "", "light", 1280, 900),
    ("ranking", "ranking", "light", 1280, 1150),
    ("matrix", "matrix?method=seqft&order=williams-5", "light", 1280, 1060),
    ("matrix-dark", "matrix?method=lifealign&order=williams-5", "dark", 1280, 1060),
    ("orders", "orders", "light", 1280, 900),
    ("compare", "compare?a=lifealign&b=seqft&measure=BWT", "light", 1280, 1300),
    ("samples", "samples?method=seqft&order=williams-5&prompts=harmless", "light", 1280, 1000),
    ("elsewhere", "elsewhere", "light", 1280, 1400),
    ("paper", "paper", "light", 1280, 1150),
    ("judges", "judges", "light", 1280, 1150),
    ("narrow", "ranking", "dark", 420, 900),
)


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served([board_folder()], Path(folder)) as server,
        browser() as opened,
    ):
        # One page for each ground: Streamlit's own files are loaded once.
        pages = {scheme: opened.new_page(color_scheme=scheme) for scheme in ("light", "dark")}  # type: ignore[arg-type]
        for name, address, scheme, width, height in SHOTS:
            page = pages[scheme]
            page.set_default_timeout(1000 * PATIENCE_S)
            page.set_viewport_size({"width": width, "height": height})
            visit(page, f"{server.address}/{address}", settle_ms=3000)
            page.wait_for_function("!document.querySelector('[data-testid=stSkeleton], #opening')")
            if address.partition("?")[0] not in PAGES_WITHOUT_FIGURES:
                page.locator(".js-plotly-plot .main-svg").first.wait_for()
            page.wait_for_selector(READY)
            page.wait_for_timeout(2000)
            page.screenshot(path=TARGET / f"{name}.png")
            sys.stdout.write(f"{TARGET.relative_to(ROOT) / name}.png\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
