"""Rule R1: every verdict follows from the judge's words, or, where the judge is the oracle, from the answer itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pandas as pd

from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.data.errors import InputError, LifeAlignError
from lifealign_bench.judges.interface import Comparison, Dimension, JudgedItem
from lifealign_bench.judges.joint import JointTemplate
from lifealign_bench.judges.oracle import Oracle
from lifealign_bench.judges.questions import Question
from lifealign_bench.judges.templates import TemplateSet, load_templates
from lifealign_bench.judges.verdict import Verdict
from lifealign_bench.leaderboard.submissions.bundle import RunRows
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning
from lifealign_bench.leaderboard.submissions.rules_questions import ORACLE

MOST = 20
"""Verdicts of one run that are named; a last finding says how many more there are."""
BASE = "base"


def r1_verdicts(rows: RunRows) -> Iterator[Finding]:
    """R1: every verdict is what its words say, by the parser that reads every judge; the oracle judges again."""
    for judge in rows.run.record.judges:
        own = rows.judgments[rows.judgments["judge"] == judge.name]
        yield from _strangers(rows, judge, own)
        found = _of_oracle(rows, judge, own) if judge.name == ORACLE else _of_words(rows, judge, own)
        yield from _some(rows, list(found))


def _strangers(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    """Comparisons with answers that are not in the bundle, of which nobody can say whether they were ever judged."""
    strange = own.loc[own["against"].notna() & (own["against"] != BASE), "against"]
    if not strange.empty and (judge.name == ORACLE or rows.bundle.submission.division == "closed"):
        found = f"{strange.iloc[0]}, in {len(strange):,} verdicts of {judge.name}"
        yield error("R1", rows.run.file("judgments.parquet"), "against", found, f"{BASE}, whose answers are here")


def _some(rows: RunRows, found: list[Finding]) -> Iterator[Finding]:
    yield from found[:MOST]
    if len(found) > MOST:
        file = rows.run.file("judgments.parquet")
        yield error("R1", file, "verdict", f"{len(found) - MOST} more like these", "verdicts that follow")


def _of_words(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    file, templates = rows.run.file("judgments.parquet"), _templates(judge)
    if templates is None:
        found = f"{judge.template}@{judge.template_version}, {judge.template_sha256[:12]}"
        yield warning("R1", file, f"template of {judge.name}", found, "a set that ships, to read the verdicts again")
        return
    known: dict[tuple[Any, ...], float | str | None] = {}
    columns = ("sample_id", "task", "dimension", "template", "position", "against", "raw", "status", "verdict")
    for values in zip(*(own[name].tolist() for name in columns), strict=True):
        row = dict(zip(columns, values, strict=True))
        key = tuple(row[name] for name in ("task", "dimension", "template", "position", "against", "raw"))
        if key not in known:
            known[key] = _said(templates, rows.bundle.texts.rubrics, row)
        said, status, written = known[key], row["status"], row["verdict"]
        if isinstance(said, str):
            yield error("R1", file, f"{row['sample_id']}, {row['dimension']}: template", row["template"], said)
        elif status == "scored" and (said is None or said != written):
            expected = "no verdict in its words" if said is None else f"{said:g}, which its words say"
            yield error("R1", file, f"{row['sample_id']}, {row['dimension']}: verdict", written, expected)
        elif status != "scored" and said is not None:
            yield error("R1", file, f"{row['sample_id']}, {row['dimension']}: status", status, f"scored, {said:g}")


def _templates(judge: JudgeRecord) -> TemplateSet | None:
    """The set of templates that ships, in the paraphrase that this judge used; None where it used another set."""
    for paraphrase in ("a", "b"):
        found = load_templates(paraphrase)
        if found.identity.sha256 == judge.template_sha256 and found.hashes == judge.templates:
            return found
    return None


def _said(templates: TemplateSet, rubrics: Mapping[str, str], row: Mapping[Any, Any]) -> float | str | None:
    """What a row's words say, None where they say nothing, or a text where they cannot have been asked for."""
    dimension = cast(Dimension, row["dimension"])
    try:
        template = _template(templates, dimension, rubrics.get(str(row["task"])), row)
    except LifeAlignError as fault:
        return str(fault)
    against = None if pd.isna(row["against"]) else str(row["against"])
    item = JudgedItem("", str(row["task"]), "", (), "", "", None, None)
    asked = (dimension,)
    question = Question(0, item, asked, template, None if against is None else "", against, int(row["position"]))
    found = question.read(str(row["raw"])).get(dimension)
    return question.value(found) if isinstance(found, Verdict) else None


def _template(templates: TemplateSet, dimension: Dimension, rubric: str | None, row: Mapping[Any, Any]) -> Any:
    label = str(row["template"])
    if not pd.isna(row["against"]):
        found: Any = templates.pairwise(dimension)
    elif templates.frame is not None and label.startswith(f"{templates.frame.label}"):
        found = templates.joint((dimension,), rubric)
    else:
        found = templates.for_dimension(dimension, rubric)
    if not isinstance(found, JointTemplate) and found.label != label:
        raise InputError("template", "label", label, found.label)
    return found


def _of_oracle(rows: RunRows, judge: JudgeRecord, own: pd.DataFrame) -> Iterator[Finding]:
    file, seed = rows.run.file("judgments.parquet"), judge.parameters.get("world_seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        yield error("R1", rows.run.file("run.json"), "judges.parameters.world_seed", seed, "the seed of a world")
        return
    try:
        said = _oracle_verdicts(rows, Oracle(seed))
    except LifeAlignError as fault:
        yield error("R1", file, "item", fault, "items of the miniature world")
        return
    samples = dict(zip(rows.samples["sample_id"], rows.samples["pair_id"], strict=True))
    against = [None if other is None or pd.isna(other) else other for other in own["against"]]
    columns = [own[name].tolist() for name in ("sample_id", "pair_id", "dimension", "verdict")]
    for sample, pair, dimension, verdict, other in zip(*columns, against, strict=True):
        # What is of another sample rule J1 says; answers of other runs are not here (see `_strangers`).
        if (
            samples.get(sample) == pair
            and other in (None, BASE)
            and verdict != (right := said(sample, dimension, other))
        ):
            place = f"{sample}, {dimension}: verdict"
            yield error("R1", file, place, verdict, f"{right}, which the oracle says of the answer")


def _oracle_verdicts(rows: RunRows, oracle: Oracle) -> Callable[[Any, Any, Any], float | None]:
    """A function from sample, dimension and what it was compared with to the oracle's verdict."""
    rubrics, names = rows.bundle.texts.rubrics, ("sample_id", "task", "step", "pair_id", "answer", "harm", "item")
    items: dict[Any, JudgedItem] = {}
    base: dict[tuple[Any, Any], str] = {}
    for sample, task, step, pair, answer, harm, item in zip(
        *(rows.samples[name].tolist() for name in names), strict=True
    ):
        items[sample] = JudgedItem(pair, task, rubrics.get(task, ""), (), answer, "", harm, item)
        if step == 0:
            base[task, pair] = answer
    distinct = list(dict.fromkeys(items.values()))
    alone: dict[JudgedItem, dict[str, float | None]] = {item: {} for item in distinct}
    found = iter(oracle.judge(distinct))
    for item in distinct:
        for _ in range(len(oracle.dimensions) - (item.harm is None)):
            judgment = next(found)
            alone[item][judgment.dimension] = judgment.verdict

    def said(sample: Any, dimension: Any, against: Any) -> float | None:
        item = items[sample]
        if against is None:
            return alone[item].get(dimension)
        pair = Comparison(item, base.get((item.task, item.pair_id), ""), BASE)
        return next((one.verdict for one in oracle.compare([pair]) if one.dimension == dimension), None)

    return said
