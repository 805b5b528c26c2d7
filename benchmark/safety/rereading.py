"""Kept answers read by another reader: a classifier beside whoever read them when they were given."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lifealign_bench.benchmark.safety.readers import ClassifierReader, classifier_folder, labels_of

READER = "classifier"


def with_classifier(rows: pd.DataFrame, classifier: str, labels: Mapping[str, str]) -> pd.DataFrame:
    """`safety` rows with those of this classifier added, in place of rows of another one; each text is read once.

    Raises:
        InputError: a classifier that cannot be used, or a class of no known meaning.
    """
    folder = classifier_folder(classifier)
    reader = ClassifierReader(folder, labels_of(folder, labels))
    others = rows[rows["reader"] != READER]
    own = others[others["reader"] == others["reader"].min()] if len(others) else rows
    texts = list(dict.fromkeys(str(text) for text in own["answer"]))
    found = dict(zip(texts, reader.read([], texts), strict=True))
    read = [found[str(text)] for text in own["answer"]]
    added = own.assign(reader=READER, label=[one.label for one in read], score=[one.score for one in read])
    both: pd.DataFrame = pd.concat([others, added], ignore_index=True)
    return both
