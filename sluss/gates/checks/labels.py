"""The gate `labels`: rows keep the labels and the features that were known before, and new labels do not contradict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import DataError, ModelError
from sluss.gates.result import GateResult
from sluss.gates.turned_classes import of_one_class
from sluss.problems.item_lists import item_sets
from sluss.problems.ranking_metrics import common_items
from sluss.registry.names import UNTIL_TAG
from sluss.statistics.known_values import agreement, changed, middle_shift, share_shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence

_FEWEST = 20  # rows of an interval that is judged alone
_MOST_OF_ONE = 0.25  # share of an interval's labels that may have turned
_CONTRADICTION = -5.0  # standard errors
_FEWEST_INTERVALS = 5
_DEVIATIONS = 5.0  # between intervals
_RANGES = 1.0  # interquartile ranges that a median may move by
_TOLERANCE = 0.01  # standard deviations of the labels: a revised number is not a turned one


def labels(evidence: Evidence) -> GateResult:
    """Pass if its labels are those that were known before, and new ones fit the champion and their own history."""
    before, told = _before(evidence)
    figures: dict[str, float] = {}
    faults = [*_turned(evidence, before, figures), *_lost(evidence, before), *_other_rows(evidence, before, figures)]
    faults += [*_contradicting(evidence, before, figures), *_shifted(evidence, before, figures)]
    if faults:
        return GateResult("labels", f"{' '.join(faults[:3])} {_cure(evidence)}.", passed=False, figures=figures)
    known = int(figures.get("known_rows", 0))
    if not known and before is not None:
        told = f"It shares no row with those that {told} knew"
    if known:
        most = figures.get("turned_class_share", 0.0)
        of_a_class = f" ({most:.2%} of the class with the most)" if most else ""
        told = (
            f"Of {counted(known, 'row')} that {told} knew, {figures['turned_share']:.2%} have another label"
            f"{of_a_class} and {figures.get('changed_share', 0.0):.2%} other features"
        )
    sentence = f"{told}. The labels' distribution moves within what its {_intervals(evidence)} show."
    return GateResult("labels", sentence, passed=True, figures=figures)


def _cure(evidence: Evidence) -> str:
    command = f"make lineage USE_CASE={evidence.context.use_case.name} INTERVAL=…"
    return f"Compare the labels' source with what it gave before ({command} shows the rows), and load them again"


def _before(evidence: Evidence) -> tuple[pd.DataFrame | None, str]:
    """The labelled rows that are known from before the training, and who knew them, in words."""
    champion = evidence.champion
    if champion is not None:
        try:
            rows = evidence.champion_rows
        except (ModelError, DataError):
            pass  # gone: the first load is left to compare with
        else:
            import pandas as pd

            return pd.concat(
                [rows.train, rows.holdout], ignore_index=True
            ), f"the champion, version {champion.version},"
    first = evidence.first_labels
    if first is None and champion is not None:
        return None, f"The rows of the champion, version {champion.version}, are gone, so none can be compared"
    if first is None:
        return None, "No row was labelled before, so a mistake in all labels alike cannot be seen"
    return first, "the first load"


def _both(evidence: Evidence, before: pd.DataFrame) -> pd.DataFrame:
    now = _rows(evidence)
    return before.merge(now, on="id", suffixes=("_before", ""))


def _rows(evidence: Evidence) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([evidence.rows.train, evidence.rows.holdout], ignore_index=True)


def _turned(evidence: Evidence, before: pd.DataFrame | None, figures: dict[str, float]) -> Iterator[str]:
    """Rows whose label was another one before."""
    both = None if before is None else _both(evidence, before)
    if both is None or both.empty:
        return
    spread = 0.0 if not _is_number(evidence) else _TOLERANCE * float(both["label_before"].std(ddof=0))
    turned = changed(both["label_before"], both["label"], spread)
    share, limit = float(turned.mean()), evidence.use_case.gates.max_turned_labels
    figures |= {"known_rows": float(len(both)), "turned_share": share, "limit": limit}
    if share > limit:
        yield (
            f"Of {counted(len(both), 'row')} whose label was known before, {share:.1%} have another one now "
            f"({limit:.0%} may): labels were swapped, shifted or turned."
        )
        return
    if _is_class(evidence):
        names = getattr(evidence.use_case, "classes", ())
        if faults := list(of_one_class(both, turned, names, limit, figures)):
            yield from faults
            return
    yield from _turned_of_one_interval(evidence, both.assign(turned=turned))


def _turned_of_one_interval(evidence: Evidence, both: pd.DataFrame) -> Iterator[str]:
    unit = evidence.use_case.unit
    both = both.assign(interval=[unit.partition(each) for each in both["event_time"]])
    by_interval = both.groupby("interval")["turned"].agg(["mean", "size"])
    worst = by_interval[(by_interval["size"] >= _FEWEST) & (by_interval["mean"] > _MOST_OF_ONE)]
    for name, found in worst.head(1).iterrows():
        yield (
            f"Of {counted(int(found['size']), 'row')} of {name} whose label was known before, {found['mean']:.0%} have "
            "another one now."
        )


def _lost(evidence: Evidence, before: pd.DataFrame | None) -> Iterator[str]:
    """A class most of whose labels are gone, while those of the others stay."""
    if before is None or "event_time" not in before.columns or not _is_class(evidence):
        return
    now = _rows(evidence)
    times = now["event_time"]
    span = before[(before["event_time"] >= times.min()) & (before["event_time"] <= times.max())]
    lost = ~span["id"].isin(now["id"])
    by_class = lost.groupby(span["label"]).agg(["mean", "size"])
    for number, found in by_class.iterrows():
        others = float(lost[span["label"] != number].mean()) if (span["label"] != number).any() else 0.0
        if found["size"] >= _FEWEST and found["mean"] > others + _MOST_OF_ONE:
            name = getattr(evidence.use_case, "classes", ())[int(number)]
            yield (
                f"Of {counted(int(found['size']), 'row')} whose label {name} was known before, {found['mean']:.0%} "
                f"have no label any more, and {others:.0%} of the others."
            )
            return


def _other_rows(evidence: Evidence, before: pd.DataFrame | None, figures: dict[str, float]) -> Iterator[str]:
    """Ids that stand for other rows than before, or for none: a row that comes with a known id hides the first one."""
    import numpy as np

    features = [name for name in evidence.use_case.features if before is not None and name in before.columns]
    if before is None or not features:
        return
    both, gone = _both(evidence, before), _vanished(evidence, before)
    known = len(both) + gone
    if not known:
        return
    other = int(np.any([changed(both[f"{name}_before"], both[name]) for name in features], axis=0).sum())
    share, limit = (other + gone) / known, evidence.use_case.gates.max_changed_rows
    figures |= {"changed_share": other / known, "vanished_share": gone / known, "changed_limit": limit}
    if share > limit:
        vanished = f" and {gone / known:.1%} are gone" if gone else ""
        yield (
            f"Of {counted(known, 'id')} that were known before, {other / known:.1%} have other features now{vanished} "
            f"({limit:.0%} may): ids were used again for other rows, or a feature was computed otherwise."
        )


def _vanished(evidence: Evidence, before: pd.DataFrame) -> int:
    """How many labelled rows of the window were known before and are not there any more."""
    if "event_time" not in before.columns:
        return 0
    config, until = evidence.known.use_case, datetime.fromisoformat(evidence.known.tag(UNTIL_TAG))
    start = until - timedelta(days=config.training.window_days)
    expected = before[(before["event_time"] >= start) & (before["event_time"] < until)]
    gone = expected[~expected["id"].isin(_rows(evidence)["id"])]
    # Where the split leaves rows out (a gap, a purge, groups), only the tables know which are there.
    return 0 if gone.empty else int((~gone["id"].isin(evidence.labelled["id"])).sum())


def _is_class(evidence: Evidence) -> bool:
    return evidence.problem.judging.labels_are == "classes"


def _is_number(evidence: Evidence) -> bool:
    return evidence.problem.judging.labels_are == "numbers"


def _contradicting(evidence: Evidence, before: pd.DataFrame | None, figures: dict[str, float]) -> Iterator[str]:
    """New rows whose labels point the other way than the champion's scores."""
    if before is None or evidence.champion is None or evidence.use_case.gates.max_turned_labels >= 1:
        return
    if evidence.champion_lost:
        return
    now = _rows(evidence)
    new = now[~now["id"].isin(before["id"])]
    if len(new) < _FEWEST:
        return
    scores, truth = _as_numbers(evidence, new)
    unit = evidence.use_case.unit
    parts = new.reset_index(drop=True).groupby([unit.partition(each) for each in new["event_time"]]).indices
    found = {name: agreement(scores[places], truth[places]) for name, places in parts.items() if len(places) >= _FEWEST}
    worst = min(found, key=lambda name: found[name], default=None)
    figures["agreement"] = agreement(scores, truth)
    if worst is not None and found[worst] < _CONTRADICTION:
        yield (
            f"The new labels of {worst} contradict the champion's predictions by {-found[worst]:.0f} standard errors: "
            "they point the other way, as if they were turned."
        )


def _as_numbers(evidence: Evidence, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The champion's scores and the labels: of classes and items a column each, of numbers their ranks."""
    import numpy as np
    from scipy.stats import rankdata

    model = evidence.champion_model
    features = list(model.features or evidence.use_case.features)
    scores, truth = evidence.problem.scoring.scores(model.pipeline, rows[features]), rows["label"].to_numpy()
    if not (_is_class(evidence) or _is_number(evidence)):
        return common_items(scores, truth)
    if not _is_class(evidence):
        return rankdata(evidence.problem.scoring.scalar(scores)), rankdata(truth)
    count = scores.shape[1] if scores.ndim > 1 else 2
    actual = np.eye(count)[truth.astype(int)]
    return (scores, actual) if scores.ndim > 1 else (scores, actual[:, 1])


def _intervals(evidence: Evidence) -> str:
    return f"{evidence.use_case.unit}s" if evidence.use_case.source.has_times else "rows"


def _shifted(evidence: Evidence, before: pd.DataFrame | None, figures: dict[str, float]) -> Iterator[str]:
    """The newest labels, whose distribution left what the intervals before show."""
    if not evidence.use_case.source.has_times:
        return
    rows = _with_levels(evidence, _rows(evidence))
    new = rows["id"].isin(evidence.rows.holdout["id"]) if before is None else ~rows["id"].isin(before["id"])
    old, now = rows[~new], rows[new]
    if len(now) < _FEWEST:
        return
    unit = evidence.use_case.unit
    groups = [part["label"] for _, part in old.groupby([unit.partition(each) for each in old["event_time"]])]
    groups = [part for part in groups if len(part) >= _FEWEST]
    if len(groups) < _FEWEST_INTERVALS:
        return
    if _is_class(evidence):
        yield from _other_shares(evidence, groups, now["label"], figures)
    else:
        yield from _other_level(evidence, groups, now["label"], figures)


def _with_levels(evidence: Evidence, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose label is a number: of a list, how many items it has."""
    if _is_class(evidence) or _is_number(evidence):
        return rows
    return rows.assign(label=[float(len(liked)) for liked in item_sets(rows["label"].to_numpy())])


def _other_shares(
    evidence: Evidence, groups: list[pd.Series[float]], now: pd.Series[float], figures: dict[str, float]
) -> Iterator[str]:
    import numpy as np

    limit, classes = evidence.use_case.gates.max_share_shift, getattr(evidence.use_case, "classes", ())
    counts = np.array([len(part) for part in groups], dtype=float)
    for number, name in enumerate(classes):
        shares = np.array([float((part == number).mean()) for part in groups])
        share = float((now == number).mean())
        factor, deviations = share_shift(shares, counts, (share, float(len(now))))
        figures["share_shift"] = max(figures.get("share_shift", 1.0), factor)
        if factor > limit and deviations > _DEVIATIONS:
            yield (
                f"Of the {counted(len(now), 'newest label')} {share:.1%} are {name}; over "
                f"{counted(len(groups), 'interval')} before it were {shares.min():.1%} to {shares.max():.1%} (its odds "
                f"may change by a factor of {limit:g}, gates.max_share_shift)."
            )
            return


def _other_level(
    evidence: Evidence, groups: list[pd.Series[float]], now: pd.Series[float], figures: dict[str, float]
) -> Iterator[str]:
    import numpy as np
    import pandas as pd

    every = pd.concat(groups)
    spread = float(every.quantile(0.75) - every.quantile(0.25)) or float(every.std(ddof=0))
    middles = np.array([float(part.median()) for part in groups])
    ranges, deviations = middle_shift(middles, spread, float(now.median()))
    figures["level_shift"] = ranges
    if ranges > _RANGES and deviations > _DEVIATIONS:
        target = getattr(evidence.use_case, "target", None)  # only problems of numbers have it
        unit = "items" if target is None else target.unit
        yield (
            f"The median of the {counted(len(now), 'newest label')} is {now.median():.4g} {unit}; over "
            f"{counted(len(groups), 'interval')} before it was {middles.min():.4g} to {middles.max():.4g}."
        )
