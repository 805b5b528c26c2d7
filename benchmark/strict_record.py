"""What every record on disk is made of: strict pydantic models, names and hashes."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
LARGEST: Final = 2**63 - 1
"""What a column of whole numbers can hold."""
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
TuningOrigin = Literal["defaults", "paper", "disjoint", "in-place"]
"""Where hyper-parameters come from: the methods' own defaults, the paper, trials on a stream that shares no row
with the evaluation (`lifealign tune`), or trials on the evaluated stream itself."""


class Record(BaseModel):
    """Strict: no unknown keys, no conversion, no NaN; instances never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
