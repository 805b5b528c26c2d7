from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.data.errors import InputError

KEY = "ab" + "0" * 62
OTHER = "cd" + "0" * 62

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
        if mode == "hang":
            time.sleep(60)
        time.sleep(float(mode))
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


def write(store: Store, key: str = KEY, text: str = "hello") -> None:
    with store.write(key, "pairs", {"rows": 3}, {"policy": OTHER}) as folder:
        (folder / "rows.txt").write_text(text, "utf-8")


def test_a_node_is_there_only_after_its_context_ended_well(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write(KEY, "pairs", {}) as folder:
        (folder / "rows.txt").write_text("hello", "utf-8")
        assert not store.has(KEY)
    assert store.has(KEY)
    assert store.read_json(KEY, "node.json")["kind"] == "pairs"
    assert store.verify(KEY) == []


def test_an_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="broken"), store.write(KEY, "pairs", {}) as folder:
        (folder / "rows.txt").write_text("half", "utf-8")
        raise RuntimeError("broken")
    assert not store.has(KEY)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_finished_node_is_never_rewritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, text="first")
    write(store, text="second")
    assert (store.path(KEY) / "rows.txt").read_text("utf-8") == "first"


def test_verify_names_a_file_that_was_changed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store)
    (store.path(KEY) / "rows.txt").write_text("forged", "utf-8")
    assert any("rows.txt" in line for line in store.verify(KEY))


def test_equal_content_gives_equal_bytes_wherever_it_is_written(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(Store(tmp_path / name))
    one, two = (Store(tmp_path / name).path(KEY) for name in ("one", "two"))
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_provenance_is_kept_outside_of_the_hashed_folder(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store)
    store.write_provenance(KEY, {"cost": {"wall_s": 1.5}})
    assert store.read_provenance(KEY) == {"cost": {"wall_s": 1.5}}
    assert store.read_provenance(OTHER) == {}
    assert store.verify(KEY) == []


def test_a_killed_writer_leaves_no_node_and_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    process = start(tmp_path, KEY, "hang")
    wait_for(process, "writing")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not store.has(KEY)
    assert len(store.sweep()) == 1
    with store.lock(KEY):
        write(store)
    assert store.has(KEY)


def test_sweeping_leaves_a_living_writer_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    process = start(tmp_path, KEY, "1")
    wait_for(process, "writing")
    assert store.sweep() == []
    process.wait()
    assert store.has(KEY)


def test_of_two_processes_one_writes_and_the_other_waits_and_takes_its_node(tmp_path: Path) -> None:
    first = start(tmp_path, KEY, "1")
    wait_for(first, "writing")
    second = start(tmp_path, KEY, "1")
    out, _ = second.communicate(timeout=60)
    first.wait()
    assert out.split() == ["waiting", "locked", "cached"]


def test_a_lock_is_freed_by_kill_9(tmp_path: Path) -> None:
    first = start(tmp_path, KEY, "hang")
    wait_for(first, "writing")
    second = start(tmp_path, KEY, "0")
    wait_for(second, "waiting")
    first.send_signal(signal.SIGKILL)
    out, _ = second.communicate(timeout=60)
    assert out.split() == ["locked", "writing", "written"]


def test_a_store_of_another_layout_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps({"layout": 99}), "utf-8")
    with pytest.raises(InputError, match=r"store\.json: layout: found 99"):
        Store(tmp_path)


@pytest.fixture
def full_disk(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_error_that_says_what_to_do_and_keeps_what_was_finished(full_disk: Path) -> None:
    store = Store(full_disk)
    write(store, OTHER)
    with pytest.raises(StoreError, match="no space is left; free some"), store.write(KEY, "train", {}) as folder:
        (folder / "weights.bin").write_bytes(os.urandom(1_000_000))
    assert not store.has(KEY)
    assert store.has(OTHER)
    assert store.verify(OTHER) == []
    assert list((full_disk / "scratch").iterdir()) == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store)
    (store.path(KEY) / "node.json").write_text("{", "utf-8")
    with pytest.raises(StoreError, match=r"node\.json: is damaged"):
        store.read_json(KEY, "node.json")
