"""What runs must share before their numbers are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from lifealign_bench.benchmark.runs import StoredRun
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest


def check_fair(runs: Sequence[StoredRun]) -> None:
    """Nothing where these runs may stand on one board.

    A method that lacks some of another one's orders has missing runs, which is said where it matters; two methods each
    of which ran an order that the other did not are not compared.

    Raises:
        InputError: several comparability keys or bases; the same run twice; one method with two configurations; one
            order name for two orders; two methods with different orders.
    """
    _one(runs, "comparability_key", {run.record.comparability_key[:12] for run in runs}, "runs of one")
    bases = {f"{run.record.model.source} ({run.record.model.weights_sha256[:12]})" for run in runs}
    _one(runs, "model", bases, "runs of one base")
    _check_identities(runs)
    _check_orders(runs)


def _one(runs: Sequence[StoredRun], field: str, found: set[str], expected: str) -> None:
    if len(found) > 1:
        raise InputError(runs[0].folder.parent, field, ", ".join(sorted(found)), expected)


def _check_identities(runs: Sequence[StoredRun]) -> None:
    seen: dict[tuple[str, str, int], StoredRun] = {}
    kinds: dict[str, tuple[str, StoredRun]] = {}
    for run in runs:
        own = run.record.identity
        key = (own.method, own.order, own.seed)
        if key in seen:
            raise InputError(run.folder, "identity", f"the same run as {seen[key].folder}", "each run once")
        seen[key] = run
        method = run.record.method
        kind = digest([method.model_dump(mode="json"), run.record.budget])
        first = kinds.setdefault(own.method, (kind, run))
        if first[0] != kind:
            raise InputError(
                run.folder, "method", f"{own.method} otherwise than in {first[1].folder}", "one version, config, budget"
            )


def _check_orders(runs: Sequence[StoredRun]) -> None:
    orders: dict[str, tuple[str, ...]] = {}
    ran: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        order = run.record.order
        if orders.setdefault(order.name, order.tasks) != order.tasks:
            raise InputError(run.folder, "order", f"another order under the name {order.name}", "one order a name")
        if run.record.method.spec.schedule == "sequential":
            ran[run.record.identity.method].add(order.name)
    for (first, one), (second, other) in combinations(sorted(ran.items()), 2):
        if one - other and other - one:
            found = f"{first} ran {_listed(one - other)} and {second} ran {_listed(other - one)}"
            raise InputError(runs[0].folder.parent, "orders", found, "the same orders for both")


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
