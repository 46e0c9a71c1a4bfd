"""Challenger and champion on the same recent rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry import artifacts, versions
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.registry.names import CHAMPION, UNTIL_TAG
from sluss.statistics.betting_test import allowance, chance_if_worse
from sluss.training.fingerprint import pipeline_digest

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence

# Versions that this one was compared with, in their order: each comparison has its own part of alpha.
CHAMPIONS_TAG = "sluss.champions"


@dataclass(frozen=True)
class Comparison:
    """How close both models are on `rows` rows, and the chance of that if the challenger is worse by the margin."""

    closeness: str  # the name of what is compared: accuracy, for classes
    champion_version: str
    rows: int
    challenger: float
    champion: float
    chance: float
    allowed: float
    margin: float
    same: bool  # the very pipeline of the champion, trained again: it cannot be worse

    @property
    def passed(self) -> bool:
        """Whether chance can be excluded; on all rows together the challenger must hold its own too."""
        return self.same or (self.chance <= self.allowed and self.challenger - self.champion >= -self.margin)

    @property
    def figures(self) -> dict[str, float]:
        """For the run."""
        return {
            "champion_version": float(self.champion_version),
            "compared_rows": float(self.rows),
            f"challenger_{self.closeness}": self.challenger,
            f"champion_{self.closeness}": self.champion,
            "chance_if_worse": self.chance,
            "chance_allowed": self.allowed,
        }

    def __str__(self) -> str:
        if self.same:
            return f"It has learned the very same as the champion, version {self.champion_version}."
        if not self.rows:
            return (
                f"There are no rows to compare it on with the champion, version {self.champion_version}, which learned "
                "from all of them. Wait for newer labels."
            )
        verdict = "is not shown to be as good as" if not self.passed else "is no worse than"
        return (
            f"It {verdict} the champion, version {self.champion_version}: on {self.rows:,} rows that neither learned "
            f"from, its {self.closeness} is {self.challenger:.3f} and the champion's {self.champion:.3f}; were it "
            f"worse by {self.margin:.3f}, the chance of this would be {self.chance:.2g} at most (allowed: "
            f"{self.allowed:.2g})."
        )


def compare(evidence: Evidence) -> Comparison | None:
    """The candidate beside the present champion, or None where there is none or it is the candidate itself.

    Raises:
        ModelError: the champion cannot be loaded, or its run does not say until when it learned.
        ServiceError: MLflow does not answer.
    """
    champion = versions.by_alias(evidence.context, CHAMPION)
    if champion is None or str(champion.version) == str(evidence.version.version):
        return None
    limits = evidence.use_case.gates
    challenged = _count(evidence, str(champion.version))
    loaded = artifacts.load(evidence.context.settings, champion).pipeline
    challenger, champions = _close(evidence, loaded, _unseen(evidence, champion))
    return Comparison(
        evidence.problem.closeness,
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
    """How close challenger and champion are on each row, shape (n,), in the order in which the rows happened."""
    rows = evidence.rows.holdout[unseen].merge(evidence.judged[["id", "score"]], on="id")
    rows = rows.sort_values(["event_time", "id"])
    # A champion may take other columns than the candidate does.
    features = list(getattr(champion, "feature_names_in_", evidence.use_case.features))
    labels, scores, kind = rows["label"].to_numpy(), rows["score"].to_numpy(), evidence.problem
    champions = kind.scores(champion, rows[features]) if len(rows) else scores
    return kind.close(labels, scores), kind.close(labels, champions)


def _unseen(evidence: Evidence, champion: ModelVersion) -> pd.Series[bool]:
    """Its own holdout's rows and all that came after: the rows it learned from would flatter it."""
    import pandas as pd

    client = evidence.context.client
    with evidence.context.reachable():
        until = client.get_run(champion.run_id).data.tags.get(UNTIL_TAG)
    if until is None:
        raise ModelError(f"The run of the champion, version {champion.version}, does not say until when it learned.")
    folder = artifacts.local_copy(evidence.context.settings, champion)
    held_out = pd.read_parquet(folder / HOLDOUT_FILE, columns=["id"])["id"]
    rows = evidence.rows.holdout
    return (rows["event_time"] >= datetime.fromisoformat(until)) | rows["id"].isin(held_out)


def _count(evidence: Evidence, champion: str) -> int:
    """How many champions the version was compared with, this one included; a comparison repeated counts once.

    Written down before the result is known: killed in between, a comparison cannot be had again for nothing.
    """
    known = [name for name in evidence.run.data.tags.get(CHAMPIONS_TAG, "").split(",") if name]
    if champion not in known:
        known.append(champion)
        with evidence.context.reachable():
            evidence.context.client.set_tag(evidence.version.run_id, CHAMPIONS_TAG, ",".join(known))
    return known.index(champion) + 1
