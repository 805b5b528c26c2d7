"""The file of answers: export and import, damage, other files, and what an endpoint's configuration may say."""

import json
import sqlite3

import pytest

from chatting import client_of, questions
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.client import EndpointConfig, ReplyCache


@pytest.fixture
def filled(scripted, tmp_path):
    client = client_of(scripted.base_url, tmp_path)
    list(client.complete(questions(20)))
    return client


def test_an_export_carries_every_answer_to_another_cache(filled, scripted, tmp_path):
    with ReplyCache(filled.cache) as cache:
        assert cache.export(tmp_path / "export.jsonl") == 20
    with ReplyCache(tmp_path / "other" / "cache.sqlite") as cache:
        assert cache.load(tmp_path / "export.jsonl") == 20
        assert cache.load(tmp_path / "export.jsonl") == 0
        cache.export(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "export.jsonl").read_bytes()
    scripted.order()
    assert all(reply.cached for reply in client_of(scripted.base_url, tmp_path / "other").complete(questions(20)))
    assert scripted.counters["requests"] == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "found Expecting value"),
        ("[1]", "line: found list"),
        (json.dumps({"key": 3}), "key: found 3"),
        (json.dumps({"key": "k"}), "endpoint: found None"),
    ],
)
def test_a_line_that_is_no_export_is_named(tmp_path, line, message):
    (tmp_path / "bad.jsonl").write_text(line + "\n", "utf-8")
    with ReplyCache(tmp_path / "cache.sqlite") as cache, pytest.raises(InputError, match=message):
        cache.load(tmp_path / "bad.jsonl")


@pytest.mark.parametrize("place", [0, 30])
def test_a_damaged_cache_is_one_clear_error(filled, scripted, tmp_path, place):
    with ReplyCache(filled.cache) as cache:
        cache._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(filled.cache.read_bytes())
    content[place : place + 4000] = b"\xff" * 4000
    filled.cache.write_bytes(content)
    with pytest.raises(InputError, match=r"cache\.sqlite: cache: found a damaged file .*expected a cache"):
        list(filled.complete(questions(20)))


def test_a_text_file_is_not_taken_for_a_cache(scripted, tmp_path):
    (tmp_path / "cache.sqlite").write_text("answers\n" * 500, "utf-8")
    with pytest.raises(InputError, match="a damaged file"):
        list(client_of(scripted.base_url, tmp_path).complete(questions(2)))
    assert (tmp_path / "cache.sqlite").read_text("utf-8").startswith("answers")


def test_another_programs_database_is_left_alone(scripted, tmp_path):
    other = sqlite3.connect(tmp_path / "cache.sqlite")
    other.execute("CREATE TABLE accounts (name TEXT)")
    other.commit()
    other.close()
    with pytest.raises(InputError, match="cache: found another program's tables"):
        list(client_of(scripted.base_url, tmp_path).complete(questions(2)))


def test_a_cache_of_a_later_version_is_named(filled):
    with ReplyCache(filled.cache) as cache:
        cache._file.execute("PRAGMA user_version = 9")
    with pytest.raises(InputError, match="found version 9, expected version 1"):
        ReplyCache(filled.cache)


CONFIG = {"model": "m", "base_url": "http://127.0.0.1:1/v1"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"base_url": "http://user:hush@host/v1"}, "base_url: .* without user, password or query"),
        ({"base_url": "http://host/v1?key=hush"}, "base_url: .* without user, password or query"),
        ({"base_url": "ftp://hush/v1"}, "base_url: .* an address such as"),
        ({"base_url": "hush"}, "base_url: .* an address such as"),
        ({"base_url": "http://host:hush/v1"}, "base_url: "),
        ({"api_key_env": "sk-hush"}, "api_key_env: .* the name of an environment variable, never the key"),
        ({"api_key": "hush"}, "api_key: .*did you mean api_key_env"),
        ({"extra": {"messages": ["hush"]}}, "extra: .* no messages"),
        ({"extra": {"stream": True}}, "extra: .* no stream"),
        ({"timeout_s": 0}, "timeout_s: "),
        ({"max_in_flight": 65}, "max_in_flight: "),
        ({"price_input": -1}, "price_input: "),
        ({"model": ""}, "model: "),
    ],
)
def test_a_wrong_configuration_is_named_without_repeating_what_may_be_a_key(changed, message):
    with pytest.raises(InputError, match=message) as raised:
        EndpointConfig.parse({**CONFIG, **changed}, "judge.yaml")
    assert "hush" not in str(raised.value)
    with pytest.raises(ValueError) as raised_directly:  # noqa: PT011 - whatever pydantic raises must hide the value
        EndpointConfig(**{**CONFIG, **changed})
    assert "hush" not in str(raised_directly.value)
