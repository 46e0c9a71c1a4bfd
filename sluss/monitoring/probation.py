"""The probation of a new champion: its labels, and its predecessor's scores of the same rows, settle bets.

For some rows after a promotion, each label settles a bet that the new champion is worse than the version it replaced.
The capital is carried in the row of each interval, like the quality history, so an interval bets on the labels that
have arrived since the one before. A label that corrects an earlier one counts as one more bet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.errors import ServiceError, SlussError
from sluss.monitoring.quality_history import closeness_of
from sluss.monitoring.tables import read_known
from sluss.problems import problem_of
from sluss.problems.condition import Condition, Verdict
from sluss.registry import artifacts, ledger
from sluss.registry.champion import in_ledger
from sluss.statistics.betting_test import Bets, read_bets
from sluss.statistics.confidence_sequence import mixture
from sluss.statistics.fall_scan import score
from sluss.statistics.sample import Sample, sample_of
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.monitoring.labelled import Labelled
    from sluss.monitoring.quality_history import QualityHistory
    from sluss.registry.entry import Entry

TYPE = "worse_champion"
ROWS = 5_000  # labelled units after which a probation ends: a difference that shows later is a matter of `quality_drop`
LEVEL = 0.01  # chance of ever taking out a champion that is as good as its predecessor
_COUNTS = 0.5  # part of `quality_drop` that a fall must reach where no predecessor scores the same rows


@dataclass(frozen=True)
class Probation:
    """The probation of one version."""

    version: str
    predecessor: str
    shadow: bool  # whether the predecessor scores the same rows
    bets: Bets = field(default_factory=Bets)  # that the predecessor is better, where it scores them
    record: Sample = field(default_factory=Sample)  # of the predecessor's own labels before the promotion, otherwise
    seen: Sample = field(default_factory=Sample)  # of the version's labels
    evidence: float = 1.0  # the largest so far, where the predecessor does not score the rows
    hindrance: str = ""  # why the predecessor could not score the last rows, which then settle no bet

    @property
    def rows(self) -> int:
        """Labelled units that were watched."""
        return self.bets.rows if self.shadow else round(self.seen.units)

    @property
    def chance(self) -> float:
        """The probability of evidence this strong if the champion is as good as its predecessor."""
        return self.bets.chance if self.shadow else min(1.0, 1 / self.evidence)

    @property
    def fall(self) -> float:
        """How much worse the champion is, in closeness."""
        return self.bets.mean if self.shadow else self.record.mean - self.seen.mean

    @property
    def is_over(self) -> bool:
        """Whether enough rows were watched."""
        return self.rows >= ROWS

    def shows_worse(self, drop: float) -> bool:
        """Whether the champion is worse. Without the predecessor's scores, its fall must reach half of `drop`."""
        least = 0.0 if self.shadow else _COUNTS * drop
        return self.chance <= LEVEL and self.fall > least

    def after_pair(self, differences: Floats) -> Probation:
        """Return the probation after rows that both scored: the predecessor's closeness minus the champion's."""
        return replace(self, bets=self.bets.after(differences[: ROWS - self.rows], 0.0))

    def after_labels(self, sample: Sample) -> Probation:
        """Return the probation after labels of the champion alone."""
        seen = self.seen + sample
        if not self.record.units or not seen.units:
            return replace(self, seen=seen)
        evidence = mixture(score(seen, self.record), seen.units)
        return replace(self, seen=seen, evidence=max(self.evidence, evidence))

    def as_dict(self) -> dict[str, Any]:
        """Return the probation as plain values for JSON; `read_probation` reads them."""
        return asdict(self)


def read_probation(content: dict[str, Any] | None) -> Probation | None:
    """Read a probation from its plain values."""
    if not content:
        return None
    samples = {name: Sample(**content[name]) for name in ("record", "seen")}
    return Probation(**content | samples | {"bets": read_bets(content["bets"])})


def start(context: Context, entries: Sequence[Entry], version: str, before: QualityHistory | None) -> Probation | None:
    """Return the probation of a version that was just promoted; None without a predecessor, or a guard.

    Args:
        context: the guard's mode.
        entries: of the ledger.
        version: that scored the interval.
        before: the history of the version before it.
    """
    mode = context.use_case.deployment.guard
    promotion = None if mode == "off" else ledger.promotion_of(entries, version)
    if promotion is None or promotion.replaced is None:
        return None
    follows = before is not None and before.version == promotion.replaced
    # A version that a rollback has restored was watched when it was new.
    if not follows and next(each for each in reversed(entries) if each.version == version).action != "promote":
        return None
    record = before.whole.recently if before is not None and follows else Sample()
    return Probation(version, promotion.replaced, mode == "shadow", record=record)


def go_on(
    known: tuple[Context, Sequence[Entry]],
    probation: Probation,
    labelled: Labelled,
    since: datetime | None,
    until: datetime,
) -> Probation:
    """Return the probation after the labels that have arrived since a moment, or all of them.

    `known` are the context, and the entries of the ledger.

    Raises:
        ServiceError: MLflow or the lake does not answer.
    """
    rows = labelled.rows if since is None else labelled.rows[labelled.rows["label_time"] >= since]
    if probation.is_over or rows.empty:
        return probation
    # In the order in which the labels came, so that a bet never knows a label that came before it.
    rows = rows.sort_values(["label_time", "id"], ignore_index=True)
    use_case = known[0].use_case
    close = closeness_of(problem_of(use_case), rows, use_case.group)
    if not probation.shadow:
        return probation.after_labels(sample_of(close))
    try:
        scored = _scored_before(known, probation, rows, until)
    except ServiceError:
        raise
    # Its artifacts were lost, or it takes a column that is not curated any more: no reason to stop the monitor.
    except (SlussError, OSError, KeyError, ValueError) as error:
        return replace(probation, hindrance=" ".join(f"{type(error).__name__}: {error}".split())[:300])
    before = closeness_of(problem_of(use_case), scored, use_case.group)
    return replace(probation.after_pair(before - close), hindrance="")


def _scored_before(
    known: tuple[Context, Sequence[Entry]], probation: Probation, rows: pd.DataFrame, until: datetime
) -> pd.DataFrame:
    """Return the rows with the predecessor's scores in place of the champion's."""
    context, entries = known
    scoring, use_case = problem_of(context.use_case).scoring, context.use_case
    pipeline = artifacts.load(context.settings, in_ledger(context, entries, probation.predecessor)).pipeline
    features = list(getattr(pipeline, "feature_names_in_", use_case.features))
    span = str(rows[INTERVAL].min()), str(rows[INTERVAL].max())
    ids = rows["id"].tolist()
    raw = read_known(context.lake, ["id", *features], span, until, ids).set_index("id").reindex(ids)
    scores: Floats = scoring.scores(pipeline, raw[features].reset_index(drop=True))
    return rows.assign(**scoring.frame(scores))


def condition(use_case: UseCase, probation: Probation) -> Condition:
    """Return the condition of the alert `worse_champion`."""
    judging = problem_of(use_case).judging
    worse = probation.shows_worse(use_case.monitoring.quality_drop)
    verdict: Verdict = "breached" if worse else "undecided" if probation.hindrance else "clear"
    figures = {
        "rows": probation.rows,
        "fall": probation.fall,
        "chance": probation.chance,
        "predecessor": probation.predecessor,
    }
    return Condition(
        TYPE, verdict, "critical", figures, _in_words(probation, judging.closeness, judging.unit, worse=worse)
    )


def _in_words(probation: Probation, closeness: str, unit: str, *, worse: bool) -> str:
    shown = "is worse than" if worse else "is not shown to be worse than"
    pair = f"Version {probation.version} {shown} version {probation.predecessor}, which it replaced"
    if probation.hindrance:
        return f"{pair}, whose scores of the same rows are unknown: {probation.hindrance}"
    if not probation.rows:
        return f"{pair}: no labels are known yet."
    where = f"on {counted(probation.rows, unit)}{' that both scored' if probation.shadow else ''}"
    return (
        f"{pair}: {where}, its {closeness} is lower by {probation.fall:.3f}; if it were as good, the probability of "
        f"this would be at most {probation.chance:.2g} (limit {LEVEL:g})."
    )
