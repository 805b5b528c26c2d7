"""The replay buffer: which pairs of past tasks a method keeps, as pair ids."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest

FORMAT = 1


@dataclass(frozen=True, slots=True)
class TaskSample:
    """The kept pair ids of one task, best-ranked first: a shorter sample is a prefix of a longer one."""

    task: str
    pair_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplayBuffer:
    """The kept pairs of all past tasks, in the order in which the tasks were learned."""

    samples: tuple[TaskSample, ...] = ()

    def __len__(self) -> int:
        return sum(len(sample.pair_ids) for sample in self.samples)

    @property
    def pair_ids(self) -> tuple[str, ...]:
        """All kept ids: tasks as they were learned, within a task by its seeded rank."""
        return tuple(name for sample in self.samples for name in sample.pair_ids)

    def add(self, task: str, pair_ids: Sequence[str], fraction: float, cap: int, generator_seed: int) -> ReplayBuffer:
        """This buffer with a sample of a learned task: `fraction` of its pairs (at least one, none if it is 0).

        Reservoir sampling with random keys (Efraimidis and Spirakis, 2006, equal weights), the keys being hashes of
        seed and pair id: the rows' order plays no part, and trimming a sample leaves a uniform sample. When the
        buffer would hold more than `cap` pairs every task is trimmed to its quota, an equal share of the cap, whose
        unused rest goes to the larger samples.

        Raises:
            InputError: `fraction` outside [0, 1], a negative `cap`, a repeated pair id, or a task that is already kept.
        """
        _require(0 <= fraction <= 1, "fraction", fraction, "a number from 0 to 1")
        _require(cap >= 0, "cap", cap, "a number of at least 0")
        _require(len(set(pair_ids)) == len(pair_ids), "pair_ids", "a repeated id", "every id once")
        _require(all(sample.task != task for sample in self.samples), "task", repr(task), "a task that is not kept yet")
        size = max(1, round(fraction * len(pair_ids))) if fraction > 0 and pair_ids else 0
        ranked = sorted(pair_ids, key=lambda name: _rank(generator_seed, name))
        return _trimmed((*self.samples, TaskSample(task, tuple(ranked[:size]))), cap)

    def save(self, path: Path) -> None:
        """Write the buffer as JSON, whole or not at all."""
        tasks = [{"task": sample.task, "pair_ids": list(sample.pair_ids)} for sample in self.samples]
        content = {"format": FORMAT, "digest": digest(tasks), "tasks": tasks}
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(temporary, path)

    @classmethod
    def load(cls, path: Path) -> ReplayBuffer:
        """The buffer that `save` wrote.

        Raises:
            InputError: the file is missing, damaged, or of another format.
        """
        content = _read(path)
        found = content.get("format")
        _require(found == FORMAT, "format", found, f"{FORMAT}", path)
        tasks = content.get("tasks")
        _require(_well_formed(tasks), "tasks", "something else", "a list of tasks with their pair ids", path)
        _require(digest(tasks) == content.get("digest"), "digest", content.get("digest"), digest(tasks), path)
        return cls(tuple(TaskSample(entry["task"], tuple(entry["pair_ids"])) for entry in tasks or ()))


def _trimmed(samples: Sequence[TaskSample], cap: int) -> ReplayBuffer:
    """The samples, each cut to its quota, without the empty ones."""
    quotas = _quotas([len(sample.pair_ids) for sample in samples], cap)
    cut = (TaskSample(sample.task, sample.pair_ids[:quota]) for sample, quota in zip(samples, quotas, strict=True))
    return ReplayBuffer(tuple(sample for sample in cut if sample.pair_ids))


def _quotas(sizes: Sequence[int], cap: int) -> list[int]:
    """An equal share of `cap` for each size; what a small size does not need is shared among the larger ones."""
    quotas = [0] * len(sizes)
    left = cap
    for served, index in enumerate(sorted(range(len(sizes)), key=lambda index: sizes[index])):
        quotas[index] = min(sizes[index], left // (len(sizes) - served))
        left -= quotas[index]
    return quotas


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest()


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(path, "file", "nothing", "a replay buffer") from None
    except ValueError as error:
        raise InputError(path, "file", f"no JSON ({error})", "a replay buffer") from error
    _require(isinstance(content, dict), "file", type(content).__name__, "a JSON object", path)
    return dict(content)


def _well_formed(tasks: object) -> bool:
    return isinstance(tasks, list) and all(
        isinstance(entry, dict)
        and entry.keys() == {"task", "pair_ids"}
        and isinstance(entry["task"], str)
        and _all_text(entry["pair_ids"])
        for entry in tasks
    )


def _all_text(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _require(ok: bool, field: str, found: object, expected: str, where: object = "replay buffer") -> None:
    if not ok:
        raise InputError(where, field, found, expected)
