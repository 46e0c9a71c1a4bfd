"""The gate `leak`: nothing that the model reads knows the label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult
from sluss.gates.telltale import Sample, telltale_columns
from sluss.gates.told_items import telltale_items
from sluss.gates.unseen import new_to_champion
from sluss.gates.within_groups import least_explained
from sluss.profiling.one_column import skill
from sluss.statistics.copies import copies_of_rows, copies_of_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence

HOLDOUT, COPIES = "holdout", "copies"  # culprits that are not columns, as gates.known_leaks names them
_PERFECT = 0.97  # share of the errors of guessing that no model of real labels avoids
_PERFECT_FIT = 0.999  # R²
_FEWEST = 50  # rows
_MOST_SERIES = 5  # that are looked at one by one
_LEFT = 0.25  # of the champion's errors; a better recipe leaves more
_ERRORS = 5  # standard errors
_MOST_ROWS, _MOST_KNOWN = 5_000, 50_000
_MARGIN = 0.05
_SAME_LABEL = 0.95
_MANY = 0.2  # share of the rows: below it, rows that come twice are usual, such as messages that are passed on
_FEWEST_COPIES = 10


@dataclass(frozen=True)
class Culprit:
    """A column, the holdout or its copies, and how it shows."""

    name: str
    sentence: str


def leak(evidence: Evidence) -> GateResult:
    """Pass if no column alone predicts nearly all, the holdout is not too good, and few of its rows are copies."""
    figures: dict[str, float] = {}
    found = list(_culprits(evidence, figures))
    gap = _gap(evidence)
    known = evidence.use_case.gates.known_leaks
    unknown = [each for each in found if each.name not in known]
    if unknown:
        sentence = f"{' '.join(each.sentence for each in unknown[:3])} {_cure([each.name for each in unknown])}"
        return GateResult("leak", f"{sentence} {gap}".strip(), passed=False, figures=figures)
    told = "No column, word or category alone predicts the label, and its holdout is neither too good nor copied."
    if found:
        told = f"Known, by the config: {'; '.join(f'{each.name} ({known[each.name]})' for each in found)}."
    return GateResult("leak", f"{told} {gap}".strip(), passed=not gap or evidence.uncompared, figures=figures)


def rows_not_compared(evidence: Evidence) -> int | None:
    """Return how many rows are new to the champion, where they are too few since its run or its rows are gone.

    None where they were compared, and where a holdout is too small for that although all is known.
    """
    if evidence.champion is None or evidence.champion_lost:
        return None
    new = new_to_champion(evidence)
    rows = int(new.rows.sum())
    return rows if rows < _FEWEST and not new.is_known else None


def _gap(evidence: Evidence) -> str:
    """Name a comparison that was not made: lost runs must not be a way around it, and no dead end either."""
    rows = rows_not_compared(evidence)
    if rows is None:
        return ""
    assert evidence.champion is not None
    number, name = evidence.champion.version, evidence.use_case.name
    gap = (
        f"Nothing was compared with the champion, version {number}: its run or its rows are gone, and of the holdout "
        f"only {counted(rows, 'row')} came after its training, of {_FEWEST} that are needed."
    )
    if evidence.uncompared:
        return f"{gap} A person accepts that."
    return (
        f"{gap} Bring newer intervals (make data USE_CASE={name} INTERVAL=…), then train again: make train "
        f"USE_CASE={name}. Or deploy without the comparison: make deploy USE_CASE={name} "
        f"VERSION={evidence.version.version} REASON='the run of version {number} is gone'."
    )


def _cure(names: list[str]) -> str:
    """Name all culprits, because a second refusal would name the rest; the holdout cannot be removed."""
    names = list(dict.fromkeys(names))
    away = ["the copies" if name == COPIES else name for name in names if name != HOLDOUT]
    removed = f"Remove {' and '.join(away)}" if away else "Find the column that knows the label and remove it"
    keys = " and ".join(f"gates.known_leaks.{name}" for name in names)
    return f"{removed} from the data, or, if this is known when the model scores, write the reason under {keys}."


def _culprits(evidence: Evidence, figures: dict[str, float]) -> Iterator[Culprit]:
    use_case = evidence.known.use_case
    classes = evidence.problem.judging.labels_are == "classes"
    kinds = {name: use_case.curation.columns[name].kind for name in use_case.features}
    if evidence.problem.judging.labels_are == "lists":
        found = telltale_items(evidence.rows.holdout, kinds, figures)
    else:
        found = _telltale(evidence, kinds, figures, classes=classes)
    for name, reason in found:
        yield Culprit(name, f"The column {name} {reason}.")
    yield from _too_good(evidence, figures, classes=classes)
    yield from _above_champion(evidence, figures, classes=classes)
    yield from _copied(evidence, figures, classes=classes)


def _telltale(
    evidence: Evidence, kinds: Mapping[str, str], figures: dict[str, float], *, classes: bool
) -> Iterator[tuple[str, str]]:
    """Yield each column that knows the label, with the reason, once."""
    told = set()
    for sample in _samples(evidence, classes=classes):
        for name, reason in telltale_columns(sample, kinds, figures):
            if name not in told:
                told.add(name)
                yield name, reason


def _samples(evidence: Evidence, *, classes: bool) -> Iterator[Sample]:
    """Yield all rows, or those of each of the longest series.

    Over series of different sizes, any column that shows the size explains nearly all of the variance.
    """
    train, holdout = evidence.rows.train, evidence.rows.holdout
    series = evidence.problem.judging.series
    counts = dict(holdout[series].value_counts()) if series else {}
    longest = [name for name, count in counts.items() if count >= _FEWEST][:_MOST_SERIES]
    if not longest:  # too few rows of each to tell
        yield Sample(train, holdout, classes)
    for name in longest:
        yield Sample(train[train[series] == name], holdout[holdout[series] == name], classes)


def _too_good(evidence: Evidence, figures: dict[str, float], *, classes: bool) -> Iterator[Culprit]:
    import numpy as np

    judged = evidence.problem.judging.judged(evidence.judged["label"].to_numpy(), evidence.scores)
    if len(judged) < _FEWEST or len(np.unique(judged.labels)) < 2:
        return
    if evidence.problem.judging.labels_are == "lists":
        close = float(evidence.problem.judging.close(judged).mean())
        figures["fit"] = close
        if close > _PERFECT:
            name = evidence.problem.judging.closeness
            yield Culprit(HOLDOUT, f"On its holdout its {name} is {close:.3f}: what users like next is not that clear.")
        return
    if classes:
        avoided = skill(judged.predicted != judged.labels, judged.labels)
        figures["avoided_errors"] = avoided
        if avoided > _PERFECT:
            right = float((judged.predicted == judged.labels).mean())
            yield Culprit(
                HOLDOUT, f"On its holdout {right:.2%} of its predictions are right: labels are not that clear."
            )
    else:
        fit = least_explained(evidence, judged)
        figures["fit"] = fit
        if fit > _PERFECT_FIT:
            yield Culprit(HOLDOUT, f"On its holdout it explains {fit:.3%} of the variance: labels are not that clear.")


def _above_champion(evidence: Evidence, figures: dict[str, float], *, classes: bool) -> Iterator[Culprit]:
    """Far fewer errors than the champion makes on the same rows, which it did not learn from."""
    if evidence.champion is None or evidence.champion_lost:  # the gate quality reports a lost one
        return
    import numpy as np

    rows = evidence.rows.holdout
    unseen = new_to_champion(evidence).rows
    if unseen.sum() < _FEWEST:
        return
    model, scoring = evidence.champion_model, evidence.problem.scoring
    features = list(model.features or evidence.use_case.features)
    theirs = scoring.scores(model.pipeline, rows.loc[unseen, features])
    truth = rows["label"].to_numpy()[unseen]
    own, champions = (_errors(evidence, truth, each, classes=classes) for each in (evidence.scores[unseen], theirs))
    less = champions - own
    error = float(np.std(less)) / len(less) ** 0.5
    left = float(own.mean() / champions.mean()) if champions.mean() else 1.0
    figures["errors_left"] = left
    if left < _LEFT and less.mean() > _ERRORS * error:
        yield Culprit(
            HOLDOUT,
            f"On {counted(len(less), 'row')} of its holdout it makes {left:.0%} of the errors of the champion, version "
            f"{evidence.champion.version}: a model that knows nothing of the label is not that much better.",
        )


def _errors(evidence: Evidence, truth: Floats, scores: Floats, *, classes: bool) -> Floats:
    import numpy as np

    judged = evidence.problem.judging.judged(truth, scores)
    if classes:
        return np.asarray(judged.predicted != truth, dtype=float)
    if evidence.problem.judging.labels_are == "lists":
        return 1 - evidence.problem.judging.close(judged)
    return np.asarray(abs(judged.predicted - truth), dtype=float)


def _copied(evidence: Evidence, figures: dict[str, float], *, classes: bool) -> Iterator[Culprit]:
    """Rows of the holdout that the model learned from, under other ids."""
    import numpy as np

    train, holdout = evidence.rows.train.tail(_MOST_KNOWN), evidence.rows.holdout
    holdout = holdout.iloc[:: max(len(holdout) // _MOST_ROWS, 1)]
    places, told = _places(evidence, holdout, train)
    share = float((places >= 0).sum() / max((places >= -1).sum(), 1))
    limit = evidence.use_case.gates.max_copies
    figures |= {"copies": share, "max_copies": limit}
    if share <= limit or (places >= 0).sum() < _FEWEST_COPIES:
        return
    # As many copies as there are within the training rows, later ones of earlier ones, are usual for such rows.
    size = min(len(holdout), len(train) // 2)
    within, _ = _places(evidence, train.tail(size), train.head(len(train) - size))
    usual = float((within >= 0).sum() / max((within >= -1).sum(), 1))
    figures["usual_copies"] = usual
    labels = train["label"].to_numpy()[places[places >= 0]]
    own = holdout["label"].to_numpy()[places >= 0]
    alike = float(np.mean(labels == own))
    figures["copied_labels"] = alike
    # Rows that are equal by chance have the label that others like them have; copies have the same one.
    told_apart = alike > _SAME_LABEL and alike > _right(evidence, classes=classes) + _MARGIN
    if share > 2 * usual + _MARGIN or (share > _MANY and told_apart):
        yield Culprit(
            COPIES,
            f"{share:.0%} of its holdout's rows have {told} among its training rows ({limit:.0%} may, and {usual:.0%} "
            f"is usual among those), {alike:.0%} of them with the same label: it is judged on what it learned.",
        )


def _right(evidence: Evidence, *, classes: bool) -> float:
    """How often a model gets exactly the label: of numbers, hardly ever."""
    if not classes:
        return 0.5
    judged = evidence.problem.judging.judged(evidence.judged["label"].to_numpy(), evidence.scores)
    return float((judged.predicted == judged.labels).mean())


def _places(evidence: Evidence, rows: pd.DataFrame, among: pd.DataFrame) -> tuple[NDArray[np.int64], str]:
    use_case = evidence.known.use_case
    texts = [name for name in use_case.features if use_case.curation.columns[name].kind == "text"]
    if texts:
        joined = [each[texts].fillna("").agg(" ".join, axis=1).tolist() for each in (rows, among)]
        return copies_of_texts(*joined), "a nearly equal text"
    features = list(use_case.features)
    return copies_of_rows(rows[features], among[features]), "an equal row"
