"""The suite of the reference board's tuned rows, from the record of how their settings were found.

    lifealign tune mini-full --methods er,ewc,gem,l2p,olora,cppo,lifealign --trials 8 --world-seed 7 \\
        --workspace tuning --out docs/tuned/mini-full.yaml --overwrite
    python docs/rebuild_tuned.py

The first writes the record (and a suite of world 7, in which nothing of the reference is run); the second writes the
suite anew: `mini-full` as it is, its methods with the selected settings, labelled `<method>-tuned`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from lifealign_bench.benchmark.durable import write_whole
from lifealign_bench.benchmark.tuned_suite import TuningRecord, record_path

ROOT = Path(__file__).resolve().parents[1]
SUITE = ROOT / "docs" / "tuned" / "mini-full.yaml"
REFERENCE = ROOT / "benchmark" / "suites" / "mini-full.yaml"


def label(method: str) -> str:
    """What a method's row with tuned settings is called."""
    return f"{method}-tuned"


def tuned_rows(record: TuningRecord) -> str:
    """The text of the suite file."""
    values = yaml.safe_load(REFERENCE.read_text("utf-8"))
    values["description"] = "The reference board's methods with settings tuned on another world; rows of mini-full."
    values["methods"] = [
        {"name": name, "label": label(name), "config": dict(found.selected)} for name, found in record.methods.items()
    ]
    values["tuning_origin"] = "disjoint"
    said = f"# Written by docs/rebuild_tuned.py from {record_path(SUITE).name}: every trial is there.\n"
    return said + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)


def tuning_record() -> TuningRecord:
    """How the settings were found."""
    return TuningRecord.model_validate_json(record_path(SUITE).read_text("utf-8"))


def main() -> None:
    """Write it from the record that is kept."""
    write_whole(SUITE, tuned_rows(tuning_record()))


if __name__ == "__main__":
    main()
