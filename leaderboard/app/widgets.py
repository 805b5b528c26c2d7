"""How tables, figures and texts of strangers are put on a page: as plain text, never as markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from lifealign_bench.leaderboard.shown import NO_NUMBER, Column, Table, defused

# Plotly is loaded with the first figure: the first table does not wait for it.
if TYPE_CHECKING:
    import plotly.graph_objects as go

PICTURES = ("PNG", "SVG")
PINNED, LETTER, AROUND = 180, 7, 24
"""Pixels of a column that stays in sight at most, of a letter in it, and beside its text."""
SHORT = 9
"""Letters of a name up to which the table finds the width by itself: it looks at the first rows only."""
LINKED = re.compile(r"https?:(?=//)|www(?=\.)|@", re.IGNORECASE)
"""After these begins what is taken for an address."""
WORD_JOINER = "\u2060"
LARGEST = 400
"""Pixels of height after which a table scrolls."""


def show_table(table: Table, key: str, *, select: bool = False, height: int | None = None) -> int | None:
    """A table with its CSV; the place of the chosen row where `select` asks for one."""
    shown = table.shown()
    config: dict[str, Any] = {
        defused(column.title): (
            st.column_config.NumberColumn(format=_format(column), help=_help(column.help), pinned=column.pinned)
            if column.digits is not None
            else st.column_config.TextColumn(
                help=_help(column.help), pinned=column.pinned, width=_width(column, shown[defused(column.title)])
            )
        )
        for column in table.columns
    }
    rows_tall = 38 + 35 * max(1, len(shown))
    size = height if height is not None else min(rows_tall, LARGEST)
    arguments: dict[str, Any] = {
        "column_config": config,
        "hide_index": True,
        "height": size,
        "placeholder": NO_NUMBER,
        "alt": f"Table: {table.name}",
    }
    chosen: int | None = None
    if select:
        state: Any = st.dataframe(shown, key=key, on_select="rerun", selection_mode="single-row", **arguments)
        picked = state["selection"]["rows"]
        chosen = int(picked[0]) if picked and int(picked[0]) < len(shown) else None
    else:
        st.dataframe(shown, key=key, **arguments)
    csv_button(table, key)
    return chosen


def csv_button(table: Table, key: str) -> None:
    """The button that saves a table as CSV."""
    st.download_button(
        "CSV",
        table.csv(),
        file_name=f"{table.name}.csv",
        mime="text/csv",
        key=f"{key}-csv",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
        help="Save this table: full numbers, headings with units.",
    )


def show_figure(figure: go.Figure, name: str, alt: str, key: str) -> None:
    """A figure with a camera that saves it as the format chosen in the sidebar."""
    picture = str(st.session_state.get("picture") or PICTURES[0]).lower()
    config = {
        "displaylogo": False,
        "displayModeBar": True,
        # Named one by one: Plotly's own set may have a button that sends the figure to another host.
        "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
        "toImageButtonOptions": {"format": picture, "filename": name, "scale": 2},
        "responsive": True,
    }
    # The key names the format, too: a chart that is drawn already keeps the buttons that it began with.
    st.plotly_chart(figure, theme=None, config=config, key=f"{key}-{picture}", alt=alt)


def escaped(text: str) -> str:
    """A text in which no character is markup, for places that read markup.

    Escapes do not keep what looks like an address or a mail address from becoming a link: Streamlit's reader looks for
    these in the text that is left. A word joiner, which nobody sees, does.
    """
    text = LINKED.sub(lambda found: f"{found[0]}{WORD_JOINER}", text)
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]()#+-.!|<>$~:^=&\"'" else mark for mark in text)


def empty(heading: str, what_to_do: str) -> None:
    """The state of a page that has nothing to show: what is missing, and what would bring it."""
    with st.container(border=True):
        st.markdown(f":material/inbox: **{escaped(heading)}**")
        st.text(what_to_do)


def _help(text: str) -> str | None:
    return escaped(text) if text else None


def _width(column: Column, texts: pd.Series) -> int | None:
    """Pixels of a column that stays in sight: one of long names would leave a narrow screen nothing beside it."""
    longest = texts.str.len().max()
    return min(PINNED, AROUND + LETTER * int(longest)) if column.pinned and longest > SHORT else None


def _format(column: Column) -> str:
    return f"%.{column.digits}f" if column.digits else "localized"


def caution(text: str) -> None:
    """A caution on what the numbers can carry, as plain text."""
    st.warning(escaped(text), icon=":material/info:")


def notes(texts: Sequence[str]) -> None:
    """Small print below a table or a figure, as plain text."""
    if texts:
        st.caption(" ".join(escaped(text) for text in texts))
