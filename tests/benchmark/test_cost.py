from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lifealign_bench.benchmark import cost
from lifealign_bench.benchmark.cost import CostMeter, git_state, high_water_mark, machine

MIB = 1024 * 1024


def burn(seconds: float) -> None:
    """Use CPU time of this thread, however busy the machine is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def test_cpu_seconds_count_every_thread_and_wall_seconds_count_sleep() -> None:
    with CostMeter() as meter:
        other = threading.Thread(target=burn, args=(0.2,))
        other.start()
        burn(0.2)
        other.join()
        time.sleep(0.2)
    assert 0.4 <= meter.cost.cpu_s < 0.4 + 0.3
    assert meter.cost.wall_s >= 0.4


def test_sleep_costs_no_cpu() -> None:
    with CostMeter() as meter:
        time.sleep(0.5)
    assert meter.cost.wall_s >= 0.5
    assert meter.cost.cpu_s < 0.1


PEAKS = """
import json, time
import numpy as np
from lifealign_bench.benchmark.cost import CostMeter
def hold(mib, seconds):
    block = np.ones(mib * 1024 * 1024, np.uint8)
    time.sleep(seconds)
peaks = []
for mib, seconds in ((400, 0.0), (100, 0.3), (0, 0.1)):
    with CostMeter() as meter:
        hold(mib, seconds)
    peaks.append(meter.cost.peak_memory_bytes / 2**20)
print(json.dumps(peaks))
"""


def test_the_peak_is_the_nodes_own_not_that_of_an_earlier_one() -> None:
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    short_and_high, long_and_lower, none = json.loads(done.stdout)
    assert short_and_high - none > 390
    assert 90 < long_and_lower - none < 150


def test_counters_add_up_and_the_cost_is_plain_json_values() -> None:
    with CostMeter() as meter:
        meter.count(example_passes=3, tokens=50)
        meter.count(example_passes=1, tokens=7)
    record = json.loads(json.dumps(meter.cost.to_dict()))
    assert (record["example_passes"], record["tokens"]) == (4, 57)
    assert record["peak_memory_bytes"] > 10 * MIB
    assert set(record) == {"wall_s", "cpu_s", "peak_memory_bytes", "example_passes", "tokens"}


def test_a_cost_is_known_and_nothing_keeps_running_after_an_exception() -> None:
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="broken"), CostMeter() as meter:
        burn(0.05)
        raise RuntimeError("broken")
    assert meter.cost.cpu_s >= 0.05
    assert threading.active_count() == before


def test_measuring_reads_the_memory_at_most_once_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[float] = []
    monkeypatch.setattr(CostMeter, "_sample", lambda meter: readings.append(time.monotonic()))
    with CostMeter(interval_s=0.05):
        time.sleep(1)
    gaps = [after - before for before, after in pairwise(readings[1:-1])]
    assert gaps
    assert min(gaps) >= 0.049


def test_the_high_water_mark_never_falls() -> None:
    before = high_water_mark()
    np.ones(50 * MIB, np.uint8)
    assert high_water_mark() >= before > 0


def test_the_machine_is_described_by_json_values_with_versions() -> None:
    found = json.loads(json.dumps(machine()))
    assert found["cores"] >= 1
    assert found["memory_bytes"] > 100 * MIB
    assert found["processor"]
    assert found["libraries"]["torch"].count(".") == 2


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    source = tmp_path / "benchmark"
    source.mkdir()
    (source / Path(cost.__file__).name).write_text("x = 1\n", "utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return source


def test_a_checkout_is_named_by_its_commit_and_is_dirty_only_where_its_source_differs(checkout: Path) -> None:
    clean = {"git_commit": git(checkout, "rev-parse", "HEAD"), "git_dirty": False}
    assert git_state(checkout) == clean
    (checkout.parent / "workspace").mkdir()
    (checkout.parent / "workspace" / "results.json").write_text("{}", "utf-8")
    assert git_state(checkout) == clean
    (checkout / "new.py").write_text("", "utf-8")
    assert git_state(checkout) == {**clean, "git_dirty": True}


def test_a_copy_installed_inside_somebody_elses_checkout_has_no_commit(checkout: Path) -> None:
    installed = checkout.parent / "venv" / "benchmark"
    installed.mkdir(parents=True)
    (installed / Path(cost.__file__).name).write_text("", "utf-8")
    assert git_state(installed) == {"git_commit": None, "git_dirty": None}
