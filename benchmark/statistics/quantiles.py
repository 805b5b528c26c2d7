"""Tails of the t, F and chi-square distributions.

The functions below scipy.stats: they load in a third of its time, and a page of the board waits for them.
"""

from __future__ import annotations


def t_quantile(p: float, freedom: float) -> float:
    """The value that Student's t with `freedom` degrees of freedom (real, over 0) stays under with probability p."""
    from scipy import special

    return float(special.stdtrit(freedom, p))


def t_tail(value: float, freedom: float) -> float:
    """The chance that Student's t exceeds a value."""
    from scipy import special

    return float(special.stdtr(freedom, -value))


def f_upper(p: float, first: float, second: float) -> float:
    """The value that F with so many degrees of freedom exceeds with probability p."""
    from scipy import special

    return float(special.fdtri(first, second, 1.0 - p))


def chi2_quantile(p: float, freedom: float) -> float:
    """The value that chi-square stays under with probability p."""
    from scipy import special

    return float(special.chdtri(freedom, 1.0 - p))


def normal_quantile(p: float) -> float:
    """The value that a standard normal stays under with probability p."""
    from scipy import special

    return float(special.ndtri(p))
