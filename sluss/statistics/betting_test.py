"""Evidence that a challenger is not worse than the champion: a test by betting, valid however often it is repeated.

A gambler bets, row by row, that the challenger is not worse by more than the margin. If it is, no betting strategy has
an expected gain, and the probability that the capital ever reaches c times its start is at most 1/c (Ville's
inequality). The largest capital is therefore valid evidence at any time, also if the test is repeated after every row.

Source: I. Waudby-Smith, A. Ramdas (2024), Estimating means of bounded random variables by betting, Journal of the Royal
Statistical Society B 86, 1–27: the capital process of one bounded mean, here with bets that are fixed beforehand on a
grid and share the capital evenly. J. Ville (1939), Étude critique de la notion de collectif.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import exp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BETS = 20  # shares of the largest possible bet: for any size of the difference, one of them is near the optimum
_FIRST_SHARE = 0.9  # a version is hardly ever compared with a second champion
_LATER = 0.9  # the first recipe of all challenges a champion only where production goes back to it


@dataclass(frozen=True)
class Bets:
    """The state of the test after some rows. Rows that come later continue it."""

    capitals: tuple[float, ...] = (0.0,) * _BETS  # logarithm of each strategy's capital
    peak: float = 0.0  # logarithm of the largest mean capital so far
    rows: int = 0
    total: float = 0.0  # sum of the differences

    @property
    def chance(self) -> float:
        """The anytime-valid p-value."""
        return min(1.0, exp(-self.peak))

    @property
    def mean(self) -> float:
        """Mean difference; 0 of no rows."""
        return self.total / self.rows if self.rows else 0.0

    def after(self, differences: NDArray[np.float64], margin: float) -> Bets:
        """Return the state after these rows; the arguments are those of `chance_if_worse`."""
        import numpy as np

        if not len(differences):
            return self
        # The lowest gain is margin - 1; a bet below 1 / (1 - margin) of the capital can never lose all of it.
        bets = np.arange(1, _BETS + 1) / (_BETS + 1) / (1 - margin)
        capitals = np.asarray(self.capitals)[:, None] + np.cumsum(
            np.log1p(np.outer(bets, differences + margin)), axis=1
        )
        capital = np.logaddexp.reduce(capitals, axis=0) - np.log(_BETS)
        return Bets(
            tuple(capitals[:, -1].tolist()),
            max(self.peak, float(capital.max())),
            self.rows + len(differences),
            self.total + float(differences.sum()),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the state as plain values for JSON; `read_bets` reads them."""
        return asdict(self)


def read_bets(content: dict[str, Any]) -> Bets:
    """Read a state from its plain values."""
    return Bets(**content | {"capitals": tuple(content["capitals"])})


def chance_if_worse(differences: NDArray[np.float64], margin: float) -> float:
    """Return an anytime-valid p-value of H0: given all rows before, the next difference has a mean of at most -margin.

    It bounds the probability of evidence this strong if the challenger is worse by the margin or more.

    Args:
        differences: closeness of the challenger minus that of the champion for each row, in [-1, 1], shape (n,), in the
            order in which the rows happened. With classes, a row is right (1) or wrong (0).
        margin: in [0, 1).
    """
    return Bets().after(differences, margin).chance


def chance_if_as_good(differences: NDArray[np.float64]) -> float:
    """Return an anytime-valid p-value of H0: given all rows before, the next difference has a mean of at least 0.

    It bounds the probability of evidence this strong *against* a challenger that is as good as the champion. The
    arguments are those of `chance_if_worse`, whose test it is with the sides exchanged.
    """
    return chance_if_worse(-differences, 0.0)


def allowance(alpha: float, recipe: int, attempt: int, champions: int) -> float:
    """Return the share of alpha that one comparison may spend (alpha-spending).

    The shares of all comparisons add up to alpha at most: a tenth for the first recipe of all, which is hardly ever a
    change, and 1 / (k (k + 1)) of the rest for the k-th after it; of a recipe's share, 1 / (k (k + 1)) for its k-th
    version; and the champions that a version meets take nine tenths of the rest each. By the union bound, alpha is an
    upper bound for the probability of any wrong promotion, however the comparisons depend on each other. The share is a
    function of the arguments alone, so parallel validations need no common account of the alpha that is left.

    Args:
        alpha: probability of ever promoting a worse recipe, in (0, 1).
        recipe: its place among all recipes, by their first version; from 1.
        attempt: place of the version among those of this recipe; from 1.
        champions: number of champions that the version was compared with, including this one.
    """
    of_recipe = 1 - _LATER if recipe == 1 else _LATER / (recipe * (recipe - 1))
    of_attempt = 1 / (attempt * (attempt + 1))
    return alpha * of_recipe * of_attempt * _FIRST_SHARE * (1 - _FIRST_SHARE) ** (champions - 1)
