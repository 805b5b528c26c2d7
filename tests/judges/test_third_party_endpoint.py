"""A real server of somebody else's, with a model that talks nonsense: `transformers serve` and the miniature base."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

import lifealign_bench.data.mini.bases as bases
from chatting import SCHEMA, question, questions
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.client import ChatClient, EndpointConfig

SERVE = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
BASE = Path(bases.__file__).parent / "mini"


@contextmanager
def transformers_serve():
    """The address of the server, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", str(BASE), "--port", str(port), "--device", "cpu"]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=offline)
    try:
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert server.poll() is None, server.stdout.read().decode()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.communicate()


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    return True


def test_nonsense_from_a_real_server_comes_back_whole_and_is_kept(tmp_path):
    with transformers_serve() as base_url:
        config = EndpointConfig(model=str(BASE), base_url=base_url, max_in_flight=4, max_tokens=8)
        client = ChatClient(config, tmp_path / "cache.sqlite")
        asked = [*questions(5), question("{placeholder} <|im_end|> \u200b", schema=SCHEMA, max_tokens=8)]
        replies = list(client.complete(asked))
        again = list(client.complete(asked))
        with pytest.raises(InputError, match=r"model: found 'another'.* expected a model that this endpoint serves"):
            list(ChatClient(EndpointConfig(model="another", base_url=base_url), tmp_path / "b").complete(asked))
    assert {reply.status for reply in replies} <= {"complete", "length"}
    assert all(reply.text and reply.usage["output"] > 0 and str(BASE) in reply.model_served for reply in replies)
    assert [reply.cached for reply in again] == [reply.status == "complete" for reply in replies]
