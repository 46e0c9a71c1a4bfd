"""The comparison of challenger and champion: one rule for a refresh of the same recipe, another for a changed one.

A refresh passes unless the rows that neither model learned from are evidence that it is worse. A changed recipe has to
show that it is not worse by the margin. Both tests bet row by row and are valid after every row.

The second is repeated: every changed candidate is compared, some again after a new champion. A test at a fixed alpha
would therefore promote a worse recipe sooner or later. So each comparison spends its own share of alpha, which depends
only on the place of its recipe, its own place within that, and the number of champions it has met. The shares add up to
alpha at most without any process knowing the others (`sluss.statistics.betting_test.allowance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted, plural
from sluss.gates.rolling_origin import recipe_differences
from sluss.gates.unseen import unseen_closeness
from sluss.registry import artifacts, versions
from sluss.registry.artifacts import CONFIG_FILE
from sluss.registry.champion import current
from sluss.registry.names import RECIPE_TAG
from sluss.statistics.betting_test import allowance, chance_if_as_good, chance_if_worse
from sluss.training.fingerprint import pipeline_digest
from sluss.training.recipe import changes, recorded_recipe
from sluss.training.recorded_training import recorded_config

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence

# Champions that a version was compared with, in order. The position of a champion determines the share of alpha.
CHAMPIONS_TAG = "sluss.champions"
WORSE = 0.01  # chance of refusing a model that is as good as the champion


@dataclass(frozen=True)
class Proof:
    """The test whether a changed recipe is worse by the margin."""

    changed: tuple[str, ...]  # keys of the recipe
    rows: int  # all units bet on
    recipe_rows: int  # those of the training window, scored by models that learned from earlier rows
    difference: float  # mean over all of them, challenger minus champion
    chance: float
    allowed: float
    margin: float

    @property
    def passed(self) -> bool:
        """Whether the test passes and the mean over all rows is not below the champion's by more than the margin.

        The second condition matters because the largest capital counts: it may have been reached on the first rows,
        with a challenger that became worse afterwards.
        """
        return self.chance <= self.allowed and self.difference >= -self.margin


@dataclass(frozen=True)
class Comparison:
    """Mean closeness of both models on `rows` units that neither learned from, and the verdict of the rule."""

    closeness: str  # name of the compared figure, such as accuracy
    unit: str  # of which there are `rows`: rows, groups, or blocks of rows
    champion_version: str
    rows: int
    challenger: float
    champion: float
    chance_if_as_good: float  # p-value of "the challenger is as good"
    identical: bool  # the fitted pipelines have the same digest, so the challenger cannot be worse
    proof: Proof | None = None  # of a changed recipe

    @property
    def is_worse(self) -> bool:
        """Whether the rows are evidence that the challenger is worse."""
        return self.chance_if_as_good <= WORSE and self.challenger < self.champion

    @property
    def passed(self) -> bool:
        """Whether the challenger is identical, or not shown to be worse and, if its recipe changed, shown not to be."""
        return self.identical or (not self.is_worse and (self.proof is None or self.proof.passed))

    @property
    def figures(self) -> dict[str, float]:
        """The figures as metrics of the run."""
        found = {
            "champion_version": float(self.champion_version),
            "compared_rows": float(self.rows),
            f"challenger_{self._name}": self.challenger,
            f"champion_{self._name}": self.champion,
            "chance_if_as_good": self.chance_if_as_good,
            "changed_recipe": float(self.proof is not None),
        }
        if self.proof:
            found |= {
                "recipe_rows": float(self.proof.recipe_rows),
                "recipe_difference": self.proof.difference,
                "chance_if_worse": self.proof.chance,
                "chance_allowed": self.proof.allowed,
            }
        return found

    @property
    def _name(self) -> str:
        return self.closeness.lower().replace(" ", "_")

    def __str__(self) -> str:
        if self.identical:
            return f"It is identical to the champion, version {self.champion_version}."
        if self.proof is None:
            return self._of_a_refresh
        return f"{self._of_a_change} {_recipe_in_words(self.proof, self.unit)}"

    @property
    def _of_a_refresh(self) -> str:
        told = f"the same recipe as the champion's, version {self.champion_version}"
        if not self.rows:
            none_left = f"no {plural(self.unit)} are left that neither learned from"
            return f"It is a refresh by {told}; {none_left}, so nothing is known."
        verdict = "is shown to be worse" if self.is_worse else "is not shown to be worse"
        return f"It is a refresh by {told}, and {verdict}: {self._both}{self._chance}."

    @property
    def _chance(self) -> str:
        if self.chance_if_as_good >= 1:  # a bound that says nothing
            return ""
        bound = f"at most {self.chance_if_as_good:.2g} (refused from {WORSE:g} on)"
        return f"; if it were as good, the probability of this would be {bound}"

    @property
    def _of_a_change(self) -> str:
        verdict = "is not worse than" if self.passed else "is not shown to be as good as"
        told = f"It {verdict} the champion, version {self.champion_version}"
        if not self.rows:
            return f"{told}; no {plural(self.unit)} are left that neither learned from."
        return f"{told}: {self._both}."

    @property
    def _both(self) -> str:
        units = counted(self.rows, self.unit)
        return (
            f"on {units} that neither learned from, its {self.closeness} is {self.challenger:.3f} "
            f"and the champion's {self.champion:.3f}"
        )


def _recipe_in_words(proof: Proof, unit: str) -> str:
    changed = f"Its recipe differs ({', '.join(proof.changed)})"
    if not proof.rows:
        return f"{changed}, and nothing can show that it is as good. Wait for newer labels."
    where = f"with {counted(proof.recipe_rows, unit)} on which both recipes were tried, " if proof.recipe_rows else ""
    return (
        f"{changed}: {where}its mean difference on {counted(proof.rows, unit)} is {proof.difference:+.3f}; "
        f"if it were worse by {proof.margin:.3f}, the probability of this would be at most {proof.chance:.2g} "
        f"(allowed: {proof.allowed:.2g})."
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
    loaded = artifacts.load(evidence.context.settings, champion).pipeline
    challengers, champions = unseen_closeness(evidence, champion, loaded)
    identical = pipeline_digest(loaded) == pipeline_digest(evidence.pipeline)
    changed = () if identical else _changed(evidence, champion)
    return Comparison(
        evidence.problem.judging.closeness,
        evidence.problem.judging.unit,
        str(champion.version),
        len(challengers),
        float(challengers.mean()) if len(challengers) else 0.0,
        float(champions.mean()) if len(challengers) else 0.0,
        chance_if_as_good(challengers - champions),
        identical,
        _proof(evidence, champion, loaded, challengers - champions, changed) if changed else None,
    )


def _changed(evidence: Evidence, champion: ModelVersion) -> tuple[str, ...]:
    folder = artifacts.local_copy(evidence.context.settings, champion)
    return tuple(changes(recorded_recipe(folder), recorded_recipe(evidence.folder)))


def _proof(
    evidence: Evidence, champion: ModelVersion, loaded: Pipeline, unseen: Floats, changed: tuple[str, ...]
) -> Proof:
    import numpy as np

    limits, recipes = evidence.use_case.gates, _recipes(evidence)
    place, attempt = list(dict.fromkeys(recipes)).index(recipes[-1]) + 1, recipes.count(recipes[-1])
    # Before the result is known: otherwise a process that is killed could compare again with an unspent share.
    allowed = allowance(limits.alpha, place, attempt, _count(evidence, str(champion.version)))
    folder = artifacts.local_copy(evidence.context.settings, champion)
    config = recorded_config(evidence.use_case, champion, folder / CONFIG_FILE)
    tried = recipe_differences(evidence.rows.train, (evidence.known.use_case, evidence.pipeline), (config, loaded))
    differences = np.concatenate([tried, unseen])
    return Proof(
        changed,
        len(differences),
        len(tried),
        float(differences.mean()) if len(differences) else 0.0,
        chance_if_worse(differences, limits.margin),
        allowed,
        limits.margin,
    )


def _recipes(evidence: Evidence) -> list[str]:
    """Return the recipe of each version up to this one. One that was deleted, or records none, has its own."""
    numbers, known = range(1, int(evidence.version.version) + 1), versions.every(evidence.context)
    tags = {number: known[str(number)].tags if str(number) in known else {} for number in numbers}
    return [tags[number].get(RECIPE_TAG, f"of version {number}") for number in numbers]


def _count(evidence: Evidence, champion: str) -> int:
    """Return the number of champions the version was compared with, including this one.

    Repeating a comparison does not spend alpha again: it is the same bet, continued where new rows have come.
    """
    known = [name for name in evidence.run.data.tags.get(CHAMPIONS_TAG, "").split(",") if name]
    if champion not in known:
        known.append(champion)
        with evidence.context.reachable():
            evidence.context.client.set_tag(evidence.version.run_id, CHAMPIONS_TAG, ",".join(known))
    return known.index(champion) + 1
