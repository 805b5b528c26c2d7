"""Numbers in the cells of a heat map, dark or light, whichever reads better on the cell's colour."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLACK, WHITE = "#000000", "#ffffff"
Row = Sequence[float | None]


def with_numbers(
    figure: go.Figure, values: Sequence[Row], texts: Sequence[Sequence[str]], scale: str, limits: tuple[float, float]
) -> None:
    """Write the texts over the cells of a figure's heat map; values below and above the limits have the end colours."""
    import plotly.graph_objects as go

    columns, rows, (low, high) = figure.data[0].x, figure.data[0].y, limits
    cells = [
        (column, row, text, readable_on(scale, (min(max(value, low), high) - low) / (high - low)))
        for row, own, said in zip(rows, values, texts, strict=True)
        for column, value, text in zip(columns, own, said, strict=True)
        if value is not None
    ]
    x, y, words, colours = zip(*cells, strict=True) if cells else ((), (), (), ())
    font = {"size": 14, "color": list(colours)}
    look = {"hoverinfo": "skip", "showlegend": False, "cliponaxis": False}
    figure.add_trace(go.Scatter(x=list(x), y=list(y), text=list(words), mode="text", textfont=font, **look))
    # Points widen the axes that a heat map fills.
    figure.update_xaxes(range=[-0.5, len(columns) - 0.5])
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], autorange=None)


def readable_on(scale: str, share: float) -> str:
    """Black or white, whichever has the higher contrast on a colour of a scale, 0 to 1: never under 4.5 to 1."""
    own = luminance(scale, round(share, 3))
    return BLACK if (own + 0.05) ** 2 >= 0.05 * 1.05 else WHITE


@cache
def luminance(scale: str, share: float) -> float:
    """The relative luminance, 0 to 1, of a colour of a scale (WCAG 2.2, relative luminance)."""
    from plotly.colors import sample_colorscale, unlabel_rgb

    parts = [part / 255 for part in unlabel_rgb(sample_colorscale(scale, [share])[0])]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
