"""Tasks as files that lm-eval reads with `--include_path`: a YAML and a JSON Lines file each, and what both call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from lifealign_bench.data.mini.questions import QUESTIONS, questions_of
from lifealign_bench.data.rows import digest

LOADING = "loading.py"

_HEAD = """\
task: {name}
custom_dataset: !function loading.questions
dataset_kwargs: {{rows: {name}.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: choices
doc_to_target: gold
target_delimiter: "{delimiter}"
num_fewshot: 0
"""
_CHOICE = """\
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
"""
_PREFERENCE = """\
process_results: !function loading.preferred
metric_list:
  - {metric: preference_accuracy, aggregation: mean, higher_is_better: true}
  - {metric: margin, aggregation: mean, higher_is_better: true}
"""


@dataclass(frozen=True)
class TaskFile:
    """An lm-eval task: rows with `prompt`, `choices` and `gold`, and how the choice is scored.

    scored: `choice` counts the likeliest text (`acc`), `preference` the likelier of two, ties half. delimiter: what
    stands between prompt and choice where no chat template is applied.
    """

    name: str
    rows: Sequence[Mapping[str, object]]
    scored: Literal["choice", "preference"] = "choice"
    delimiter: str = "\\n"
    remark: str = ""

    @property
    def yaml(self) -> str:
        """The text of the YAML file."""
        head = _HEAD.format(name=self.name, delimiter=self.delimiter)
        comment = "".join(f"# {line}\n" for line in self.remark.splitlines())
        version = 'metadata: {version: "1"}\n'
        return comment + head + (_CHOICE if self.scored == "choice" else _PREFERENCE) + version

    @property
    def jsonl(self) -> str:
        """The text of the JSON Lines file."""
        return "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in self.rows)

    @property
    def sha256(self) -> str:
        """Hash of what decides the task's numbers."""
        return digest([self.yaml, [dict(row) for row in self.rows]])


def write_task_files(folder: Path, tasks: Sequence[TaskFile]) -> None:
    """Write the tasks into a folder, made if it is not there; the same tasks give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    shared = resources.files("lifealign_bench.data.mini.capability_tasks") / LOADING
    (folder / LOADING).write_text(shared.read_text("utf-8"), "utf-8")
    for task in tasks:
        (folder / f"{task.name}.yaml").write_text(task.yaml, "utf-8")
        (folder / f"{task.name}.jsonl").write_text(task.jsonl, "utf-8")


def mini_task_file(name: str, world_seed: int) -> TaskFile:
    """A capability task of the miniature world of a seed."""
    remark = f"Miniature world {world_seed}, items of the evaluation split. Made by lifealign-bench."
    return TaskFile(name, questions_of(name, world_seed), remark=remark)


def mini_task_files(world_seed: int) -> list[TaskFile]:
    """All capability tasks of the miniature world of a seed."""
    return [mini_task_file(name, world_seed) for name in QUESTIONS]
