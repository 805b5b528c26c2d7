"""Raw rows become canonical pairs; what cannot be used is dropped and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lifealign_bench.data.cards import TextRules
from lifealign_bench.data.converters import RawRow
from lifealign_bench.data.dialogue import Answer, clean_answer
from lifealign_bench.data.rows import Pair, digest, pair_id
from lifealign_bench.data.sources import prompt_key

DROPS = ("mismatched", "ends_in_assistant", "empty", "equal", "duplicate", "in_training")
REPAIRS = ("tags_stripped", "answers_cut", "rejected_split")


@dataclass(frozen=True, slots=True)
class SplitReport:
    """How many rows of one split were read, dropped (each under its first reason), repaired, kept and selected.

    mismatched: the sides answer different prompts. ends_in_assistant: the prompt's last turn is the assistant's.
    empty: the prompt or a side has no words. equal: both sides are the same. duplicate: the pair came before.
    in_training: an evaluation prompt that stands in the training rows of any task of the stream.
    tags_stripped, answers_cut: rows with a speaker tag in an answer, or an answer that went on as the human.
    rejected_split: rows whose rejected side held several answers.
    kept: pairs that are left; selected: pairs the task takes. With `rejected_answers: all` a row makes several pairs.
    """

    read: int = 0
    mismatched: int = 0
    ends_in_assistant: int = 0
    empty: int = 0
    equal: int = 0
    duplicate: int = 0
    in_training: int = 0
    tags_stripped: int = 0
    answers_cut: int = 0
    rejected_split: int = 0
    kept: int = 0
    selected: int = 0

    @property
    def dropped(self) -> dict[str, int]:
        """Dropped pairs by reason."""
        return {name: getattr(self, name) for name in DROPS}

    @property
    def repaired(self) -> dict[str, int]:
        """Repaired rows by what was done."""
        return {name: getattr(self, name) for name in REPAIRS}


def clean_split(rows: Iterable[RawRow], task: str, rules: TextRules) -> tuple[tuple[Pair, ...], SplitReport]:
    """The pairs of one split in the source's order, and the counts of what was dropped and repaired."""
    counts: Counter[str] = Counter()
    pairs: dict[str, Pair] = {}
    for row in rows:
        counts["read"] += 1
        if fault := _prompt_fault(row):
            counts[fault] += 1
            continue
        for pair in _pairs(row, task, rules, counts):
            counts["duplicate"] += pair.pair_id in pairs
            pairs.setdefault(pair.pair_id, pair)
    return tuple(pairs.values()), SplitReport(**counts, kept=len(pairs))


def _prompt_fault(row: RawRow) -> str | None:
    if row.mismatched:
        return "mismatched"
    if not row.prompt or row.prompt[-1].role == "system":
        return "empty"
    return "ends_in_assistant" if row.prompt[-1].role == "assistant" else None


def _pairs(row: RawRow, task: str, rules: TextRules, counts: Counter[str]) -> Iterator[Pair]:
    chosen = clean_answer(row.chosen)
    candidates = [answer for answer in map(clean_answer, row.rejected) if answer.text]
    usable = {answer.text: answer for answer in candidates if answer.text != chosen.text}
    counts["tags_stripped"] += any(answer.tagged for answer in (chosen, *candidates))
    counts["answers_cut"] += any(answer.cut for answer in (chosen, *candidates))
    counts["rejected_split"] += len(candidates) > 1
    if not chosen.text or not candidates:
        counts["empty"] += 1
    elif not usable:
        counts["equal"] += 1
    for rejected in _drawn(list(usable.values()), task, row, rules) if chosen.text else ():
        yield _pair(row, task, chosen.text, rejected.text)


def _drawn(answers: list[Answer], task: str, row: RawRow, rules: TextRules) -> list[Answer]:
    """All answers, or the one with the smallest hash, which depends on nothing but the texts and the task."""
    if rules.rejected_answers == "all":
        return answers
    key = prompt_key(row.prompt)
    return sorted(answers, key=lambda answer: digest([task, key, answer.text]))[:1]


def _pair(row: RawRow, task: str, chosen: str, rejected: str) -> Pair:
    return Pair(
        pair_id=pair_id(task, row.prompt, chosen, rejected),
        task=task,
        prompt=row.prompt,
        chosen=chosen,
        rejected=rejected,
        harm=row.harm,
        category=row.category,
        item=row.item or prompt_key(row.prompt)[:16],
    )
