"""Whether the holdout shows that a first champion is better than guessing, or whether luck explains its metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence
    from sluss.problems.judging import Judging


def chance_of_luck(evidence: Evidence) -> float | None:
    """Return the chance that a model no better than guessing looks as good on such a holdout.

    None where the baseline is a forecast or a list, and no guess.
    """
    judging, use_case = evidence.problem.judging, evidence.use_case
    rows = evidence.rows.holdout.merge(evidence.judged[["id", *evidence.problem.scoring.stored]], on="id")
    rows = rows.sort_values(["event_time", "id"], ignore_index=True)
    guess = judging.guess_scores(evidence.rows.train, rows)
    if guess is None:
        return None
    groups = rows[use_case.group].to_numpy() if use_case.group else None
    return chance_of_gains(gains(judging, rows["label"].to_numpy(), evidence.problem.scoring.read(rows), guess, groups))


def gains(judging: Judging, labels: Floats, scores: Floats, guess: Floats, groups: Floats | None = None) -> Floats:
    """Return how much closer than the guess the scores are, of each row, group or block of rows."""
    own, guessed = (judging.closeness_by_unit(labels, each, groups) for each in (scores, guess))
    return own - guessed


def chance_of_gains(found: Floats) -> float:
    """Return the one-sided p-value of a mean of at most 0, by Student's t; 1 where too few figures allow no answer."""
    import numpy as np
    from scipy.stats import t

    if len(found) < 2:
        return 1.0
    mean, error = float(np.mean(found)), float(np.std(found, ddof=1)) / len(found) ** 0.5
    if not error:
        return float(mean <= 0)
    return float(t.sf(mean / error, len(found) - 1))
