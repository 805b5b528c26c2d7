"""What a method is, for content keys: its name, version, configuration, and the source it is made of."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from lifealign_bench.methods import base, consolidation, losses, replay
from lifealign_bench.methods.base import Method

LIBRARY = (losses, consolidation, replay)


def method_identity(method: Method) -> dict[str, object]:
    """Name, version, source hash and the whole configuration of a method, as JSON values."""
    return {
        "name": method.spec.name,
        "version": method.spec.version,
        "source": source_hash(type(method)),
        "config": config_values(method),
    }


def plain_identity() -> dict[str, object]:
    """The identity of plain training: what every method with a plain first task shares."""
    return {"name": "plain", "version": "1", "source": _hash_files([_file(base), _file(losses)]), "config": {}}


def config_values(method: Method) -> Mapping[str, object]:
    """The configuration as a mapping of JSON values."""
    values: dict[str, object] = dataclasses.asdict(method.config)
    return values


def source_hash(method: type[Method]) -> str:
    """SHA-256 over the modules of the class, of its ancestors and of the shared method library.

    Comments, docstrings, layout and the declared kinds of distribution do not count: changing them changes no number.
    """
    own = [Path(inspect.getfile(cls)) for cls in method.__mro__ if cls is not object]
    return _hash_files([*own, *(_file(module) for module in LIBRARY)])


def _file(module: object) -> Path:
    return Path(inspect.getfile(module))  # type: ignore[arg-type]


def _hash_files(paths: list[Path]) -> str:
    texts = sorted(_code(path.read_text("utf-8")) for path in set(paths))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@lru_cache(maxsize=256)
def _code(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _documented(node):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "MethodSpec":
            # Which processes may learn it together changes nothing of what one learns.
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "distribution"]
    return ast.unparse(tree)


def _documented(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return ast.get_docstring(node, clean=False) is not None
