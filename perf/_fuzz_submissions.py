"""Fuzzing the checker: 20,000 mutated archives and JSON files end in findings, write nowhere else, stay under 500 MB.

`make fuzz`, or `python perf/_fuzz_submissions.py --examples N --seed S --keep FOLDER`. An exception does not end it:
its bundle is kept in FOLDER, the next one is looked at, and the end says how many there were.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import hypothesis
from fuzzed_bundles import Files, Watch, archive_of, findings_on, fuzzed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tiny_bundle import tiny_bundle

from lifealign_bench.leaderboard.submissions.known import Known

MOST_BYTES = 500e6
ROUND = 500
"""Bundles that are drawn by one seed: what hypothesis remembers of them is let go after each round."""


@dataclass
class Seen:
    """What happened so far: bundles by what was changed in them, rules that spoke, exceptions by where they arose."""

    scratch: Path
    kept: Path
    kinds: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    watch: Watch = field(default_factory=Watch)

    def look(self, kind: str, content: bytes, known: Known) -> None:
        """Check one bundle."""
        self.kinds[kind] += 1
        try:
            with self.watch.watching(self.scratch):
                found = findings_on(content, self.scratch, known)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is what is looked for
            last = traceback.extract_tb(fault.__traceback__)[-1]
            where = f"{type(fault).__name__} in {Path(last.filename).name}:{last.lineno}"
            self.raised[where] += 1
            if self.raised[where] == 1:
                traceback.print_exc()
                self.kept.mkdir(parents=True, exist_ok=True)
                (self.kept / f"{len(self.raised)}.zip").write_bytes(content)
            return
        self.rules.update({finding.rule for finding in found} or {"clean"})


def one_round(seen: Seen, files: Files, golden: bytes, known: Known, seed: int, examples: int) -> None:
    """Draw and check as many bundles by one seed."""

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def look(data: st.DataObject) -> None:
        seen.look(*data.draw(fuzzed(files, golden)), known)

    look()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzzed"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files, known = tiny_bundle(Path(folder) / "made")
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        tempfile.tempdir = str(scratch)
        seen, golden, rounds = Seen(scratch, asked.keep), archive_of(files), 0
        begun = time.process_time()
        while (looked := seen.kinds.total()) < asked.examples:
            one_round(seen, files, golden, known, asked.seed * 1_000_000 + rounds, min(ROUND, asked.examples - looked))
            rounds += 1
            said = f"{seen.kinds.total():,} bundles, {time.process_time() - begun:.0f} s CPU, {peak() / 1e6:.0f} MB"
            sys.stderr.write(f"{said}, {seen.raised.total()} exceptions\n")
        used = time.process_time() - begun
        left = [path.name for path in scratch.iterdir() if path.name != "fuzzed.zip"]
        tempfile.tempdir = None
    report(seen, used, left)


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(seen: Seen, used: float, left: list[str]) -> None:
    """Print what came of it; ends with an error where a promise is broken."""
    looked, most = seen.kinds.total(), peak()
    print(f"{looked:,} mutated bundles, {used:.0f} s CPU, peak memory {most / 1e6:.0f} MB (limit 500)")
    for name, counts in (("changed", seen.kinds), ("rules that spoke", seen.rules), ("exceptions", seen.raised)):
        print(f"{name}: " + (", ".join(f"{key} {count:,}" for key, count in sorted(counts.items())) or "none"))
    print(f"files written elsewhere: {len(seen.watch.outside)}; left behind: {len(left)}")
    if seen.raised or seen.watch.outside or left or most > MOST_BYTES:
        broken = f"{dict(seen.raised)} {seen.watch.outside[:3]} {left[:3]} {most / 1e6:.0f} MB"
        raise SystemExit(f"broken promise: {broken}")


if __name__ == "__main__":
    main()
