"""Short names of tasks."""

from __future__ import annotations

from collections.abc import Sequence


def short_tasks(tasks: Sequence[str]) -> list[str]:
    """Task names without the beginning, up to a hyphen, that all of them share."""
    beginnings = {task.partition("-")[0] for task in tasks}
    shared = len(beginnings) == 1 and all("-" in task for task in tasks)
    return [task.partition("-")[2] if shared else task for task in tasks]
