"""What may lie in a bundle, and how much of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lifealign_bench.benchmark.columns import OPTIONAL_TABLES, TABLES
from lifealign_bench.benchmark.schema import PROVENANCE_FILE, RUN_FILE
from lifealign_bench.benchmark.texts import FILE as TEXTS_FILE

SUBMISSION, README, MANIFEST = "submission.json", "README.md", "MANIFEST.sha256"
RUNS, ADAPTERS = "runs", "adapters"
TEXTS = f"{RUNS}/{TEXTS_FILE}"
NEEDED_OF_RUN = (RUN_FILE, *(f"{table}.parquet" for table in TABLES))
FILES_OF_RUN = (*NEEDED_OF_RUN, PROVENANCE_FILE, *(f"{table}.parquet" for table in OPTIONAL_TABLES))
EXTENSIONS = (".json", ".md", ".parquet", ".safetensors", ".sha256")
RUN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,150}")
ADAPTER = re.compile(rf"{ADAPTERS}/{RUN_NAME.pattern}/[A-Za-z0-9_][A-Za-z0-9._-]{{0,100}}\.(safetensors|json)")
DEPTH = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a bundle may hold; all sizes in bytes.

    archive: the file itself. table_of_members: what it says of its members. members, total, member: what comes out of
    it. ratio: bytes out for one byte in, of members over `small`. json: of a JSON file. rows, decoded: of a table in
    memory. all_rows: of all tables together.
    """

    archive: int = 512 << 20
    members: int = 4_000
    total: int = 1 << 30
    member: int = 256 << 20
    ratio: int = 200
    small: int = 1 << 20
    json: int = 16 << 20
    rows: int = 1_000_000
    decoded: int = 128 << 20
    all_rows: int = 10_000_000
    table_of_members: int = 4 << 20


DEFAULT = Limits()


def is_placed(name: str) -> bool:
    """Whether a file has a place in a bundle."""
    if name in (SUBMISSION, README, MANIFEST, TEXTS) or ADAPTER.fullmatch(name):
        return True
    parts = name.split("/")
    return len(parts) == DEPTH and parts[0] == RUNS and bool(RUN_NAME.fullmatch(parts[1])) and parts[2] in FILES_OF_RUN


def run_of(name: str) -> str | None:
    """The run that a file belongs to, None for those of the whole bundle."""
    parts = name.split("/")
    return parts[1] if len(parts) == DEPTH and parts[0] == RUNS else None
