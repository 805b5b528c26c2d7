"""How alike a suite's tasks are to its base model, as kept beside the runs, and whether that goes with forgetting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from lifealign_bench.benchmark.statistics.interference import Interference
from lifealign_bench.benchmark.statistics.mantel import Mantel, mantel_test
from lifealign_bench.benchmark.strict_json import write_json
from lifealign_bench.benchmark.strict_reading import read_json
from lifealign_bench.benchmark.strict_record import Record
from lifealign_bench.data.errors import InputError

Floats = NDArray[np.float64]
Of = Literal["prompts", "preference"]
Row = tuple[float, ...]

FILE = "similarity.json"


class SimilarityRecord(Record):
    """Cosine similarities, -1 to 1, of each two tasks, in the base's last hidden states over training rows.

    prompts: of the mean states of the prompts. preference: of the mean differences, chosen answer less rejected one.
    rows: training pairs looked at, by task. base_sha256: of the base's weights.
    """

    schema_version: Literal[1] = 1
    base_sha256: str
    tasks: tuple[str, ...]
    rows: tuple[int, ...]
    prompts: tuple[Row, ...] = Field(strict=False)
    preference: tuple[Row, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _shapes(self) -> Self:
        size = len(self.tasks)
        for name in ("prompts", "preference"):
            table: tuple[Row, ...] = getattr(self, name)
            if [len(row) for row in table] != [size] * size:
                raise ValueError(f"{name} is not {size} rows of {size} numbers")
            if not np.allclose(np.array(table).T, np.array(table), atol=1e-6):
                raise ValueError(f"{name} is not symmetric")
        return self

    def table(self, of: Of, tasks: tuple[str, ...]) -> Floats:
        """(T, T) similarities in the order of `tasks`, NaN for a task that is not known."""
        places = {task: place for place, task in enumerate(self.tasks)}
        own = self.prompts if of == "prompts" else self.preference
        return np.array(
            [[own[places[a]][places[b]] if {a, b} <= set(places) else np.nan for b in tasks] for a in tasks]
        )


@dataclass(frozen=True, slots=True)
class SimilarityTest:
    """Whether a method forgets more between tasks that are alike; exploratory. of: what the similarity is of."""

    method: str
    of: Of
    mantel: Mantel
    exploratory: Literal[True] = True


def similarity_tests(record: SimilarityRecord, matrices: tuple[Interference, ...]) -> tuple[SimilarityTest, ...]:
    """Mantel tests of similarity against what tasks do to tasks learned before, for each method and similarity.

    A negative correlation says that similar tasks lose more to each other.
    """
    kinds: tuple[Of, ...] = ("prompts", "preference")
    return tuple(
        SimilarityTest(own.method, of, mantel_test(record.table(of, own.tasks), own.means("learned before")))
        for own in matrices
        for of in kinds
    )


def write_similarity(folder: Path, record: SimilarityRecord) -> Path:
    """Write `similarity.json` into a suite's folder of results; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FILE, record.model_dump(mode="json"))
    return folder / FILE


def read_similarity(folder: Path) -> SimilarityRecord | None:
    """The record of a suite's folder of results, None where there is none.

    Raises:
        InputError: no strict JSON, or a field that does not fit.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    text, _ = read_json(path)
    try:
        return SimilarityRecord.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "record"
        raise InputError(path, place, str(first["input"])[:80], first["msg"]) from None
