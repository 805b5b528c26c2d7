"""A store under several processes: one writes, the others wait, a killed one leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from lifealign_bench.benchmark.store import Store

KEY = "ab" + "0" * 62

WRITER = """
import sys, time
from pathlib import Path
from lifealign_bench.benchmark.store import Store
store, key, mode = Store(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
with store.lock(key, waiting=lambda: print("waiting", flush=True)):
    print("locked", flush=True)
    if store.has(key):
        print("cached", flush=True)
        raise SystemExit
    with store.write(key, "train", {"a": 1}) as folder:
        (folder / "big.bin").write_bytes(b"x" * 1000)
        print("writing", flush=True)
        while mode == "hang" or not Path(mode).exists():
            time.sleep(0.01)
    print("written", flush=True)
"""


def start(root: Path, key: str, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), key, mode], stdout=subprocess.PIPE, text=True, cwd=root
    )


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == word:
            return
    raise AssertionError(f"{word} never came")


def test_a_killed_writer_leaves_no_node_and_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    process = start(tmp_path, KEY, "hang")
    wait_for(process, "writing")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not store.has(KEY)
    assert len(store.sweep()) == 1
    with store.lock(KEY), store.write(KEY, "pairs", {}) as folder:
        (folder / "rows.txt").write_text("hello", "utf-8")
    assert store.has(KEY)


def test_sweeping_leaves_a_living_writer_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    process = start(tmp_path, KEY, "go")
    wait_for(process, "writing")
    assert store.sweep() == []
    (tmp_path / "go").touch()
    process.wait()
    assert store.has(KEY)


def test_of_two_processes_one_writes_and_the_other_waits_and_takes_its_node(tmp_path: Path) -> None:
    first = start(tmp_path, KEY, "go")
    wait_for(first, "writing")
    second = start(tmp_path, KEY, "go")
    wait_for(second, "waiting")
    (tmp_path / "go").touch()
    out, _ = second.communicate(timeout=600)
    first.wait()
    assert out.split() == ["locked", "cached"]


def test_a_lock_is_freed_by_kill_9(tmp_path: Path) -> None:
    first = start(tmp_path, KEY, "hang")
    wait_for(first, "writing")
    second = start(tmp_path, KEY, ".")
    wait_for(second, "waiting")
    first.send_signal(signal.SIGKILL)
    out, _ = second.communicate(timeout=600)
    assert out.split() == ["locked", "writing", "written"]


RACER = """
import sys
from pathlib import Path
from lifealign_bench.benchmark.store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    key = f"{number:02d}" + "0" * 62
    with store.lock(key):
        if store.has(key):
            continue
        with store.write(key, "train", {}) as folder:
            (folder / "weights.bin").write_bytes(bytes([number]) * 5000)
        print(key[:2], flush=True)
"""


def test_processes_that_race_over_one_store_compute_every_node_once(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for racer in racers:
        wait_for(racer, "ready")
    outs = [racer.communicate("go\n", timeout=600)[0] for racer in racers]
    assert sorted(" ".join(outs).split()) == [f"{number:02d}" for number in range(40)]
    store = Store(tmp_path)
    assert all(store.verify(f"{number:02d}" + "0" * 62) == [] for number in range(40))


def test_a_file_over_the_size_limit_is_the_same_kind_of_error(tmp_path: Path) -> None:
    script = WRITER.replace("* 1000", "* 100_000")
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n{script}"
    done = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path), KEY, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "StoreError" in done.stderr
    assert "a file too big" in done.stderr
    assert not Store(tmp_path).has(KEY)
    assert list((tmp_path / "scratch").iterdir()) == []
