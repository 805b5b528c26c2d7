"""What other worlds than the reference board's say of the methods, kept for docs/reproduction.md.

    python docs/rebuild_worlds.py "another world (seed 7)=w7/results/mini-all" "real pairs=real/results/real-small"

writes each world's means over its runs to docs/worlds.json; a world of the same name is replaced, others stay.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.paper.beside import means_of, ranked

KEPT = Path(__file__).with_name("worlds.json")
METRICS = ("preference_accuracy", "rubric")
MEASURES = ("last", "bwt")


def kept_worlds() -> dict[str, Any]:
    """What is kept, by the world's name."""
    found: dict[str, Any] = json.loads(KEPT.read_text("utf-8")) if KEPT.is_file() else {}
    return found


def world_of(folder: str) -> dict[str, Any]:
    """Suite, base, orders, seeds, number of runs, and by metric and measure the mean of every sequential method.

    Raises:
        InputError: no runs, or runs that do not compare.
    """
    board = load_board([folder])
    if len(board.scopes) != 1:
        raise InputError(folder, "results", f"{len(board.scopes)} sets of comparable runs", "one")
    runs = ranked(board.runs)
    metrics = [name for name in METRICS if all(name in run.metrics for run in runs)]
    return {
        "suite": runs[0].suite,
        "base": runs[0].base,
        "orders": len({run.order for run in runs}),
        "seeds": len({run.seed for run in runs}),
        "runs": len(runs),
        "means": {metric: {measure: means_of(runs, metric, measure) for measure in MEASURES} for metric in metrics},
    }


def main() -> None:
    """Read the results that are named and keep their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="+", metavar="NAME=FOLDER")
    kept = kept_worlds()
    for text in parser.parse_args().worlds:
        name, _, folder = text.rpartition("=")
        try:
            if not name:
                raise InputError("worlds", "name", text, "NAME=FOLDER")
            kept[name] = world_of(folder)
        except InputError as error:
            raise SystemExit(f"error: {error}") from None
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
