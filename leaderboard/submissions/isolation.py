"""Running strangers' code where it reaches nothing: no network, no process, no file but those that it is given."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

SCRIPT = Path(__file__).with_name("isolation.sh")
UNSHARED = ("--user", "--map-root-user", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
DEVICES = ("null", "zero", "full", "random", "urandom")


def isolated(command: Sequence[str], work: Path, readable: Sequence[Path] = ()) -> list[str] | None:
    """The command as it runs in namespaces of its own, None where this system gives none.

    It sees this Python and package, the system's libraries and `readable`, none of which it can write, and `work`,
    where it runs and which it can. Its root is built below `work`'s parent.
    """
    if any(shutil.which(name) is None for name in ("unshare", "mount", "pivot_root")):
        return None
    work = work.resolve()
    root = Path(tempfile.mkdtemp(prefix="root-", dir=work.parent))
    given = [part for kind, path in _given(work, readable) for part in (kind, path)]
    return ["unshare", *UNSHARED, "--", "/bin/sh", str(SCRIPT), str(root), str(work), *given, "--", *command]


def can_isolate() -> bool:
    """Whether this system lets a process be cut off from network, processes and files."""
    with tempfile.TemporaryDirectory(prefix="lifealign-") as scratch:
        work = Path(scratch) / "work"
        work.mkdir()
        command = isolated(["true"], work)
        if command is None:
            return False
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def _given(work: Path, readable: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Kinds and paths, a folder before what lies in it; see `isolation.sh`."""
    for name in SYSTEM:
        if os.path.islink(name):
            yield "link", name
        elif os.path.exists(name):
            yield "ro", name
    yield "none", "/dev/shm"  # noqa: S108
    yield "none", "/tmp"  # noqa: S108
    for device in (*(Path("/dev", name) for name in DEVICES), *sorted(Path("/dev").glob("nvidia*"))):
        if device.exists():
            yield "rw", str(device)
    kept: list[Path] = []
    for path in sorted({path.resolve() for path in (*_python(), *readable) if path.exists()}):
        if not any(path.is_relative_to(other) for other in (Path("/usr"), *kept)):
            kept.append(path)
            yield "ro", str(path)
    yield "rw", str(work)


def _python() -> Iterator[Path]:
    """Where this interpreter, its libraries and this package lie, with what stands behind links."""
    home = Path.home().resolve()
    places = [Path(sys.prefix), Path(sys.base_prefix), *(Path(entry) for entry in sys.path if entry)]
    for name in ("", ".data", ".methods", ".judges", ".benchmark", ".leaderboard"):
        # Looked up, not imported: methods need torch.
        spec = importlib.util.find_spec(f"lifealign_bench{name}")
        places += [Path(place) for place in (() if spec is None else spec.submodule_search_locations or ())]
    # A package may be a folder of links.
    places += [
        path for place in places if place.name == "lifealign_bench" for path in place.iterdir() if path.is_symlink()
    ]
    for path in places:
        # Neither a folder that holds somebody's home is given away, nor the one that they happen to work in.
        if not home.is_relative_to(path.resolve()) and path.resolve() != Path.cwd().resolve():
            yield path
