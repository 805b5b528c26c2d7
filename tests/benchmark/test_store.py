from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lifealign_bench.benchmark.store import Store, StoreError
from lifealign_bench.data.errors import InputError

KEY = "ab" + "0" * 62
OTHER = "cd" + "0" * 62


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


def test_a_store_of_another_layout_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps({"layout": 99}), "utf-8")
    with pytest.raises(InputError, match=r"store\.json: layout: found 99"):
        Store(tmp_path)


def test_writers_without_a_lock_leave_one_whole_node(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write(KEY, "train", {}) as slow:
        (slow / "rows.txt").write_text("slow", "utf-8")
        with store.write(KEY, "train", {}) as fast:
            (fast / "rows.txt").write_text("fast", "utf-8")
    assert (store.path(KEY) / "rows.txt").read_text("utf-8") == "fast"
    assert store.verify(KEY) == []
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_lock_is_free_once_its_context_ends_even_while_an_exception_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="kept") as caught, store.lock(KEY):
        raise RuntimeError("kept")
    again = Store(tmp_path).try_lock(KEY)
    assert again is not None
    again.release()
    assert caught.value.__traceback__ is not None


def leftover(store: Store, pid: int, age_s: float) -> Path:
    folder = store.root / "scratch" / f"{KEY}.{os.uname().nodename}.{pid}.00ff00ff"
    folder.mkdir()
    born = folder.stat().st_mtime - age_s
    os.utime(folder, (born, born))
    return folder


def test_a_leftover_is_swept_though_its_writers_number_belongs_to_a_younger_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = leftover(store, os.getpid(), age_s=10_000_000)
    assert store.sweep() == [folder]
    assert leftover(store, os.getpid(), age_s=0).is_dir()
    assert store.sweep() == []


def test_a_leftover_whose_lock_is_held_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    folder = leftover(store, dead.pid, age_s=0)
    with store.lock(KEY):
        assert store.sweep() == []
    assert store.sweep() == [folder]


def test_sweeping_leaves_alone_what_it_cannot_know(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "scratch" / f"{KEY}.another-host.1.00ff00ff").mkdir()
    (tmp_path / "scratch" / "notes").mkdir()
    assert store.sweep() == []


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
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


def test_a_full_disk_is_recognised_in_the_error_of_the_library_that_saves_weights(full_disk: Path) -> None:
    store = Store(full_disk)
    with pytest.raises(StoreError, match="no space is left; free some"), store.write(KEY, "train", {}) as folder:
        save_file({"weights": np.zeros(300_000, np.float32)}, folder / "model.safetensors")
    assert not store.has(KEY)
    assert list((full_disk / "scratch").iterdir()) == []


def test_provenance_on_a_full_disk_keeps_the_old_one(full_disk: Path) -> None:
    store = Store(full_disk)
    store.write_provenance(KEY, {"cost": 1})
    with pytest.raises(StoreError, match="no space is left"):
        store.write_provenance(KEY, {"cost": "x" * 1_000_000})
    assert store.read_provenance(KEY) == {"cost": 1}
    assert [path.name for path in (full_disk / "provenance").iterdir()] == [f"{KEY}.json"]


def test_a_read_only_disk_is_one_error_and_what_was_finished_can_still_be_read(full_disk: Path) -> None:
    store = Store(full_disk)
    write(store, OTHER)
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk)], check=True)
    with pytest.raises(StoreError, match="the file system is read-only; choose another folder"):
        write(store)
    with pytest.raises(StoreError, match="read-only"):
        store.write_provenance(KEY, {})
    with pytest.raises(StoreError, match="read-only"), store.lock(KEY):
        pass
    assert Store(full_disk).read_json(OTHER, "node.json")["key"] == OTHER


def test_a_right_that_is_missing_elsewhere_is_no_fault_of_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(PermissionError), store.write(KEY, "train", {}):
        raise PermissionError(errno.EACCES, "denied", str(tmp_path / "rows.jsonl"))


def test_a_store_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(InputError, match="store: found a file, expected a folder"):
            Store(place)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store)
    (store.path(KEY) / "node.json").write_text("{", "utf-8")
    with pytest.raises(StoreError, match=r"node\.json: is damaged"):
        store.read_json(KEY, "node.json")


def test_verify_says_so_where_a_manifest_or_a_node_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert any("cannot be read" in line for line in store.verify(KEY))
    write(store)
    (store.path(KEY) / "rows.txt").unlink()
    assert any("manifest has" in line and "rows.txt" in line for line in store.verify(KEY))
