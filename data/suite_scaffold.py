"""A first suite file around a user's own tasks, as text: comments stay where the user put them."""

from __future__ import annotations

import re

import yaml

from lifealign_bench.data.errors import InputError

_ENTRY = re.compile(r"[ \t]+\S|-|[ \t]*#|[ \t]*$")

_SUITE = """\
# A stream of your own tasks. What a field means and may hold: lifealign plan THIS_FILE says what is wrong.
name: {name}
tasks:
{entry}
base: build:small  # a small model trained on these tasks' own text; or a hub id, or a folder
rows: {{train: 100, evaluation: 24}}  # pairs a task; null takes what the card says
budget:
  lora: {{r: 8, alpha: 16, targets: all_linear}}
  phases:
    - {{kind: sft, epochs: 1, learning_rate: 2.0e-3}}
    - {{kind: preference, epochs: 1, learning_rate: 2.0e-4}}
  batch_size: 8
  micro_batch_size: 8
  max_length: 256
evaluation: {{cells: full, max_new_tokens: 48, batch_size: 24}}
methods: [seqft, lifealign]
orders: random:2  # two orders by lot; or all, williams, or a list of your own
seeds: [0]
"""


def suite_text(suite: str, task: str, card: str) -> str:
    """A suite with one task of its own, the card's path relative to the suite file."""
    return _SUITE.format(name=suite, entry=_entry(task, card))


def with_task(text: str, task: str, card: str, where: str) -> str:
    """The same suite file with one more task at the end of its list, everything else untouched.

    Raises:
        InputError: the file has no block list of tasks to add to, or has that task already.
    """
    before = _names(text, where)
    if task in before:
        raise InputError(where, "tasks", f"{task!r} already", "a name that is not in the suite yet")
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if re.fullmatch(r"tasks:\s*(#.*)?", line)), None)
    if start is None:
        raise InputError(where, "tasks", "no list with a task on each line", f"`{_entry(task, card).strip()}` by hand")
    end = start + 1
    while end < len(lines) and _ENTRY.match(lines[end]):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    indent = re.match(r"[ \t]*", lines[start + 1])
    entry = (indent[0] if indent and end > start + 1 else "  ") + _entry(task, card).strip()
    added = "\n".join([*lines[:end], entry, *lines[end:]]) + "\n"
    if _names(added, where) != [*before, task]:
        raise InputError(where, "tasks", "a list this command cannot extend", f"`{entry.strip()}` by hand")
    return added


def _entry(task: str, card: str) -> str:
    quoted = card.replace("'", "''")
    return f"  - {{name: {task}, card: '{quoted}'}}"


def _names(text: str, where: str) -> list[str]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(where, "YAML", " ".join(str(error).split()), "a well-formed suite file") from None
    tasks = document.get("tasks") if isinstance(document, dict) else None
    if not isinstance(tasks, list):
        raise InputError(where, "tasks", type(tasks).__name__, "a list of tasks")
    return [str(task.get("name")) if isinstance(task, dict) else str(task) for task in tasks]
