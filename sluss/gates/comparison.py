"""The comparison of challenger and champion on the same recent rows.

The test is repeated: every candidate is compared, some again after a new champion, and rows arrive one by one. A test
at a fixed alpha would therefore promote a worse model sooner or later. Two things keep the overall probability at
alpha. Within a comparison, the betting test is valid after every row. Across comparisons, each spends its own share of
alpha, which depends only on the challenger's version number and on the number of champions it has met, so the shares
add up to alpha at most without any process knowing the others (`sluss.statistics.betting_test.allowance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sluss.errors import ModelError
from sluss.registry import artifacts
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.registry.champion import current
from sluss.registry.names import UNTIL_TAG
from sluss.statistics.betting_test import allowance, chance_if_worse
from sluss.training.fingerprint import pipeline_digest

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence

# Champions that a version was compared with, in order. The position of a champion determines the share of alpha.
CHAMPIONS_TAG = "sluss.champions"


@dataclass(frozen=True)
class Comparison:
    """Mean closeness of both models on `rows` rows, and the p-value of "the challenger is worse by the margin"."""

    closeness: str  # name of the compared figure, such as accuracy
    unit: str  # of which there are `rows`: rows, groups, or blocks of rows
    champion_version: str
    rows: int
    challenger: float
    champion: float
    chance: float
    allowed: float
    margin: float
    identical: bool  # the fitted pipelines have the same digest, so the challenger cannot be worse

    @property
    def passed(self) -> bool:
        """Whether the test passes and the mean over all rows is not below the champion's by more than the margin.

        The second condition matters because the largest capital counts: it may have been reached on the first rows,
        with a challenger that became worse afterwards.
        """
        return self.identical or (self.chance <= self.allowed and self.challenger - self.champion >= -self.margin)

    @property
    def figures(self) -> dict[str, float]:
        """The figures as metrics of the run."""
        return {
            "champion_version": float(self.champion_version),
            "compared_rows": float(self.rows),
            f"challenger_{self._name}": self.challenger,
            f"champion_{self._name}": self.champion,
            "chance_if_worse": self.chance,
            "chance_allowed": self.allowed,
        }

    @property
    def _name(self) -> str:
        return self.closeness.lower().replace(" ", "_")

    @property
    def _why_not(self) -> str:
        if self.unit.startswith("blocks"):
            return f"because the rows that it did not learn from make no {self.unit}. Wait for newer labels."
        return f"which learned from all of the {self.unit}. Wait for newer labels."

    def __str__(self) -> str:
        if self.identical:
            return f"It is identical to the champion, version {self.champion_version}."
        if not self.rows:
            return f"It cannot be compared with the champion, version {self.champion_version}, {self._why_not}"
        verdict = "is not worse than" if self.passed else "is not shown to be as good as"
        return (
            f"It {verdict} the champion, version {self.champion_version}: on {self.rows:,} {self.unit} that neither "
            f"learned from, its {self.closeness} is {self.challenger:.3f} and the champion's {self.champion:.3f}; if "
            f"it were worse by {self.margin:.3f}, the probability of this would be {self.chance:.2g} at most (allowed: "
            f"{self.allowed:.2g})."
        )


def compare(evidence: Evidence) -> Comparison | None:
    """Compare the candidate with the present champion; None without a champion, or if it is the candidate itself.

    Raises:
        ModelError: the champion cannot be loaded, or its run does not record its training window.
        ServiceError: MLflow does not answer.
    """
    champion = current(evidence.context)
    if champion is None or str(champion.version) == str(evidence.version.version):
        return None
    limits = evidence.use_case.gates
    challenged = _count(evidence, str(champion.version))
    loaded = artifacts.load(evidence.context.settings, champion).pipeline
    challenger, champions = _close(evidence, loaded, _unseen(evidence, champion))
    return Comparison(
        evidence.problem.judging.closeness,
        evidence.problem.judging.unit,
        str(champion.version),
        len(challenger),
        float(challenger.mean()) if len(challenger) else 0.0,
        float(champions.mean()) if len(challenger) else 0.0,
        chance_if_worse(challenger - champions, limits.margin),
        allowance(limits.alpha, int(evidence.version.version), challenged),
        limits.margin,
        pipeline_digest(loaded) == pipeline_digest(evidence.pipeline),
    )


def _close(evidence: Evidence, champion: Pipeline, unseen: pd.Series[bool]) -> tuple[Floats, Floats]:
    """Return the closeness of challenger and champion, each of shape (n,), in the order of event time.

    Each figure is of a row, or of the unit that `Judging.unit` names: rows of one group are not independent, so a group
    counts once.
    """
    scoring, judging = evidence.problem.scoring, evidence.problem.judging
    rows = evidence.rows.holdout[unseen].merge(evidence.judged[["id", *scoring.stored]], on="id")
    # The test bets row by row, so the order is part of the result: by time, and by id within a moment.
    rows = rows.sort_values(["event_time", "id"], ignore_index=True)
    group = evidence.use_case.group
    # A figure of a block of rows has no mean over a group, so each group is represented by its first row.
    if group and judging.blocked:
        rows = rows.drop_duplicates(group, ignore_index=True)
    # The config may have changed since: the champion may take other columns than the candidate.
    features = list(getattr(champion, "feature_names_in_", evidence.use_case.features))
    labels, challenger = rows["label"].to_numpy(), scoring.read(rows)
    champions = scoring.scores(champion, rows[features]) if len(rows) else challenger
    close: tuple[Floats, Floats] = (
        judging.close(judging.judged(labels, challenger)),
        judging.close(judging.judged(labels, champions)),
    )
    if group and not judging.blocked:
        return _by_group(close[0], rows[group]), _by_group(close[1], rows[group])
    return close


def _by_group(close: Floats, groups: pd.Series[Any]) -> Floats:
    """Return the mean of each group, in the order of their first rows."""
    import pandas as pd

    means: Floats = pd.Series(close).groupby(groups.to_numpy(), sort=False, dropna=False).mean().to_numpy()  # type: ignore[assignment]
    return means


def _unseen(evidence: Evidence, champion: ModelVersion) -> pd.Series[bool]:
    """Mark the rows that the champion did not learn from: its own holdout, and all later ones."""
    import pandas as pd

    client = evidence.context.client
    with evidence.context.reachable():
        until = client.get_run(champion.run_id).data.tags.get(UNTIL_TAG)
    if until is None:
        raise ModelError(f"The run of the champion, version {champion.version}, has no tag {UNTIL_TAG}.")
    folder = artifacts.local_copy(evidence.context.settings, champion)
    held_out = pd.read_parquet(folder / HOLDOUT_FILE, columns=["id"])["id"]
    rows = evidence.rows.holdout
    return (rows["event_time"] >= datetime.fromisoformat(until)) | rows["id"].isin(held_out)


def _count(evidence: Evidence, champion: str) -> int:
    """Return the number of champions the version was compared with, including this one.

    Repeating a comparison does not spend alpha again, because it gives the same result. The tag is written before the
    result is known: otherwise a process that is killed in between could compare again with an unspent share.
    """
    known = [name for name in evidence.run.data.tags.get(CHAMPIONS_TAG, "").split(",") if name]
    if champion not in known:
        known.append(champion)
        with evidence.context.reachable():
            evidence.context.client.set_tag(evidence.version.run_id, CHAMPIONS_TAG, ",".join(known))
    return known.index(champion) + 1
