"""Short-to-long memory consolidation (SLMC): what of a stage's update to one matrix becomes lasting memory.

Source: LifeAlign (arXiv 2509.17183). Everything here is a pure function of one LoRA matrix (A or B) and its past
consolidated updates. It computes in float64 on the CPU, through Gram matrices of at most (rank x rank) and
(history x history) entries, so that the result is precise, cheap, and the same on every device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifealign_bench.data.errors import InputError

if TYPE_CHECKING:
    import torch

RANK_TOLERANCE = 1e-12
"""Squared share of the largest direction below which a direction of the history is only rounding: float32 leaves
a relative 6e-8, whose square is well below this, and float64 Gram matrices err by 1e-15, below it, too."""


def denoise(update: torch.Tensor, theta: float) -> torch.Tensor:
    """The update restricted to its k leading singular directions, same shape.

    k is the smallest number with `sum_{i<=k} s_i^2 >= theta * sum s_i^2`, s being the singular values in falling order.
    `theta` 1, and an update that needs all its directions, return `update` itself.

    Raises:
        InputError: `theta` outside (0, 1], or an update that is no finite matrix.
    """
    import torch

    _require(0 < theta <= 1, "theta", theta, "a number above 0 and at most 1")
    _require(update.ndim == 2, "update", f"{update.ndim} dimensions", "a matrix")
    if theta == 1:
        return update
    tall = update.shape[0] > update.shape[1]
    wide = _precise(update.T if tall else update)
    gram = wide @ wide.T
    _require_finite("update", gram.trace())
    energies, vectors = torch.linalg.eigh(gram)
    cumulative = energies.flip(0).clamp(min=0).cumsum(0)
    kept = int((cumulative < theta * cumulative[-1]).sum()) + 1
    if kept >= len(energies):
        return update
    basis = vectors[:, -kept:]
    result: torch.Tensor = (basis @ basis.T) @ wide
    return (result.T if tall else result).to(update)


def project(update: torch.Tensor, history: Sequence[torch.Tensor], keep: float) -> torch.Tensor:
    """The update with its part inside the history's span scaled by `keep`, same shape, norm at most the update's.

    `keep` 0 leaves what is orthogonal to every past update. Scaling, repeating or adding zero updates to the history
    changes nothing. `keep` 1, and a history without a direction, return `update` itself.

    Raises:
        InputError: `keep` outside [0, 1], a past update of another shape, or numbers that are not finite.
    """
    import torch

    _require(0 <= keep <= 1, "keep", keep, "a number from 0 to 1")
    shapes = {past.shape for past in history} | {update.shape}
    _require(len(shapes) == 1, "history", [tuple(shape) for shape in shapes], "updates of one shape")
    if keep == 1 or not history:
        return update
    past, vector = _precise(torch.stack(tuple(history))).flatten(1), _precise(update).flatten()
    gram, products = past @ past.T, past @ vector
    _require_finite("update and history", gram.trace() + products.abs().sum())
    inside = _coefficients(gram, products)
    if not inside.any():
        return update
    return torch.addmv(vector, past.T, inside, alpha=keep - 1).reshape(update.shape).to(update)


def consolidate(
    before: torch.Tensor, after: torch.Tensor, history: Sequence[torch.Tensor], theta: float, keep: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The consolidated matrix `before + b` and the update b that belongs into the history.

    Where nothing is taken away (`theta` 1 and `keep` 1 among others) the first is `after` itself, bit for bit.

    Raises:
        InputError: see `denoise` and `project`.
    """
    update = after - before
    lasting = project(denoise(update, theta), history, keep)
    if lasting is update:
        return after, update
    return before + lasting, lasting


def kept_of(before: torch.Tensor, after: torch.Tensor, lasting: torch.Tensor, theta: float) -> tuple[int, float]:
    """What consolidation left of a matrix: its numerical rank after denoising, and the share (0 to 1) of the denoised
    update's squared norm that projection took away."""
    import torch

    denoised = _precise(denoise(after - before, theta))
    squares = float(denoised.square().sum())
    rank = int(torch.linalg.matrix_rank(denoised, rtol=RANK_TOLERANCE))
    return rank, max(0.0, 1.0 - float(_precise(lasting).square().sum()) / squares) if squares > 0 else 0.0


def shrink(update: torch.Tensor, norm: float | torch.Tensor) -> torch.Tensor:
    """The update scaled down to a Frobenius norm of `norm`, same shape; `update` itself if it is no longer than that.

    The control of SLMC: it takes away as much, but without looking where.

    Raises:
        InputError: a negative `norm`, or an update that is not finite.
    """
    target = float(norm)
    _require(target >= 0, "norm", target, "a number of at least 0")
    length = _precise(update).norm()
    _require_finite("update", length)
    return update if length <= target else update * float(target / length)


def _coefficients(gram: torch.Tensor, products: torch.Tensor) -> torch.Tensor:
    """The c (h,) for which `c @ H` is the orthogonal projection of v onto the span of the rows of H.

    `gram` is H H' (h, h), `products` is H v (h,); directions beyond the numerical rank get no weight.
    """
    import torch

    # As if of unit rows: a small update spans as much of a direction as a large one, so its scale must not decide.
    scale = gram.diagonal().rsqrt().nan_to_num_(posinf=0.0)
    values, vectors = torch.linalg.eigh(scale[:, None] * gram * scale)
    parts = vectors.T @ (scale * products) / values
    coefficients: torch.Tensor = scale * (vectors @ parts.where(values > RANK_TOLERANCE * values[-1], 0.0))
    return coefficients


def _precise(values: torch.Tensor) -> torch.Tensor:
    """The values in float64 on the CPU, without gradient."""
    import torch

    return values.detach().to("cpu", torch.float64)


def _require_finite(field: str, squares: torch.Tensor) -> None:
    """Refuse NaN and infinity by a sum of squares, which costs a fraction of looking at every number."""
    _require(math.isfinite(squares.item()), field, "NaN or infinity", "finite numbers")


def _require(ok: bool, field: str, found: object, expected: str) -> None:
    if not ok:
        raise InputError("consolidation", field, found, expected)
