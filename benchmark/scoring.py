"""From rows to cells: every number that is shown anywhere is computed here, from what the nodes left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lifealign_bench.benchmark.cell_score import Score, mean_score
from lifealign_bench.benchmark.evaluation.text_metrics import corpus_bleu
from lifealign_bench.benchmark.judge_scoring import collapsed, judged_dimensions, score_judgments
from lifealign_bench.benchmark.pairwise_scoring import score_comparisons


def score_pairs(rows: pd.DataFrame, items: Sequence[str | None]) -> list[Score]:
    """The preference scores of one cell from its `pairs` rows.

    preference_accuracy: share of pairs, 0-100, whose chosen answer has the higher summed log-probability, ties half.
    preference_accuracy_per_token: the same on mean log-probability per token. implicit_accuracy: the same on the
    implicit reward, log-probability less the reference's; null where the policy is the reference (row 0).
    margin, margin_per_token, implicit_margin: means of the differences behind them, in nats.
    """
    raw = rows["chosen_logp"].to_numpy(float) - rows["rejected_logp"].to_numpy(float)
    per_token = (
        rows["chosen_logp"] / rows["chosen_tokens"] - rows["rejected_logp"] / rows["rejected_tokens"]
    ).to_numpy(float)
    against = rows["reference_chosen_logp"].to_numpy(float) - rows["reference_rejected_logp"].to_numpy(float)
    implicit = raw - against
    scores = [
        mean_score("preference_accuracy", _wins(raw), items),
        mean_score("preference_accuracy_per_token", _wins(per_token), items),
        mean_score("margin", raw, items),
        mean_score("margin_per_token", per_token, items),
    ]
    if np.isnan(implicit).any():
        reason = "row 0 is the reference itself"
        return [
            *scores,
            *(Score(name, None, reason, len(rows), None) for name in ("implicit_accuracy", "implicit_margin")),
        ]
    return [
        *scores,
        mean_score("implicit_accuracy", _wins(implicit), items),
        mean_score("implicit_margin", implicit, items),
    ]


def score_answers(rows: pd.DataFrame, references: Mapping[str, str] | None, items: Sequence[str | None]) -> list[Score]:
    """The text scores of one cell from its `samples` rows: means of the samples' own, and corpus BLEU.

    references: chosen answers by pair id; corpus BLEU needs their texts and is null without them.
    """
    scores = [
        mean_score("bleu4_char", rows["bleu4_char"].to_numpy(float), items),
        mean_score("rouge_l", rows["rouge_l"].to_numpy(float), items),
        mean_score("answer_tokens", rows["tokens"].to_numpy(float), items),
    ]
    if not len(rows):
        return [*scores, Score("bleu", None, "no answers", 0, None)]
    if references is None or not set(rows["pair_id"]) <= set(references):
        return [*scores, Score("bleu", None, "reference texts are not here", len(rows), None)]
    bleu = corpus_bleu(list(rows["answer"]), [references[pair_id] for pair_id in rows["pair_id"]])
    return [*scores, Score("bleu", bleu, None, len(rows), None)]


def _wins(differences: np.ndarray) -> np.ndarray:
    wins: np.ndarray = 100.0 * ((differences > 0) + 0.5 * (differences == 0))
    return wins


def score_cells(
    pairs: pd.DataFrame,
    samples: pd.DataFrame,
    judgments: pd.DataFrame,
    references: Mapping[str, str] | None,
    trained: Mapping[int, str | None],
) -> pd.DataFrame:
    """The `cells` table of a run from its `pairs`, `samples` and `judgments`.

    trained: the task learned at each step. A policy that gives no log-probabilities has no `pairs`, and the cells that
    come from its answers.
    """
    found: list[dict[str, object]] = []
    answers = dict(iter(samples.groupby(["step", "task"], sort=False)))
    verdicts = collapsed(judgments)
    dimensions = judged_dimensions(judgments, samples)
    pairwise = judgments[judgments["against"].notna()]
    compared = dict(iter(pairwise.groupby(["step", "task"], sort=False)))
    preferences = dict(iter(pairs.groupby(["step", "task"], sort=False)))
    for key in dict.fromkeys([*preferences, *answers]):
        step, task = _step_and_task(key)
        scores = score_pairs(preferences[key], list(preferences[key]["item"])) if key in preferences else []
        if key in answers:
            own = answers[key]
            scores += score_answers(own, references, list(own["item"]))
            if key in compared:
                scores += score_comparisons(compared[key])
            if dimensions:
                scores += score_judgments(verdicts, own, dimensions)
        found += [
            {
                "step": step,
                "trained_task": trained.get(step),
                "task": task,
                "metric": score.metric,
                "value": score.value,
                "reason": score.reason,
                "n": score.n,
                "standard_error": score.standard_error,
                "n_unscored": score.n_unscored,
            }
            for score in scores
        ]
    return pd.DataFrame(found).astype({"value": float, "standard_error": float})


def _step_and_task(key: object) -> tuple[int, str]:
    if not isinstance(key, tuple):
        raise TypeError(f"a group of cells is a step and a task, not {key!r}")
    return int(key[0]), str(key[1])
