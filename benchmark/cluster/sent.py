"""What is sent to a cluster as text, so that a machine without the package can still say so.

Functions made inside functions are pickled with their code, not by name, and take and return nothing but Python's own
types and Ray's references.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Said = tuple[str, ...]
"""How a task ended: a state, or `unfit` or `broken`, and what there is to say."""

Expected = tuple[str, str, str]
"""Package version, hash of its source, and the folder that whoever asks stands in and does not import from.

Ray puts that folder on every worker's path; a checkout holds a part of the package under its name.
"""


def sent_checking() -> Callable[[Expected], Said]:
    """A function that says whether its machine runs the same code: `fit`, or `unfit` with the reason."""

    def check(expected: Expected) -> Said:
        import socket
        import sys

        version, source, folder = expected
        if folder in sys.path:
            sys.path.remove(folder)
        host = socket.gethostname()
        try:
            from lifealign_bench.benchmark.cluster.likeness import own_likeness
        except ImportError as error:
            return "unfit", f"worker on {host}: found no package lifealign_bench ({error}), expected {version}"
        own = own_likeness()
        if (own.version, own.source) == (version, source):
            return "fit", host
        wanted = f"version {version} (source {source[:8]}), the one that was started here"
        return "unfit", f"worker on {host}: found lifealign_bench {own}, expected {wanted}"

    return check


def sent_warming() -> Callable[[Expected], Said]:
    """A function that loads what computing a node takes seconds to load, where its machine is fit."""
    check = sent_checking()

    def warm(expected: Expected) -> Said:
        fit = check(expected)
        if fit[0] == "fit":
            import importlib

            from lifealign_bench.benchmark.pool import PRELOADED

            for name in PRELOADED:
                importlib.import_module(name)
        return fit

    return warm


def sent_work() -> Callable[..., Said]:
    """A function that computes the node of a key; what became of its parents is given only to be waited for."""
    check = sent_checking()

    def work(expected: Expected, bench: list[Any], news: Any, key: str, *parents: Said) -> Said:
        # A machine may join, or be changed, long after the cluster was looked at.
        fit = check(expected)
        if fit[0] == "unfit":
            return fit
        if any(parent[0] not in ("done", "cached") for parent in parents):
            return ("skipped",)
        from lifealign_bench.benchmark.cluster.working import work_on

        return work_on(bench[0], news, key)

    return work


def sent_surroundings() -> Callable[[Expected, dict[str, Any]], Said | dict[str, Any]]:
    """A function that says what a machine brings into the keys of a suite's nodes, or why it is unfit."""
    check = sent_checking()

    def surroundings(expected: Expected, suite: dict[str, Any]) -> Said | dict[str, Any]:
        fit = check(expected)
        if fit[0] == "unfit":
            return fit
        from lifealign_bench.benchmark.environment import environment
        from lifealign_bench.benchmark.suite import parse_suite

        return environment(parse_suite(suite, "suite"))

    return surroundings


def sent_news() -> type:
    """A class whose one instance keeps what workers tell until it is fetched."""

    class News:
        def __init__(self) -> None:
            self.kept: list[tuple[Any, ...]] = []

        def tell(self, *told: Any) -> None:
            self.kept.append(told)

        def fetch(self) -> list[tuple[Any, ...]]:
            kept, self.kept = self.kept, []
            return kept

    return News
