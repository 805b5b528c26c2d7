"""While a method's hooks run, its own code may open its own folder and nothing that it is measured by.

This catches mistakes, not malice: code in another language, or in another process, is not seen. The audit hooks of
Python (PEP 578) are what it stands on; a call is the method's where the nearest code on the stack that is neither a
library's nor the standard library's is a file of the method.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from lifealign_bench.data.errors import LifeAlignError
from lifealign_bench.data.rows import EVALUATION_EVENT
from lifealign_bench.methods import base
from lifealign_bench.methods.base import Method

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class ForbiddenError(LifeAlignError):
    """A method opened what it may not."""


@dataclass(frozen=True)
class _Watch:
    name: str
    files: frozenset[str]
    own: tuple[str, ...]
    hidden: tuple[str, ...]


_watches: list[_Watch] = []
_installed: list[bool] = []


@contextmanager
def guarded(method: Method, own: Sequence[Path], hidden: Sequence[Path]) -> Iterator[None]:
    """Within the context the method's code writes below `own` only and opens nothing else below `hidden`.

    Raises:
        ForbiddenError: from the very call that opens something else.
    """
    if not _installed:
        # An audit hook stays as long as the process; without a watch it returns at once.
        sys.addaudithook(_audit)
        _installed.append(True)
    files = frozenset(inspect.getfile(cls) for cls in type(method).__mro__ if cls is not object)
    files -= {inspect.getfile(base)}
    watch = _Watch(method.spec.name, files, tuple(map(_real, own)), tuple(map(_real, hidden)))
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _watches or event not in ("open", EVALUATION_EVENT):
        return
    watch = _watches[-1]
    if event == EVALUATION_EVENT:
        # Whoever asks for them now does so on the method's behalf: the harness read its rows before.
        raise ForbiddenError(f"method {watch.name}: found it opening evaluation rows of {arguments[0]}; expected none")
    path, _, flags = arguments
    if not isinstance(path, str | bytes | os.PathLike):
        return
    name = _real(os.fsdecode(path))
    writes = bool(flags & _WRITES) if isinstance(flags, int) else False
    if not (writes or _below(name, watch.hidden)) or _below(name, watch.own) or _is_harmless(name):
        return
    if _is_its_doing(watch):
        what = "writing" if writes else "reading"
        raise ForbiddenError(
            f"method {watch.name}: found it {what} {name}; expected it to use ctx for rows, and the folder that save() "
            "and load() are given for all else"
        )


def _is_its_doing(watch: _Watch) -> bool:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file in watch.files:
            return True
        if file.startswith(_ROOTS):
            return False
        frame = frame.f_back
    return False


def _is_harmless(name: str) -> bool:
    return "__pycache__" in name or name.startswith(("/dev/", "/proc/"))


def _below(name: str, folders: Sequence[str]) -> bool:
    return any(name == folder or name.startswith(folder + os.sep) for folder in folders)


def _real(path: object) -> str:
    return os.path.realpath(os.fspath(path))  # type: ignore[call-overload,no-any-return]


def _package_roots() -> tuple[str, ...]:
    """Where this package's own modules lie; its folders stand apart in an editable installation."""
    import lifealign_bench
    from lifealign_bench import benchmark, data, judges, methods

    parts = (lifealign_bench, benchmark, data, judges, methods)
    return tuple(f"{folder}{os.sep}" for part in parts for folder in part.__path__)


_ROOTS = _package_roots()
