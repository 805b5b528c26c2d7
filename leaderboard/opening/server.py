"""Answers readers on the app's own address before the app can: the first board, then the same page becomes the app.

The page that is handed out is Streamlit's own with the first board laid over it. Its script is held back until the app
takes the connections over; the files that the script needs are handed out meanwhile.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from lifealign_bench.leaderboard.markup import Markup, element
from lifealign_bench.leaderboard.opening.own_files import own_text

APP_SCRIPT = re.compile(r'<script type="module"[^>]* src="\./(static/js/[^"]+)"></script>')
LOOK_SECONDS = 0.02
"""How soon the loop that answers sees that it is to end."""
HTML = "text/html; charset=utf-8"
KINDS = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".png": "image/png"}
"""What a browser must be told of a script, or it does not run it; machines know these endings differently."""


class Opening:
    """Answers on a listening socket from `__init__` until `hand_over`; the socket stays open for whoever is next."""

    def __init__(self, listening: socket.socket) -> None:
        self._board, self._shown, self._over = "", Event(), Event()
        self._server = ThreadingHTTPServer(("", 0), _handler(self), bind_and_activate=False)
        self._server.socket.close()
        self._server.socket, self._server.daemon_threads = listening, True
        Thread(target=self._server.serve_forever, args=(LOOK_SECONDS,), name="opening", daemon=True).start()

    def show(self, board: str) -> None:
        """Hand out this page of the first board."""
        self._board = board
        self._shown.set()

    def hand_over(self) -> None:
        """Answer no more; pages that were handed out turn to the app, whose connections wait until it accepts them."""
        self._server.shutdown()
        self._shown.set()
        self._over.set()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path; two of them wait for what they are about."""
        if path == "/_opening/board":
            self._shown.wait()
            return HTTPStatus.OK, HTML, self._board.encode()
        if path == "/_opening/over":
            self._over.wait()
            return HTTPStatus.NO_CONTENT, HTML, b""
        if path.startswith("/_"):
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"being loaded"
        found = _static(path)
        if found is not None:
            return HTTPStatus.OK, KINDS.get(found.suffix, "application/octet-stream"), found.read_bytes()
        return HTTPStatus.OK, HTML, (frame_page(_index(), has_board=path in ("/", "/ranking")) or "").encode()


def can_open() -> bool:
    """Whether the installed Streamlit's page is of the kind that a first board can be laid over."""
    return frame_page(_index(), has_board=True) is not None


def frame_page(index: str, *, has_board: bool) -> str | None:
    """Streamlit's page with the first board over it and its script held back; None where it is another kind of page."""
    script = APP_SCRIPT.search(index)
    if script is None or "</body>" not in index:
        return None
    words = "The live board is being loaded: filters, figures, answers …"
    board = element("iframe", title="The first board", src="/_opening/board") if has_board else None
    go_on = element("button", "Open the live board", type="button", hidden=True)
    status = element("div", element("span", words), go_on, role="status")
    over = element("div", board, status, id="opening", data_app=f"/{script[1]}")
    head = element("style", Markup(own_text("opening", "opening.css"))).html
    head += element("link", rel="modulepreload", crossorigin=True, href=f"/{script[1]}").html
    code = element("script", Markup(own_text("opening", "opening.js"))).html
    page = index.replace(script[0], head).replace("<title>Streamlit</title>", "<title>LifeAlign Bench</title>")
    return page.replace("</body>", f"{over.html}{code}</body>")


def _root() -> Path | None:
    """Streamlit's folder of static files, found without loading it."""
    spec = find_spec("streamlit")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "static"


def _index() -> str:
    root = _root()
    return "" if root is None or not (root / "index.html").is_file() else (root / "index.html").read_text("utf-8")


def _static(path: str) -> Path | None:
    """A static file of Streamlit's, None for any other path."""
    root = _root()
    if root is None or path.count("/") == 0 or path == "/":
        return None
    found = (root / path.removeprefix("/")).resolve()
    return found if found.is_relative_to(root.resolve()) and found.is_file() and found.suffix != ".html" else None


def _handler(opening: Opening) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request, one answer."""

        def do_GET(self) -> None:
            """Answer."""
            status, kind, body = opening.answer(unquote(urlsplit(self.path).path))
            self.send_response(status)
            for name, value in (("Content-Type", kind), ("Content-Length", len(body)), ("Cache-Control", "no-store")):
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing is written down about readers."""

    return Handler
