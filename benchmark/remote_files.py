"""Files at a URL, through fsspec: whole objects only, outages waited out, every refusal one error in plain words."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from lifealign_bench.benchmark.durable import StoreError
from lifealign_bench.data.errors import InputError

PATIENCE_S = 120.0
OPENING_S = 10.0
# Stores in which an object appears whole or not at all; elsewhere a file is written beside its place, then moved.
WHOLE_OBJECTS = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "memory")
# A second client that is quick to say that nobody answers: waiting is decided here, for the same time everywhere.
S3_SETTINGS = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 1}}
_OURS = (TypeError, AttributeError, NotImplementedError, AssertionError)

Answer = TypeVar("Answer")


class RemoteFiles:
    """The files below one URL, named by their path from there.

    patience_s: for how long an outage is waited out.

    Raises:
        InputError: no such protocol, or one whose package is not installed.
    """

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        self.url = url.rstrip("/")
        self.patience_s = patience_s
        self.protocol = url.partition("://")[0]
        self._system, self._root = _opened(self.url)

    def __reduce__(self) -> tuple[type[RemoteFiles], tuple[str, float]]:
        # Connections belong to one process.
        return RemoteFiles, (self.url, self.patience_s)

    def read(self, name: str) -> bytes | None:
        """A file's content, None if there is none."""
        try:
            content: bytes = self._steady(name, lambda: self._system.cat_file(self._at(name)))
        except FileNotFoundError:
            return None
        return content

    def read_all(self, names: Sequence[str]) -> dict[str, bytes]:
        """The contents of those files that are there, many at once."""
        paths = {self._at(name): name for name in names}
        if not paths:
            return {}
        found = self._steady("", lambda: self._system.cat(list(paths), on_error="return"))
        plain = {str(path).lstrip("/"): name for path, name in paths.items()}
        return {plain[str(path).lstrip("/")]: content for path, content in found.items() if isinstance(content, bytes)}

    def write(self, name: str, content: bytes) -> None:
        """Replace a file's content in one step."""
        if self.protocol in WHOLE_OBJECTS:
            self._steady(name, lambda: self._system.pipe_file(self._at(name), content))
        else:
            self._steady(name, lambda: self._moved_in(name, lambda beside: self._system.pipe_file(beside, content)))

    def create(self, name: str, content: bytes) -> bool:
        """Make a file that is not there; False, and nothing is changed, if it is.

        Where the store itself has such a condition (S3 with If-None-Match, Google, Azure) nobody can come between;
        elsewhere two processes may both be told that they made it.
        """
        if self.protocol not in WHOLE_OBJECTS:
            if self.exists(name):
                return False
            self.write(name, content)
            return True
        try:
            self._steady(name, lambda: self._created(name, content))
        except FileExistsError:
            return False
        return True

    def upload(self, source: Path, name: str) -> None:
        """Put a file of this machine in its place in one step."""
        if self.protocol in WHOLE_OBJECTS:
            self._steady(name, lambda: self._system.put_file(str(source), self._at(name)))
        else:
            self._steady(name, lambda: self._moved_in(name, lambda beside: self._system.put_file(str(source), beside)))

    def download(self, name: str, target: Path) -> bool:
        """Fetch a file onto this machine; False if there is none."""
        try:
            self._steady(name, lambda: self._system.get_file(self._at(name), str(target)))
        except FileNotFoundError:
            return False
        return True

    def exists(self, name: str) -> bool:
        """Whether there is such a file, now."""
        return bool(self._steady(name, lambda: self._system.exists(self._at(name))))

    def sizes(self, folder: str) -> dict[str, int]:
        """Name and size of every file at or below a folder, none if there is no such folder."""
        start = self._at("") + "/"
        try:
            found = self._steady(folder, lambda: self._system.find(self._at(folder), detail=True))
        except FileNotFoundError:
            return {}
        return {
            str(path).removeprefix(start): int(about.get("size") or 0)
            for path, about in found.items()
            if str(path).startswith(start)
        }

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._steady(name, lambda: self._system.rm_file(self._at(name)))

    def check(self, *, writing: bool = False) -> None:
        """Ask the store once whether it answers and gives us the right to read, and to write.

        Raises:
            InputError: it does not.
        """
        probe = f"scratch/probe.{secrets.token_hex(8)}"
        try:
            self._once(probe, lambda: self._system.exists(self._at("store.json")), OPENING_S)
            if writing:
                self._once(probe, lambda: self._system.pipe_file(self._at(probe), b"probe"), OPENING_S)
                self._once(probe, lambda: self._system.rm_file(self._at(probe)), OPENING_S)
        except FileNotFoundError:
            raise InputError(self.url, "workspace", "no such bucket or folder", "one that exists") from None
        except StoreError as error:
            found = str(error).removeprefix(f"{self.url}: ").partition(";")[0]
            expected = "a store that answers, with the right to read and write"
            raise InputError(self.url, "workspace", found, expected) from error

    def _created(self, name: str, content: bytes) -> None:
        try:
            self._system.pipe_file(self._at(name), content, mode="create")
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            # An S3 of another maker that does not have the condition.
            if self._system.exists(self._at(name)):
                raise FileExistsError(name) from error
            self._system.pipe_file(self._at(name), content)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _moved_in(self, name: str, write: Callable[[str], None]) -> None:
        beside = self._at(f"scratch/{secrets.token_hex(8)}")
        target = self._at(name)
        self._system.makedirs(beside.rpartition("/")[0], exist_ok=True)
        self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
        write(beside)
        if self.protocol in ("file", "local"):
            os.replace(beside, target)
        else:
            self._system.mv(beside, target)

    def _steady(self, name: str, ask: Callable[[], Answer]) -> Answer:
        return self._once(name, ask, self.patience_s)

    def _once(self, name: str, ask: Callable[[], Answer], patience_s: float) -> Answer:
        began = time.monotonic()
        for pause in _pauses():
            try:
                self._system.invalidate_cache()
                return ask()
            except (FileNotFoundError, FileExistsError, IsADirectoryError, *_OURS):
                raise
            except PermissionError as error:
                text = f"{self.url}: no right to read or write {name or 'here'} ({_short(error)})"
                raise StoreError(f"{text}; finished nodes are kept") from error
            # Every file system has errors of its own for a store that does not answer.
            except Exception as error:
                if _refused(error) or time.monotonic() - began + pause > patience_s:
                    text = f"{self.url}: {_problem(error)}; once it does, type the same command again"
                    raise StoreError(f"{text}: finished nodes are kept") from error
            time.sleep(pause)
        raise AssertionError("pauses never end")


def _opened(url: str) -> tuple[Any, str]:
    import fsspec

    protocol = url.partition("://")[0]
    options: dict[str, Any] = {}
    if protocol not in ("file", "local", "memory"):
        # What other processes do must be seen at once, and an address that has changed, too.
        options = {"use_listings_cache": False, "skip_instance_cache": True}
    if protocol in ("s3", "s3a"):
        options["config_kwargs"] = S3_SETTINGS
    try:
        system, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        hint = 'pip install "lifealign-bench[s3]"' if protocol in ("s3", "s3a") else "install the package it names"
        raise InputError(url, "workspace", _short(error), f"a protocol whose package is installed: {hint}") from error
    except ValueError as error:
        raise InputError(url, "workspace", _short(error), "a folder, or a URL that fsspec can open") from error
    return system, str(root).rstrip("/")


def _pauses() -> Iterator[float]:
    # Full jitter: processes that were cut off together do not come back together.
    for turn in range(10**9):
        yield random.uniform(0.1, min(10.0, 0.25 * 2 ** min(turn, 10)))


def _refused(error: Exception) -> bool:
    """Whether waiting cannot help: no credentials, or an account, name or request that the store does not take."""
    return type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ParamValidationError")


def _problem(error: Exception) -> str:
    if _refused(error):
        return f"no credentials that the store takes ({_short(error)})"
    return f"the store does not answer ({_short(error)})"


def _short(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:160]
