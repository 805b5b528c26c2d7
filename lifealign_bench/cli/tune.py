"""`lifealign tune`: every method gets the same number of trials, on a stream that shares no evaluated row."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifealign_bench.cli import options
from lifealign_bench.cli.search import Search, shown

if TYPE_CHECKING:
    from rich.console import Console

    from lifealign_bench.benchmark.suite import MethodEntry, Suite
    from lifealign_bench.benchmark.tuned_suite import TunedMethod, TuningRecord
    from lifealign_bench.methods.search import SearchSpace

TrialsOption = Annotated[int, typer.Option("--trials", help="Trials for each method; the first is of its defaults.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Suite file to write; by default SUITE's name and -tuned.yaml.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an output file that is already there.")]
TuningOrders = Annotated[
    str | None, typer.Option("--orders", help="Orders to tune on, as for `run`; by default the suite's first.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the sampler.")]


def tune(
    suite: options.SuiteArgument = "mini",
    methods: options.Methods = None,
    trials: TrialsOption = 10,
    out: Out = None,
    overwrite: Overwrite = False,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    orders: TuningOrders = None,
    seed: Seed = 0,
    train_rows: options.TrainRows = None,
    eval_rows: options.EvaluationRows = None,
    base: options.Base = None,
    data_dir: options.DataDir = None,
    world_seed: options.WorldSeed = None,
    workers: options.Workers = None,
    as_json: options.Json = False,
) -> None:
    """Tune a suite's methods, the same number of trials each, and write a suite file with the best settings.

    Trials learn and are evaluated on rows that the suite does not evaluate. The same command again goes on where the
    last one stopped.
    """
    from rich.console import Console

    from lifealign_bench.benchmark.session import overridden
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.data.errors import InputError

    if trials < 1:
        raise InputError("--trials", "number of trials", trials, "1 or more")
    _require_optuna()
    from lifealign_bench.benchmark.tuned_suite import check_out, write_tuned_suite
    from lifealign_bench.benchmark.tuning import open_tuning

    console = Console(stderr=as_json)
    changes = options.make_overrides(methods, None, None, train_rows, eval_rows, base, data_dir, world_seed)
    asked = overridden(load_suite(suite), changes)
    out = out or Path(f"{asked.name.removesuffix('-tuned')}-tuned.yaml")
    check_out(out, overwrite=overwrite)
    spaces = {entry.title: _space(entry) for entry in asked.methods}
    tuning = open_tuning(asked, orders, workspace, lambda text: console.print(text, style="dim", markup=False))
    search = Search(tuning, spaces, trials, seed, workspace / "tuning" / f"{asked.name}.journal", console, workers)
    with tuning.store.lock(f"tuning-{asked.name}", lambda: console.print("waiting: another process is tuning here")):
        found = {entry.title: search.method(entry) for entry in asked.methods}
    command = _command(suite, trials, seed, orders, methods, train_rows, eval_rows, base, data_dir, world_seed)
    record = _record(asked, search, found, command)
    write_tuned_suite(out, asked, record)
    if as_json:
        typer.echo(record.model_dump_json(indent=2))
    else:
        _print_table(record, console)
    console.print(f"wrote {out}; every trial: {out.with_suffix('.tuning.json')}", markup=False, soft_wrap=True)
    console.print(f"next: lifealign run {shlex.quote(str(out))}", markup=False, soft_wrap=True)


def _require_optuna() -> None:
    from lifealign_bench.data.errors import LifeAlignError

    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        needed = "lifealign tune needs Optuna, which is not installed: pip install 'lifealign-bench[tune]'"
        raise LifeAlignError(needed) from error


def _space(entry: MethodEntry) -> SearchSpace:
    """What may be tuned of a suite's method; what the suite itself sets stays as it is."""
    from lifealign_bench.methods import find_method, search_space

    method = find_method(entry.name).method
    method.from_mapping(entry.config)
    return search_space(method, entry.config)


def _record(suite: Suite, search: Search, methods: Mapping[str, TunedMethod], command: str) -> TuningRecord:
    import optuna

    from lifealign_bench import __version__
    from lifealign_bench.benchmark.suite_orders import orders_of
    from lifealign_bench.benchmark.tuned_suite import TunedTask, TuningRecord
    from lifealign_bench.data.tuning_stream import tuning_rows

    tuned, world = search.tuning.suite, search.tuning.world
    tasks = {
        name: TunedTask(
            rows=tuning_rows(data.card),
            train=len(data.train),
            evaluation=len(data.evaluation),
            train_sha256=world.train_fingerprint(name),
            evaluation_sha256=world.evaluation_fingerprint(name),
        )
        for name, data in world.stream.items()
    }
    return TuningRecord(
        command=command,
        package_version=__version__,
        optuna_version=optuna.__version__,
        suite=suite.name,
        metric=suite.primary_metric,
        orders={order.name: order.tasks for order in orders_of(tuned)},
        trials=search.trials,
        seed=search.seed,
        run_seed=tuned.seeds[0],
        data_seed=tuned.data_seed,
        tasks=tasks,
        methods=dict(methods),
    )


def _command(
    suite: str,
    trials: int,
    seed: int,
    orders: str | None,
    methods: str | None,
    train_rows: int | None,
    eval_rows: int | None,
    base: str | None,
    data_dir: Path | None,
    world_seed: int | None,
) -> str:
    """The command as somebody would type it again; where it wrote is no part of it."""
    given = {
        "--methods": methods,
        "--trials": trials,
        "--seed": seed,
        "--orders": orders,
        "--train-rows": train_rows,
        "--eval-rows": eval_rows,
        "--base": base,
        "--data-dir": data_dir,
        "--world-seed": world_seed,
    }
    words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    return shlex.join(["lifealign", "tune", suite, *words])


def _print_table(record: TuningRecord, console: Console) -> None:
    from rich import box
    from rich.table import Table

    title = f"Last of {record.metric} on the tuning stream of {record.suite}"
    table = Table("method", "trials", "defaults", "best", "config", title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    for name, method in record.methods.items():
        default = "–" if method.default_score is None else f"{method.default_score:.2f}"
        table.add_row(name, str(len(method.trials)), default, f"{method.score:.2f}", shown(method.selected))
    console.print(table)
