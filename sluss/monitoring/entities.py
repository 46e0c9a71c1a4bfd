"""Precision by entity, such as a card, on the newest scored rows with labels."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sluss.interval import Interval, parse_interval, partition
from sluss.monitoring import sample
from sluss.monitoring.tables import LABELS, read_known
from sluss.problems import problem_of
from sluss.problems.entity_precision import PRECISION, SHARE, entity_precision, known_entities
from sluss.storage.lake import INTERVAL
from sluss.storage.point_in_time import known_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sluss.config.use_case import UseCase
    from sluss.problems.entity_precision import Ranking
    from sluss.storage.lake import Lake


def entity_figures(lake: Lake, use_case: UseCase, interval: Interval, labelled: pd.DataFrame) -> dict[str, float]:
    """Return the precision among each day's first entities, and its share of the perfect one.

    Nothing without `decision.entity` or labels, and of intervals with so many rows that only a sample of them is read.

    Args:
        lake: the tables.
        use_case: names the entity.
        interval: the present one, at whose end rows and labels are known.
        labelled: scored rows of whole intervals with their labels.
    """
    ranking = problem_of(use_case).judging.ranking
    if ranking is None or labelled.empty:
        return {}
    span = labelled[INTERVAL].min(), labelled[INTERVAL].max()
    if sample.shares(lake, span):
        return {}
    days = {name: _day(use_case, name) for name in sorted(set(labelled[INTERVAL]))}
    entities = read_known(lake, ["id", ranking.entity], span, interval.end).rename(columns={ranking.entity: "entity"})
    rows = labelled[["id", "label"]].assign(
        day=labelled[INTERVAL].map(days), score=problem_of(use_case).scoring.read(labelled)
    )
    known = _known(lake, use_case, ranking, interval, days)
    found = entity_precision(rows.merge(entities, on="id"), ranking.first, known)
    return {PRECISION: found.precision, SHARE: found.share}


def _day(use_case: UseCase, name: str) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(parse_interval(name, use_case.unit).start).tz_convert(use_case.schedule_zone).normalize()


def _known(
    lake: Lake, use_case: UseCase, ranking: Ranking, interval: Interval, days: Mapping[str, pd.Timestamp]
) -> dict[object, set[object]]:
    """Return the entities that were known when each day began, from labels of the monitor's window before them."""
    first = min(days.values()).to_pydatetime()
    begin = first - timedelta(days=ranking.known_days)
    unit = use_case.unit
    table = lake.dataset(LABELS, first=partition(begin, unit), last=partition(interval.start, unit))
    if table is None:
        return {}
    labels = known_labels(table, interval.end)
    positive = labels[labels["label"] == 1]  # not in the read: a label that was corrected would count as it came first
    since = begin - timedelta(days=use_case.monitoring.window_days)
    rows = read_known(
        lake,
        ["id", ranking.entity],
        (partition(since, unit), partition(interval.start, unit)),
        interval.end,
        positive["id"].tolist(),
    )
    reports = positive.merge(rows.rename(columns={ranking.entity: "entity"}), on="id")
    return known_entities(reports, set(days.values()), ranking.known_days)
