"""Colours that people with any colour vision tell apart, and how texts of strangers stand in a figure."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from lifealign_bench.leaderboard.visible import visible

if TYPE_CHECKING:
    import plotly.graph_objects as go

# From dark blue to yellow, and from orange over white to purple: both keep their order without hue.
SEQUENTIAL = "Cividis"
DIVERGING = "PuOr"
# Okabe and Ito's colours (2008), without yellow and black, which vanish on one of the two grounds.
MARKS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
CLEAR = "rgba(0,0,0,0)"
FONT = "Source Sans, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
LONGEST = 28


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of lines and texts on one ground."""

    text: str
    line: str
    faint: str


LIGHT = Ink("#1f2430", "#1f2430", "#c9ced8")
DARK = Ink("#f2f4f8", "#f2f4f8", "#555c6b")


def ink(dark: bool) -> Ink:
    """The colours for a dark or a light ground."""
    return DARK if dark else LIGHT


def label(text: object, longest: int = LONGEST) -> str:
    """A text for a figure: no tags, no control characters, no more than `longest` characters."""
    shown = " ".join(visible(text).split())
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    # Plotly reads tags and entities in every text, and $...$ as a formula.
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def different_labels(texts: list[str], longest: int = LONGEST) -> list[str]:
    """Labels of these texts, each another one: two that begin alike would share a place on an axis."""
    found: list[str] = []
    for text in texts:
        shown = label(text, longest)
        number = 2
        while shown in found:
            shown, number = f"{label(text, longest - 4)} ({number})", number + 1
        found.append(shown)
    return found


def drawing(*traces: Any) -> go.Figure:
    """A figure of these traces without Plotly's own look, which takes longer to copy than all else takes to draw."""
    # The app's frame needs colours, and is drawn before any figure.
    import plotly.graph_objects as go

    return go.Figure(data=list(traces), layout={"template": "none"})


NARROW = 260
"""Pixels that a legend has on a narrow screen."""
MARK, LETTER, LINE = 40, 7, 20
"""Pixels of a legend's mark, of a letter of its names, and of the height of its lines."""


def framed(figure: go.Figure, ink: Ink, height: int) -> go.Figure:
    """A figure with the margins, the legend, the letters and the ground that all of them have; height in pixels.

    A legend that takes more lines on a narrow screen makes the figure higher, so that it stays clear of the buttons.
    """
    more = LINE * (_legend_lines(figure) - 1)
    figure.update_layout(
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        height=height + more,
        margin={"l": 8, "r": 16, "t": 64 + more, "b": 8},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "title": {"text": ""}},
        font={"color": ink.text, "size": 13, "family": FONT},
        modebar={"bgcolor": CLEAR, "color": ink.text, "activecolor": MARKS[0]},
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(gridcolor=ink.faint, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=ink.faint, zeroline=False, automargin=True)
    return figure


def _legend_lines(figure: go.Figure) -> int:
    """Lines of a legend on a narrow screen, at least 1; all its names are given the width of the longest."""
    listed = [trace for trace in figure.data if trace.showlegend is not False and trace.type != "heatmap"]
    longest = max((len(unescape(trace.name or "")) for trace in listed), default=0)
    in_one = max(1, NARROW // (MARK + LETTER * longest))
    return max(1, -(-len(listed) // in_one))
