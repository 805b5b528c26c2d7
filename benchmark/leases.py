"""Locks between processes of any machines: a lease is held as long as its holder gives signs of life.

A lease is a small record with a number. Whoever creates the next number holds the lock, so the only thing that a
place of leases has to offer is that a name is created once. No machine's clock is compared with another's: a holder
counts its signs, and who waits measures by its own monotonic clock for how long the count has stood still. A holder
of the same machine that is gone is known at once, without waiting.

A holder that was silent for too long, stopped or cut off, may come back to find its lock taken. Then a node is computed
twice, which costs time and nothing else: its key decides its bytes, and the first one to finish stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import psutil

from lifealign_bench.data.errors import LifeAlignError

BEAT_S = 10.0
LEASE_S = 60.0


class LeasePlace(Protocol):
    """Where the records of leases lie."""

    def numbers(self, name: str) -> list[int]:
        """The numbers that exist of a name, in any order."""

    def read(self, name: str, number: int) -> bytes | None:
        """A record, None if it is gone."""

    def create(self, name: str, number: int, content: bytes) -> bool:
        """Make a record; False, and nothing is changed, where there is one of this number."""

    def replace(self, name: str, number: int, content: bytes) -> None:
        """Write a record of one's own anew."""

    def remove(self, name: str, number: int) -> None:
        """Remove a record if it is there."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a lock, or held it last; beat: how many signs of life there were."""

    token: str
    host: str
    machine: str
    pid: int
    born: str
    beat: int = 0
    held: bool = True

    @property
    def holder(self) -> str:
        """The holder as people name it."""
        return f"process {self.pid} on {self.host}"

    def to_bytes(self) -> bytes:
        """The record."""
        return json.dumps(asdict(self), sort_keys=True).encode()


class Locks:
    """The locks of one place, as this process sees them.

    beat_s: seconds between two signs of life. lease_s: after how many seconds of silence a holder counts as dead.
    clock: seconds that never go back.
    """

    def __init__(
        self,
        place: LeasePlace,
        beat_s: float = BEAT_S,
        lease_s: float = LEASE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place = place
        self.beat_s = beat_s
        self.lease_s = lease_s
        self.clock = clock
        self._seen: dict[str, tuple[str, int, float]] = {}

    def try_hold(self, name: str) -> HeldLock | None:
        """The lock of a name, None while another process holds it."""
        numbers = self.place.numbers(name)
        newest = max(numbers, default=-1)
        if self._living(name, newest) is not None:
            return None
        lease = _own_lease()
        if not self._create(name, newest + 1, lease):
            return None
        self._seen.pop(name, None)
        for number in numbers:
            self.place.remove(name, number)
        return HeldLock(self.place, name, newest + 1, lease, self.beat_s)

    def holder(self, name: str) -> Lease | None:
        """Who holds the lock, None if nobody does; the lease of a dead holder is ended for all who ask later."""
        newest = max(self.place.numbers(name), default=-1)
        lease = self._living(name, newest)
        if lease is None and newest >= 0 and self._held(name, newest):
            self.place.create(name, newest + 1, replace(_own_lease(), held=False).to_bytes())
        return lease

    def _create(self, name: str, number: int, lease: Lease) -> bool:
        if self.place.create(name, number, lease.to_bytes()):
            return True
        # An answer may have got lost on its way while the record was made.
        found = self.place.read(name, number)
        return found is not None and _parsed(found).token == lease.token

    def _held(self, name: str, number: int) -> bool:
        content = self.place.read(name, number)
        return content is not None and _parsed(content).held

    def _living(self, name: str, number: int) -> Lease | None:
        content = self.place.read(name, number) if number >= 0 else None
        if content is None:
            return None
        lease = _parsed(content)
        return lease if lease.held and not _gone(lease) and not self._silent(name, lease) else None

    def _silent(self, name: str, lease: Lease) -> bool:
        now = self.clock()
        token, beat, since = self._seen.get(name, ("", 0, now))
        if (token, beat) != (lease.token, lease.beat):
            self._seen[name] = (lease.token, lease.beat, now)
            return False
        return now - since > self.lease_s


class HeldLock:
    """A lock that this process holds: signs of life go out until it is released."""

    def __init__(self, place: LeasePlace, name: str, number: int, lease: Lease, beat_s: float) -> None:
        self.name = name
        self.lease = lease
        self.lost = False
        self._place = place
        self._number = number
        self._beat_s = beat_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {name[:12]}", daemon=True)
        self._thread.start()

    def release(self, *, for_good: bool = False) -> None:
        """Let go; for_good: what the lock guarded is finished, nobody needs its record any more."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        if self.lost:
            return
        if for_good:
            self._place.remove(self.name, self._number)
        else:
            self._place.replace(self.name, self._number, replace(self.lease, held=False).to_bytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Where the place is cut off the lease runs out by itself.
        with contextlib.suppress(OSError, LifeAlignError):
            self.release()

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_s):
            # A sign that does not get through is followed by the next one.
            with contextlib.suppress(OSError, LifeAlignError):
                if max(self._place.numbers(self.name), default=-1) != self._number:
                    self.lost = True
                    return
                self.lease = replace(self.lease, beat=self.lease.beat + 1)
                self._place.replace(self.name, self._number, self.lease.to_bytes())


def _own_lease() -> Lease:
    pid = os.getpid()
    return Lease(secrets.token_hex(8), socket.gethostname(), this_machine(), pid, _mark(pid) or "")


def _parsed(content: bytes) -> Lease:
    """A record; one that a power cut left damaged is a holder that will stay silent."""
    try:
        return Lease(**json.loads(content))
    except (ValueError, TypeError):
        return Lease(f"damaged {content[:40]!r}", "an unknown machine", "", 0, "")


def _gone(lease: Lease) -> bool:
    """Whether the holder was a process of this machine that has ended."""
    return lease.machine == this_machine() and _mark(lease.pid) != lease.born


def this_machine() -> str:
    """Names the space in which a process number means one process: a booted kernel and its container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _mark(pid: int) -> str | None:
    """What tells a process from a later one of the same number, None if it has ended; no wall clock is in it."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            return None
        # Field 3 is the state, field 22 the start in ticks since the boot; a zombie has ended.
        return None if fields[0] in "ZX" else fields[19]
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
