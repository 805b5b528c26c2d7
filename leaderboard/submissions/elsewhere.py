"""Answers of a policy that was trained elsewhere, as a run of the open division: rows without log-probabilities."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import Field, ValidationError

from lifealign_bench.benchmark.columns import empty_table, read_table, write_table
from lifealign_bench.benchmark.durable import new_folder
from lifealign_bench.benchmark.evaluation.text_metrics import bleu4_char, rouge_l
from lifealign_bench.benchmark.measuring import measures_of
from lifealign_bench.benchmark.rescoring import scores_of
from lifealign_bench.benchmark.schema import Identity, MethodRecord, RunRecord, read_run, write_run
from lifealign_bench.benchmark.strict_record import Name, Record
from lifealign_bench.benchmark.texts import FILE as TEXTS_FILE
from lifealign_bench.benchmark.texts import read_references
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.submissions.known import PROMPT
from lifealign_bench.leaderboard.submissions.manifest import sha256_of

EMPTY = ("pairs", "judgments", "losses")


class Answer(Record):
    """One line of the file: an answer to a pair's prompt after `step` tasks were learned; tokens: how many it has."""

    step: int = Field(ge=0)
    task: Name
    pair_id: Name
    answer: str
    tokens: int = Field(ge=0)
    finish_reason: Name = "stop"


@dataclass(frozen=True)
class Elsewhere:
    """Whose answers they are: the method's name and version, the file that is its code, order's run seed."""

    method: str
    version: str
    code: Path
    seed: int = 0


def run_of_answers(answers: Path, like: Path, whose: Elsewhere, out: Path) -> Path:
    """Write the run folder of a file of answers (JSON lines); returns it.

    like: a run with the same suite, tasks and order, whose prompts were answered; the suite's texts lie beside it.
    out: the folder of the suite's runs that the new one goes into.

    Raises:
        InputError: a line that is no answer, or one to a prompt that `like` does not have.
    """
    record: RunRecord = read_run(like)
    references = read_references(like.parent)
    if references is None:
        raise InputError(like.parent / TEXTS_FILE, "texts", "no such file", "the suite's texts, to measure answers")
    samples = _samples(answers, read_table(like, "samples"), references)
    tables = {"samples": samples, **{name: empty_table(name) for name in EMPTY}}  # type: ignore[arg-type]
    method = MethodRecord(
        name=whose.method,
        version=whose.version,
        source_sha256=sha256_of(whose.code),
        config={},
        spec=record.method.spec.model_copy(update={"title": whose.method, "paper": "", "fidelity": "adapted"}),
    )
    changes = {
        "identity": Identity(method=whose.method, order=record.order.name, seed=whose.seed),
        "method": method,
        "judges": (),
        "coverage": {},
        "division": "open",
        "trust": "self-reported",
        "stages": (),
        "node_keys": {},
    }
    changed: RunRecord = record.model_copy(update=changes)
    scores = scores_of(changed, tables["pairs"], samples, tables["judgments"], references)
    metrics = measures_of(scores.cells, record.order.tasks, record.method.spec.schedule, {})
    target = out / f"{whose.method}--{record.order.name}--s{whose.seed}"
    with new_folder(target) as folder:
        paths = [write_table(folder, name, frame) for name, frame in tables.items()]  # type: ignore[arg-type]
        paths.append(write_table(folder, "cells", scores.cells))
        artefacts = {path.name: sha256_of(path) for path in paths}
        final: RunRecord = changed.model_copy(update={"metrics": metrics, "artefacts": artefacts})
        write_run(folder, final.model_copy(update={"comparability_key": final.recomputed_comparability_key()}))
    if not (out / TEXTS_FILE).exists():
        (out / TEXTS_FILE).write_bytes((like.parent / TEXTS_FILE).read_bytes())
    return target


def _samples(path: Path, like: pd.DataFrame, references: Mapping[str, str]) -> pd.DataFrame:
    """The `samples` rows of the answers, in the order of `like`'s."""
    given = {(one.step, one.task, one.pair_id): one for one in _read(path)}
    known = {
        (int(row["step"]), str(row["task"]), str(row["pair_id"])): {name: row[name] for name in PROMPT}
        for row in like.to_dict("records")
    }
    if strange := next((key for key in given if key not in known), None):
        raise InputError(path, "pair_id", strange, "steps, tasks and pairs of the run that it is like")
    rows = []
    for (step, task, pair), about in known.items():
        if (answer := given.get((step, task, pair))) is not None:
            place = {"sample_id": digest([step, task, pair])[:16], "task": task, "step": step, "pair_id": pair}
            said = {"answer": answer.answer, "tokens": answer.tokens, "finish_reason": answer.finish_reason}
            both = answer.answer, references.get(pair, "")
            rows.append({**place, **about, **said, "bleu4_char": bleu4_char(*both), "rouge_l": rouge_l(*both)})
    return pd.DataFrame(rows, columns=list(like.columns)).astype({"harm": object, "category": object})


def _read(path: Path) -> Iterator[Answer]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            yield Answer.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise InputError(path, f"line {number}, {place}", repr(first["input"])[:80], str(first["msg"])) from None
        except ValueError as error:
            raise InputError(path, f"line {number}", str(error)[:80], "one JSON object a line") from error
