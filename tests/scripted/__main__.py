"""`python -m scripted [SCRIPT]`: serve on a free port of loopback, and print it; SCRIPT is the script's JSON."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading

import uvicorn

from scripted.app import application
from scripted.script import Fault, Script


def main() -> None:
    values = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    faults = [Fault(**fault) for fault in values.pop("faults", [])]
    logging.disable(logging.CRITICAL)
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(
        uvicorn.Config(application(Script(**values, faults=faults)), log_level="critical", access_log=False)
    ).run(sockets=[listening])


def end_with_the_parent() -> None:
    """A parent that is killed cannot end its server, but its end of the pipe closes."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
