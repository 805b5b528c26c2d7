"""Results behind a web server: one that lists folders and hands out ranges serves a board, others are named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from browsing import free_port
from stored_boards import store_board

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.answers import Query, page_of
from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.matrices import matrix_of
from lifealign_bench.leaderboard.queries import Rows


class Quiet(SimpleHTTPRequestHandler):
    """Lists folders, knows no ranges."""

    def log_request(self, code="-", size="-"):
        pass

    def log_error(self, *args):
        pass


class Ranged(Quiet):
    """Hands out ranges, too."""

    def do_GET(self):
        wanted, path = self.headers.get("Range"), Path(self.translate_path(self.path))
        if wanted is None or not path.is_file():
            super().do_GET()
            return
        content = path.read_bytes()
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin = int(first) if first else len(content) - int(last)
        part = content[begin : int(last) + 1 if first and last else len(content)]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {begin}-{begin + len(part) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


class Unlisted(Ranged):
    """Lists nothing."""

    def list_directory(self, path):
        self.send_error(403)


@contextmanager
def web(folder: Path, handler: type[Quiet]) -> Iterator[str]:
    with ThreadingHTTPServer(("localhost", 0), partial(handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://localhost:{server.server_port}/results"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_board(tmp_path_factory.mktemp("web") / "results")


def test_a_board_is_read_from_a_web_server_that_lists_and_hands_out_ranges(results: Path) -> None:
    local = load_board([results])
    with web(results.parent, Ranged) as address:
        board, rows = load_board([address]), Rows()
        assert [(run.entry.label, run.order) for run in board.runs] == [(r.entry.label, r.order) for r in local.runs]
        assert board.left_out == ()
        assert matrix_of(rows, board.runs[0], "rubric").matrix == matrix_of(rows, local.runs[0], "rubric").matrix
        query = Query("rubric", "worse")
        assert page_of(rows, board.runs, query).total == page_of(Rows(), local.runs, query).total > 0


def test_a_web_server_without_ranges_is_named(results: Path) -> None:
    with web(results.parent, Quiet) as address:
        board = load_board([address])
        assert len(board.runs) == len(load_board([results]).runs)
        with pytest.raises(InputError, match="range requests"):
            page_of(Rows(), board.runs, Query("rubric", "worse"))


def test_a_web_server_that_lists_nothing_or_is_not_there_is_left_out_with_the_reason(results: Path) -> None:
    with web(results.parent, Unlisted) as address:
        for place in (address, f"http://localhost:{free_port()}/results"):
            (item,) = load_board([place, results]).left_out
            assert item.place == place
            assert "lists its folders" in item.reason
