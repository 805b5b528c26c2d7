"""What a miniature world's base is asked beyond the tasks: facts, steps and grammar, of items that no task trains on.

Every question is a choice between texts that a policy finds likely or not, and its answer follows from the world alone.
Texts that tasks teach to prefer or to avoid (a truth or its myth, a list or a sentence) never stand against each other,
so that what changes is what a policy still knows, not what it was taught to like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from lifealign_bench.data.mini.texts import Manner, answer
from lifealign_bench.data.mini.words import Domain, words
from lifealign_bench.data.mini.world import Item, World, generator, make_world

CHOICES = 4


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, texts of which one is right, its index, and the item that it is about."""

    prompt: str
    choices: tuple[str, ...]
    gold: int
    item: str


def questions_of(name: str, seed: int) -> list[dict[str, object]]:
    """The questions of a capability task in the world of a seed, as JSON values; items of the evaluation split only."""
    world = make_world(seed)
    return [{**asdict(found), "choices": list(found.choices)} for found in QUESTIONS[name](world)]


def _facts(world: World) -> Iterator[Question]:
    """What is true of a place, against what nobody in this world says of it; the myth is not among the choices."""
    values = {f"relation {number}": relation.values for number, relation in enumerate(words().fact_relations, 1)}
    for item in world.of("fact", "evaluation"):
        draw = generator("capability", world.seed, item.id)
        never = [value for value in values[item.group] if value not in (item.true_value, item.myth_value)]
        told = [item.truth.replace(item.true_value, value) for value in draw.sample(never, CHOICES - 1)]
        wordings = (*words().scholars, *words().people)
        wording = draw.choice(wordings)
        yield _mixed(
            item, item.question, [wording.format(statement=text) for text in (item.truth, *told)], draw.shuffle
        )


def _steps(world: World) -> Iterator[Question]:
    """Which step comes next, against steps of the same part of the same kind of work that do not belong to this one:
    neither the place nor the wording tells, only having read of it does."""
    for item in world.of("skill", "evaluation"):
        domain = words().domains[item.group]
        named = _named(item, domain)
        for place, step in list(enumerate(item.steps))[1:]:
            draw = generator("capability", world.seed, item.id, place)
            opening = draw.choice(words().list.openings)
            known = [opening, *(f"{number}. {told}" for number, told in enumerate(item.steps[:place], 1))]
            alike = next(part for part in _parts(domain, named) if step in part)
            strange = [other for other in alike if other not in item.steps]
            nexts = (step, *draw.sample(strange, CHOICES - 1))
            texts = ["\n".join([*known, f"{place + 1}. {told}"]) for told in nexts]
            yield _mixed(item, f"How do I {item.goal}?", texts, draw.shuffle)


def _named(item: Item, domain: Domain) -> str:
    """How the item's steps call what it is about."""
    every = [main.partition("|")[2] or main for main in domain.main]
    return next(main for main in every if set(item.steps) <= {step for part in _parts(domain, main) for step in part})


def _parts(domain: Domain, main: str) -> list[list[str]]:
    return [[step.format(main=main) for step in part] for part in domain.steps]


def _grammar(world: World) -> Iterator[Question]:
    """A text as the world's people write it, against the same text with two neighbouring words swapped."""
    items = [item for kind in ("skill", "fact") for item in world.of(kind, "evaluation")]
    for item in items:
        draw = generator("capability", world.seed, item.id, "grammar")
        manners: tuple[Manner, ...] = ("scholar", "people") if item.kind == "fact" else ("complete", "human", "refusal")
        text = answer(item, draw.choice(manners), draw)
        asked = item.question if item.kind == "fact" else f"How do I {item.goal}?"
        yield _mixed(item, asked, [text, _swapped(text, draw.choice)], draw.shuffle)


def _swapped(text: str, choose: Callable[[Sequence[int]], int]) -> str:
    lines = [line.split(" ") for line in text.split("\n")]
    places = [
        (row, column)
        for row, parts in enumerate(lines)
        for column in range(len(parts) - 1)
        if parts[column].isalpha() and parts[column + 1].isalpha() and parts[column] != parts[column + 1]
    ]
    row, column = places[choose(range(len(places)))]
    parts = lines[row]
    parts[column], parts[column + 1] = parts[column + 1], parts[column]
    return "\n".join(" ".join(line) for line in lines)


def _mixed(item: Item, prompt: str, texts: Sequence[str], shuffle: Callable[[list[str]], None]) -> Question:
    """The first text is right; its place is drawn."""
    choices = list(texts)
    shuffle(choices)
    return Question(prompt, tuple(choices), choices.index(texts[0]), item.id)


QUESTIONS: Mapping[str, Callable[[World], Iterator[Question]]] = {
    "lifealign_mini_facts": _facts,
    "lifealign_mini_steps": _steps,
    "lifealign_mini_grammar": _grammar,
}
"""The capability tasks of the miniature world by their lm-eval name."""
