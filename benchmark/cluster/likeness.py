"""Whether two machines run the same code: the package's version and a hash of everything that computes numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lifealign_bench import __version__, benchmark, data, judges, methods

COMPUTING = (benchmark, data, judges, methods)
READ = {".py", ".yaml", ".jinja"}


@dataclass(frozen=True, slots=True)
class Likeness:
    """version: of the package; source: SHA-256 over the names and contents of its code, suites, cards and templates."""

    version: str
    source: str

    def __str__(self) -> str:
        return f"version {self.version} (source {self.source[:8]})"


@cache
def own_likeness() -> Likeness:
    """The likeness of the package that runs here."""
    whole = hashlib.sha256()
    for folder in (Path(str(package.__file__)).parent for package in COMPUTING):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in READ):
            content = path.read_bytes()
            whole.update(f"{folder.name}/{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return Likeness(__version__, whole.hexdigest())
