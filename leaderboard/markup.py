"""HTML that is safe by construction: every text is escaped, and data stands in JSON that no tag can end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any

from lifealign_bench.leaderboard.visible import visible

VOID = frozenset({"link", "meta", "br", "img"})


@dataclass(frozen=True, slots=True)
class Markup:
    """A piece of HTML that was made here."""

    html: str


Child = Markup | str | None


def element(tag: str, *children: Child, **attributes: str | bool | None) -> Markup:
    """An element; texts among the children, and all attributes, are escaped. `class_` and `data_x` lose and change _.

    An attribute that is True stands alone, one that is False or None is left away.
    """
    shown = "".join(
        f" {_name(name)}" if value is True else f' {_name(name)}="{escape(visible(value), quote=True)}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in VOID:
        return Markup(f"<{tag}{shown}>")
    return Markup(f"<{tag}{shown}>{joined(*children).html}</{tag}>")


def joined(*children: Child) -> Markup:
    """Pieces one after the other; texts are escaped."""
    return Markup("".join(_html(child) for child in children if child is not None))


def data(value: Any, name: str | None = None) -> Markup:
    """A script element that holds JSON and is never run; no `<` stands in it, so no text can end it. name: its id."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return element("script", Markup(safe), type="application/json", id=name)


def _html(child: Child) -> str:
    return child.html if isinstance(child, Markup) else escape(visible(child), quote=True)


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
