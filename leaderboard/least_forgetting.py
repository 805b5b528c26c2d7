"""Which methods forget least, among those that learned something."""

from __future__ import annotations

import pandas as pd


def least_forgetting(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a `ranking`, least forgetting first: ranked methods that end no worse than the middle of all.

    A method that learned nothing forgets nothing, so what ends in the lower half does not count.
    """
    ranked = frame[frame["rank"].notna() & frame["forgetting"].notna()]
    good = ranked[ranked["rank"] <= ranked["rank"].median()]
    return good.sort_values(["forgetting", "last"], ascending=[True, False], ignore_index=True)
