"""What trust levels and divisions mean, in a line each: the same words wherever they are shown."""

from __future__ import annotations

from collections.abc import Mapping

TRUST: Mapping[str, str] = {
    "self-reported": "Whoever ran it says so; nobody has checked.",
    "recomputed": "Every number and verdict was computed again from the submitted rows by the checker; "
    "what it cost (passes, memory), capability and divergence are what the submitter declares.",
    "reproduced": "Somebody else ran a run of it again, from its code, and got the same.",
}
DIVISIONS: Mapping[str, str] = {
    "closed": "The suite's own base, budget, data, orders and judge: rows compare methods alone.",
    "open": "Anything else, declared: also answers of a policy that was trained elsewhere.",
}


def in_words(meanings: Mapping[str, str]) -> str:
    """All of them, for a help text."""
    return " ".join(f"{name}: {meaning}" for name, meaning in meanings.items())
