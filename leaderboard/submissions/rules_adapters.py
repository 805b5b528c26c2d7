"""Rule S11: what is beside the runs as an adapter is one: tensors and JSON of a run of this bundle, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from pathlib import Path

from lifealign_bench.benchmark.strict_reading import read_json
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.findings import Finding, error, of_input
from lifealign_bench.leaderboard.submissions.layout import ADAPTERS, Limits

LENGTH = 8
"""Bytes that say how long the header of a safetensors file is."""


def s11_adapters(folder: Path, runs: Set[str], limits: Limits) -> Iterator[Finding]:
    """S11: adapters are of runs that are listed, their JSON is strict, and a `.safetensors` file holds tensors and no
    byte beside them, whatever it is called."""
    for path in sorted((folder / ADAPTERS).glob("*/*")):
        name = path.relative_to(folder).as_posix()
        if path.parent.name not in runs:
            yield error("S11", name, "folder", f"an adapter of {path.parent.name}", "an adapter of a run of the bundle")
        try:
            if path.suffix == ".json":
                _json(path, limits)
            else:
                _tensors(path, limits)
        except InputError as fault:
            yield of_input("S11", name, fault)


def _json(path: Path, limits: Limits) -> None:
    if (size := path.stat().st_size) > limits.json:
        raise InputError(path, "size", f"{size:,} bytes", f"at most {limits.json:,}")
    read_json(path)


def _tensors(path: Path, limits: Limits) -> None:
    """Raises InputError where a file is not a header, as JSON, and the bytes of the tensors that it names."""
    expected = "a header in JSON, and the bytes of its tensors"
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(LENGTH), "little")
        left = path.stat().st_size - LENGTH - length
        if left < 0 or length > limits.json:
            raise InputError(path, "header", f"{length:,} bytes", expected)
        try:
            header = json.loads(stream.read(length))
            ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
            whole = max([0, *ends]) == left
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as fault:
            raise InputError(path, "header", type(fault).__name__, expected) from fault
    if not whole:
        raise InputError(path, "tensors", f"{left:,} bytes behind the header", f"{expected}: {max([0, *ends]):,} bytes")
