"""Leases as objects of a remote store."""

from __future__ import annotations

from lifealign_bench.benchmark.remote_files import RemoteFiles


class ObjectLeases:
    """A `LeasePlace`: one object `locks/NAME/NUMBER` a record."""

    def __init__(self, files: RemoteFiles) -> None:
        self.files = files

    def numbers(self, name: str) -> list[int]:
        """See `LeasePlace`."""
        found = (path.rpartition("/")[2] for path in self.files.sizes(f"locks/{name}"))
        return [int(number) for number in found if number.isdecimal()]

    def read(self, name: str, number: int) -> bytes | None:
        """See `LeasePlace`."""
        return self.files.read(_path(name, number))

    def create(self, name: str, number: int, content: bytes) -> bool:
        """See `LeasePlace`."""
        return self.files.create(_path(name, number), content)

    def replace(self, name: str, number: int, content: bytes) -> None:
        """See `LeasePlace`."""
        self.files.write(_path(name, number), content)

    def remove(self, name: str, number: int) -> None:
        """See `LeasePlace`."""
        self.files.remove(_path(name, number))


def _path(name: str, number: int) -> str:
    return f"locks/{name}/{number:06d}"
