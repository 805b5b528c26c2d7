"""Group P: the protocol, the suite, the base, the data and the judge are known, and the orders are orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifealign_bench.data.rows import digest
from lifealign_bench.leaderboard.submissions.bundle import Bundle, BundledRun
from lifealign_bench.leaderboard.submissions.findings import Finding, error, warning
from lifealign_bench.leaderboard.submissions.known import PROTOCOLS, KnownSuite, base_of, settings_of


def p1_version(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P1: the protocol's version is one that this checker reads."""
    if run.record.suite.protocol not in PROTOCOLS:
        known = ", ".join(map(str, PROTOCOLS))
        yield error("P1", run.file("run.json"), "suite.protocol", run.record.suite.protocol, known)


def p2_base(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P2: in the closed division the base is one of the board's, by the hashes of all that makes it."""
    if base_of(run.record.model) not in bundle.known.bases:
        found = f"{run.record.model.source}, {run.record.model.weights_sha256[:12]}"
        say = error if bundle.submission.division == "closed" else warning
        yield say("P2", run.file("run.json"), "model", found, "a base of this board: weights, configuration, tokenizer")


def p3_data(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P3: evaluation rows, and in the closed division training rows, are those that the board has for each task."""
    for task, record in run.record.data.items():
        known = bundle.known.data.get(task)
        file = run.file("run.json")
        if known is None:
            yield error("P3", file, "data", task, f"tasks of this board: {', '.join(sorted(bundle.known.data))}")
        elif record.evaluation_sha256 not in {each.evaluation_sha256 for each in known}:
            yield error("P3", file, f"data.{task}.evaluation_sha256", record.evaluation_sha256, "rows of this board")
        elif bundle.submission.division == "closed" and record not in known:
            yield error("P3", file, f"data.{task}.train_sha256", record.train_sha256, "rows of this board")


def p4_judges(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P4: the judges are instruments of this board: model, revision, templates and parameters."""
    known = {digest(judge.model_dump(mode="json")): judge for judge in bundle.known.judges}
    for judge in run.record.judges:
        if digest(judge.model_dump(mode="json")) not in known:
            names = ", ".join(f"{each.name} {each.template}@{each.template_version}" for each in known.values())
            found = f"{judge.name} {judge.template}@{judge.template_version}, {judge.template_sha256[:12]}"
            yield error("P4", run.file("run.json"), "judges", found, f"a judge of this board: {names or 'none'}")


def p5_order(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P5: the order is a permutation of the suite's tasks, in the closed division one of the board's, and nowhere one
    that has the name of another of the board's."""
    suite = _suite(bundle)
    tasks = suite.tasks if suite else frozenset(bundle.runs[0].record.order.tasks)
    if set(run.record.order.tasks) != tasks:
        found = ", ".join(run.record.order.tasks)
        yield error("P5", run.file("run.json"), "order.tasks", found, f"each of {', '.join(sorted(tasks))} once")
    else:
        # A suite that is not the board's, but has the tasks of one that is, is ranked with it.
        of_tasks = [each for each in bundle.known.suites.values() if each.tasks == tasks]
        orders = suite.orders if suite else {order for each in of_tasks for order in each.orders}
        own, names = run.record.order, sorted({name for name, _ in orders})
        bound = bundle.submission.division == "closed" or own.name in names
        if orders and bound and (own.name, own.tasks) not in orders:
            found = f"{own.name}: {', '.join(own.tasks)}"
            yield error("P5", run.file("run.json"), "order", found, f"an order of this board: {', '.join(names)}")


def p6_once(bundle: Bundle) -> Iterator[Finding]:
    """P6: no two runs share method, order and seed, whatever they are called; of each seed one STL and one MTL, of
    whatever order, is what the method is read against."""
    seen: dict[tuple[str, tuple[str, ...], int], BundledRun] = {}
    for run in bundle.runs:
        record = run.record
        schedule, tasks = record.method.spec.schedule, record.order.tasks
        key = ("", tasks, record.identity.seed) if run.is_method else (schedule, (), record.identity.seed)
        if key in seen:
            found = f"the order and seed of {seen[key].entry.folder}"
            yield error("P6", run.file("run.json"), "identity", found, "one run for each order and seed")
        seen.setdefault(key, run)


def p6_rows(bundle: Bundle, trained: Mapping[str, str]) -> Iterator[Finding]:
    """P6: no run is shown as two seeds of an order; trained: by folder the hash of what its rows say after row 0."""
    seen: dict[tuple[tuple[str, ...], str], BundledRun] = {}
    for run in bundle.runs:
        key = (run.record.order.tasks, trained.get(run.entry.folder, ""))
        if not run.is_method or not key[1]:
            continue
        if key in seen:
            found = f"the rows of {seen[key].entry.folder}"
            yield error("P6", run.file("pairs.parquet"), "rows", found, "rows of its own for each seed")
        seen.setdefault(key, run)


def p7_settings(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P7: the closed division's settings are those of the suite on this board."""
    suite = _suite(bundle)
    if bundle.submission.division != "closed":
        return
    known = [suite.settings] if suite else [each.settings for each in bundle.known.suites.values()]
    own = settings_of(run.record)
    if own not in known:
        for field, value in own.items():
            if value != known[0][field]:
                yield error("P7", run.file("run.json"), field, value, f"{known[0][field]}")


def p8_suite(bundle: Bundle) -> Iterator[Finding]:
    """P8: the suite is one of the board's; of another one less can be compared."""
    if _suite(bundle) is None:
        known = ", ".join(sorted(bundle.known.suites)) or "none"
        yield warning("P8", "submission.json", "suite", bundle.submission.suite, f"a suite of this board: {known}")


def p9_seeds(run: BundledRun, bundle: Bundle) -> Iterator[Finding]:
    """P9: in the closed division each order is run with the seeds of the board: nobody picks those that went well, nor
    asks of all others what they never ran."""
    suite, record = _suite(bundle), run.record
    if bundle.submission.division == "closed" and run.is_method and suite:
        seeds = sorted(seed for tasks, seed in suite.blocks if tasks == record.order.tasks)
        if seeds and record.identity.seed not in seeds:
            expected = f"a seed of this board: {', '.join(map(str, seeds))}"
            yield error("P9", run.file("run.json"), "identity.seed", record.identity.seed, expected)


def _suite(bundle: Bundle) -> KnownSuite | None:
    return bundle.known.suites.get(bundle.submission.suite)
