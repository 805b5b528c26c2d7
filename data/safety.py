"""Safety sets: prompts with a harm label and category that no task trains on, and attacks on a policy's refusals."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import model_validator

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import Message, Pair, digest
from lifealign_bench.data.sources import prompt_key

Harm = Literal["harmful", "harmless"]
PLAIN = "none"
"""The attack that is none: the prompt as it is."""


@dataclass(frozen=True, slots=True)
class SafetyPrompt:
    """One prompt of a safety set; item: what it was made from, prompts of one item are drawn together."""

    prompt_id: str
    text: str
    harm: Harm
    category: str
    item: str


class Attack(Strict):
    """A versioned way around a refusal: a text around the prompt, or an answer that is begun for the model."""

    id: str
    version: str
    text: str = "{prompt}"
    begun: str = ""

    @model_validator(mode="after")
    def _has_prompt(self) -> Attack:
        if "{prompt}" not in self.text:
            raise ValueError("text has no {prompt}")
        return self

    @property
    def label(self) -> str:
        """`id@version`, what results name it by."""
        return f"{self.id}@{self.version}"

    @property
    def sha256(self) -> str:
        """Hash of its texts."""
        return digest([self.text, self.begun])

    def messages(self, prompt: SafetyPrompt) -> tuple[Message, ...]:
        """The chat that asks a prompt in this way; put in once, so that a prompt is never taken for a template."""
        return (Message("user", self.text.replace("{prompt}", prompt.text, 1)),)


def safety_prompt(text: str, harm: Harm, category: str, item: str | None = None) -> SafetyPrompt:
    """A prompt with the id that its text gives."""
    name = digest(["safety", text])[:16]
    return SafetyPrompt(name, text, harm, category, item or name)


@cache
def attacks() -> tuple[Attack, ...]:
    """The attacks that ship with the package, the plain prompt first."""
    text = (resources.files(__package__) / "attacks.yaml").read_text("utf-8")
    return tuple(Attack.model_validate(entry) for entry in yaml.safe_load(text))


def find_attacks(names: Iterable[str]) -> tuple[Attack, ...]:
    """The attacks of these ids; all of them where none is named.

    Raises:
        UnknownNameError: an id that there is not.
    """
    known = {attack.id: attack for attack in attacks()}
    for name in (asked := tuple(names)):
        if name not in known:
            raise UnknownNameError("safety", "attack", name, known)
    return tuple(known[name] for name in asked) or attacks()


def read_safety_set(reference: str, world_seed: int) -> tuple[SafetyPrompt, ...]:
    """The prompts of a safety set: `mini`, a set of the hub by its name in `safety_sets.yaml`, or a JSONL file of
    objects with prompt, harm, category and maybe item.

    Raises:
        InputError: no such set or file, a line that is none, a set without harmful or without harmless prompts.
    """
    from lifealign_bench.data.mini.safety import NAME, safety_set
    from lifealign_bench.data.safety_sets import read_hub_set, safety_sets

    of_hub = safety_sets().get(reference)
    if of_hub is not None:
        found = read_hub_set(of_hub)
    else:
        found = safety_set(world_seed) if reference == NAME else _of_file(Path(reference))
    for harm in ("harmful", "harmless"):
        if not any(prompt.harm == harm for prompt in found):
            raise InputError(reference, "safety set", f"none of {len(found)} prompts is {harm}", "both kinds")
    return found


def check_held_out(prompts: Iterable[SafetyPrompt], rows: Iterable[Pair]) -> None:
    """Raise `InputError` where a prompt of the set, or what it was made from, stands in training rows."""
    asked = list(prompts)
    keys = {prompt_key((Message("user", prompt.text),)) for prompt in asked}
    items = {prompt.item for prompt in asked}
    trained = list(rows)
    found = [pair for pair in trained if prompt_key(pair.prompt) in keys or pair.item in items]
    if found:
        said = f"{len(found)} of {len(trained)} training rows, the first of task {found[0].task}"
        raise InputError("safety set", "overlap with the training rows", said, "none")


def _of_file(path: Path) -> tuple[SafetyPrompt, ...]:
    if path.suffix != ".jsonl" or not path.is_file():
        from lifealign_bench.data.safety_sets import safety_sets

        named = ", ".join(["mini", *safety_sets()])
        raise InputError("safety", "set", str(path), f"{named}, or a .jsonl file that is there")
    found: dict[str, SafetyPrompt] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            own = _of_line(line, f"{path}:{number}")
            found.setdefault(own.prompt_id, own)
    return tuple(found.values())


def _of_line(line: str, where: str) -> SafetyPrompt:
    try:
        values = json.loads(line)
    except ValueError:
        raise InputError(where, "line", line[:40], "a JSON object") from None
    if not isinstance(values, dict):
        raise InputError(where, "line", line[:40], "a JSON object")
    harm = values.get("harm")
    texts = [values.get(name) for name in ("prompt", "category")]
    if harm not in ("harmful", "harmless") or not all(isinstance(text, str) and text.strip() for text in texts):
        raise InputError(where, "fields", line[:60], "prompt and category as text, harm as harmful or harmless")
    item = values.get("item")
    return safety_prompt(str(texts[0]), harm, str(texts[1]), item if isinstance(item, str) else None)
