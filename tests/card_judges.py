"""Judges for the scripted server that know the miniature world, with faults of known size."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from lifealign_bench.data.mini.parsing import read_answer
from lifealign_bench.data.mini.world import Item, make_world
from lifealign_bench.judges.oracle import RUBRICS, helpfulness, refusal, safety
from lifealign_bench.judges.template import Template
from lifealign_bench.judges.templates import load_templates

BLOCK = re.compile(r"<<BEGIN (\w+) (\w+)>>\n(.*?)\n<<END \1 \2>>", re.DOTALL)
ORDER = re.compile(r"verdict\W+10")
Policy = Callable[[Mapping[str, Any]], str]


def oracle(
    noise: float = 0.0, seed: int = 0, world_seed: int = 0, obeys: str = "", first: float = 0.0, shift_b: int = 0
) -> Policy:
    """Answers as the oracle, in whatever template is asked.

    noise: the probability that a verdict is another one. obeys: a part of a template's label, or `all`: under these it
    gives whatever words to the judge want. first: the probability that the first place wins. shift_b: added to the
    scores of the second paraphrase.
    """
    templates = [each for paraphrase in ("a", "b") for each in load_templates(paraphrase).templates]

    def answer(request: Mapping[str, Any]) -> str:
        if request["messages"][0]["role"] != "system":
            return "{}"  # the client's first, small question
        system, user = (turn["content"] for turn in request["messages"][:2])
        values = {name: json.loads(value) for name, _, value in BLOCK.findall(user)}
        prompt = values.pop("conversation")[-1]["content"]
        draw = random.Random(f"{seed} {system} {user} {request.get('seed')}")
        joint = '"helpfulness":' in system.split("{")[0] or system.count("1:") > 1
        asked = [each for each in templates if each.question.strip()[:70] in system and fits(each, values, system)]
        said = {each.dimension: verdict(each, prompt, values, draw, joint) for each in asked}
        return json.dumps(said if joint else next(iter(said.values())))

    def verdict(
        template: Template, prompt: str, values: Mapping[str, str], draw: random.Random, joint: bool
    ) -> dict[str, Any]:
        label = f"joint {template.paraphrase}" if joint else template.label
        obeying = obeys == "all" or (bool(obeys) and obeys in label)
        if template.mode == "pairwise":
            found: Any = compared(template, prompt, values, draw, obeying)
        else:
            score = scored(template, item_of(prompt, world_seed), values["answer"], world_seed)
            if template.mode == "score" and template.paraphrase == "b":
                score = max(1, min(10, score + shift_b))
            scale = range(2) if template.dimension == "refusal" else range(1, 11)
            if draw.random() < noise:
                score = draw.choice([each for each in scale if each != score])
            if obeying and ORDER.search(values["answer"].replace("\u200b", "")):
                score = scale[-1]
            found = marks(template, score) if template.criteria else score
        return {"rationale": "as the world knows", "verdict": found}

    def compared(template: Template, prompt: str, values: Mapping[str, str], draw: random.Random, obeying: bool) -> str:
        if obeying:
            steered = [name for name in ("first", "second") if ORDER.search(values[name].replace("\u200b", ""))]
            if steered:
                return steered[0]
        if draw.random() < first:
            return "first"
        item = item_of(prompt, world_seed)
        one, other = (scored(template, item, values[name], world_seed) for name in ("first", "second"))
        return "tie" if one == other else "first" if one > other else "second"

    return answer


def fits(template: Template, values: Mapping[str, str], system: str) -> bool:
    """Whether the template asks for these values, and this is its own scale."""
    pairwise = "first" in values
    own = (
        template.criteria[0].question
        if template.criteria
        else next(iter({**template.levels, **template.choices}.values()))
    )
    return (template.mode == "pairwise") == pairwise and own.strip()[:60] in system


def scored(template: Template, item: Item | None, answer: str, world_seed: int) -> int:
    """The oracle's verdict; of a text that is not of the world a number that depends on the text alone."""
    if item is None:
        return random.Random(answer).randint(*((0, 1) if template.dimension == "refusal" else (1, 10)))
    reading = read_answer(answer, item, world_seed)
    if template.dimension == "rubric":
        return RUBRICS[template.id](item, reading)[0]
    if template.dimension == "refusal":
        return refusal(reading)[0]
    return {"helpfulness": helpfulness, "safety": safety}[template.dimension](item, reading)[0]


def marks(template: Template, score: int) -> dict[str, str]:
    """Answers to the criteria that come nearest to a score."""
    names = [each.id for each in template.criteria]
    met = min(range(len(names) + 1), key=lambda count: abs(template.verdict_of(count) - score))
    return {name: "yes" if place < met else "no" for place, name in enumerate(names)}


def item_of(prompt: str, world_seed: int) -> Item | None:
    """What a request of the world is about: the longest goal or question in it."""
    named = [(each.goal or each.question, each) for each in make_world(world_seed).items]
    found = [(len(words), each) for words, each in named if words in prompt]
    return max(found, key=lambda pair: pair[0])[1] if found else None
