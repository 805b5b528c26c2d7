"""Leases as files of a folder, on this machine's disk or a network's."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from lifealign_bench.benchmark.durable import write_whole


class FolderLeases:
    """A `LeasePlace`: one file `NAME.NUMBER` a record.

    A record appears whole and once through a hard link, which network file systems keep to as well; where there are
    none, through exclusive creation.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def numbers(self, name: str) -> list[int]:
        """See `LeasePlace`."""
        found = (entry.rpartition(".") for entry in os.listdir(self.folder))
        return [int(number) for own, _, number in found if own == name and number.isdecimal()]

    def read(self, name: str, number: int) -> bytes | None:
        """See `LeasePlace`."""
        try:
            return self._path(name, number).read_bytes()
        except FileNotFoundError:
            return None

    def create(self, name: str, number: int, content: bytes) -> bool:
        """See `LeasePlace`."""
        path = self._path(name, number)
        beside = self.folder / f".{secrets.token_hex(8)}"
        try:
            beside.write_bytes(content)
            return _linked(beside, path, content)
        finally:
            beside.unlink(missing_ok=True)

    def replace(self, name: str, number: int, content: bytes) -> None:
        """See `LeasePlace`."""
        write_whole(self._path(name, number), content)

    def remove(self, name: str, number: int) -> None:
        """See `LeasePlace`."""
        self._path(name, number).unlink(missing_ok=True)

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}.{number:06d}"


def _linked(beside: Path, path: Path, content: bytes) -> bool:
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:
        # This file system has no hard links.
        try:
            with path.open("xb") as stream:
                stream.write(content)
        except FileExistsError:
            return False
    return True
