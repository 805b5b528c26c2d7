"""`submission.json`: what a submission says of itself, as strict records."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifealign_bench.benchmark.schema import Division
from lifealign_bench.benchmark.strict_record import Count, Name, Record, Seed, Sha256, TuningOrigin

FORMAT_VERSION: Final = 1
"""Raised whenever a field of `submission.json` or a file of the bundle changes; see docs/versions.md."""

Judging = Literal["included", "requested"]
Role = Literal["method", "reference"]
Short = Annotated[str, Field(min_length=1, max_length=500)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
MethodName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=200)]
RESERVED = ("submissions", "decisions.jsonl")
"""Names in a results repository that no suite has: the folder of what was submitted, and the log."""


class Code(Record):
    """Where the method's code is: a released package, or a repository at a commit; never in the bundle.

    package: `name==version`. repository: an https address, with `commit`, 40 or 64 hex digits. file: inside the package
    or repository; sha256: of that file's bytes.
    """

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*$")] | None = None
    repository: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/-]+$")] | None = None
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")] | None = None
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$", max_length=300)]
    sha256: Sha256

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.package is None) == (self.repository is None):
            raise ValueError("either package==version, or a repository with its commit")
        if (self.repository is None) != (self.commit is None):
            raise ValueError("a repository and a commit belong together")
        return self


class SubmittedMethod(Record):
    """The method: registered name and version, what its rows are called on the board, its code.

    class_name: the class in the code's file, None for a method that its package registers under `name`.
    """

    name: MethodName
    version: Name
    label: Name
    class_name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    code: Code

    @field_validator("label")
    @classmethod
    def _is_of_one_alphabet(cls, label: str) -> str:
        used = {unicodedata.name(mark, "").partition(" ")[0] for mark in label}
        if {"LATIN", "CYRILLIC"} <= used:
            raise ValueError("letters of one alphabet: some of the other look like others of this")
        return label


class DataUsed(Record):
    """One set of data that the method or its policy was trained or tuned on, beside the suite's own training rows.

    sha256: of its files or rows, where there is one.
    """

    name: Short
    licence: Short
    url: Annotated[str, Field(pattern=r"^https://\S{1,400}$")] | None = None
    sha256: tuple[Sha256, ...] = ()


class Declarations(Record):
    """What nobody can check from the rows, said by the submitter.

    tuning_origin: what the settings were chosen on, as in every `run.json`. data: empty in the closed division.
    licence: of the submitted rows, an SPDX expression. contact: how the maintainers reach the submitter.
    """

    tuning_origin: TuningOrigin
    data: tuple[DataUsed, ...] = ()
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+ ()-]{0,99}$")]
    contact: Short | None = None


class Counts(Record):
    """How much is in the bundle: runs, and rows of three tables over all of them."""

    runs: Count
    pairs: Count
    samples: Count
    judgments: Count


class RunEntry(Record):
    """One run folder. role: `reference` for the STL and MTL runs that the method's own are read against."""

    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,150}$")]
    order: Name
    seed: Seed
    role: Role = "method"


class Submission(Record):
    """`submission.json`.

    suite: also a folder of the board, so no path.
    judging: `requested` where the answers come without verdicts and the board is to judge them. counts: over all runs.
    """

    format_version: Literal[1] = FORMAT_VERSION
    name: Slug
    suite: Slug
    division: Division
    judging: Judging
    method: SubmittedMethod
    declarations: Declarations
    runs: tuple[RunEntry, ...] = Field(min_length=1, max_length=500)
    counts: Counts

    @field_validator("suite")
    @classmethod
    def _is_no_folder_of_the_board(cls, suite: str) -> str:
        if suite in RESERVED:
            raise ValueError(f"a suite that is not called {' or '.join(RESERVED)}")
        return suite
