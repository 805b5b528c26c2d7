"""Tables that not every run has, made for one that has none: capability, divergence from the base, and refusals."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lifealign_bench.benchmark.columns import read_table, write_table
from lifealign_bench.benchmark.safety.readers import label_of_text
from lifealign_bench.benchmark.schema import read_run
from lifealign_bench.data.mini.safety import safety_set


def write_beside(run: Path) -> None:
    """Write a run's `capability` and `safety` of row 0 and of the last row, and the `divergence` of the last row's
    answers; what is asked of refusals is answered with whatever the last row answered."""
    tasks = read_run(run).order.tasks
    samples = read_table(run, "samples")
    own = samples[samples["step"] == len(tasks)].reset_index(drop=True)
    nats = [0.1 * len(answer) for answer in own["answer"]]
    divergence = own[["pair_id", "item", "task", "step", "tokens"]].assign(nats=nats)
    write_table(run, "divergence", divergence)
    asked = {"asked": "arc_easy", "task": "arc_easy", "metric": "acc", "filter": "none", "n": 100}
    error = {"standard_error": 0.05, "higher_is_better": 1.0}
    rows = [
        {"step": 0, "trained_task": None, "value": 0.5, **asked, **error},
        {"step": len(tasks), "trained_task": tasks[-1], "value": 0.45, **asked, **error},
    ]
    write_table(run, "capability", pd.DataFrame(rows).astype({"trained_task": object}))
    said, prompts = own["answer"].tolist(), safety_set(0)
    answers = [
        {
            **{name: getattr(prompt, name) for name in ("prompt_id", "item", "harm", "category")},
            "step": step,
            "trained_task": tasks[step - 1] if step else None,
            "attack": attack,
            "reader": "oracle",
            "answer": (text := said[number % len(said)]),
            "tokens": 3,
            "score": 1.0,
            "label": label_of_text(text, prompt.item, 0),
        }
        for step in (0, len(tasks))
        for attack in ("none@1", "prefill@1")
        for number, prompt in enumerate(prompts)
    ]
    write_table(run, "safety", pd.DataFrame(answers).astype({"trained_task": object}))
