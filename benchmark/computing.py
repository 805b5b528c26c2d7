"""One node computed into the store, unless another process has it or is at it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lifealign_bench.benchmark.cost import CostMeter
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.listening import Failure, Listener, State
from lifealign_bench.benchmark.nodes import run_node
from lifealign_bench.benchmark.store import DamagedNodeError, Store, StoreError
from lifealign_bench.benchmark.walk import Pause
from lifealign_bench.benchmark.workshop import Workshop
from lifealign_bench.benchmark.world import LoadedWorld
from lifealign_bench.data.errors import LifeAlignError

Work = Callable[[Node, Workshop, Path, CostMeter], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a node, and why where it failed; state: None where another process holds it."""

    state: State | None
    failure: Failure | None = None


@dataclass(frozen=True)
class Computing:
    """All that computing a node takes beside the node.

    around: the machine, for provenance. work: what computes a node into an empty folder.
    """

    world: LoadedWorld
    store: Store
    listener: Listener
    around: Mapping[str, object]
    work: Work = run_node

    def attempt(self, node: Node) -> Ended:
        """Compute a node unless another process did or is at it.

        Raises:
            StoreError: the store cannot be written or read.
        """
        held = self.store.try_lock(node.key)
        if held is None:
            self.listener.waiting(node, self.store.holder(node.key) or "another process")
            return Ended(None)
        with self.store.releasing(held):
            return self._compute(node)

    def insist(self, node: Node) -> Ended:
        """As `attempt`, but waits for the process that is at it."""
        pause = Pause()
        while (ended := self.attempt(node)).state is None:
            pause.wait()
        return ended

    def _compute(self, node: Node) -> Ended:
        def progress(what: str, done: int, total: int, loss: float | None) -> None:
            self.listener.progressed(node, what, done, total, loss)

        if self._is_there(node):
            return Ended("cached")
        self.listener.started(node)
        started = datetime.now(UTC).isoformat()
        store = self.store
        try:
            with CostMeter() as meter, store.write(node.key, node.kind, node.inputs, node.parents) as folder:
                self.work(node, Workshop(self.world, store, progress), folder, meter)
        except DamagedNodeError as error:
            damaged = (error.key, tuple(error.problems))
            return Ended("failed", Failure(node, str(error), traceback.format_exc(), damaged))
        except StoreError:
            raise
        # A method or a library may raise anything; all of it fails this node and nothing else.
        except Exception as error:  # noqa: BLE001
            message = str(error) if isinstance(error, LifeAlignError) else f"{type(error).__name__}: {error}"
            return Ended("failed", Failure(node, message, traceback.format_exc()))
        kept = {"label": node.label, "started": started, "cost": meter.cost.to_dict(), "machine": dict(self.around)}
        store.write_provenance(node.key, kept)
        return Ended("done")

    def _is_there(self, node: Node) -> bool:
        """Whether the store has the node, whole; a damaged one is taken out. Its lock is held."""
        if not self.store.has(node.key):
            return self.store.rescue(node.key)
        problems = self.store.verify(node.key)
        if problems:
            self.store.discard(node.key)
            self.listener.damaged(node, problems)
        return not problems
