from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lifealign_bench.benchmark.cell_score import clustered_standard_error
from lifealign_bench.benchmark.scoring import score_answers, score_pairs


def pairs(**changes: list[float]) -> pd.DataFrame:
    columns = {
        "chosen_logp": [-10.0, -20.0, -30.0, -5.0],
        "rejected_logp": [-12.0, -18.0, -30.0, -9.0],
        "chosen_tokens": [10, 10, 10, 1],
        "rejected_tokens": [10, 10, 20, 3],
        "reference_chosen_logp": [-11.0, -25.0, -30.0, -5.0],
        "reference_rejected_logp": [-11.0, -18.0, -31.0, -5.0],
    }
    return pd.DataFrame({**columns, **changes})


def by_name(rows: pd.DataFrame, items: list[str | None]) -> dict[str, object]:
    return {score.metric: score for score in score_pairs(rows, items)}


def test_preference_accuracy_is_on_raw_sums_with_ties_half() -> None:
    scores = by_name(pairs(), [None] * 4)
    assert scores["preference_accuracy"].value == pytest.approx(62.5)
    assert scores["preference_accuracy_per_token"].value == pytest.approx(25.0)
    assert scores["margin"].value == pytest.approx(1.0)
    assert scores["implicit_accuracy"].value == pytest.approx(75.0)
    assert scores["implicit_margin"].value == pytest.approx((2 + 5 - 1 + 4) / 4)


def test_row_0_has_no_implicit_reward_and_says_why() -> None:
    nothing = [math.nan] * 4
    scores = by_name(pairs(reference_chosen_logp=nothing, reference_rejected_logp=nothing), [None] * 4)
    assert scores["implicit_accuracy"].value is None
    assert "reference itself" in scores["implicit_accuracy"].reason
    assert scores["preference_accuracy"].value is not None


def test_pairs_of_one_item_are_one_cluster() -> None:
    values = np.array([0.0, 0.0, 100.0, 100.0])
    alone = clustered_standard_error(values, [None] * 4)
    together = clustered_standard_error(values, ["a", "a", "b", "b"])
    assert alone == pytest.approx(values.std(ddof=1) / 2)
    assert together == pytest.approx(50.0)
    assert clustered_standard_error(values, ["a"] * 4) is None


def test_corpus_bleu_needs_its_texts() -> None:
    rows = pd.DataFrame(
        {"pair_id": ["x"], "answer": ["the cat sat on the mat"], "bleu4_char": [1.0], "rouge_l": [2.0], "tokens": [3]}
    )
    without = {score.metric: score for score in score_answers(rows, None, [None])}
    assert without["bleu"].value is None
    assert "not here" in without["bleu"].reason
    with_texts = {score.metric: score for score in score_answers(rows, {"x": "the cat sat on the mat"}, [None])}
    assert with_texts["bleu"].value == pytest.approx(100.0)
