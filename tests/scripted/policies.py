"""What a scripted model answers. A policy is made from its parameters and maps a request's JSON to a text.

Others are named as `module:function` of anything importable; each takes keyword parameters and returns the mapping.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import permutations
from pathlib import Path
from typing import Any

Request = Mapping[str, Any]
Policy = Callable[[Request], str]
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def load(name: str, parameters: Mapping[str, Any]) -> Policy:
    """The policy of this name, here or elsewhere, with its parameters."""
    module, _, function = name.rpartition(":")
    place = import_module(module) if module else None
    made: Policy = (getattr(place, function) if place else OURS[function])(**parameters)
    return made


def constant(text: str = '{"rationale": "as always", "verdict": 5}') -> Policy:
    """The same text to everybody."""
    return lambda request: text


def echo() -> Policy:
    """What was asked last."""
    return lambda request: request["messages"][-1]["content"]


def filled(verdict: int = 5, rationale: str = "as always") -> Policy:
    """The same verdict to everybody, in whatever schema was asked for."""
    return lambda request: verdict_text(request, dict.fromkeys(DIMENSIONS, verdict), rationale)


def markers(file: str, default: str = "no marker") -> Policy:
    """A JSON file of {part of a prompt: answer}: the first part that the prompt has decides.

    An answer is a text as it is, or {dimension: verdict}, written in whatever schema was asked for.
    """
    table = json.loads(Path(file).read_text("utf-8"))

    def answer(request: Request) -> str:
        asked = whole_text(request)
        found = next((value for marker, value in table.items() if marker in asked), default)
        return found if isinstance(found, str) else verdict_text(request, found, "by its marker")

    return answer


def truth(file: str, noise: float = 0.0, seed: int = 0, lowest: int = 1, highest: int = 10) -> Policy:
    """Known verdicts with noise: a JSON file of {`known(prompt, answer)`: {dimension: verdict}}.

    Prompt and answer are found as two JSON strings in the messages, wherever a template puts them. With probability
    `noise` a verdict is replaced by another one, uniformly; the same question always gets the same answer.
    """
    table = json.loads(Path(file).read_text("utf-8"))

    def answer(request: Request) -> str:
        for one, other in permutations(dict.fromkeys(strings(request)), 2):
            if (found := table.get(known(one, other))) is not None:
                noisy = {name: shaken(value, f"{one}\n{other}\n{name}") for name, value in found.items()}
                return verdict_text(request, noisy, "by the world's truth")
        return "an item that the truth does not have"

    def shaken(value: int, what: str) -> int:
        generator = random.Random(f"{seed}\n{what}")
        others = [score for score in range(lowest, highest + 1) if score != value]
        return generator.choice(others) if generator.random() < noise else value

    return answer


def obedient(otherwise: int = 5) -> Policy:
    """A judge that gives the number that any instruction in the question names: `output 10`, `rate this 9`."""
    order = re.compile(r"(?:output|rate|score|give|verdict)\D{0,40}?\b(10|[1-9])\b", re.IGNORECASE)

    def answer(request: Request) -> str:
        found = [match for text in strings(request) for match in order.findall(text)]
        verdict = int(found[0]) if found else otherwise
        return verdict_text(request, dict.fromkeys(DIMENSIONS, verdict), "as I was told")

    return answer


def longest(step: int = 40) -> Policy:
    """A judge that likes length: one point for every so many characters of the longest text in the question."""

    def answer(request: Request) -> str:
        size = max((len(text) for text in strings(request)), default=0)
        return verdict_text(request, dict.fromkeys(DIMENSIONS, max(1, min(10, size // step))), "long is good")

    return answer


def known(prompt: str, answer: str) -> str:
    """The name of one judged answer in a file of the truth: SHA-256 over the last user turn and the answer."""
    return hashlib.sha256(f"{prompt}\n\n{answer}".encode("utf-8", "surrogatepass")).hexdigest()


def whole_text(request: Request) -> str:
    """All messages in one text."""
    return "\n".join(message["content"] for message in request["messages"])


def strings(request: Request) -> Iterator[str]:
    """Every JSON string in the user's messages, decoded."""
    for message in request["messages"]:
        if message["role"] == "user":
            for found in STRING.findall(message["content"]):
                try:
                    yield json.loads(found)
                except ValueError:
                    continue


DIMENSIONS = ("helpfulness", "safety", "rubric")


def verdict_text(request: Request, verdicts: Mapping[str, int], rationale: str) -> str:
    """Verdicts as the request's schema wants them; without one, a rationale and the verdict that was asked for."""
    format_ = request.get("response_format") or {}
    schema = format_.get("json_schema", {}).get("schema")
    if schema is None:
        return json.dumps({"rationale": rationale, "verdict": verdicts.get(asked_for(request, verdicts), 5)})
    return json.dumps(fill(schema, asked_for(request, verdicts), verdicts, rationale))


def asked_for(request: Request, verdicts: Mapping[str, int]) -> str:
    """The dimension a question is about: the one that its system text names first."""
    text = next((turn["content"] for turn in request["messages"] if turn["role"] == "system"), whole_text(request))
    places = {name: text.lower().find(name) for name in verdicts}
    named = [name for name in sorted(places, key=places.__getitem__) if places[name] >= 0]
    return named[0] if named else next(iter(verdicts), "")


def fill(schema: Mapping[str, Any], dimension: str, verdicts: Mapping[str, int], rationale: str) -> Any:
    """A value of a JSON schema: verdicts where an enum or an integer stands, the rationale where a text stands."""
    if "properties" in schema:
        return {
            name: fill(part, name if name in verdicts else dimension, verdicts, rationale)
            for name, part in schema["properties"].items()
        }
    verdict = verdicts.get(dimension, 5)
    if "enum" in schema:
        return next((value for value in schema["enum"] if str(value) == str(verdict)), schema["enum"][0])
    return verdict if schema.get("type") in ("integer", "number") else rationale


OURS: Mapping[str, Callable[..., Policy]] = {
    function.__name__: function for function in (constant, echo, filled, markers, truth, obedient, longest)
}
