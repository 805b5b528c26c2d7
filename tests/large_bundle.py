"""A bundle as large as a full submission, made of real answers: 6 orders x 3 seeds, 6 tasks x 200 prompts, judged by a
model in two dimensions. Prompts beyond the 60 that were answered are the same ones with a number, and so are their
answers and references: no text is measured for another one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from small_bundle import seal_record

from example_board import EXAMPLE, example_board
from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.benchmark.evaluation.text_metrics import bleu4_char, rouge_l
from lifealign_bench.benchmark.judge_records import JudgeRecord
from lifealign_bench.benchmark.rescoring import rescore
from lifealign_bench.benchmark.schema import (
    DataRecord,
    Identity,
    OrderRecord,
    RunRecord,
    StageRecord,
    read_run,
    write_run,
)
from lifealign_bench.benchmark.texts import FILE as TEXTS
from lifealign_bench.data.rows import Message, digest, pair_id
from lifealign_bench.judges.templates import load_templates
from lifealign_bench.leaderboard.submissions.texts import prompt_hash

ANSWERED = 60
SOURCES = (("seqft", "er", "ewc"), ("gem", "olora", "lifealign"))
"""Whose answers stand for the three seeds: of the three orders as they are, and of the same turned by two places."""
LABEL = "er"


def write_large(results: Path, prompts: int = 200, orders: int = 6, seeds: int = 3) -> Path:
    """Write the runs below `results/mini-all`; returns that folder."""
    folder = results / EXAMPLE.name
    folder.mkdir(parents=True)
    copies, references = _texts(folder, prompts)
    method = read_run(example_board() / f"{LABEL}--order1--s0").method
    for number in range(orders):
        for seed in range(seeds):
            source = example_board() / f"{SOURCES[number // 3][seed]}--order{number % 3 + 1}--s0"
            record: RunRecord = read_run(source)
            own = record.order.tasks
            tasks = own if number < 3 else own[2:] + own[:2]
            name = f"order{number + 1}"
            target = folder / f"{LABEL}--{name}--s{seed}"
            target.mkdir()
            changes = {
                "identity": Identity(method=LABEL, order=name, seed=seed),
                "order": OrderRecord(name=name, tasks=tasks),
                "stages": tuple(_at(stage, tasks) for stage in record.stages),
                "method": method,
                "judges": (_judge(),),
                "generation": {**record.generation, "prompts": prompts},
            }
            write_run(target, record.model_copy(update=changes))
            _rows(source, target, copies, references)
            data = {
                task: DataRecord(train_sha256=old.train_sha256, evaluation_sha256=digest(list(copies[task]["new"])))
                for task, old in record.data.items()
            }
            seal_record(target, data=data)
    rescore([folder], write=True)
    return folder


def _at(stage: StageRecord, tasks: Sequence[str]) -> StageRecord:
    return stage.model_copy(update={"task": tasks[stage.step - 1]})


def _judge() -> JudgeRecord:
    templates = load_templates("a")
    return JudgeRecord(
        name="words", model_requested="m", model_served="m-1", revision=None, template=templates.name,
        template_version=templates.identity.version, template_sha256=templates.identity.sha256,
        templates=templates.hashes, parameters={"temperature": 0.0},
    )  # fmt: skip


def _texts(folder: Path, prompts: int) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Write the texts; by task the new pair ids beside those that they repeat, and references by the new ids."""
    texts = pd.read_parquet(example_board() / TEXTS)
    found, written, references = {}, [], {}
    for task, own in texts.groupby("task", sort=False):
        rows = own.head(ANSWERED).to_dict("records")
        pairs = []
        for number in range(prompts):
            row = dict(rows[number % ANSWERED])
            old = row["pair_id"]
            if number >= ANSWERED:
                row["chosen"] += f" ({number})"
            turns = [*json.loads(row["prompt"])]
            turns[-1] = [turns[-1][0], f"{turns[-1][1]} ({number})"]
            messages = tuple(Message(*turn) for turn in turns)
            row.update(prompt=json.dumps(turns), pair_id=pair_id(str(task), messages, row["chosen"], row["rejected"]))
            written.append(row)
            pairs.append({"old": old, "new": row["pair_id"], "hash": prompt_hash(messages), "number": number})
            references[row["pair_id"]] = row["chosen"]
        found[str(task)] = pd.DataFrame(pairs)
    pd.DataFrame(written).to_parquet(folder / TEXTS, index=False)
    return found, references


def _rows(source: Path, target: Path, copies: dict[str, pd.DataFrame], references: dict[str, str]) -> None:
    pairs, samples, judgments = (read_table(source, name) for name in ("pairs", "samples", "judgments"))
    judgments = judgments[judgments["dimension"].isin(("helpfulness", "safety"))]
    said = judgments.merge(samples[["sample_id", "answer"]], on="sample_id")
    said["raw"] = [
        json.dumps({"rationale": f"{why}; it says: {answer}", "verdict": int(verdict)})
        for why, answer, verdict in zip(said["rationale"], said["answer"], said["verdict"], strict=True)
    ]
    labels = {name: load_templates("a").for_dimension(name).label for name in ("helpfulness", "safety")}  # type: ignore[arg-type]
    said = said.assign(judge="words", template=[labels[name] for name in said["dimension"]]).drop(columns="answer")
    tables = {"pairs": pairs, "samples": samples, "judgments": said}
    for name, frame in tables.items():
        copied = _copied(frame, copies, name != "pairs")
        write_table(target, name, _numbered(copied, references) if name == "samples" else copied.drop(columns="number"))  # type: ignore[arg-type]
    for name in ("cells", "losses"):
        write_table(target, name, read_table(source, name))  # type: ignore[arg-type]
    (target / "provenance.json").write_bytes((source / "provenance.json").read_bytes())


def _copied(frame: pd.DataFrame, copies: dict[str, pd.DataFrame], sampled: bool) -> pd.DataFrame:
    parts = []
    for (step, task), own in frame.groupby(["step", "task"], sort=False):
        several = copies[str(task)].merge(own, left_on="old", right_on="pair_id", how="left", sort=False)
        several["pair_id"] = several["new"]
        if sampled:
            several["sample_id"] = [digest([int(step), str(task), pair])[:16] for pair in several["new"]]
        if "prompt_hash" in several:
            several["prompt_hash"] = several["hash"]
        parts.append(several[[*own.columns, "number"]])
    return pd.concat(parts, ignore_index=True)


def _numbered(samples: pd.DataFrame, references: dict[str, str]) -> pd.DataFrame:
    """The samples with the number of a repeated prompt in its answer, measured again."""
    columns = (samples[name].tolist() for name in ("answer", "number"))
    answers = [
        f"{answer} ({number})" if number >= ANSWERED else answer for answer, number in zip(*columns, strict=True)
    ]
    beside = [references[pair] for pair in samples["pair_id"]]
    measured = {
        measure.__name__: [measure(*both) for both in zip(answers, beside, strict=True)]
        for measure in (bleu4_char, rouge_l)
    }
    return samples.assign(answer=answers, **measured).drop(columns="number")
