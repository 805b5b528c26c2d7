"""Judge files on the wire: whose key is sent where."""

import pytest

from chatting import client_of, questions
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.judge_file import read_settings

ELSEWHERE = "https://api.example.com/v1"
KEY = "LIFEALIGN_TEST_KEY"


@pytest.fixture
def keyed(scripted, tmp_path, monkeypatch):
    """A file that names a key for another address, and a server that takes a question only with that key."""
    scripted.order(key="right")
    monkeypatch.setenv(KEY, "right")
    (tmp_path / "own.yaml").write_text(
        f"name: own\nmodel: scripted\nbase_url: {ELSEWHERE}\napi_key_env: {KEY}\n", "utf-8"
    )
    (tmp_path / "panel.yaml").write_text("panel: [own.yaml]\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("file", ["own.yaml", "panel.yaml"])
def test_the_key_of_a_file_is_not_sent_to_an_address_that_the_command_names(keyed, scripted, file):
    (found,) = read_settings(str(keyed / file), scripted.base_url)
    with pytest.raises(InputError, match="key"):
        list(client_of(scripted.base_url, keyed, api_key_env=found.endpoint.api_key_env).complete(questions(1)))
    (named,) = read_settings(str(keyed / file), scripted.base_url, KEY)
    assert list(client_of(scripted.base_url, keyed, api_key_env=named.endpoint.api_key_env).complete(questions(1)))
    assert (found.endpoint.base_url, named.endpoint.base_url) == (scripted.base_url, scripted.base_url)


def test_the_key_of_a_file_goes_with_its_own_address(keyed):
    (found,) = read_settings(str(keyed / "own.yaml"))
    assert (found.endpoint.base_url, found.endpoint.api_key_env) == (ELSEWHERE, KEY)
    (other,) = read_settings(str(keyed / "own.yaml"), api_key_env="OTHER")
    assert (other.endpoint.base_url, other.endpoint.api_key_env) == (ELSEWHERE, "OTHER")
