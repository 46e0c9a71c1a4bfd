"""Evidence that a challenger is not worse than the champion: a test by betting, valid however often it is repeated.

A gambler bets, row by row, that the challenger is not worse by more than the margin. If it is, no way of betting makes
money, and the chance that the capital ever reaches c times its start is at most 1/c (Ville's inequality). So the
largest capital is evidence at any time, also when somebody looks after every row.

Source: I. Waudby-Smith, A. Ramdas (2024), Estimating means of bounded random variables by betting, Journal of the Royal
Statistical Society B 86, 1–27: the capital process of one bounded mean, here with bets that are fixed beforehand on a
grid and share the capital evenly. J. Ville (1939), Étude critique de la notion de collectif.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BETS = 20  # shares of what may be bet: one of them is near the best for any size of the difference
_FIRST_SHARE = 0.9  # a version is hardly ever compared with a second champion


def chance_if_worse(differences: NDArray[np.float64], margin: float) -> float:
    """An upper bound of the chance of such rows, had the challenger been worse by more than the margin.

    An anytime-valid p-value of H0: whatever came before, the mean of the next difference is at most -margin.

    Args:
        differences: closeness of the challenger minus that of the champion for each row, in [-1, 1], shape (n,), in the
            order in which the rows happened. With classes, a row is right (1) or wrong (0).
        margin: in [0, 1).
    """
    import numpy as np

    if not len(differences):
        return 1.0
    gains = differences + margin
    # The lowest gain is margin - 1; a bet below 1 / (1 - margin) of the capital can never lose all of it.
    bets = np.arange(1, _BETS + 1) / (_BETS + 1) / (1 - margin)
    capitals = np.cumsum(np.log1p(np.outer(bets, gains)), axis=1)
    capital = np.logaddexp.reduce(capitals, axis=0) - np.log(_BETS)
    return float(min(1.0, np.exp(-capital.max())))


def allowance(alpha: float, version: int, champions: int) -> float:
    """The part of alpha that one comparison may use up.

    The parts of all comparisons add up to alpha at most: the sum of 1 / (k (k + 1)) over k = 1, 2, … is 1, and so is
    that of the champions' shares, of which each takes nine tenths of what the ones before it left. So alpha bounds the
    chance that any of them ends in a wrong promotion, however they depend on each other.

    Args:
        alpha: chance of ever promoting a worse challenger.
        version: number of the challenger; the registry gives each number once, and so no two challengers share a part.
        champions: how many champions it has been compared with, this one included.
    """
    return alpha / (version * (version + 1)) * _FIRST_SHARE * (1 - _FIRST_SHARE) ** (champions - 1)
