"""Fuzzing the checker: 20,000 mutated archives and JSON files end in findings, write nowhere else, stay under 500 MB.

`make fuzz`, or `python perf/_fuzz_submissions.py --examples N --seed S`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import hypothesis
from fuzzed_bundles import Watch, archive_of, findings_on, fuzzed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tiny_bundle import tiny_bundle

MOST_BYTES = 500e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files, known = tiny_bundle(Path(folder) / "made")
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        tempfile.tempdir = str(scratch)
        golden, watch, said = archive_of(files), Watch(), Counter[str]()
        looked = 0

        @hypothesis.seed(asked.seed)
        @settings(
            max_examples=asked.examples, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.data())
        def look(data: st.DataObject) -> None:
            nonlocal looked
            content = data.draw(fuzzed(files, golden))
            with watch.watching(scratch):
                said.update({finding.rule for finding in findings_on(content, scratch, known)} or {"clean"})
            looked += 1

        begun = time.process_time()
        look()
        used = time.process_time() - begun
        left = [path.name for path in scratch.iterdir() if path.name != "fuzzed.zip"]
        tempfile.tempdir = None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{looked:,} mutated bundles, {used:.0f} s CPU, peak memory {peak / 1e6:.0f} MB (limit 500)")
    print("rules that spoke: " + ", ".join(f"{rule} {count:,}" for rule, count in sorted(said.items())))
    print(f"files written elsewhere: {len(watch.outside)}; left behind: {len(left)}; exceptions: 0")
    if watch.outside or left or peak > MOST_BYTES:
        raise SystemExit(f"broken promise: {watch.outside[:3]} {left[:3]} {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
