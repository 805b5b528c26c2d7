"""Boards of several methods whose truth is known, stacked from streams of one method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifealign_bench.benchmark.statistics.board import Board
from simulated_orders import Stream, draw


def null_stream(tasks: int = 3, seeds: int = 2, **changes: object) -> Stream:
    """A stream in which no task does anything to any other, and no order to anything; runs and prompts vary."""
    nothing = np.zeros((tasks, tasks))
    still = Stream(tasks=tasks, seeds=seeds, before=nothing, later=nothing, gain=0.0, by_position=(0.0,) * tasks)
    return replace(still, **changes)


def draw_methods(streams: dict[str, Stream], generator: np.random.Generator) -> Board:
    """One board: a method for each stream, all in the same orders with the same seeds."""
    boards = [draw(stream, generator).board for stream in streams.values()]
    names = tuple(streams)
    values = np.concatenate([board.values for board in boards])
    return replace(boards[0], methods=names, schedules=("sequential",) * len(names), values=values)
