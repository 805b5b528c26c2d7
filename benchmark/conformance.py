"""What must hold for every method, measured on two small tasks of the miniature world: `lifealign method check`.

A method learns one task and then another, in the steps in which the run graph would have it done; what is compared are
bytes of weights and of memory. The rows are those of the world's third split, which no suite evaluates.
"""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from lifealign_bench.benchmark.conformance_bench import (
    BASES,
    BrokenPropertyError,
    Learner,
    Weights,
    bytes_of,
    copied,
    equal,
    same,
)
from lifealign_bench.benchmark.evaluation.answers import answers_of
from lifealign_bench.benchmark.evaluation.logps import pair_logps
from lifealign_bench.benchmark.nodes import learn
from lifealign_bench.benchmark.training.guard import ForbiddenError
from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.methods.registry import find_method

State = Literal["pass", "fail", "not applicable"]

TASKS = ("mini-harmless", "mini-helpful")
ALL_TASKS = (*TASKS, "mini-general", "mini-human", "mini-truth", "mini-safe")
PADDING = "does padding reach the answer?"


@dataclass(frozen=True, slots=True)
class Line:
    """One property: its name, whether it holds, and what was found."""

    name: str
    state: State
    message: str


class NotApplicableError(Exception):
    """A property says nothing about this method; the message says why."""


def check_method(reference: str, full: bool = False, progress: Callable[[str], None] | None = None) -> list[Line]:
    """Every property of one method, by name or `path/to/file.py:Class`; full: over six tasks instead of two.

    A method that cannot be loaded is one failing line. progress: called with each property's name before its turn.
    """
    with tempfile.TemporaryDirectory(prefix="lifealign-") as folder:
        try:
            method = find_method(reference).method
        except LifeAlignError as error:
            cause = error.__cause__
            return [Line("can be loaded", "fail", "".join(traceback.format_exception(cause)) if cause else str(error))]
        found = [Line("can be loaded", "pass", f"{method.__qualname__}, version {method.spec.version}")]
        check = _Check(method, Path(folder), ALL_TASKS if full else TASKS)
        for name, measure in check.properties().items():
            if progress is not None:
                progress(name)
            line = _line(name, measure)
            # What every property meets on its way (a hook that raises) is told in full once.
            reason = line.message.splitlines()[-1]
            if line.state == "fail" and any(earlier.message.endswith(reason) for earlier in found):
                line = Line(name, "fail", f"for the same reason: {reason}")
            found.append(line)
        return found


def _line(name: str, measure: Callable[[], str]) -> Line:
    try:
        return Line(name, "pass", measure())
    except NotApplicableError as reason:
        return Line(name, "not applicable", str(reason))
    except (BrokenPropertyError, ForbiddenError) as broken:
        return Line(name, "fail", str(broken))
    except Exception:  # noqa: BLE001 - a hook may raise anything; all of it is the method's failure
        return Line(name, "fail", traceback.format_exc().strip())


class _Check(Learner):
    """Every property of one method, over what it learned; each stage is learned once."""

    def properties(self) -> dict[str, Callable[[], str]]:
        """The properties of the design, in the order in which they are measured and shown."""
        return {
            "opens no evaluation data": self.no_evaluation_data,
            "first task as declared": self.first_task,
            "neutral equals SeqFT": self.neutral,
            "acts at all": self.acts,
            "resume equals straight": self.resumes,
            "what is evaluated is carried on": self.carried_on,
            "learns its own task in every phase": self.own_rows,
            "declared memory is kept": self.remembers,
            "memory is safetensors and JSON": self.no_pickle,
            "answers alike alone and in a batch": self.answers_alone,
            "works on both bases": self.both_bases,
        }

    # Properties ------------------------------------------------------------------------------------------------------

    def first_task(self) -> str:
        """The first task is SeqFT's where that is declared; MTL and STL of one task are."""
        if self.sequential and not self.method.spec.first_task_plain:
            raise NotApplicableError("the first task is not declared to be SeqFT's")
        hint = "with nothing to protect yet the method must do nothing"
        same(self.chain()[0].weights, self.plain()[0], "task 1", hint)
        return "task 1 gives SeqFT's bytes"

    def neutral(self) -> str:
        """In its neutral setting the method is SeqFT."""
        settings = self.method.spec.neutral
        if settings is None or not self.sequential:
            raise NotApplicableError("no neutral setting is declared")
        found = self.resumed(lambda: self.method.from_mapping(settings), BASES[0])
        for step, (own, plain) in enumerate(zip(found, self.plain(), strict=True), 1):
            same(own.weights, plain, f"task {step} with {dict(settings)}", "a neutral setting must not act")
        return f"{dict(settings) or 'the default'} gives SeqFT's bytes on every task"

    def acts(self) -> str:
        """In its active setting the method changes what task 2 learns."""
        settings = self.method.spec.active
        if settings is None or not self.sequential:
            raise NotApplicableError("no active setting is declared")
        if equal(self.chain()[1].weights, self.plain()[1]):
            raise BrokenPropertyError(
                f"task 2 with {dict(settings)}: found SeqFT's bytes, expected other weights; does the hook run before "
                "the optimiser step, and does what it changes reach the step?"
            )
        return f"{dict(settings) or 'the default'} changes the weights of task 2"

    def resumes(self) -> str:
        """One method object that goes on equals fresh ones that load what was saved."""
        if not self.sequential:
            raise NotApplicableError(f"its schedule is {self.method.spec.schedule}")
        method, weights = self.active(), None
        for step in range(1, len(self.tasks) + 1):
            stage = self.bench().stage(method, self.tasks[:step], weights)
            learn(stage)
            weights = copied(stage)
            if step < len(self.tasks):
                method.remember(stage)
            hint = "is there state that save() does not write, or in a module or a class?"
            same(weights, self.chain()[step - 1].weights, f"task {step} in one go", hint, "the resumed bytes")
        return "one method object and fresh ones that load give the same bytes"

    def carried_on(self) -> str:
        """The first step of a task starts from the weights that were saved, and evaluated, after the last one."""
        if not self.sequential:
            raise NotApplicableError(f"its schedule is {self.method.spec.schedule}")
        for step, learned in enumerate(self.chain(), 1):
            if learned.late is not None:
                raise BrokenPropertyError(
                    f"task {step}: {learned.late} changed weights that were saved already; weights may change in "
                    "after_phase() and after_stage() only"
                )
        for step, (before, after) in enumerate(pairwise(self.chain()), 1):
            own = {name: after.started[name] for name in before.weights}
            hint = "change weights in after_phase() or after_stage() only"
            same(own, before.weights, f"start of task {step + 1}", hint, f"what was evaluated after task {step}")
        return "every task starts from the weights that were evaluated"

    def own_rows(self) -> str:
        """Every phase trains on all rows of the task that is learned."""
        for task, learned in zip(self.tasks, self.chain(), strict=True):
            own = {pair.pair_id for pair in self.bench().rows[task]}
            for phase, seen in learned.rows.items():
                if missing := len(own - seen):
                    raise BrokenPropertyError(
                        f"{task}, phase {phase}: {missing} of its {len(own)} rows are not in training_data(); return "
                        "ctx.rows, and add to them what is recalled"
                    )
        return "every phase trains on all rows of its task"

    def remembers(self) -> str:
        """What is kept is declared, and what was kept of task 1 still counts after task 2."""
        chain, keeps = self.chain(), self.method.spec.keeps
        files = bytes_of(chain[-1].memory)
        if not keeps:
            if files:
                raise BrokenPropertyError(f"save() wrote {sorted(files)}, expected nothing: spec.keeps is empty")
            return "nothing is kept, as declared"
        if not files or not self.sequential:
            return f"{', '.join(sorted(keeps))}: in the policy itself"
        alone, _ = self.remembered(self.active, self.tasks, chain[-1].weights, None)
        if bytes_of(alone) == files:
            raise BrokenPropertyError(
                "after the last task memory is the same whether earlier ones were remembered or not: found a replaced "
                "memory, expected one that accumulates"
            )
        size = sum(len(content) for content in files.values())
        return f"{', '.join(sorted(keeps))}: {size:,} bytes after {len(chain)} tasks"

    def no_pickle(self) -> str:
        """Memory is files that open without running code, and what is loaded is what was saved."""
        folder = self.chain()[-1].memory
        odd = [name for name in bytes_of(folder) if not name.endswith((".safetensors", ".json"))]
        if odd:
            raise BrokenPropertyError(f"save() wrote {odd[0]}, expected .safetensors and .json files only")
        again = self.active()
        again.load(folder)
        if bytes_of(self.saved(again)) != bytes_of(folder):
            raise BrokenPropertyError("save() wrote other bytes than load() read, expected the same files")
        return "no other files, and a saved memory is read back whole"

    def no_evaluation_data(self) -> str:
        """Hooks open no evaluation rows, and write into no folder but their own."""
        self.chain()
        return "no hook opened evaluation rows or wrote elsewhere"

    def answers_alone(self) -> str:
        """A policy answers, and scores pairs, the same whatever stands beside a question in a batch."""
        return self._serves(BASES[0], self.chain()[-1].weights)

    def both_bases(self) -> str:
        """The other family, with fused query-key-value layers, can be learned and answered with."""
        chain = self.resumed(self.active, BASES[1])
        if any(not value.isfinite().all() for value in chain[-1].weights.values()):
            raise BrokenPropertyError(f"weights on {BASES[1]} are not finite")
        self._serves(BASES[1], chain[-1].weights)
        return " and ".join(BASES)

    def _serves(self, base: str, weights: Weights) -> str:
        bench, task = self.bench(base), self.tasks[-1]
        method = self.active()
        method.load(self.chain()[-1].memory if base == BASES[0] else self.saved(method))
        rows = bench.rows[task][:4]
        policy = bench.policy(method, self.tasks, weights)
        named = task if method.spec.needs_task_identity else None
        pad = bench.encoder.tokenizer.pad_token_id
        with method.serve(policy, named) as answering:
            scores = [pair_logps(answering, bench.encoder.encode(rows), size, pad) for size in (1, len(rows))]
            answers = [answers_of(answering, bench.encoder, rows, 8, size) for size in (1, len(rows))]
        worst = max(abs(one.chosen - other.chosen) for one, other in zip(*scores, strict=True))
        if worst > 1e-2:
            raise BrokenPropertyError(
                f"log-probabilities alone and in a batch differ by {worst:.3g}: does padding reach the answer?"
            )
        if [answer.text for answer in answers[0]] != [answer.text for answer in answers[1]]:
            raise BrokenPropertyError(f"answers alone and in a batch differ; {PADDING}")
        return f"{len(rows)} questions, alone and together"
