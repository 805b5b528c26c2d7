"""Options and small parts that the commands of `lifealign annotate` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lifealign_bench.judges.human.study import Rater

Study = Annotated[
    Path,
    typer.Option(
        "--study",
        help="The study's file: questions, raters, ratings.",
        default_factory=lambda: Path("workspace") / "annotation" / "study.sqlite",
    ),
]
Runs = Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them.", metavar="RUNS")]
TokensOnly = Annotated[bool, typer.Option("--tokens-only", help="Let raters in by token, not by name.")]
Host = Annotated[str, typer.Option("--host", help="Address to serve on; 0.0.0.0 for other machines.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve on.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")]


def new_rater(name: str) -> Rater:
    """A rater of this name with a token that nobody can guess.

    Raises:
        InputError: a name that cannot be a part of a judge's name.
    """
    import re
    import secrets

    from lifealign_bench.data.errors import InputError
    from lifealign_bench.judges.human.study import RATER, Rater

    if not re.fullmatch(RATER.strip("^$"), name):
        raise InputError("--raters", "name", repr(name), "up to 40 letters, digits, dots, dashes or underscores")
    return Rater(name, secrets.token_urlsafe(12))
