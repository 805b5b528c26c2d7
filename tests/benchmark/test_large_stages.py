"""Stages that several processes learn together: the same batches, the same results, and plain words where not."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifealign_bench.benchmark.engine import Unwatched, run_graph
from lifealign_bench.benchmark.environment import settle_process
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.large_stages import refuse_unsupported, training_inputs
from lifealign_bench.benchmark.session import Overrides, Session, open_session
from lifealign_bench.benchmark.suite import Suite, parse_suite
from lifealign_bench.benchmark.training import processes
from lifealign_bench.benchmark.training.ranks import ALONE, Part, Ranks, mean_by_name, parts_of
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods import find_method, identity, method_names
from support import BUDGET, write_suite

TASKS = ("mini-harmless", "mini-helpful")
# 16 + 2 rows: the second batch is one micro-batch, with which one of two processes has nothing to do.
PAIRS, MICRO, BATCH = 18, 4, 16
EPSILON = 1e-3
LOSS_TOLERANCE, LOGP_TOLERANCE = 1e-3, 0.01
"""Of logged numbers (relative), and of log-probabilities of whole answers (nats, of some tens)."""

START = processes._start

SHARING = [name for name in method_names() if "ddp" in find_method(name).method.spec.distribution]


@dataclass(frozen=True)
class Learned:
    """What a method's stages left: logged numbers by stage, log-probabilities of all rows, pairs and steps."""

    losses: Sequence[Sequence[tuple[str, str, float]]]
    logps: Sequence[float]
    passes: Sequence[int]


def learned(name: str, ranks: Ranks) -> Learned:
    """One method over two tasks, on the bench of the conformance kit, as one process of `ranks`.

    Adam's usual epsilon makes whole steps of gradients that are nothing but rounding, which says nothing of what is
    looked for here.
    """
    from lifealign_bench.benchmark.training import phases

    usual = phases._arguments
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases, "_arguments", lambda *given: {**usual(*given), "adam_epsilon": EPSILON})
        return _learned(name, ranks)


def _learned(name: str, ranks: Ranks) -> Learned:
    from lifealign_bench.benchmark.conformance_bench import BUDGET as BENCH_BUDGET
    from lifealign_bench.benchmark.conformance_bench import copied
    from lifealign_bench.benchmark.nodes import learn

    bench, method = the_bench(), find_method(name).method
    prefixes = [TASKS] if method.spec.schedule == "joint" else [TASKS[:1], TASKS]
    adapter = method.from_mapping(method.spec.active or {})
    weights, losses, passes = None, [], []
    for prefix in prefixes:
        stage = bench.stage(adapter, prefix, weights)
        stage.budget = BENCH_BUDGET.model_copy(update={"batch_size": BATCH, "micro_batch_size": MICRO})
        stage.ranks = ranks
        learn(stage)
        weights = copied(stage)
        losses.append([(row.phase, row.name, row.value) for row in stage.report.losses])
        passes.append(ranks.sum_of({"pairs": stage.report.example_passes})["pairs"])
        adapter.remember(stage)
    rows = [pair for task in TASKS for pair in bench.rows[task]]
    found = stage.logps(rows, "now")
    return Learned(losses, [value for pair in rows for value in found[pair.pair_id]], passes)


@cache
def the_bench():  # type: ignore[no-untyped-def]
    from lifealign_bench.benchmark.conformance_bench import Bench

    settle_process(1)
    return Bench("mini", TASKS, PAIRS)


def one_rank(pipe: Connection, ranks: Ranks, meeting: Path) -> None:
    import torch.distributed as together
    from accelerate.state import AcceleratorState

    os.environ |= {"RANK": str(ranks.rank), "LOCAL_RANK": str(ranks.rank), "WORLD_SIZE": str(ranks.count)}
    os.environ |= {"LOCAL_WORLD_SIZE": str(ranks.count), "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    AcceleratorState._reset_state(reset_partial_state=True)
    together.init_process_group("gloo", init_method=f"file://{meeting}", rank=ranks.rank, world_size=ranks.count)
    pipe.send({name: learned(name, ranks) for name in SHARING})
    together.barrier()
    os._exit(0)


@pytest.fixture(scope="module")
def by_two(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Mapping[str, Learned]]:
    """What both of two processes found of every method that says it can be learned so."""
    the_bench()
    meeting = tmp_path_factory.mktemp("ranks") / "meeting"
    context, pipes, processes = multiprocessing.get_context("fork"), [], []
    for rank in (0, 1):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=one_rank, args=(theirs, Ranks(2, rank), meeting), daemon=True))
        processes[-1].start()
        theirs.close()
        pipes.append(ours)
    try:
        return [pipe.recv() for pipe in pipes]
    finally:
        for process in processes:
            process.kill()


def test_the_methods_of_plain_gradients_can_be_learned_by_several_processes() -> None:
    assert {"seqft", "er", "ewc", "gem", "olora", "lifealign", "mtl", "stl"} <= set(SHARING)


@pytest.mark.parametrize("name", SHARING)
def test_two_processes_learn_what_one_learns(name: str, by_two: Sequence[Mapping[str, Learned]]) -> None:
    alone = learned(name, ALONE)
    for together in (found[name] for found in by_two):
        assert together.passes == alone.passes
        for two, one in zip(together.losses, alone.losses, strict=True):
            assert [row[:2] for row in two] == [row[:2] for row in one]
            assert [row[2] for row in two] == pytest.approx([row[2] for row in one], rel=LOSS_TOLERANCE, abs=1e-4)
        assert together.logps == pytest.approx(alone.logps, abs=LOGP_TOLERANCE)
    assert by_two[0][name].logps == by_two[1][name].logps, "both processes hold the same policy, bit for bit"


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4))
def test_the_processes_together_have_the_micro_batches_of_one(rows: int, micro: int, steps: int, count: int) -> None:
    batch = micro * steps * count
    each = [parts_of(range(rows), micro, batch, Ranks(count, rank)) for rank in range(count)]
    assert len({len(parts) for parts in each}) == 1, "nobody waits for a process that has no more"
    dealt = [part for turn in zip(*each, strict=True) for part in turn if part.weight]
    assert [part.rows for part in dealt] == [part.rows for part in parts_of(range(rows), micro, batch, ALONE)]
    assert sum(part.weight / part.of for part in dealt) == pytest.approx(-(-rows // batch)), "each batch weighs one"


def test_a_process_without_a_micro_batch_keeps_step_with_no_weight() -> None:
    assert parts_of(range(2), 2, 4, Ranks(2, 1)) == [Part((0, 1), 1, 0)]


def test_what_only_some_processes_log_is_the_mean_over_those() -> None:
    assert mean_by_name([{"loss": 1.0}, {"loss": 3.0, "own": 2.0}]) == {"loss": 2.0, "own": 2.0}


MINIMAL = {"name": "mine", "tasks": ["hc3"], "base": "build:small", "methods": ["seqft"]}


def suite_of(**changes: object) -> Suite:
    return parse_suite({**MINIMAL, **changes}, "mine.yaml")


def test_a_method_that_does_not_declare_it_is_refused_in_one_line() -> None:
    two = suite_of(training={"processes": 2})
    with pytest.raises(InputError, match=r"^method cppo: training\.strategy: found ddp with 2 processes.*one process"):
        refuse_unsupported(two, [find_method("cppo").method()])
    sharded = suite_of(training={"processes": 2, "strategy": "fsdp"})
    with pytest.raises(InputError, match=r"method seqft.*found fsdp with 2 processes.*expected ddp"):
        refuse_unsupported(sharded, [find_method("seqft").method()])
    refuse_unsupported(two, [find_method(name).method() for name in SHARING])


def test_a_batch_that_the_processes_cannot_split_is_refused() -> None:
    budget = {"batch_size": 8, "micro_batch_size": 4}
    with pytest.raises(InputError, match=r"batch_size 8 is not a multiple of 12.*3 processes"):
        suite_of(budget=budget, training={"processes": 3})
    with pytest.raises(InputError, match="need strategy fsdp or deepspeed"):
        suite_of(training={"processes": 2, "settings": {"cpu_offload": True}})


def test_a_suite_of_one_process_is_what_it_was() -> None:
    assert "training" not in suite_of().model_dump(mode="json")
    assert training_inputs(suite_of()) == {}
    two = suite_of(training={"processes": 2})
    assert two.with_overrides({"seeds": [3]}).training.processes == 2
    assert training_inputs(two) == {"training": {"processes": 2, "strategy": "ddp", "settings": {}}}


def one_stage(folder: Path, epochs: int = 1) -> tuple[Session, Node]:
    """A session of one method on one task by two processes, and its train node."""
    phases = [{**phase, "epochs": epochs} for phase in BUDGET["phases"]]
    suite = write_suite(
        folder / "two.yaml",
        Path(),
        "world:mini",
        data_dir=None,
        methods=["er"],
        tasks=["mini-human"],
        orders={"order1": ["mini-human"]},
        training={"processes": 2},
        budget={**BUDGET, "phases": phases, "micro_batch_size": 1},
    )
    settle_process(1)
    session = open_session(str(suite), Overrides(), folder / "w", lambda text: None)
    (node,) = [node for node in session.plan.graph.in_order() if node.kind == "train"]
    return session, node


def test_a_stage_of_two_processes_leaves_a_whole_node(tmp_path: Path) -> None:
    session, node = one_stage(tmp_path)
    wanted = session.plan.graph.leading_to([node])
    outcome = run_graph(wanted, session.world, session.store, Unwatched())
    assert [failure.details for failure in outcome.failures] == []
    assert session.store.verify(node.key) == []
    assert node.inputs["training"] == {"processes": 2, "strategy": "ddp", "settings": {}}
    found = session.store.read_json(node.key, "stage.json")
    assert found["steps"] == {"sft": 3, "preference": 3}
    assert found["example_passes"] == 24, "twelve rows a phase, each once, by whichever process"
    losses = pq.read_table(session.store.path(node.key) / "losses.parquet").to_pylist()
    assert [row["step"] for row in losses if row["phase"] == "preference"] == [1, 2, 3]


class Killer(Unwatched):
    """Kills the second process of a stage when the first one has taken a step, long before the last one."""

    def __init__(self) -> None:
        self.started_pids: list[int] = []
        self.killed = False

    def start(self, *setting: Any) -> Any:
        """As `processes._start`, which knows best what it started: a search through this machine's may miss some."""
        process = START(*setting)
        self.started_pids.append(process.process.pid)
        return process

    def progressed(self, node: Node, what: str, done: int, total: int, loss: float | None) -> None:
        if len(self.started_pids) == 2 and not self.killed:
            self.killed = True
            os.kill(self.started_pids[1], signal.SIGKILL)


def test_a_process_that_dies_takes_the_stage_with_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, node = one_stage(tmp_path, epochs=1000)
    killer = Killer()
    monkeypatch.setattr(processes, "_start", killer.start)
    outcome = run_graph(session.plan.graph.leading_to([node]), session.world, session.store, killer)
    (failure,) = outcome.failures
    assert "process 1 of 2: its process ended with code -9" in failure.message
    assert "\n" not in failure.message
    assert not session.store.has(node.key)
    assert not any(psutil.pid_exists(pid) for pid in killer.started_pids), "the other one was ended, too"


def test_what_a_method_says_of_processes_is_no_part_of_its_identity() -> None:
    spec = 'MethodSpec(name="a", version="1", {}title="A")'
    assert identity._code(spec.format('distribution=frozenset({"ddp"}), ')) == identity._code(spec.format(""))
    assert identity._code(spec.format("grows=True, ")) != identity._code(spec.format(""))
