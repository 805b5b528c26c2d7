"""Which capability tasks there are: the miniature world's, and those of the lm-eval that is installed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from lifealign_bench.benchmark.capability.task_files import mini_task_file
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.mini.questions import QUESTIONS

EXTRA = "pip install 'lifealign-bench[capability]'"

# A task, group or tag as lm-eval's YAML files name it, alone or in a list. Its own index takes ten times longer.
_NAME = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?(?:"?(?:task|group|tag)"?:[ \t]*)?["']?([^\s"'#:][^\n"'#]*?)["']?[ \t]*(?:#.*)?$""",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task and what decides its numbers: the hash of its files, or the version of the lm-eval that brings it."""

    name: str
    source: str


def lm_eval_version() -> str:
    """The version of lm-eval that is installed.

    Raises:
        InputError: there is none.
    """
    try:
        return version("lm_eval")
    except PackageNotFoundError:
        raise InputError("capability", "lm-eval", "not installed", EXTRA) from None


def known_task(name: str, world_seed: int) -> KnownTask:
    """A task by its lm-eval name, the miniature world's of this seed.

    Raises:
        InputError: lm-eval is not installed.
        UnknownNameError: it has no task, group or tag of that name.
    """
    installed = lm_eval_version()
    if name in QUESTIONS:
        return KnownTask(name, f"lm-eval {installed}, files {mini_task_file(name, world_seed).sha256}")
    names = _names(installed)
    if name not in names:
        raise UnknownNameError("capability", "task", name, (*QUESTIONS, *names))
    return KnownTask(name, f"lm-eval {installed}")


@lru_cache(maxsize=1)
def _names(installed: str) -> frozenset[str]:
    """What the YAML files of this version name; a word too many among them fails when it is asked."""
    spec = find_spec("lm_eval")
    if spec is None or spec.origin is None:
        raise InputError("capability", "lm-eval", "not installed", EXTRA)
    files = sorted((Path(spec.origin).parent / "tasks").rglob("*.yaml"))
    if not files:
        raise InputError("capability", f"lm-eval {installed}", "no task files", "the tasks that lm-eval comes with")
    return frozenset(name for path in files for name in _NAME.findall(path.read_text("utf-8", "replace")))
