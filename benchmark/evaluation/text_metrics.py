"""How close an answer is to the chosen one as text; three measures, each 0-100, an empty side is 0.

`bleu4_char` is the paper's BLEU-4, over characters and averaged over samples; `corpus_bleu` is sacreBLEU's, over words
and one number for all samples. They are different measures and must not be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import BLEU

# A run-away answer must not stop the evaluation: ROUGE-L's table grows with the product of both lengths. Both bounds
# are far beyond what a suite lets a model write, and part of the measures' definition.
MOST_CHARACTERS = 20_000
MOST_WORDS = 3_000
# Stages after stages answer a prompt in the same words: what was measured is not measured again.
REMEMBERED = 20_000


@lru_cache(maxsize=REMEMBERED)
def bleu4_char(answer: str, reference: str) -> float:
    """Sentence BLEU over characters, 0-100: uniform weights of 1- to 4-grams, nltk's smoothing method 3.

    Identical texts of at least four characters give 100; no common character gives 0.
    Source: Papineni et al. (2002); smoothing: Chen and Cherry (2014), method 3.
    """
    if not answer.strip() or not reference.strip():
        return 0.0
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    pieces = list(reference[:MOST_CHARACTERS]), list(answer[:MOST_CHARACTERS])
    score = sentence_bleu([pieces[0]], pieces[1], smoothing_function=SmoothingFunction().method3)
    return 100.0 * float(score)


@lru_cache(maxsize=REMEMBERED)
def rouge_l(answer: str, reference: str) -> float:
    """F measure of the longest common subsequence of words, 0-100, by rouge-score with its own tokenizer (no stemming).

    The tokenizer knows a-z and 0-9 only: texts in other scripts have no words and give 0.
    Source: Lin (2004), ROUGE: a package for automatic evaluation of summaries.
    """
    if not answer.strip() or not reference.strip():
        return 0.0
    return 100.0 * float(_rouge().score(reference, answer)["rougeL"].fmeasure)


def corpus_bleu(answers: Sequence[str], references: Sequence[str]) -> float:
    """sacreBLEU's corpus BLEU, 0-100 (13a tokenizer, mixed case, exponential smoothing), one reference an answer.

    Raises:
        ValueError: no answers, or not one reference an answer.
    """
    if not answers or len(answers) != len(references):
        raise ValueError(f"{len(answers)} answers and {len(references)} references: one reference an answer is needed")
    from sacrebleu.metrics import BLEU

    counted = [_counted(*(text[:MOST_CHARACTERS] for text in both)) for both in zip(answers, references, strict=True)]
    # A corpus is the sum of its answers: of both lengths, and of the n-grams that match and that there are.
    length, expected, *counts = (sum(column) for column in zip(*counted, strict=True))
    correct, total = counts[: len(counts) // 2], counts[len(counts) // 2 :]
    return float(BLEU.compute_bleu(correct, total, length, expected, smooth_method="exp").score)


@lru_cache(maxsize=REMEMBERED)
def _counted(answer: str, reference: str) -> tuple[int, ...]:
    """Words of both, then by n the n-grams of the answer that match, and all that it has."""
    found = _bleu().sentence_score(answer, [reference])
    return (found.sys_len, found.ref_len, *found.counts, *found.totals)


@lru_cache(maxsize=1)
def _bleu() -> BLEU:
    from sacrebleu.metrics import BLEU

    # Only its counts are used. effective_order: of a single answer no warning is wanted.
    return BLEU(force=True, effective_order=True)


class _Words:
    """rouge-score's own tokenizer, cut to MOST_WORDS words."""

    def __init__(self) -> None:
        from rouge_score.tokenizers import DefaultTokenizer

        self._tokenizer = DefaultTokenizer(use_stemmer=False)

    def tokenize(self, text: str) -> list[str]:
        words: list[str] = self._tokenizer.tokenize(text[:MOST_CHARACTERS])
        return words[:MOST_WORDS]


@lru_cache(maxsize=1)
def _rouge() -> RougeScorer:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words())
