"""SLMC on the LoRA shapes of Qwen2.5-7B: our consolidation against the direct decompositions, in the same run.

28 layers, q_proj and v_proj, rank 8, a history of 12 updates: 56 A and 56 B matrices. The direct way takes
`torch.linalg.svd` of the update (denoise) and of the stacked history, 12 x numel (project). Prints the ratio of CPU
seconds and of wall seconds of every repetition and the largest difference; fails if their median is below 5.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from lifealign_bench.methods.consolidation import consolidate

LAYERS = 28
SHAPES = ((8, 3584), (3584, 8), (8, 3584), (512, 8))
HISTORY = 12
THETA, KEEP = 0.9, 0.5
REQUIRED_RATIO, TOLERANCE = 5.0, 1e-4

Step = Callable[[torch.Tensor, torch.Tensor, Sequence[torch.Tensor]], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Matrix:
    """One LoRA matrix: its value at the stage's start and end, and its past consolidated updates."""

    before: torch.Tensor
    after: torch.Tensor
    history: tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over all matrices took, in seconds of CPU and wall time, and the consolidated values."""

    cpu: float
    wall: float
    values: tuple[torch.Tensor, ...]


def ours(before: torch.Tensor, after: torch.Tensor, history: Sequence[torch.Tensor]) -> torch.Tensor:
    return consolidate(before, after, history, THETA, KEEP)[0]


def direct(before: torch.Tensor, after: torch.Tensor, history: Sequence[torch.Tensor]) -> torch.Tensor:
    left, values, right = torch.linalg.svd(after - before, full_matrices=False)
    energies = (values**2).cumsum(0)
    kept = int((energies < THETA * energies[-1]).sum()) + 1
    denoised = (left[:, :kept] * values[:kept]) @ right[:kept]
    stacked = torch.stack([past.flatten() for past in history])
    _, values, right = torch.linalg.svd(stacked, full_matrices=False)
    basis = right[values > 1e-6 * values[0]]
    inside = (basis @ denoised.flatten()) @ basis
    return before + denoised - (1 - KEEP) * inside.reshape(denoised.shape)


def matrices(generator: torch.Generator) -> tuple[Matrix, ...]:
    """Updates of falling singular values whose parts lie inside and outside the history, as trained ones do."""

    def drawn(shape: tuple[int, int]) -> torch.Tensor:
        low = torch.randn(shape, generator=generator) * 1e-3
        return low * (torch.logspace(0, -2, 8) if shape[1] == 8 else torch.logspace(0, -2, 8)[:, None])

    made = []
    for shape in SHAPES * LAYERS:
        history = tuple(drawn(shape) for _ in range(HISTORY))
        before = torch.randn(shape, generator=generator) * 1e-2
        made.append(Matrix(before, before + drawn(shape) + 0.5 * history[0] + 0.3 * history[-1], history))
    return tuple(made)


def measured(step: Step, inputs: Sequence[Matrix]) -> Pass:
    # Each way warms up by itself: the other one's work space, once freed, would be paid for in page faults.
    for matrix in inputs[:8]:
        step(matrix.before, matrix.after, matrix.history)
    cpu, wall = time.process_time(), time.perf_counter()
    values = tuple(step(matrix.before, matrix.after, matrix.history) for matrix in inputs)
    return Pass(time.process_time() - cpu, time.perf_counter() - wall, values)


def furthest(found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(found, expected, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    inputs = matrices(torch.Generator().manual_seed(0))
    trained = [matrix.after for matrix in inputs]
    ratios = []
    for number in range(1, options.repeats + 1):
        fast, slow = measured(ours, inputs), measured(direct, inputs)
        apart, moved = furthest(fast.values, slow.values), furthest(fast.values, trained)
        ratios.append(slow.cpu / fast.cpu)
        print(
            f"run {number}: cpu {slow.cpu:.3f} s / {fast.cpu:.3f} s = {ratios[-1]:.1f}, "
            f"wall {slow.wall:.3f} s / {fast.wall:.3f} s = {slow.wall / fast.wall:.1f}, "
            f"difference {apart:.1e} (consolidation moved weights by {moved:.1e})"
        )
        if apart > TOLERANCE:
            raise SystemExit(f"results differ by {apart:.1e}, at most {TOLERANCE:.0e} is allowed")
    if statistics.median(ratios) < REQUIRED_RATIO:
        raise SystemExit(f"at {statistics.median(ratios):.1f} times the direct method's speed, not at {REQUIRED_RATIO}")


if __name__ == "__main__":
    main()
