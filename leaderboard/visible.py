"""Texts of strangers made fit to stand beside others: no hidden characters, no text that turns its neighbours round."""

from __future__ import annotations

import unicodedata

# Joiners belong to the spelling of some languages and to emoji; everything else that cannot be seen is shown as such.
KEPT = "\n\t\u200c\u200d"
HIDDEN = "\ufffd"
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"


def visible(text: object) -> str:
    """A text whose control characters, direction overrides among them, are shown as a replacement mark."""
    return "".join(mark if mark.isprintable() or mark in KEPT else HIDDEN for mark in str(text))


def named(name: object) -> str:
    """A name for the middle of a sentence: visible, and where it runs right to left, it does so by itself."""
    shown = visible(name)
    turned = any(unicodedata.bidirectional(mark) in ("R", "AL") for mark in shown)
    return f"{ISOLATE}{shown}{END_OF_ISOLATE}" if turned else shown
