"""From comparisons to cells: how often an answer is better than another, and how often the judge noticed a swap."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lifealign_bench.benchmark.cell_score import Score, mean_score
from lifealign_bench.benchmark.judge_records import CoverageRecord

WIN, SWAP = "win_rate_", "swap_consistency_"
POSITIONS = 2


def score_comparisons(judgments: pd.DataFrame) -> list[Score]:
    """The pairwise scores of one cell from its `judgments` rows.

    win_rate_<dimension>_vs_<other>: 100 x the mean over prompts of 1 for better, 0.5 for a tie, 0 for worse, both
    positions averaged inside the prompt and each judge, then the judges' median. swap_consistency_...: share, 0-100,
    of prompts (and judges) whose verdict was the same in both positions. A prompt is unscored unless more than half
    of its judges have a verdict in both positions.
    """
    found = []
    for name, rows in _by_question(judgments).items():
        both = _both(rows)
        items = rows.drop_duplicates("sample_id").set_index("sample_id")["item"]
        wins = both["mean"].groupby(level="sample_id", sort=False).median()
        same = (both["min"] == both["max"]).groupby(level="sample_id", sort=False).mean()
        for prefix, values in ((WIN, wins), (SWAP, same)):
            score = mean_score(prefix + name, 100.0 * values.to_numpy(float), list(items.reindex(values.index)))
            found.append(_with_unscored(score, len(items) - len(values)))
    return found


def compared_scores(judgments: pd.DataFrame) -> pd.DataFrame:
    """One row for each comparison that counts: sample_id, task, pair_id, item, dimension, against, and `score`, 0 to 1,
    what the answer won: both positions averaged, then the judges' median."""
    columns = ["sample_id", "task", "pair_id", "item", "dimension", "against"]
    found = []
    for rows in _by_question(judgments).values():
        wins = _both(rows)["mean"].groupby(level="sample_id", sort=False).median().rename("score")
        own = rows.drop_duplicates("sample_id")[columns]
        found.append(own.merge(wins, left_on="sample_id", right_index=True, how="inner"))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*columns, "score"])


def coverage_of_comparisons(judgments: pd.DataFrame) -> dict[str, CoverageRecord]:
    """How many comparisons of a run count, as `score_comparisons` counts them, by `<dimension>_vs_<other>`."""
    found = {}
    for name, rows in _by_question(judgments).items():
        scored = set(_both(rows).index.get_level_values("sample_id"))
        lacking = rows[~rows["sample_id"].isin(scored)]
        reasons = lacking[lacking["status"] != "scored"].drop_duplicates("sample_id")["status"].value_counts()
        unscored = {str(reason): int(count) for reason, count in sorted(reasons.items())}
        if gone := lacking["sample_id"].nunique() - sum(unscored.values()):
            unscored["missing"] = gone
        found[name] = CoverageRecord(expected=rows["sample_id"].nunique(), scored=len(scored), unscored=unscored)
    return found


def _by_question(judgments: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    compared = judgments[judgments["against"].notna()]
    groups = compared.groupby(["dimension", "against"], sort=True)
    return {f"{dimension}_vs_{against}": rows for (dimension, against), rows in groups}


def _both(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean, least and highest verdict over both positions by sample and judge, where both have one and so do more than
    half of the sample's judges."""
    each = rows.groupby(["sample_id", "judge"], sort=False)["verdict"].agg(["count", "mean", "min", "max"])
    whole = each["count"] == POSITIONS
    share = whole.groupby(level="sample_id", sort=False).transform("mean")
    return each[whole & (share > 1 / 2)]


def _with_unscored(score: Score, unscored: int) -> Score:
    reason = score.reason if score.value is not None else "no comparison has a verdict in both positions"
    return Score(score.metric, score.value, reason, score.n, score.standard_error, unscored)
