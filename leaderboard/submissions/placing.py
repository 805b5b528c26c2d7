"""Where in a results repository the runs of a submission lie, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from lifealign_bench.data.errors import InputError

PARTS = 2
"""Of a run's place: its suite and its folder."""


def place_of(results: Path, run: str) -> Path:
    """The folder `results/<suite>/<run>` of a run named `<suite>/<run>`.

    Raises:
        InputError: the name leads anywhere else: it has other parts, or a link stands in its way.
    """
    folder, parts = results / run, run.split("/")
    plain = len(parts) == PARTS and not any(part in ("", ".", "..") for part in parts)
    if not plain or folder.resolve() != results.resolve().joinpath(*parts):
        raise InputError(results, "run", repr(run)[:120], "SUITE/RUN, a folder inside the results")
    return folder
