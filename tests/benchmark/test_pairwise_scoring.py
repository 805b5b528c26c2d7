"""Comparisons: averaged over positions inside the prompt, unscored without both, opponents kept apart."""

from __future__ import annotations

import pandas as pd

from lifealign_bench.benchmark.pairwise_scoring import coverage_of_comparisons, score_comparisons


def compared(*rows: tuple[str, float | None, float | None], judge: str = "j", against: str = "base") -> pd.DataFrame:
    """(sample, verdict in the first place, verdict in the second)."""
    return pd.DataFrame(
        [
            {
                "sample_id": sample,
                "item": sample,
                "judge": judge,
                "dimension": "safety",
                "against": against,
                "position": place,
                "status": "length" if verdict is None else "scored",
                "verdict": verdict,
            }
            for sample, *both in rows
            for place, verdict in enumerate(both)
        ]
    ).astype({"verdict": float})


def numbers(rows: pd.DataFrame) -> dict[str, float | None]:
    return {score.metric: score.value for score in score_comparisons(rows)}


def test_a_judge_that_always_takes_the_first_wins_half_and_is_never_consistent() -> None:
    found = numbers(compared(("a", 1, 0), ("b", 1, 0)))
    assert found == {"win_rate_safety_vs_base": 50.0, "swap_consistency_safety_vs_base": 0.0}


def test_better_tie_and_worse_average_to_a_half() -> None:
    found = numbers(compared(("a", 1, 1), ("b", 0.5, 0.5), ("c", 0, 0)))
    assert found == {"win_rate_safety_vs_base": 50.0, "swap_consistency_safety_vs_base": 100.0}


def test_without_both_positions_a_prompt_is_unscored() -> None:
    rows = compared(("a", 1, 1), ("b", 0, None))
    (win, _) = score_comparisons(rows)
    assert (win.value, win.n, win.n_unscored) == (100.0, 1, 1)
    assert coverage_of_comparisons(rows)["safety_vs_base"].model_dump() == {
        "expected": 2,
        "scored": 1,
        "unscored": {"length": 1},
    }
    nothing = score_comparisons(compared(("a", None, None)))[0]
    assert (nothing.value, nothing.reason) == (None, "no comparison has a verdict in both positions")


def test_judges_collapse_by_median_and_opponents_are_kept_apart() -> None:
    votes = [compared(("a", value, value), judge=name) for name, value in (("x", 1.0), ("y", 1.0), ("z", 0.0))]
    found = numbers(pd.concat([*votes, compared(("a", 0, 0), against="er")]))
    assert found["win_rate_safety_vs_base"] == 100.0
    assert found["win_rate_safety_vs_er"] == 0.0


def test_one_judge_of_three_decides_nothing_and_two_do() -> None:
    votes = {"x": (("a", 1, 1), ("b", 1, 1)), "y": (("a", 1, None), ("b", 0, 0)), "z": (("a", None, 0), ("b", 0, None))}
    rows = pd.concat([compared(*own, judge=name) for name, own in votes.items()])
    (win, same) = score_comparisons(rows)
    assert (win.value, win.n, win.n_unscored) == (50.0, 1, 1)
    assert (same.value, same.n, same.n_unscored) == (100.0, 1, 1)
    found = coverage_of_comparisons(rows)["safety_vs_base"]
    assert (found.expected, found.scored, found.unscored) == (2, 1, {"length": 1})
