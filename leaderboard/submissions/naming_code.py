"""Naming a method's code: what `--code` and `--file` say, and where the methods that ship are."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from lifealign_bench import __version__
from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.format import Code
from lifealign_bench.leaderboard.submissions.manifest import sha256_of

PACKAGE = re.compile(r"(?P<package>[^\s:@/]+==[^\s:@/]+):(?P<file>\S+)")
REPOSITORY = re.compile(r"(?P<repository>https://\S+)@(?P<commit>[0-9a-f]+):(?P<file>\S+)")
EXPECTED = (
    "name==version:path/in/package.py, or https://host/repository@commit:path/file.py, its commit as 40 or 64 digits"
)


def code_of(named: str, file: Path) -> Code:
    """The code that `--code` names, with the hash of the file here.

    Raises:
        InputError: no such form, no such file, or a name that a bundle may not hold.
    """
    found = PACKAGE.fullmatch(named) or REPOSITORY.fullmatch(named)
    if found is None:
        raise InputError("--code", "code", repr(named), EXPECTED)
    if not file.is_file():
        raise InputError("--file", "file", str(file), "the method's file on this machine, of which the hash is taken")
    try:
        return Code(**found.groupdict(), sha256=sha256_of(file))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "code"
        raise InputError("--code", place, repr(named), f"{EXPECTED}: {first['msg']}") from None


def code_that_ships(method: str) -> Code | None:
    """The code of a method that ships with this package, None of any other."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", method):
        return None
    # Looked up, not imported: methods need torch.
    found = find_spec("lifealign_bench.methods")
    folders = [] if found is None else list(found.submodule_search_locations or ())
    path = next((file for file in (Path(folder) / f"{method}.py" for folder in folders) if file.is_file()), None)
    if path is None:
        return None
    return Code(package=f"lifealign-bench=={__version__}", file=f"methods/{method}.py", sha256=sha256_of(path))
