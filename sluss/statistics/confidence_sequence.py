"""Whether a mean is below another, at any time: the normal mixture of a confidence sequence.

The score of a growing sample behaves like a Brownian motion in information time. A mixture of its likelihood ratios is
a martingale, and the probability that it ever reaches c is at most 1/c. Sources: H. Robbins (1970), Statistical methods
related to the law of the iterated logarithm, Annals of Mathematical Statistics 41, 1397–1409; S. R. Howard, A. Ramdas,
J. McAuliffe, J. Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals of Statistics
49, 1055–1080, proposition 6; with estimated variances, I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas
(2024), Time-uniform central limit theory and asymptotic confidence sequences, Annals of Statistics 52, 2613–2640.
"""

from __future__ import annotations

from math import exp, sqrt

from sluss.statistics.proportions import normal_tail

_TUNED_TO = 300.0  # units at which the sequence is tightest: falls that matter take some hundreds of rows to show


def mixture(score: float, units: float) -> float:
    """Return the evidence of a score, as the value of the martingale: 1/α or more happens by chance with α at most.

    Args:
        score: of a fall, in standard errors.
        units: of the growing sample.
    """
    part = units / (units + _TUNED_TO)
    exponent = min(score**2 / 2 * part, 700.0) if score > 0 else 0.0
    return 2 * sqrt(1 - part) * exp(exponent) * (1 - normal_tail(score * sqrt(part)))
