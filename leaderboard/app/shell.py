"""The frame around every page: title, navigation, filters, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd
import streamlit as st

from lifealign_bench.leaderboard.app.filters import choose
from lifealign_bench.leaderboard.app.later import Later
from lifealign_bench.leaderboard.app.source import Source, named_places, source_of
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty, show_table
from lifealign_bench.leaderboard.beside_reference import competing
from lifealign_bench.leaderboard.board import Board
from lifealign_bench.leaderboard.palette import ink
from lifealign_bench.leaderboard.shown import Column, Table
from lifealign_bench.leaderboard.visible import visible

PAGES: dict[str, tuple[str, str]] = {
    "start": ("Start", ":material/home:"),
    "ranking": ("Ranking", ":material/leaderboard:"),
    "matrix": ("Forgetting matrix", ":material/grid_on:"),
    "orders": ("Order sensitivity", ":material/shuffle:"),
    "compare": ("Compare", ":material/compare_arrows:"),
    "samples": ("Samples", ":material/chat:"),
    "elsewhere": ("Cost elsewhere", ":material/balance:"),
    "refusals": ("Refusals", ":material/shield:"),
    "variation": ("What varies", ":material/tune:"),
    "paper": ("The paper", ":material/article:"),
    "judges": ("Judges", ":material/gavel:"),
    "submit": ("Submit", ":material/upload:"),
}
SINGLE_RUNS = ("matrix", "samples")
"""Pages that show one run at a time: a reader's own copies of what ships are among them."""
ICON = Path(__file__).with_name("icon.png")
SYNTHETIC = (
    "**Synthetic world.** A small grammar made these tasks and an exact oracle judges the answers: "
    "numbers compare methods here, and say nothing about any real model."
)


def show() -> None:
    """Draw the page that the address asks for."""
    # An icon by name, here or of a page, would be fetched from another host.
    st.set_page_config(page_title="LifeAlign Bench", page_icon=str(ICON), layout="wide")
    pages = {name: _page(name) for name in PAGES}
    current = st.navigation(list(pages.values()), position="hidden")
    current.run()


def drawing_of(name: str) -> Callable[[View], None]:
    """What draws a page; its module, and what that needs, is loaded when the page is first asked for."""
    draw: Callable[[View], None] = import_module(f"lifealign_bench.leaderboard.app.page_{name}").draw
    return draw


def _page(name: str) -> st.Page:
    title = PAGES[name][0]
    return st.Page(_Drawn(name), title=f"{title} · LifeAlign Bench", url_path=name, default=name == "start")


class _Drawn:
    """A page as Streamlit calls it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__name__ = name

    def __call__(self) -> None:
        _draw(self.name)


def _draw(name: str) -> None:
    source = source_of(named_places())
    with st.spinner("Reading the results …", show_time=True):
        board = source.board()
    with st.sidebar:
        st.markdown("### LifeAlign Bench")
        links = st.container(gap="xxsmall")
        if board.runs:
            st.divider()
            chosen = choose(board.runs)
    if not board.runs:
        _links(links, {})
        st.title("LifeAlign Bench")
        _nothing(source, board)
        return
    _links(links, chosen.parameters)
    later = Later(source)
    dark = st.context.theme.type == "dark"
    copies = tuple(run for run in chosen.runs if run.entry.beside is not None)
    view = View(
        board=board,
        rows=source.rows,
        runs=chosen.runs if name in SINGLE_RUNS else competing(chosen.runs),
        metric=chosen.metric,
        ink=ink(dark),
        filters=chosen.parameters,
        go=_link(chosen.parameters),
        later=later,
        copies=copies,
    )
    if any(run.is_synthetic for run in chosen.runs):
        st.info(SYNTHETIC, icon=":material/science:")
    drawing_of(name)(view)
    _left_out(source, board)
    if later.wait():
        st.rerun()


def _links(place: st.delta_generator.DeltaGenerator, parameters: Mapping[str, str]) -> None:
    with place:
        for name, (title, icon) in PAGES.items():
            st.page_link(_page(name), label=title, icon=icon, query_params=dict(parameters), width="stretch")


def _link(parameters: Mapping[str, str]) -> Callable[[str, str, Mapping[str, str | None]], None]:
    """A function that draws a link to a page: its name, the words on it, query parameters of its own."""

    def go(name: str, words: str, own: Mapping[str, str | None]) -> None:
        wanted = {**parameters, **{key: value for key, value in own.items() if value is not None}}
        st.page_link(_page(name), label=words, icon=PAGES[name][1], query_params=wanted)

    return go


def _nothing(source: Source, board: Board) -> None:
    empty("There is nothing to show yet.", "No finished run was found here:")
    for place in source.places:
        st.code(visible(place), language=None, wrap_lines=True)
    st.markdown("A first run takes minutes on any machine and is written below `workspace/results`:")
    st.code("lifealign run mini", language=None)
    st.markdown("From a folder without a workspace, the board that ships with the package is shown:")
    st.code("lifealign leaderboard", language=None)
    _left_out(source, board, expanded=True)


def _left_out(source: Source, board: Board, *, expanded: bool = False) -> None:
    st.divider()
    if board.left_out:
        with st.expander(f"Left out: {len(board.left_out)}", expanded=expanded, icon=":material/warning:"):
            st.caption("Each of these is not on the board, or not whole, for the reason beside it.")
            frame = pd.DataFrame([{"place": item.place, "reason": item.reason} for item in board.left_out])
            table = Table("left-out", frame, (Column("place", "Where"), Column("reason", "Why")))
            show_table(table, "left-out")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(board.runs)} runs on this board.")
        if st.button("Look again", icon=":material/refresh:", type="tertiary", help="Read what is new since."):
            source.board(now=True)
            st.rerun()
