"""Reaching a Ray cluster, or starting one on this machine; an address that does not answer is one clear line."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lifealign_bench.data.errors import InputError, LifeAlignError

PATIENCE_S = 5.0
"""For a connection to be taken."""

HANDSHAKE_S = 30.0
"""For a cluster that took the connection to say who it is."""

OBJECTS = 200 * 2**20
"""Bytes of the object store of a cluster that is started here: it holds the rows, all else is in the workspace."""

_KNOCK = "import ray, sys; ray.init(address=sys.argv[1], logging_level='error', log_to_driver=False); print('here')"


class RayMissingError(LifeAlignError):
    """The optional package is not installed."""


@dataclass(frozen=True)
class Machines:
    """A cluster that answers; resources: of each of its machines, by Ray's name for the machine."""

    name: str
    resources: Mapping[str, Mapping[str, float]]

    @property
    def each(self) -> Sequence[Mapping[str, float]]:
        """The resources of every machine."""
        return list(self.resources.values())

    @property
    def gpus_there(self) -> bool:
        """Whether any machine has a GPU."""
        return any(machine.get("GPU", 0) > 0 for machine in self.each)


@contextmanager
def connected(address: str | None, cpus: int | None) -> Iterator[Machines]:
    """Within the context Ray is connected to the cluster at `address`, to the one of RAY_ADDRESS, or to one of its own.

    address: `host:port`, `ray://host:port`, or `auto`. cpus: of a cluster that is started here; null: all of them. A
    connection that is open already is used and left open.

    Raises:
        RayMissingError: ray is not installed.
        InputError: nothing answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        message = f"engine ray: found no package ray ({error}), expected it: pip install 'lifealign-bench[ray]'"
        raise RayMissingError(message) from None
    if ray.is_initialized():
        yield _machines("the cluster of this process")
        return
    address = address or os.environ.get("RAY_ADDRESS")
    try:
        if address is None:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            quiet = {"include_dashboard": False, "logging_level": "error", "log_to_driver": False}
            ray.init(address="local", num_cpus=cpus, object_store_memory=OBJECTS, **quiet)
        else:
            _knock(address)
            ray.init(address=address, logging_level="error", log_to_driver=False)
        yield _machines(address or "a cluster on this machine")
    finally:
        ray.shutdown()


def _machines(name: str) -> Machines:
    import ray

    found = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
    return Machines(name, found)


def _knock(address: str) -> None:
    """Find out within a short time whether Ray would connect: by itself it tries for minutes, then ends the process."""
    named = re.fullmatch(r"(?:ray://)?\[?(?P<host>[^/]+?)\]?:(?P<port>\d{1,5})", address)
    if named is None and address != "auto":
        raise InputError("--address", "address", repr(address), "host:port, ray://host:port or auto")
    if named is not None:
        try:
            socket.create_connection((named["host"], int(named["port"])), timeout=PATIENCE_S).close()
        except (OSError, OverflowError) as error:
            raise _silent(address, f"no answer ({error})") from None
    try:
        done = subprocess.run(
            [sys.executable, "-c", _KNOCK, address], capture_output=True, text=True, timeout=HANDSHAKE_S, check=False
        )
        said, output = done.returncode == 0, done.stderr
    except subprocess.TimeoutExpired as late:
        said, output = False, (late.stderr or b"").decode(errors="replace")
    if not said:
        raise _silent(address, _reason(output))


def _reason(output: str) -> str:
    if "Unauthenticated" in output or "AuthenticationError" in output:
        return "a cluster that asks for a token (RAY_AUTH_MODE=token and its token are missing here)"
    if "Version mismatch" in output or "version mismatch" in output:
        return f"a cluster of another version of Ray or Python ({_last_line(output)})"
    return "nothing that answers as a Ray cluster does"


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["it said nothing"])[-1][:200]


def _silent(address: str, found: str) -> InputError:
    return InputError("--address", repr(address), found, "a Ray cluster that runs (ray start --head)")
