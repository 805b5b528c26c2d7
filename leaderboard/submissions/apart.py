"""The checker in a process of its own, with limits on seconds and memory that the system holds: for what is uploaded.

A file that breaks a library breaks that process, and the board goes on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from lifealign_bench.benchmark.compact.opening import below
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.leaderboard.shipped import board_folder
from lifealign_bench.leaderboard.submissions.findings import Finding, Verdict, error

SECONDS = 600
MEMORY, ADDRESSES = 2 << 30, 8 << 30
"""Bytes that may be written to, and of addresses, of which libraries take many and use few."""
UNREADABLE = 40
"""Its exit code where there is nothing that could be checked; not one that an interpreter ends with by itself."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_IO_THREADS"), "1")
"""A library's threads each keep memory of their own: the limit would depend on how many cores there are."""
ONE_AT_A_TIME = threading.Lock()
"""However many people upload at once, the limit on memory holds for all of them together."""


def check_apart(place: Path, boards: Sequence[Path], seconds: int = SECONDS) -> Verdict:
    """The findings on a bundle, by a checker that can be stopped; one more finding where it had to be.

    boards: results that it is compared with, beside those that ship.

    Raises:
        InputError: there is no such file or folder.
        LifeAlignError: it cannot be read.
    """
    if not place.exists():
        raise InputError(place, "bundle", "no such file or folder", "an archive or a folder, as `pack` writes it")
    # Unpacked here, once: the limits below are for what a stranger sent.
    below(board_folder())
    command = [sys.executable, "-P", "-m", __name__, str(seconds), str(place), *map(str, boards)]
    try:
        with ONE_AT_A_TIME:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds + 60,
                env={**os.environ, **ONE_THREAD},
            )
    except subprocess.TimeoutExpired:
        return _stopped("time", f"over {seconds} s")
    if done.returncode == UNREADABLE:
        raise LifeAlignError(done.stderr.strip())
    if done.returncode != 0:
        return _stopped("memory or time", (done.stderr.strip().splitlines() or ["stopped"])[-1])
    said = json.loads(done.stdout)
    return Verdict(tuple(Finding(**finding) for finding in said["findings"]), said["rows"])


def _stopped(field: str, found: str) -> Verdict:
    return Verdict((error("A1", "", field, found, "a bundle that can be checked within the limits"),))


def main(arguments: Sequence[str]) -> None:
    """Check the bundle that the arguments name and print what was found as JSON."""
    from lifealign_bench.leaderboard.submissions.adding import results_runs
    from lifealign_bench.leaderboard.submissions.checking import check
    from lifealign_bench.leaderboard.submissions.known import what_is_known

    _limit(int(arguments[0]))
    boards = [Path(board) for board in arguments[2:] if results_runs(Path(board))]
    try:
        report = check(Path(arguments[1]), what_is_known([board_folder(), *boards]))
    except LifeAlignError as fault:
        sys.stderr.write(f"{fault}\n")
        raise SystemExit(UNREADABLE) from None
    found = [finding.as_json() for finding in report.findings]
    sys.stdout.write(json.dumps({"findings": found, "rows": report.rows}))


def _limit(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # a system without such limits; the time limit of the caller stays
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


if __name__ == "__main__":
    main(sys.argv[1:])
