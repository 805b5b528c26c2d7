"""One of the processes that learn a stage together: `python -m ...training.rank DESCRIPTOR`, the end of a pipe."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from datetime import timedelta
from multiprocessing.connection import Connection

from lifealign_bench.benchmark.training.processes import Failed, Progressed, Task
from lifealign_bench.data.errors import LifeAlignError

LONGEST_WAIT = timedelta(hours=2)
"""How long a process waits for another one in an exchange: one may consolidate while the others are done."""


def main() -> None:
    """Take the task from the pipe, learn, and send back the report or why there is none."""
    pipe = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = pipe.recv()
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    try:
        pipe.send(_learn(task, pipe))
    # A method or a library may raise anything; the parent says it and ends the others.
    except Exception as error:  # noqa: BLE001
        message = str(error) if isinstance(error, LifeAlignError) else f"{type(error).__name__}: {error}"
        pipe.send(Failed(message, traceback.format_exc()))
    # What a library left waiting for other processes must not keep this one.
    os._exit(0)


def _learn(task: Task, pipe: Connection) -> object:
    import torch
    import torch.distributed as together

    from lifealign_bench.benchmark.environment import device_class, settle_process
    from lifealign_bench.benchmark.nodes import train_here
    from lifealign_bench.benchmark.workshop import Workshop

    on_gpu = device_class() == "cuda"
    if on_gpu:
        torch.cuda.set_device(task.ranks.rank)
    settle_process(task.world.suite.threads)
    together.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=f"file://{task.meeting}",
        rank=task.ranks.rank,
        world_size=task.ranks.count,
        timeout=LONGEST_WAIT,
    )

    def progress(what: str, done: int, total: int, loss: float | None) -> None:
        pipe.send(Progressed(what, done, total, loss))

    shop = Workshop(task.world, task.store, progress)
    report = train_here(task.node, shop, task.folder, task.ranks)
    together.barrier()
    return report


def _end_with_parent(pipe: Connection) -> None:
    """Nothing more is ever sent: the pipe becomes readable when its other end is gone."""
    pipe.poll(None)
    os._exit(1)


if __name__ == "__main__":
    main()
