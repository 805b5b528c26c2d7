"""Leases: who holds a lock, who may take it over, and that no wall clock has a say in it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifealign_bench.benchmark.lease_folder import FolderLeases
from lifealign_bench.benchmark.lease_objects import ObjectLeases
from lifealign_bench.benchmark.leases import HeldLock, Lease, LeasePlace, Locks
from lifealign_bench.benchmark.remote_files import RemoteFiles

FOREIGN = Lease("token", "another-host", "another boot", 1, "0")


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> LeasePlace:
    if request.param == "folder":
        return FolderLeases(tmp_path)
    return ObjectLeases(RemoteFiles(f"memory://{tmp_path.name}"))


class NotedLocks(Locks):
    """Locks whose signs of life end with the test, held or not."""

    held: list[HeldLock]

    def try_hold(self, name: str) -> HeldLock | None:
        held = super().try_hold(name)
        if held is not None:
            NotedLocks.held.append(held)
        return held


@pytest.fixture(autouse=True)
def _silent_afterwards() -> Iterator[None]:
    NotedLocks.held = []
    yield
    for held in NotedLocks.held:
        held.release()


def locks(place: LeasePlace, clock: Clock | None = None) -> Locks:
    return NotedLocks(place, beat_s=0.01, lease_s=60, clock=clock or Clock())


def test_a_held_lock_is_nobody_elses_until_it_is_released(place: LeasePlace) -> None:
    held = locks(place).try_hold("node")
    assert held is not None
    other = locks(place)
    assert other.try_hold("node") is None
    holder = other.holder("node")
    assert holder is not None
    assert holder.pid == os.getpid()
    held.release()
    assert other.holder("node") is None
    assert other.try_hold("node") is not None


def test_a_lock_that_is_released_for_good_leaves_no_record(place: LeasePlace) -> None:
    held = locks(place).try_hold("node")
    assert held is not None
    held.release(for_good=True)
    assert place.numbers("node") == []


def test_a_holder_of_another_machine_is_dead_after_a_lease_of_silence_and_not_before(place: LeasePlace) -> None:
    clock = Clock()
    place.create("node", 4, FOREIGN.to_bytes())
    waiter = locks(place, clock)
    assert waiter.try_hold("node") is None
    clock.now = 59
    assert waiter.try_hold("node") is None
    clock.now = 61
    assert waiter.try_hold("node") is not None
    assert place.numbers("node") == [5]


def test_a_holder_that_gives_signs_of_life_keeps_its_lock_however_long_it_takes(place: LeasePlace) -> None:
    clock = Clock()
    waiter = locks(place, clock)
    for beat in range(5):
        place.create("node", 0, FOREIGN.to_bytes())
        place.replace("node", 0, dataclasses.replace(FOREIGN, beat=beat).to_bytes())
        assert waiter.try_hold("node") is None
        clock.now += 59


def test_of_two_that_find_a_dead_holder_one_takes_over(place: LeasePlace) -> None:
    clocks = Clock(), Clock()
    place.create("node", 0, FOREIGN.to_bytes())
    one, two = (locks(place, clock) for clock in clocks)
    assert (one.try_hold("node"), two.try_hold("node")) == (None, None)
    for clock in clocks:
        clock.now = 100
    assert one.try_hold("node") is not None
    assert two.try_hold("node") is None


def test_what_one_finds_dead_is_free_for_all_who_ask_later(place: LeasePlace) -> None:
    clock = Clock()
    place.create("node", 0, FOREIGN.to_bytes())
    patient = locks(place, clock)
    assert patient.holder("node") == FOREIGN
    clock.now = 100
    assert patient.holder("node") is None
    assert locks(place).try_hold("node") is not None


def test_a_holder_whose_lock_was_taken_over_notices_and_leaves_it_alone(place: LeasePlace) -> None:
    held = locks(place).try_hold("node")
    assert held is not None
    place.create("node", 1, FOREIGN.to_bytes())
    while not held.lost:
        time.sleep(0.01)
    held.release()
    assert locks(place).holder("node") == FOREIGN


def test_signs_of_life_are_counted(place: LeasePlace) -> None:
    held = locks(place).try_hold("node")
    assert held is not None
    while held.lease.beat < 3:
        time.sleep(0.01)
    other = locks(place).holder("node")
    assert other is not None
    assert other.beat >= 2
    held.release()


def test_a_process_of_this_machine_that_ended_is_known_at_once(place: LeasePlace) -> None:
    held = locks(place).try_hold("node")
    assert held is not None
    held.release()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    # Not waited for: a zombie holds nothing.
    while Path(f"/proc/{ended.pid}/stat").read_text("utf-8").split()[2] != "Z":
        time.sleep(0.01)
    place.create("node", 1, dataclasses.replace(held.lease, pid=ended.pid, born="1").to_bytes())
    assert locks(place).try_hold("node") is not None
    ended.wait()


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(place: LeasePlace) -> None:
    held = locks(place).try_hold("node")
    assert held is not None
    held.release()
    place.create("node", 1, dataclasses.replace(held.lease, born="1").to_bytes())
    assert locks(place).try_hold("node") is not None


def test_a_damaged_record_runs_out_like_any_silent_one(place: LeasePlace) -> None:
    clock = Clock()
    place.create("node", 0, b"")
    waiter = locks(place, clock)
    assert waiter.try_hold("node") is None
    clock.now = 100
    assert waiter.try_hold("node") is not None


def test_no_wall_clock_is_asked(place: LeasePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> float:
        raise AssertionError("the wall clock was asked")

    if isinstance(place, FolderLeases):
        monkeypatch.setattr(time, "time", asked)
    place.create("node", 0, FOREIGN.to_bytes())
    clock = Clock()
    waiter = locks(place, clock)
    assert waiter.try_hold("node") is None
    clock.now = 100
    held = waiter.try_hold("node")
    assert held is not None
    held.release()


def test_a_file_system_without_hard_links_has_locks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    place = FolderLeases(tmp_path)
    assert place.create("node", 0, b"first")
    assert not place.create("node", 0, b"second")
    assert place.read("node", 0) == b"first"
