"""A quick split: the metric of a strong and a simple model on the newest fifth of the rows, for the gates' floors."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from sluss.new.look import Look
    from sluss.profiling.whole_table import WholeTable

_ROWS = 60_000  # the newest; enough for a floor
_TEXT_ROWS, _CHARACTERS = 5_000, 10_000  # of tables with free texts, and of each text
_HOLDOUT = 0.2
_SAMPLES = 50  # of the bootstrap
_ERRORS = 3  # standard errors that a sound model may be worse by
_MOST_CATEGORIES = 200
_SURE_ABOVE = 0.25  # quantile of the confidence
_TEXT = ".text"  # ends the name of a column of free texts


@dataclass(frozen=True)
class Quick:
    """The metric of both models and of guessing, on rows that none of them has seen."""

    rows: int
    strong: float
    simple: float
    guess: float
    usual_confidence: float = 1.0  # of the strong model, in at least three of four rows
    error: float = 0.0  # standard error of its metric on so few rows

    @property
    def floor(self) -> float:
        """Half-way from guessing to the strong model, or lower on few rows, but not below guessing."""
        between = int(min((self.guess + self.strong) / 2, self._surely) * 100) / 100
        # Rounded up, also of a share of few in a thousand.
        return max(between, math.ceil(round(self.guess * 1000, 6)) / 1000, 0.0)

    @property
    def gain(self) -> float:
        """A third of the gain over guessing, or less on few rows."""
        surely = max(self._surely - self.guess, 0.0)
        return min(max(int((self.strong - self.guess) * 100 / 3) / 100, 0.01), int(surely * 100) / 100, 0.5)

    @property
    def _surely(self) -> float:
        # The holdout has about as many rows as the trial was judged on, so the difference of both has this error.
        return self.strong - _ERRORS * math.sqrt(2) * self.error


def try_models(table: WholeTable, look: Look) -> Quick | None:
    """Fit both models; None where the rows do not suffice for a judgement."""
    import numpy as np

    rows, labels = _rows(table, look)
    cut = int(len(rows) * (1 - _HOLDOUT))
    classes = look.target.kind == "classification"
    if len(rows) < 50 or (classes and (len(set(labels[:cut])) < len(set(labels)) or len(set(labels[cut:])) < 2)):
        return None
    strong, simple = (_fitted(look, rows[:cut], labels[:cut], strong=each) for each in (True, False))
    guess = _guess(look, labels[:cut])
    outputs = [_outputs(look, model, rows[cut:]) for model in (strong, simple, guess)]
    good, plain, least = (_metric(look, each, labels[cut:]) for each in outputs)
    error = _error(look, outputs[0], labels[cut:])
    if look.target.metric == "accuracy":  # the class that was frequent before may be the rarer one now
        least = max(least, float(np.unique(labels[cut:], return_counts=True)[1].max()) / len(labels[cut:]))
    if not classes:  # the median of the past may be far off, which is not a gain of the model's
        return Quick(len(rows), good, plain, max(least, 0.0), error=error)
    return Quick(len(rows), good, plain, least, _usual_confidence(strong, rows[cut:]), error)


def _usual_confidence(model: Any, rows: pd.DataFrame) -> float:  # noqa: ANN401 - a model
    import numpy as np

    return float(np.quantile(model.predict_proba(rows).max(axis=1), _SURE_ABOVE))


def _rows(table: WholeTable, look: Look) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """The newest labelled rows, the oldest first; without times in an order that has nothing to do with the label."""
    import pandas as pd

    features = look.columns("feature")
    label = look.profile.columns[look.target.column]
    order = look.time.sql if look.time else "hash(rowid)"
    has_texts = any(each.kind == "text" for each in features)
    chosen = ", ".join(
        f"{f'left({each.sql}, {_CHARACTERS})' if each.kind == 'text' else each.sql} AS c{place}"
        for place, each in enumerate(features)
    )
    frame: pd.DataFrame = table.connection.execute(
        f"SELECT {chosen}, {label.sql} AS label FROM data WHERE {label.sql} IS NOT NULL ORDER BY {order} DESC "  # noqa: S608 - quoted
        f"LIMIT {_TEXT_ROWS if has_texts else _ROWS}"
    ).df()
    frame = frame.iloc[::-1].reset_index(drop=True)
    labels = frame.pop("label")
    numbers = pd.factorize(labels, sort=True)[0] if look.target.kind == "classification" else labels.to_numpy(float)
    kinds = [each.kind for each in features]
    parts = [_numbers_of(frame[f"c{place}"], kind, f"c{place}") for place, kind in enumerate(kinds) if kind == "time"]
    keep = [f"c{place}" for place, kind in enumerate(kinds) if kind in ("number", "category")]
    texts = {f"c{place}{_TEXT}": frame[f"c{place}"].fillna("") for place, kind in enumerate(kinds) if kind == "text"}
    return pd.concat([frame[keep], *parts, pd.DataFrame(texts)], axis=1), numbers


def _numbers_of(column: pd.Series[Any], _: str, name: str) -> pd.DataFrame:
    import pandas as pd

    times = pd.to_datetime(column, utc=True)
    return pd.DataFrame({f"{name}.{part}": getattr(times.dt, part) for part in ("month", "weekday", "hour")})


def _fitted(look: Look, rows: pd.DataFrame, labels: np.ndarray[Any, Any], *, strong: bool) -> Any:  # noqa: ANN401 - a pipeline
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    names = list(map(str, rows.columns))
    categories = [name for name in names if not _is_number(rows[name]) and not name.endswith(_TEXT)]
    numbers = [name for name in names if _is_number(rows[name])]
    texts = [(name, _text_steps(), name) for name in names if name.endswith(_TEXT)]
    classes = look.target.kind == "classification"
    if strong:
        ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=_MOST_CATEGORIES)
        prepared = ColumnTransformer([("numbers", "passthrough", numbers), ("categories", ordinal, categories), *texts])
        loss = "absolute_error" if look.target.heavy_tails else "squared_error"
        regressor = HistGradientBoostingRegressor(loss=loss, random_state=7)
        model = HistGradientBoostingClassifier(random_state=7) if classes else regressor
    else:
        scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=50)
        prepared = ColumnTransformer([("numbers", scaled, numbers), ("categories", one_hot, categories), *texts])
        model = LogisticRegression(max_iter=300) if classes else Ridge()
    return make_pipeline(prepared, model).fit(rows, labels)


def _text_steps() -> Any:  # noqa: ANN401 - a pipeline
    """The steps that the config gives a text, with fewer columns."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    return make_pipeline(HashingVectorizer(n_features=4096), TfidfTransformer(), TruncatedSVD(30, random_state=7))


def _is_number(column: pd.Series[Any]) -> bool:
    from pandas.api.types import is_numeric_dtype

    return bool(is_numeric_dtype(column))


def _guess(look: Look, labels: np.ndarray[Any, Any]) -> Any:  # noqa: ANN401 - a model
    from sklearn.dummy import DummyClassifier, DummyRegressor

    classes = look.target.kind == "classification"
    model = DummyClassifier(strategy="prior") if classes else DummyRegressor(strategy="median")
    return model.fit([[0]] * len(labels), labels)


def _outputs(look: Look, model: Any, rows: pd.DataFrame) -> np.ndarray[Any, Any]:  # noqa: ANN401 - a model
    ranked = look.target.metric in ("roc_auc", "average_precision")
    found: np.ndarray[Any, Any] = model.predict_proba(rows)[:, 1] if ranked else model.predict(rows)
    return found


def _metric(look: Look, outputs: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    from sklearn import metrics

    score = {
        "roc_auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score,
        "accuracy": metrics.accuracy_score, "balanced_accuracy": metrics.balanced_accuracy_score,
        "r2": metrics.r2_score, "d2_absolute_error_score": metrics.d2_absolute_error_score,
    }[look.target.metric]  # fmt: skip
    return float(score(labels, outputs))


def _error(look: Look, outputs: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    """The bootstrap's standard error of the metric (B. Efron, R. Tibshirani, 1993, chapter 6)."""
    import numpy as np

    random, found = np.random.default_rng(7), []
    for _ in range(_SAMPLES):
        chosen = random.integers(len(labels), size=len(labels))
        if len(np.unique(labels[chosen])) > 1:
            with warnings.catch_warnings(action="ignore"):  # a sample may lack a rare class
                found.append(_metric(look, outputs[chosen], labels[chosen]))
    return float(np.std(found)) if found else 0.0
