"""Checking a full submission: 6 orders x 3 seeds, 6 tasks x 200 prompts, two judged dimensions, in under 60 s CPU.

The bundle is made of the real answers of the shipped board. Printed: CPU seconds, wall seconds, peak memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from large_bundle import LABEL, write_large

from lifealign_bench.benchmark.runs import find_runs
from lifealign_bench.leaderboard.submissions.format import Declarations
from lifealign_bench.leaderboard.submissions.naming_code import code_that_ships
from lifealign_bench.leaderboard.submissions.packing import Said, pack

LIMIT = 60.0
CHECK = """
import resource, sys, time
from pathlib import Path
from lifealign_bench.leaderboard.submissions.checking import check
from lifealign_bench.leaderboard.submissions.known import what_is_known
begun = time.perf_counter()
report = check(Path(sys.argv[1]), what_is_known([Path(sys.argv[2])]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"{report.rows:,} rows, {len(report.findings)} findings: {[finding.text for finding in report.findings[:2]]}")
print(f"{used.ru_utime + used.ru_stime:.1f} s CPU with start-up, {time.perf_counter() - begun:.1f} s wall, "
      f"peak memory {used.ru_maxrss * 1024 / 1e6:.0f} MB")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        board = write_large(Path(folder) / "board", asked.prompts, asked.orders, asked.seeds)
        code = code_that_ships(LABEL)
        if code is None:
            raise SystemExit(f"no method {LABEL}")
        said = Said("large", code, Declarations(tuning_origin="defaults", licence="CC-BY-4.0"))
        archive = Path(folder) / "large.zip"
        pack(find_runs(board), LABEL, said, archive)
        size = archive.stat().st_size / 1e6
        print(f"made in {time.process_time() - begun:.0f} s CPU: {size:.1f} MB; limit {LIMIT:.0f} s on one core")
        sys.stdout.flush()
        command = [sys.executable, "-P", "-c", CHECK, str(archive), str(board)]
        subprocess.run(["taskset", "-c", "0", *command] if Path("/usr/bin/taskset").exists() else command, check=True)


if __name__ == "__main__":
    main()
