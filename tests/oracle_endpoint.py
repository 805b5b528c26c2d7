"""A policy of the scripted server that knows the miniature world: it reads our templates and answers as the oracle."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.interface import JudgedItem
from lifealign_bench.judges.oracle import RUBRICS, Oracle
from lifealign_bench.judges.templates import load_templates

BLOCK = re.compile(r"<<BEGIN (\w+) (\w+)>>\n(.*?)\n<<END \1 \2>>", re.DOTALL)


def oracle(file: str, shift: int = 0) -> Callable[[Mapping[str, Any]], str]:
    """file: JSON of {last user turn: item}; shift: added to every score, within the scale."""
    items, judge = json.loads(Path(file).read_text("utf-8")), Oracle(0)
    templates = [each for paraphrase in ("a", "b") for each in load_templates(paraphrase).templates]

    def answer(request: Mapping[str, Any]) -> str:
        if request["messages"][0]["role"] != "system":
            return "{}"  # the client's first, small question
        system, user = (turn["content"] for turn in request["messages"][:2])
        blocks = {name: json.loads(value) for name, _, value in BLOCK.findall(user)}
        asked = {each.dimension: each for each in templates if each.mode != "pairwise" and in_words(each, system)}
        if not asked:
            return "a question that is none of ours"
        rubric = next((each.id for each in asked.values() if each.dimension == "rubric"), next(iter(RUBRICS)))
        item = items[blocks["conversation"][-1]["content"]]
        prompt = tuple(Message(turn["role"], turn["content"]) for turn in blocks["conversation"])
        judged = judge.judge([JudgedItem("p", "t", rubric, prompt, blocks["answer"], "", "harmless", item)])
        said = {one.dimension: written(one, asked[one.dimension], shift) for one in judged if one.dimension in asked}
        return json.dumps(next(iter(said.values())) if len(said) == 1 else said)

    return answer


def in_words(template: Any, text: str) -> bool:
    return template.question.strip()[:60] in text


def written(judgment: Any, template: Any, shift: int) -> dict[str, Any]:
    if template.criteria:
        marks = {criterion.id: "yes" if judgment.verdict else "no" for criterion in template.criteria}
        return {"rationale": judgment.rationale, "verdict": marks}
    return {"rationale": judgment.rationale, "verdict": max(1, min(10, judgment.verdict + shift))}
