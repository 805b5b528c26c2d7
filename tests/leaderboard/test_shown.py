"""Texts of strangers in tables, CSV, figures, pages: never a formula, never markup, never a hidden turn."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from lifealign_bench.leaderboard.markup import data, element
from lifealign_bench.leaderboard.palette import different_labels, label
from lifealign_bench.leaderboard.published import MARK, TITLES, published_table
from lifealign_bench.leaderboard.shown import Column, Table, defused
from lifealign_bench.leaderboard.visible import named, visible

APP = Path(__file__).resolve().parents[2] / "leaderboard" / "app"
READS_MARKUP = {
    *("markdown", "write", "title", "header", "subheader", "caption", "info", "warning", "error", "success", "toast"),
    *("expander", "popover", "page_link", "button", "spinner", "badge", "metric", "tabs", "link_button"),
}
NEVER = {"html", "iframe", "components", "exception", "latex", "mermaid_chart", "write_stream", "table", "json"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1"])
def test_a_cell_that_begins_a_formula_gets_an_apostrophe(text: str) -> None:
    assert defused(text).startswith("'")
    table = Table("t", pd.DataFrame({"a": [text], "n": [-1.5]}), (Column("a", text), Column("n", "n", 1)))
    head, row = list(csv.reader(io.StringIO(table.csv().decode())))
    assert head[0].startswith("'")
    assert row[0].startswith("'")
    assert row[1] == "-1.5"
    assert table.shown().iloc[0, 0].startswith("'")


def test_no_number_is_nothing_in_csv_a_dash_on_screen_and_null_in_json() -> None:
    table = Table("t", pd.DataFrame({"n": [float("nan")]}), (Column("n", "n", 1), Column("absent", "absent")))
    assert table.csv() == b'n\n""\n'
    assert table.texts() == [["–"]]
    assert table.records() == [{"n": None}]


def test_hidden_characters_are_seen_and_names_cannot_turn_their_neighbours() -> None:
    assert visible("a\u202eb\x1b[0m") == "a\ufffdb\ufffd[0m"
    assert named("abc") == "abc"
    assert named("שלום") == "\u2068שלום\u2069"
    assert visible("👩\u200d🔬") == "👩\u200d🔬"


def test_figures_read_neither_tags_nor_formulas_and_long_names_stay_apart() -> None:
    assert label("<b>$x$</b>") == "&lt;b&gt;&#36;x&#36;&lt;/b&gt;"
    names = different_labels(["same " * 20 + "a", "same " * 20 + "b"])
    assert len(set(names)) == 2
    assert all(len(name) <= 32 for name in names)


def test_markup_escapes_texts_and_data_cannot_end_its_script() -> None:
    hostile = "</script><script>alert(1)</script>"
    assert "<script>" not in element("p", hostile, title='"' + hostile).html
    shown = data({"a": hostile}, "x").html
    assert shown.count("<") == 2
    assert json.loads(shown[shown.index(">") + 1 : shown.rindex("<")]) == {"a": hostile}


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant | ast.Name) and not isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Name):
        return node.id.isupper() or node.id in ("title", "words")
    if isinstance(node, ast.JoinedStr):
        return all(isinstance(part, ast.Constant) or _is_safe(part) for part in node.values)
    if isinstance(node, ast.Call):
        return (isinstance(node.func, ast.Name) and node.func.id == "escaped") or _joins_escaped(node)
    return False


def _joins_escaped(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "join" and "escaped(" in ast.unparse(node)


def _is_safe(part: ast.expr) -> bool:
    if not isinstance(part, ast.FormattedValue):
        return False
    text = ast.unparse(part.value)
    return text.startswith(("escaped(", "len(")) or text == "LONGEST"


def test_what_reads_markup_is_given_constants_or_escaped_texts_only() -> None:
    found = []
    for path in sorted(APP.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "st"):
                continue
            name = node.func.attr
            texts = [*node.args[:1], *(word.value for word in node.keywords if word.arg in ("label", "help"))]
            if name == "page_link":
                texts = [word.value for word in node.keywords if word.arg == "label"]
            if name in NEVER or (name in READS_MARKUP and not all(_is_constant(text) for text in texts)):
                found.append(f"{path.name}:{node.lineno}: st.{name}({ast.unparse(node)[:60]})")
    assert not found, "\n".join(found)


def test_reported_numbers_are_marked_and_complete() -> None:
    for metric in TITLES:
        table = published_table(metric)
        assert set(table.frame["mark"]) == {MARK}
        assert len(table.frame) == 10
    judged = published_table("judge").frame.set_index("method")
    assert judged.loc["lifealign", "last"] == 57.42


def test_an_escaped_text_has_nothing_that_a_reader_of_markup_takes_for_an_address() -> None:
    from lifealign_bench.leaderboard.app.widgets import escaped

    words = escaped("http://a.example HTTPS://b.example www.c.example d@e.example").replace("\\", "")
    assert not re.search(r"https?://|www\.|\w@\w", words, re.IGNORECASE)
    assert words.replace("\u2060", "") == "http://a.example HTTPS://b.example www.c.example d@e.example"
