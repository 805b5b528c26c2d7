import gzip
import json
import os
import subprocess
import sys

import pytest

from lifealign_bench.data.card_files import parse_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.stream import load_task

from .conftest import card_values, rows, write_rows
from .loopback_hub import COMMIT, serve

DATASET = "someone/pairs"
LOAD = """
import json, sys
from lifealign_bench.data.card_files import parse_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.stream import load_task
try:
    data = load_task(parse_card(json.loads(sys.argv[1]), "card"), None)
    report = data.report
    print(json.dumps([report.origin, report.revision, report.train.read, report.evaluation.read, data.fingerprint]))
except InputError as error:
    print(json.dumps(["error", str(error)]))
"""


def hub(dataset=DATASET, revision=COMMIT, **changes):
    splits = {"train": "train", "evaluation": "test"}
    return {"kind": "hub", "dataset": str(dataset), "revision": revision, "splits": splits, **changes}


def lines(*arguments):
    return "".join(json.dumps(row) + "\n" for row in rows(*arguments)).encode()


def load_in_process(source, home, **environment):
    values = json.dumps(card_values(source=source))
    settings = {**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, values], env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_folder_that_datasets_can_load_is_read_like_the_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    write_rows(tmp_path / "repo" / "train.jsonl", rows(20))
    write_rows(tmp_path / "repo" / "test.jsonl", rows(6, 50))
    data = load_task(parse_card(card_values(source=hub(tmp_path / "repo", "main")), "card"), None)
    assert (data.report.origin, data.report.train.read, data.report.evaluation.read) == ("hub", 20, 6)
    write_rows(tmp_path / "local" / "mine" / "train.jsonl", rows(20))
    write_rows(tmp_path / "local" / "mine" / "test.jsonl", rows(6, 50))
    assert data.fingerprint == load_task(parse_card(card_values(source=hub()), "card"), tmp_path / "local").fingerprint


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"splits": {"train": "train", "evaluation": "nowhere"}}, "hub split 'nowhere'"),
        ({"config": "other"}, "hub split 'train'"),
    ],
)
def test_a_split_or_configuration_that_is_not_there_is_an_input_error(tmp_path, monkeypatch, source, message):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    write_rows(tmp_path / "repo" / "train.jsonl", rows(3))
    with pytest.raises(InputError, match=message):
        load_task(parse_card(card_values(source=hub(tmp_path / "repo", "main", **source)), "card"), None)


def test_the_commit_behind_a_branch_is_recorded_and_the_cache_serves_it_offline(tmp_path):
    files = {
        "README.md": b"# pairs\n",
        "base/train.jsonl.gz": gzip.compress(lines(20)),
        "base/test.jsonl.gz": gzip.compress(lines(6, 50)),
        "other/train.jsonl": lines(7),
    }
    source = hub(data_dir="base", revision="main")
    with serve(DATASET, files) as address:
        online = load_in_process(source, tmp_path, HF_ENDPOINT=address)
    assert online[:4] == ["hub", COMMIT, 20, 6]
    pinned = hub(data_dir="base")
    with serve(DATASET, files) as address:
        assert load_in_process(pinned, tmp_path, HF_ENDPOINT=address) == online
    assert load_in_process(pinned, tmp_path, HF_HUB_OFFLINE="1") == online


def test_a_repository_with_a_loading_script_is_read_by_format_and_from_the_cache_offline(tmp_path):
    files = {"pairs.py": b"raise SystemExit('never run')", "all.jsonl": lines(200)}
    source = hub(builder="json", data_files="all.jsonl", splits={"train": "train", "evaluation_share": 0.2})
    with serve(DATASET, files) as address:
        online = load_in_process(source, tmp_path, HF_ENDPOINT=address)
    assert online[:2] == ["hub", COMMIT]
    assert online[2] + online[3] == 200
    assert load_in_process(source, tmp_path, HF_HUB_OFFLINE="1") == online


def test_what_is_not_in_the_cache_is_one_clear_error_offline(tmp_path):
    for source in (hub(), hub(builder="json", data_files="all.jsonl")):
        kind, message = load_in_process(source, tmp_path, HF_HUB_OFFLINE="1")
        assert kind == "error"
        assert message.startswith(f"{DATASET}@{COMMIT}: hub split 'train': found ")
        assert "--data-dir" in message


def test_a_data_set_the_hub_does_not_have_is_one_clear_error(tmp_path):
    with serve(DATASET, {"README.md": b""}) as address:
        for source in (hub("someone/else"), hub(revision="nowhere"), hub()):
            assert load_in_process(source, tmp_path, HF_ENDPOINT=address)[0] == "error"
