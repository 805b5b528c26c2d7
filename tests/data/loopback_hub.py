"""A hub on loopback: one data set at one commit, in the part of the protocol that loading it needs."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve(dataset: str, files: dict[str, bytes]):
    """Yields the address; `files` maps paths in the data set's repository to their bytes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(dataset, files))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(dataset: str, files: dict[str, bytes]):
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer()

        def do_GET(self):
            self.answer()

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def answer(self, body=b""):
            path = unquote(urlsplit(self.path).path).strip("/").split("/")
            name = dataset.split("/")
            if path[:3] == ["datasets", *name] and path[3] == "resolve":
                return self.file("/".join(path[5:]), path[4])
            if path[:4] != ["api", "datasets", *name] or (len(path) > 5 and path[5] not in (COMMIT, "main")):
                return self.send(
                    404, b"{}", {"X-Error-Code": "RevisionNotFound" if path[:1] == ["api"] else "RepoNotFound"}
                )
            kind = path[4] if len(path) > 4 else "revision"
            if kind == "revision":
                siblings = [{"rfilename": file} for file in files]
                return self.json({"id": dataset, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False})
            if kind == "tree":
                found = self.children("/".join(path[6:]), "recursive=true" in self.path.lower())
                return self.json(found) if found else self.send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
            asked = json.loads(body)["paths"] if body.startswith(b"{") else parse_qs(body.decode())["paths"]
            return self.json([entry for place in asked for entry in self.entry(place)])

        def entry(self, path):
            if path in files:
                return [{"type": "file", "path": path, "size": len(files[path]), "oid": "0" * 40}]
            inside = any(file.startswith(f"{path}/") for file in files)
            return [{"type": "directory", "path": path, "oid": "0" * 40}] if inside else []

        def children(self, folder, recursive):
            root = f"{folder}/" if folder else ""
            if recursive:
                return [entry for file in files if file.startswith(root) for entry in self.entry(file)]
            names = {root + file.removeprefix(root).split("/")[0] for file in files if file.startswith(root)}
            return [entry for name in sorted(names) for entry in self.entry(name)]

        def file(self, file, revision):
            if revision not in (COMMIT, "main"):
                return self.send(404, b"", {"X-Error-Code": "RevisionNotFound"})
            if file not in files:
                return self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            tag = f'"{hash(files[file]) & 0xFFFFFFFF:08x}"'
            return self.send(200, files[file], {"ETag": tag, "X-Repo-Commit": COMMIT})

        def json(self, value):
            self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def send(self, status, body, headers):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
