"""Finding methods: built in by decorator, from other packages by entry point, or from a file."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, TypeVar

from lifealign_bench.data.errors import InputError, LifeAlignError, UnknownNameError
from lifealign_bench.methods.base import API_VERSION, Method

GROUP = "lifealign_bench.methods"
BUILT_IN = ("seqft", "er", "ewc", "gem", "l2p", "olora", "cppo", "lifealign", "stl", "mtl")

AnyMethod = TypeVar("AnyMethod", bound=type[Method])


class PluginError(LifeAlignError):
    """A method that exists and cannot be loaded; its own error is the cause, with its traceback."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A method class and where it came from."""

    method: type[Method]
    source: Literal["built in", "entry point", "file"]
    origin: str


_REGISTERED: dict[str, type[Method]] = {}


def register(cls: AnyMethod) -> AnyMethod:
    """Class decorator of the built-in methods: makes `cls.spec.name` known.

    Raises:
        ValueError: the name is taken by another class.
    """
    other = _REGISTERED.setdefault(cls.spec.name, cls)
    if other.__qualname__ != cls.__qualname__:
        raise ValueError(f"method {cls.spec.name!r} is already {other.__qualname__}")
    return cls


def find_method(reference: str) -> Registration:
    """The method of a name or of `path/to/file.py:ClassName`.

    Raises:
        UnknownNameError: no method of that name; lists near matches.
        PluginError: it exists and its import failed.
        InputError: it is no method, or written for another version of the method API.
    """
    if ".py:" in reference:
        return _from_file(reference)
    _check_unique(reference)
    if reference in BUILT_IN:
        importlib.import_module(f"lifealign_bench.methods.{reference}")
        return Registration(_REGISTERED[reference], "built in", f"lifealign_bench.methods.{reference}")
    points = [point for point in entry_points(group=GROUP) if point.name == reference]
    if not points:
        raise UnknownNameError("methods", "name", reference, method_names())
    point = points[0]
    loaded = _guarded(point.load, f"method {reference!r} of entry point {point.value}")
    method = _checked(loaded, point.value)
    if method.spec.name != reference:
        raise InputError(point.value, "spec.name", repr(method.spec.name), f"the entry point's name, {reference!r}")
    return Registration(method, "entry point", point.value)


def method_names() -> list[str]:
    """Every name that `find_method` knows, the built-in ones first."""
    return [*BUILT_IN, *sorted({point.name for point in entry_points(group=GROUP)} - set(BUILT_IN))]


def _check_unique(name: str) -> None:
    """Refuse a name that two packages, or a package and this one, give to a method."""
    owners = [
        f"{point.value} ({point.dist.name if point.dist else '?'})" for point in entry_points(group=GROUP, name=name)
    ]
    owners += ["built in"] if name in BUILT_IN else []
    if len(owners) > 1:
        raise InputError(
            f"methods {name!r}", "name", " and ".join(owners), "one method of a name; uninstall one of them"
        )


def _from_file(reference: str) -> Registration:
    name, _, class_name = reference.rpartition(":")
    path = Path(name)
    if not path.is_file():
        raise InputError(path, "method file", "no such file", "a Python file")
    module_name = f"lifealign_method_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise InputError(path, "method file", "no Python module", "a Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up while they are being made.
    sys.modules[module_name] = module
    loader = spec.loader
    _guarded(lambda: loader.exec_module(module), f"method file {path}")
    if not hasattr(module, class_name):
        classes = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, Method)]
        raise UnknownNameError(path, "class", class_name, classes)
    return Registration(_checked(getattr(module, class_name), reference), "file", str(path))


def _guarded(load: Callable[[], object], what: str) -> object:
    try:
        return load()
    # A plug-in may raise anything while it is imported; all of it is the plug-in's failure.
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}, line {place.lineno}"
        raise PluginError(f"{what} cannot be loaded: {type(error).__name__}: {error} ({where})") from error


def _checked(candidate: object, where: str) -> type[Method]:
    if not (isinstance(candidate, type) and issubclass(candidate, Method)):
        raise InputError(where, "class", repr(candidate), "a subclass of lifealign_bench.methods.Method")
    if not hasattr(candidate, "spec"):
        raise InputError(where, "spec", "nothing", "a MethodSpec")
    if candidate.spec.api != API_VERSION:
        raise InputError(where, "spec.api", candidate.spec.api, f"method API {API_VERSION}")
    return candidate
