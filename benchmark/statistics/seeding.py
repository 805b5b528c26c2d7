"""Random numbers that depend on the data alone, so that anybody who has the data gets the same interval."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def generator_of(purpose: str, *data: NDArray[np.generic]) -> np.random.Generator:
    """A generator seeded from the SHA-256 of `purpose` and of every array's type, shape and content."""
    state = hashlib.sha256(purpose.encode())
    for array in data:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        state.update(f"|{little.dtype.str}{little.shape}|".encode())
        state.update(little.tobytes())
    return np.random.default_rng(int.from_bytes(state.digest()[:16], "little"))
