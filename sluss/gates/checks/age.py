"""The gate `age`: the version is recent, and good on the newest labelled rows, in every slice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult
from sluss.problems.slicing import PREFIX
from sluss.registry.names import UNTIL_TAG
from sluss.training.rows import newer_rows, newest_end
from sluss.training.slices import slice_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from sluss.gates.evidence import Evidence
    from sluss.problems.judging import Limit
    from sluss.statistics.figures import Estimate

_DAYS = 14  # that a version may be old, where the config says nothing …
_INTERVALS = 7  # … or so many intervals, if they are longer
_FEWEST = 10  # rows of a slice that can show anything


@dataclass(frozen=True)
class _Newest:
    """The labelled rows that the version did not learn from, as they are known now, with its scores."""

    evidence: Evidence
    until: datetime
    now: datetime

    @cached_property
    def judged(self) -> pd.DataFrame:
        """Holdout and later rows: `event_time`, `label`, the scores and the slices."""
        import pandas as pd

        evidence, train, holdout = self.evidence, self.evidence.rows.train, self.evidence.rows.holdout
        since = pd.Timestamp(holdout["event_time"].min()).to_pydatetime()
        rows = newer_rows(evidence.context.lake, evidence.use_case, since, self.now)
        rows = rows[~rows["id"].isin(train["id"])].reset_index(drop=True)
        features = list(evidence.raw.columns)
        scores = evidence.problem.scoring.scores(evidence.pipeline, rows[features])
        parts = slice_values(evidence.use_case, train, rows)
        return rows[["id", "event_time", "label"]].assign(**evidence.problem.scoring.frame(scores)).join(parts)

    @cached_property
    def fresh(self) -> pd.DataFrame:
        """The rows after the training's end; where they are too few to judge by, all of them."""
        later = self.judged[self.judged["event_time"] >= self.until]
        enough = len(later) >= self.evidence.use_case.gates.min_holdout_rows
        return later if enough else self.judged

    def estimate(self, rows: pd.DataFrame, metric: str = "") -> Estimate | None:
        """The metric on some of the rows, with its interval; another one of the problem's without exact bounds."""
        judging = self.evidence.problem.judging
        labels, scores = rows["label"].to_numpy(), self.evidence.problem.scoring.read(rows)
        if metric in ("", judging.metric.name):
            return judging.estimate(labels, scores)
        return judging.estimate_of(metric, labels, scores)


def age(evidence: Evidence) -> GateResult:
    """Pass if its training ended not long ago, and no metric on the newest rows is surely beyond its limit."""
    until = datetime.fromisoformat(evidence.known.tag(UNTIL_TAG))
    now = max(newest_end(evidence.context.lake, evidence.use_case), until)
    days, limit = (now - until) / timedelta(days=1), _limit(evidence, until)
    figures = {"age_days": days, "limit": limit}
    if days > limit and not evidence.in_production:
        sentence = (
            f"It learned from rows up to {until:%Y-%m-%d} and the newest ones are of {now:%Y-%m-%d}, "
            f"{counted(round(days), 'day')} later; gates.max_age_days allows {limit:g}. Train a newer one: make train "
            f"USE_CASE={evidence.use_case.name}."
        )
        return GateResult("age", sentence, passed=False, figures=figures)
    newest = _Newest(evidence, until, now)
    faults = [*_below(newest, figures), *_slices_below(newest)]
    if faults:
        return GateResult("age", f"{' '.join(faults[:3])} Train it on newer rows.", passed=False, figures=figures)
    sentence = (
        f"It is {counted(round(days, 1), 'day')} old ({limit:g} are allowed), and {_told(newest)}.{_unjudged(newest)}"
    )
    return GateResult("age", sentence, passed=True, figures=figures)


def _limit(evidence: Evidence, until: datetime) -> float:
    given = evidence.use_case.gates.max_age_days
    if given is not None:
        return given
    end = until
    for _ in range(_INTERVALS):
        end = evidence.use_case.unit.after(end)
    return max(float(_DAYS), (end - until) / timedelta(days=1))


def _told(newest: _Newest) -> str:
    found = newest.estimate(newest.fresh)
    rows = counted(len(newest.fresh), "newest labelled row")
    if found is None:
        return f"the {rows} do not define its metric"
    return f"on the {rows} it has {newest.evidence.problem.judging.told(found.value)}"


def _beyond(limit: Limit, found: Estimate) -> bool:
    """Whether even the better end of the interval is on the wrong side."""
    return limit.broken_by(found.low if limit.metric.lower_is_better else found.high)


def _below(newest: _Newest, figures: dict[str, float]) -> Iterator[str]:
    judging, found = newest.evidence.problem.judging, newest.estimate(newest.fresh)
    if found is None:
        return
    figures |= {found.metric: found.value, "rows": float(len(newest.fresh))}
    if _beyond(judging.floor(), found):
        yield (
            f"On the {counted(len(newest.fresh), 'newest labelled row')} it has {judging.told(found.value)}; even the "
            f"better end of its 95 % interval, {judging.told(_better(judging.floor(), found))}, is beyond the limit of "
            f"{judging.floor().value:g}."
        )


def _better(limit: Limit, found: Estimate) -> float:
    return found.low if limit.metric.lower_is_better else found.high


def _parts(newest: _Newest) -> Iterator[tuple[str, pd.DataFrame]]:
    """The slices that the gate `quality` does not judge, because the holdout has too few of their rows."""
    few, judged = newest.evidence.use_case.gates.slice_min_rows, newest.judged
    held_out = judged["id"].isin(newest.evidence.rows.holdout["id"])
    for column in (name for name in judged.columns if name.startswith(PREFIX)):
        for value, part in judged.groupby(column):
            if held_out[part.index].sum() < few:
                yield f"{column.removeprefix(PREFIX)} = {value}", part


def _slices_below(newest: _Newest) -> Iterator[str]:
    judging = newest.evidence.problem.judging
    for limit in judging.slice_limits():
        for name, part in _parts(newest):
            found = newest.estimate(part, limit.metric.name) if len(part) >= _FEWEST else None
            if found is not None and _beyond(limit, found):
                told = judging.told(found.value, limit.metric)
                yield (
                    f"On the {counted(len(part), 'row')} with {name}, from the holdout on, it has {told}, "
                    f"surely beyond the limit of {limit.value:g} for a slice."
                )


def _unjudged(newest: _Newest) -> str:
    if not newest.evidence.problem.judging.slice_limits():
        return ""
    small = [f"{name} ({counted(len(part), 'row')})" for name, part in _parts(newest) if len(part) < _FEWEST]
    return f" Too few rows to judge: {', '.join(small[:5])}." if small else ""
