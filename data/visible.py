"""Text of unknown origin made safe to look at."""

from __future__ import annotations

import unicodedata

# Control, format (direction marks, zero width), surrogate, private use, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def visible(text: str, limit: int | None = None) -> str:
    """The text with every control and format character but the line break written as its code (`\\x1b`, `\\u202e`).

    Such characters could move a terminal's cursor, colour it, or show words in another order than they stand.
    A text longer than `limit` characters is cut, and the end says how much is missing.
    """
    shown = text if limit is None else text[:limit]
    safe = "".join(sign if sign == "\n" or unicodedata.category(sign) not in _HIDDEN else _code(sign) for sign in shown)
    return safe if len(shown) == len(text) else f"{safe} ... ({len(text) - len(shown)} more characters)"


def _code(sign: str) -> str:
    point = ord(sign)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
