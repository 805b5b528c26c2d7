"""A store at a URL: in memory, in a folder, and on a real S3 server process."""

from __future__ import annotations

import multiprocessing
import shutil
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from lifealign_bench.benchmark.remote_files import RemoteFiles
from lifealign_bench.benchmark.remote_store import RemoteStore
from lifealign_bench.benchmark.store import MANIFEST, DamagedNodeError, Store, StoreError
from lifealign_bench.benchmark.workspaces import open_store, results_folder, workspace_folder
from lifealign_bench.data.errors import InputError
from s3_server import BUCKET, KEYS, S3Server, environment, free_port, s3_server

KEY = "ab" + "0" * 62
OTHER = "cd" + "0" * 62


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as found:
        yield found


@pytest.fixture(params=["memory", "file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        request.getfixturevalue("server")
        return f"s3://{BUCKET}/{tmp_path.name}/store"
    return f"memory://{tmp_path.name}/store" if request.param == "memory" else f"file://{tmp_path}/far/store"


def store_at(url: str, here: Path) -> RemoteStore:
    return RemoteStore(RemoteFiles(url, patience_s=1), here)


def write(store: Store, key: str = KEY, text: str = "hello") -> None:
    with store.write(key, "pairs", {"a": 1}) as folder:
        (folder / "rows.txt").write_text(text, "utf-8")
        (folder / "policy").mkdir()
        (folder / "policy" / "weights.bin").write_bytes(text.encode() * 100)


def test_what_one_machine_writes_another_one_reads_with_the_bytes_of_a_folder(url: str, tmp_path: Path) -> None:
    write(store_at(url, tmp_path / "one"))
    write(Store(tmp_path / "plain"))
    there = store_at(url, tmp_path / "two")
    assert there.has(KEY)
    folder, plain = there.path(KEY), Store(tmp_path / "plain").path(KEY)
    names = sorted(path.relative_to(plain) for path in plain.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert all((folder / name).read_bytes() == (plain / name).read_bytes() for name in names)
    assert there.verify(KEY) == []


def test_a_node_without_its_manifest_does_not_exist(url: str, tmp_path: Path) -> None:
    store = store_at(url, tmp_path / "one")
    write(store)
    store.files.remove(f"nodes/ab/{KEY}/{MANIFEST}")
    assert store.files.sizes("blobs")
    there = store_at(url, tmp_path / "two")
    assert not there.has(KEY)
    assert not there.path(KEY).exists()


def test_the_first_ones_bytes_stay(url: str, tmp_path: Path) -> None:
    slow, fast = store_at(url, tmp_path / "one"), store_at(url, tmp_path / "two")
    with slow.write(KEY, "pairs", {}) as folder:
        write(fast, text="fast")
        (folder / "rows.txt").write_text("slow", "utf-8")
    assert (slow.path(KEY) / "rows.txt").read_text("utf-8") == "fast"
    assert (store_at(url, tmp_path / "three").path(KEY) / "rows.txt").read_text("utf-8") == "fast"


def test_a_copy_of_this_machine_is_not_fetched_again(url: str, tmp_path: Path) -> None:
    write(store_at(url, tmp_path / "one"))
    there = store_at(url, tmp_path / "two")
    there.path(KEY)
    for name in there.files.sizes("blobs"):
        there.files.remove(name)
    assert (there.path(KEY) / "rows.txt").read_text("utf-8") == "hello"


def test_a_flipped_byte_is_found_by_hash_and_the_node_taken_out(url: str, tmp_path: Path) -> None:
    store = store_at(url, tmp_path / "one")
    write(store)
    name = max(store.files.sizes("blobs").items(), key=lambda pair: pair[1])[0]
    content = store.files.read(name)
    assert content is not None
    store.files.write(name, b"?" + content[1:])
    there = store_at(url, tmp_path / "two")
    assert there.verify(KEY) == ["policy/weights.bin has other bytes than its manifest says"]
    with pytest.raises(DamagedNodeError, match=r"weights\.bin"):
        there.path(KEY)
    assert not store_at(url, tmp_path / "three").has(KEY)
    write(there)
    assert store_at(url, tmp_path / "four").verify(KEY) == []


def test_a_damaged_copy_of_this_machine_is_thrown_away_and_fetched_again(url: str, tmp_path: Path) -> None:
    write(store_at(url, tmp_path / "one"))
    there = store_at(url, tmp_path / "two")
    (there.path(KEY) / "rows.txt").write_text("damaged", "utf-8")
    assert there.sound(KEY)
    assert (there.path(KEY) / "rows.txt").read_text("utf-8") == "hello"


def test_a_node_that_could_not_be_handed_in_is_handed_in_later(url: str, tmp_path: Path) -> None:
    write(Store(tmp_path / "one"))
    store = store_at(url, tmp_path / "one")
    assert not store.has(KEY)
    assert store.rescue(KEY)
    assert store_at(url, tmp_path / "two").verify(KEY) == []
    assert not store.rescue(OTHER)


def test_provenance_is_kept_in_the_store_and_fetched_for_all_nodes_at_once(url: str, tmp_path: Path) -> None:
    store = store_at(url, tmp_path / "one")
    for key in (KEY, OTHER):
        write(store, key)
        store.write_provenance(key, {"label": key})
    there = store_at(url, tmp_path / "two")
    assert there.read_provenance(KEY) == {"label": KEY}
    for name in there.files.sizes("provenance"):
        there.files.remove(name)
    assert there.read_provenance(OTHER) == {"label": OTHER}


def test_one_process_at_a_time_holds_a_lock(url: str, tmp_path: Path) -> None:
    one, two = store_at(url, tmp_path / "one"), store_at(url, tmp_path / "two")
    with one.lock(KEY):
        assert two.try_lock(KEY) is None
        assert str(two.holder(KEY)).startswith("process ")
        write(one)
    assert one.files.sizes("locks") == {}


def test_a_store_travels_to_another_process(url: str, tmp_path: Path) -> None:
    if url.startswith("memory://"):
        pytest.skip("another process has another memory")
    store = store_at(url, tmp_path / "one")
    write(store)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        assert processes.submit(store.verify, KEY).result() == []


def test_a_store_of_another_layout_is_refused_by_name(url: str, tmp_path: Path) -> None:
    store_at(url, tmp_path / "one").files.write("store.json", b'{"layout": 9}')
    with pytest.raises(InputError, match="layout: found 9"):
        store_at(url, tmp_path / "two")


def test_a_workspace_moves_from_a_folder_to_a_bucket_and_back_by_plain_copies(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    monkeypatch.setenv("LIFEALIGN_CACHE", str(tmp_path / "cache"))
    laptop, far = tmp_path / "laptop", f"s3://{BUCKET}/{tmp_path.name}"
    write(open_store(laptop))
    s3fs.S3FileSystem(skip_instance_cache=True).put(f"{laptop}/", f"{far}/", recursive=True)
    remote = open_store(workspace_folder(far))
    assert remote.verify(KEY) == []
    write(remote, OTHER)
    s3fs.S3FileSystem(skip_instance_cache=True).get(f"{far}/", f"{tmp_path / 'back'}/", recursive=True)
    back = open_store(tmp_path / "back")
    for key in (KEY, OTHER):
        assert back.has(key)
        assert back.verify(key) == []
        assert (back.path(key) / "rows.txt").read_text("utf-8") == "hello"


def test_a_bucket_that_does_not_exist_is_one_line(server: S3Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such bucket"):
        RemoteFiles("s3://nobody-made-this/w").check(writing=True)


def test_a_protocol_that_is_not_installed_is_one_line() -> None:
    with pytest.raises(InputError, match="package"):
        RemoteFiles("gs://bucket/w")
    with pytest.raises(InputError, match="a URL that fsspec can open"):
        RemoteFiles("nonsense://bucket/w")


def test_an_address_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEALIGN_CACHE", str(tmp_path))
    monkeypatch.setattr("lifealign_bench.benchmark.remote_files.OPENING_S", 0.5)
    with environment({**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}):
        with pytest.raises(InputError, match="the store does not answer"):
            RemoteFiles("s3://bench/w").check()
        with pytest.raises(InputError, match="the store does not answer"):
            results_folder("s3://bench/w/results")


def test_no_right_is_one_line_and_what_was_finished_stays(tmp_path: Path) -> None:
    with s3_server() as closed:
        store = store_at(f"s3://{BUCKET}/w", tmp_path / "one")
        write(store)
        headers = {"Content-Type": "text/plain"}
        reset = f"http://127.0.0.1:{closed.port}/moto-api/reset-auth"
        urllib.request.urlopen(urllib.request.Request(reset, b"0", headers)).close()
        with pytest.raises(InputError, match="no right to read or write"):
            store.sweep()
        with pytest.raises(StoreError, match="finished nodes are kept"):
            write(store, OTHER)
        urllib.request.urlopen(urllib.request.Request(reset, b"1000", headers)).close()
        again = store_at(f"s3://{BUCKET}/w", tmp_path / "one")
        assert again.has(KEY)
        assert again.rescue(OTHER)
        shutil.rmtree(tmp_path / "one" / "nodes")
        assert again.verify(OTHER) == []
