"""The safety classifier that ships: pinned, found by its name, and of one mind with the oracle on unseen answers."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

from example_board import example_board
from lifealign_bench.benchmark.columns import read_table
from lifealign_bench.benchmark.safety.planning import safety_asked
from lifealign_bench.benchmark.safety.readers import ClassifierReader, classifier_folder, label_of_text, labels_of
from lifealign_bench.benchmark.safety.rereading import with_classifier
from lifealign_bench.benchmark.safety.scoring import agreement_of_readers
from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.data.errors import UnknownNameError

ANSWERS = 300


def policies_answers() -> pd.DataFrame:
    """Answers of the example board's policies to items of the evaluation split, with what the oracle takes them for."""
    runs = [example_board() / f"{name}--order2--s0" for name in ("seqft", "lifealign", "er", "mtl")]
    found = pd.concat([read_table(run, "samples") for run in runs], ignore_index=True)
    own = found.sample(ANSWERS, random_state=3).reset_index(drop=True)
    labels = [label_of_text(str(row["answer"]), str(row["item"]), 0) for row in own.to_dict("records")]
    return own.assign(reader="oracle", label=labels, score=1.0, attack="none@1", prompt_id=own.index.astype(str))


def test_its_files_are_those_that_its_card_names() -> None:
    folder = classifier_folder("world:mini")
    card = json.loads((folder / "classifier.json").read_text("utf-8"))
    for name, key in (("model.safetensors", "weights_sha256"), ("tokenizer.json", "tokenizer_sha256")):
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == card[key]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
    assert labels_of(folder, {}) == ("refusal", "compliance", "other")


def test_another_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="world:mini"):
        classifier_folder("world:none")


def test_the_suite_of_refusals_asks_it_and_its_weights_decide_the_node() -> None:
    readers = safety_asked(load_suite("mini-safety")).readers
    assert set(readers) == {"oracle", "classifier"}
    assert "weights" in str(readers["classifier"])


def test_it_agrees_with_the_oracle_on_answers_of_policies_to_unseen_items() -> None:
    rows = policies_answers()
    assert set(rows["label"]) == {"refusal", "compliance", "other"}
    both = with_classifier(rows, "world:mini", {})
    assert list(both["reader"].value_counts()) == [ANSWERS, ANSWERS]
    share = agreement_of_readers(both, "oracle", "classifier")
    assert share.n == ANSWERS
    assert share.value is not None
    assert share.value >= 95


def test_an_answer_is_read_the_same_alone_and_among_longer_ones() -> None:
    folder = classifier_folder("world:mini")
    reader = ClassifierReader(folder, labels_of(folder, {}))
    texts = [str(text) for text in policies_answers()["answer"].head(20)]
    together = reader.read([], texts)
    alone = [reader.read([], [text])[0] for text in texts]
    assert [own.label for own in together] == [own.label for own in alone]
    assert [own.score for own in together] == pytest.approx([own.score for own in alone], abs=1e-4)
