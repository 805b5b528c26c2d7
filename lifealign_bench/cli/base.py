"""`lifealign base`: build a base model from a suite's own training text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifealign_bench.cli import options

app = typer.Typer(no_args_is_help=True)


@app.callback()
def base() -> None:
    """Base models."""


@app.command()
def build(
    recipe: Annotated[
        str,
        typer.Argument(help="mini, mini-neox (the miniature world's), small (1.4 M parameters) or tiny (for tests)."),
    ],
    out: Annotated[Path, typer.Option("--out", help="A folder that does not exist yet.")],
    suite: Annotated[str, typer.Option("--suite", help="The suite whose training text is learned.")] = "mini",
    data_dir: options.DataDir = None,
    train_rows: options.TrainRows = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the weights and of the order of text.")] = 0,
    world_seed: options.WorldSeed = None,
    as_json: options.Json = False,
) -> None:
    """Train a tokenizer and a small Llama from a suite's text; `--base FOLDER` then takes it anywhere."""
    from rich.console import Console
    from rich.progress import Progress

    from lifealign_bench.benchmark.base_builder import build_base
    from lifealign_bench.benchmark.base_recipe import recipe_for
    from lifealign_bench.benchmark.environment import settle_process
    from lifealign_bench.benchmark.session import Overrides, overridden
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.world import load_world
    from lifealign_bench.data.errors import InputError

    if out.exists():
        raise InputError(out, "--out", "a folder that exists", "one that does not")
    plan = recipe_for(recipe).model_copy(update={"seed": seed})
    changes = Overrides(base=f"build:{recipe}", data_dir=data_dir, train_rows=train_rows, world_seed=world_seed)
    wanted = overridden(load_suite(suite), changes)
    console = Console(stderr=as_json)
    world = load_world(wanted, out.parent, lambda text: console.print(text, style="dim", markup=False))
    settle_process(wanted.threads)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task(f"build:{recipe}", total=None)
        card = build_base(
            plan,
            world.base_text(),
            out,
            lambda step, total, loss: progress.update(
                bar, completed=step, total=total, description=f"build:{recipe}, loss {loss:.3f}"
            ),
            wanted.world if plan.chats else None,
        )
    if as_json:
        typer.echo(card.model_dump_json(indent=2))
    console.print(
        f"{out}: {card.parameters:,} parameters, {card.tokens_seen:,} tokens seen, loss {card.final_loss:.3f}, "
        f"weights {card.weights_sha256}",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def serve(
    suite: Annotated[str, typer.Argument(help="The suite whose base is served.")],
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    data_dir: options.DataDir = None,
    start: Annotated[bool, typer.Option("--start", help="Start it here, if vllm is installed; else print it.")] = False,
) -> None:
    """The vLLM server that answers for a suite's stages (`evaluation.answers: {backend: vllm, url: ...}`)."""
    import os
    import shlex
    import shutil

    from lifealign_bench.benchmark.serving_base import serve_command
    from lifealign_bench.benchmark.session import Overrides, overridden
    from lifealign_bench.benchmark.suite import load_suite
    from lifealign_bench.benchmark.workspaces import open_store
    from lifealign_bench.benchmark.world import load_world
    from lifealign_bench.data.errors import InputError

    wanted = overridden(load_suite(suite), Overrides(data_dir=data_dir))
    store = open_store(workspace)
    world = load_world(wanted, store.root, lambda text: None)
    folder = world.folder_of_base(store)
    if not folder.is_dir():
        raise InputError(folder, "base", "not built yet", "a base that `lifealign run` has built")
    around, words = serve_command(world, store)
    if not start:
        typer.echo(" ".join([*(f"{name}={value}" for name, value in around.items()), shlex.join(words)]))
        return
    program = shutil.which(words[0])
    if program is None:
        raise InputError("--start", "program", "no vllm on the path", "an environment of its own: pip install vllm")
    # It takes this process's place: there is nothing left to do here.
    os.execve(program, words, {**os.environ, **around})  # noqa: S606
