"""Text metrics against golden numbers, and on texts that nobody would write on purpose."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifealign_bench.benchmark.evaluation.text_metrics import bleu4_char, corpus_bleu, rouge_l

GOLDEN = [
    ("the cat sat", "the cat sat on the mat", 36.7879, 66.6667),
    ("I cannot help with that.", "I can't help with that request.", 60.8392, 66.6667),
    ("Paris", "London is the capital", 0.9638, 0.0),
    ("the same words", "the same words", 100.0, 100.0),
]


@pytest.mark.parametrize(("answer", "reference", "bleu", "rouge"), GOLDEN)
def test_golden_pairs(answer: str, reference: str, bleu: float, rouge: float) -> None:
    assert bleu4_char(answer, reference) == pytest.approx(bleu, abs=1e-4)
    assert rouge_l(answer, reference) == pytest.approx(rouge, abs=1e-4)


@pytest.mark.parametrize(("answer", "reference"), [("", "a word"), ("a word", ""), ("", ""), (" \n", "a word")])
def test_an_empty_side_is_0(answer: str, reference: str) -> None:
    assert bleu4_char(answer, reference) == 0.0
    assert rouge_l(answer, reference) == 0.0


def test_corpus_bleu_is_sacrebleus_and_not_a_mean_over_samples() -> None:
    answers = ["the cat sat on the mat today", "a dog"]
    references = ["the cat sat on the mat", "the dog ran away from the cat"]
    apart = [corpus_bleu([answer], [reference]) for answer, reference in zip(answers, references, strict=True)]
    together = corpus_bleu(answers, references)
    by_hand = 100 * math.exp(1 - 13 / 9) * (7 / 9 * 5 / 7 * 4 / 5 * 3 / 4) ** 0.25
    assert together == pytest.approx(by_hand, abs=1e-6)
    assert together != pytest.approx(sum(apart) / 2, abs=1.0)
    assert corpus_bleu(references, references) == pytest.approx(100.0)
    assert corpus_bleu([""], ["a word"]) == 0.0


@pytest.mark.parametrize(("answers", "references"), [([], []), (["a"], ["a", "b"])])
def test_corpus_bleu_needs_one_reference_an_answer(answers: list[str], references: list[str]) -> None:
    with pytest.raises(ValueError, match="one reference an answer"):
        corpus_bleu(answers, references)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=150)
def test_any_two_texts_give_numbers_from_0_to_100(answer: str, reference: str) -> None:
    for score in (bleu4_char(answer, reference), rouge_l(answer, reference), corpus_bleu([answer], [reference])):
        assert 0.0 <= score <= 100.0 + 1e-9


@pytest.mark.parametrize("piece", ["a ", "word.", "!", "\u4e2d", "\ud800", "a\n"])
def test_an_enormous_answer_costs_seconds_at_most(piece: str) -> None:
    answer = piece * 2_000_000
    start = time.process_time()
    scores = bleu4_char(answer, answer), rouge_l(answer, answer), corpus_bleu([answer], [answer])
    assert time.process_time() - start < 30
    assert all(0.0 <= score <= 100.0 + 1e-9 for score in scores)


def test_nothing_is_warned_and_nothing_heavy_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys, warnings; warnings.simplefilter('error', UserWarning)\n"
        "from lifealign_bench.benchmark.evaluation import text_metrics as t\n"
        "heavy = {'nltk', 'sacrebleu', 'rouge_score', 'torch'} & set(sys.modules); assert not heavy, heavy\n"
        "t.bleu4_char('xy', 'ab'); t.rouge_l('xy', 'ab'); t.corpus_bleu(['it is .'] * 200, ['it is .'] * 200)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
