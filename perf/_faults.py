"""Seeded fault runs, on folders and on a real S3 server process: a table of faults and outcomes.

`make faults`, or `python perf/_faults.py --runs N --first SEED`: a small graph whose nodes need no torch. With --real
five runs of a suite that trains. Exits with 1 if any run ends with wrong bytes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import yaml

from fault_runs import FAULTS, Result, fault_run, undisturbed
from s3_server import s3_server

ROOT = Path(__file__).resolve().parents[1]
REAL = ("kill", "cut store", "flipped bit", "two drivers", "stopped process")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--real", action="store_true", help="five faults to a suite that trains")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + (len(REAL) if asked.real else asked.runs))
    results = []
    with tempfile.TemporaryDirectory() as name, s3_server() as server:
        scratch = Path(name)
        right = undisturbed(scratch / "undisturbed", real_suite(scratch / "suite") if asked.real else None)
        for seed in seeds:
            began = time.monotonic()
            fault = REAL[seed - asked.first] if asked.real else ""
            result = fault_run(seed, scratch / f"run{seed}", right, server, fault)
            shutil.rmtree(scratch / f"run{seed}", ignore_errors=True)
            results.append(result)
            state = "right" if result.right else f"WRONG: {result.note}"
            took = time.monotonic() - began
            print(f"{seed:4d} {result.fault:16s} {result.place:7s} {state} ({took:.1f} s)", file=sys.stderr, flush=True)
    print_table(results)
    sys.exit(any(not result.right for result in results))


def real_suite(folder: Path) -> Path:
    """Three tasks, one method, a base of the miniature world."""
    folder.mkdir()
    quick = yaml.safe_load((ROOT / "benchmark" / "suites" / "mini-quick.yaml").read_text("utf-8"))
    small = {"rows": {"train": 16, "evaluation": 12}, "methods": ["seqft"], "orders": quick["orders"][:1]}
    evaluation = {**quick["evaluation"], "prompts": 4, "max_new_tokens": 8}
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump({**quick, **small, "evaluation": evaluation}), "utf-8")
    return path


def print_table(results: list[Result]) -> None:
    print(f"{'fault':17s}{'store':8s}{'runs':>5s}{'struck':>8s}{'right bytes':>13s}{'lost or half-written':>22s}")
    counts = Counter((result.fault, result.place) for result in results)
    for fault, place in sorted(counts, key=lambda pair: (list(FAULTS).index(pair[0]), pair[1])):
        of = [result for result in results if (result.fault, result.place) == (fault, place)]
        struck, right = sum(result.struck for result in of), sum(result.right for result in of)
        print(f"{fault:17s}{place:8s}{len(of):5d}{struck:8d}{right:13d}{len(of) - right:22d}")
    right = sum(result.right for result in results)
    print(f"{'all':25s}{len(results):5d}{sum(r.struck for r in results):8d}{right:13d}{len(results) - right:22d}")


if __name__ == "__main__":
    main()
