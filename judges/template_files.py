"""Templates in YAML files: read and checked, the file and the field of every problem named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

import yaml
from pydantic import ValidationError

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError, UnknownNameError

Model = TypeVar("Model", bound=Strict)


def parse_file(model: type[Model], text: str, where: str) -> Model:
    """The template (or frame, or lock) in a YAML text.

    Raises:
        InputError: names `where`, the field, what was found and what was expected; an unknown key lists near matches.
    """
    values = read_values(text, where)
    try:
        return model.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise _explain(model, error, where) from None


def read_values(text: str, where: str) -> Mapping[str, object]:
    """The mapping in a YAML text, every key of it once."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        _refuse_double_keys(node, where)
        values = loader.construct_document(node) if node else None
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(where, "YAML", " ".join(str(error).split())[:160], "a well-formed document") from None
    if not isinstance(values, dict):
        raise InputError(where, "document", type(values).__name__, "a mapping of fields")
    return values


def _refuse_double_keys(node: yaml.Node | None, where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        names = [str(key.value) for key, _ in node.value]
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            raise InputError(where, twice[0], f"twice (line {node.start_mark.line + 1} on)", "every key once")
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                _refuse_double_keys(part, where)


def _explain(model: type[Strict], error: ValidationError, where: str) -> InputError:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "texts"
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        return UnknownNameError(where, place, str(first["loc"][0]), model.model_fields)
    shown = "nothing" if first["type"] == "missing" else repr(first["input"])
    expected = str(first["msg"]).removeprefix("Value error, ")
    return InputError(where, place, shown if len(shown) < 80 else shown[:77] + "...", expected)
