"""The figures of the fraud use case, each with its target: `python benchmarks/use_case_fraud.py --seeds 10 --whole`.

Protocol of the Fraud Detection Handbook, section 5.1: learn from seven days from 2018-07-25 on, leave out seven days
for which no label is known yet, judge on the seven days after them without the cards that are known as compromised. The
seeds make worlds of their own, and two models are compared on the same worlds. `--whole` brings, curates, trains on and
scores all 183 days by the steps.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before NumPy is imported: waiting threads must not spin on a machine that others use, too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import yaml
from measuring import ROOT, Bench, Cost, measured
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.stats import t as student
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sluss.config.settings import Settings
from sluss.interval import Interval
from sluss.problems.entity_precision import entity_precision
from sluss.sources.card_payments import CardPayments, CardPaymentsSource
from sluss.storage.warehouse import open_warehouse
from sluss.training.fit import unfitted
from sluss.training.fitting import fit_weights
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sluss.config.use_case import UseCase

START = date(2018, 4, 1)
_MIDNIGHT = datetime(2018, 4, 1, tzinfo=UTC)
_TRAIN, _WEEK, _LONG = 115, 7, 28  # 2018-07-25 in days from the start; days; days that the shipped model learns from
_CARDS = 100
_BOOK = [
    "amount", "weekend", "night",
    *(f"customer_{figure}_{days}" for days in (1, 7, 30) for figure in ("count", "mean")),
    *(f"terminal_{figure}_{days}" for days in (1, 7, 30) for figure in ("count", "risk")),
]  # fmt: skip
# ROC AUC, average precision and card precision of the book's single draw, and how near to them ours should be.
_BOOKS = {
    "logistic regression": (0.871, 0.606, 0.291),
    "random forest": (0.867, 0.658, 0.287),
    "XGBoost": (0.862, 0.639, 0.273),
}
_NEAR = (0.03, 0.07, 0.05)
_SHIPPED, _XGBOOST = "shipped", "XGBoost"
_MINUTES, _GIGABYTES = 10, 4


@dataclass(frozen=True)
class Judged:
    """Figures of one model on the test days of one world."""

    roc_auc: float
    average_precision: float
    card_precision: float
    share_of_cards: float  # with frauds on each day, as if none had been found on a day before
    share_of_perfect: float  # of what an order finds that knows the labels


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--config", type=Path, default=ROOT / "config")
    parser.add_argument("--whole", action="store_true", help="also measure all 183 days by the steps")
    asked = parser.parse_args()
    console, use_case = Console(), load_use_case("fraud", asked.config)
    if asked.seeds:
        found = {seed: judge_seed(seed, use_case, asked.config, console) for seed in range(asked.seeds)}
        console.print(_means(found))
        console.print(_gaps(found))
    if asked.whole:
        console.print(_whole(asked.config, console))


def judge_seed(seed: int, use_case: UseCase, config: Path, console: Console) -> dict[str, Judged]:
    """Judge all models on one world."""
    rows = rows_of(seed, config / "fraud.sql")
    test = test_rows(rows)
    found = {}
    for name, columns, days, fit in _models(use_case):
        train = rows[(rows.day >= _TRAIN + _WEEK - days) & (rows.day < _TRAIN + _WEEK)]
        scores = fit(train).predict_proba(test[columns])[:, 1]
        found[name] = _judged(test, scores)
        console.print(f"seed {seed}, {name}: {found[name]}", highlight=False)
    return found


def rows_of(seed: int, query: Path) -> pd.DataFrame:
    """Return the payments that the protocol needs, with features, label and day."""
    import pyarrow as pa

    source = CardPayments(CardPaymentsSource(kind="card_payments", start=START, seed=seed), "fraud")
    first, end = _TRAIN + _WEEK - _LONG, _TRAIN + 3 * _WEEK
    with tempfile.TemporaryDirectory() as folder, open_warehouse(Settings(home=Path(folder))) as warehouse:
        span = _days(first - 37, end)  # 30 days that the features look back on, and the delay of the labels
        known = pa.Table.from_batches(source.labels(_days(first - 37, end + _WEEK)))
        warehouse.replace("fraud_rows", pa.Table.from_batches(source.rows(span)), "arrived_at", span)
        warehouse.replace("fraud_labels", known, "label_time", _days(first - 37, end + _WEEK))
        found = pa.Table.from_batches(warehouse.read(query, _days(first, end))).to_pandas()
    labelled: pd.DataFrame = found.merge(known.to_pandas(), on="id", validate="one_to_one")
    return labelled.assign(day=(labelled.event_time - pd.Timestamp(_MIDNIGHT)).dt.days)


def test_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the payments of the test days, without those of cards with a fraud that was known before the day.

    The book counts frauds from the first day of the training on, so a longer training knows no more cards.
    """
    frauds = rows[(rows.label == 1) & (rows.day >= _TRAIN)]
    known_from = frauds.groupby("customer_id").day.min() + _WEEK + 1
    test = rows[rows.day >= _TRAIN + 2 * _WEEK]
    is_known = test.customer_id.map(known_from) <= test.day
    left: pd.DataFrame = test[~is_known]
    return left


def _days(first: int, end: int) -> Interval:
    return Interval(_MIDNIGHT + timedelta(days=first), _MIDNIGHT + timedelta(days=end))


def _models(use_case: UseCase) -> Iterator[tuple[str, list[str], int, Callable[[pd.DataFrame], Any]]]:
    """Yield each model's name, columns, days to learn from, and its fit."""
    try:
        from xgboost import XGBClassifier
    except ImportError:
        sys.exit("XGBoost is not installed. Run: .venv/bin/uv pip install --group xgboost -c requirements.lock")
    plain = {
        "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "random forest": lambda: RandomForestClassifier(random_state=0, n_jobs=2),
        _XGBOOST: lambda: XGBClassifier(random_state=0, n_jobs=2),
    }
    for name, make in plain.items():
        yield name, _BOOK, _WEEK, partial(_fitted, make)
    own = list(use_case.features)

    def shipped(rows: pd.DataFrame) -> Any:  # noqa: ANN401 - a pipeline of scikit-learn, which has no types
        pipeline = unfitted(use_case)
        return pipeline.fit(rows[own], rows.label, **fit_weights(use_case, pipeline, rows))

    yield _SHIPPED, own, _LONG, shipped


def _fitted(make: Callable[[], Any], rows: pd.DataFrame) -> Any:  # noqa: ANN401 - as scikit-learn gives it
    return make().fit(rows[_BOOK], rows.label)


def _judged(test: pd.DataFrame, scores: Any) -> Judged:  # noqa: ANN401 - an array
    cards = test[["day", "label"]].assign(entity=test.customer_id, score=scores)
    found = entity_precision(cards, _CARDS, {})
    bad = cards[cards.label == 1].groupby("day").entity.nunique().clip(upper=_CARDS)
    return Judged(
        float(roc_auc_score(test.label, scores)),
        float(average_precision_score(test.label, scores)),
        found.precision,
        found.precision * _CARDS * found.days / int(bad.sum()),
        found.share,
    )


def _means(found: dict[int, dict[str, Judged]]) -> Table:
    names = ("ROC AUC", "average precision", "card precision@100")
    title = f"Test days from 2018-08-08, means of seeds 0 to {max(found)} ± standard deviation"
    table = Table("model", *names, "share of cards", "share of perfect", "the book's: is ours near?", title=title)
    for model in next(iter(found.values())):
        figures = [[getattr(each[model], name) for each in found.values()] for name in Judged.__annotations__]
        cells = [f"{np.mean(each):.3f} ± {np.std(each, ddof=1) if len(each) > 1 else 0:.3f}" for each in figures]
        table.add_row(model, *cells, _near(model, [float(np.mean(each)) for each in figures]))
    return table


def _near(model: str, means: Sequence[float]) -> str:
    if model not in _BOOKS:
        least = _BOOKS[_XGBOOST][1]
        return f"average precision above {least}: {'met' if means[1] > least else 'missed'}"
    near = [abs(ours - book) <= limit for ours, book, limit in zip(means, _BOOKS[model], _NEAR, strict=False)]
    return " ".join(f"{book:.3f} ({'met' if met else 'missed'})" for book, met in zip(_BOOKS[model], near, strict=True))


def _gaps(found: dict[int, dict[str, Judged]]) -> Table:
    table = Table("average precision", "mean gap [95 %]", "seeds in which it is ahead", title="Paired over seeds")
    for one, other in ((_SHIPPED, _XGBOOST), (_SHIPPED, "random forest"), ("random forest", "logistic regression")):
        gaps = np.array([each[one].average_precision - each[other].average_precision for each in found.values()])
        half = student.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / sqrt(len(gaps)) if len(gaps) > 1 else np.inf
        shown = f"{gaps.mean():+.3f} [{gaps.mean() - half:+.3f}, {gaps.mean() + half:+.3f}]"
        table.add_row(f"{one} − {other}", shown, f"{int((gaps > 0).sum())} of {len(gaps)}")
    return table


def _whole(config: Path, console: Console) -> Table:
    """All 183 days through the steps, each a process: the whole size, not that of the demo."""
    table = Table(
        "step", "minutes", "CPU minutes", "GB", title="5,000 cards, 10,000 terminals, 183 days; 30 are scored"
    )
    costs: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory(prefix="sluss-fraud-") as folder, Progress(console=console) as progress:
        for name, cost in _steps(Bench(Path(folder), 1, progress), config):
            costs[name] = cost
            console.print(f"{name}: {cost}", highlight=False)
    for name, cost in costs.items():
        table.add_row(name, f"{cost.wall / 60:.1f}", f"{cost.cpu / 60:.1f}", f"{cost.memory / 1000:.2f}")
    minutes, most = sum(cost.wall for cost in costs.values()) / 60, max(cost.memory for cost in costs.values()) / 1000
    cpu = sum(cost.cpu for cost in costs.values()) / 60
    met = "met" if minutes <= _MINUTES and most <= _GIGABYTES else "missed"
    table.add_row("together", f"{minutes:.1f}", f"{cpu:.1f}", f"{most:.2f} (at most)")
    table.add_row(f"target: {_MINUTES} minutes, {_GIGABYTES} GB", met, "", "")
    return table


def _steps(bench: Bench, config: Path) -> Iterator[tuple[str, Cost]]:
    """Run the steps one after the other, and yield the cost of each."""
    own = bench.home / "config"
    own.mkdir()
    (own / "fraud.sql").write_text((config / "fraud.sql").read_text(encoding="utf-8"), encoding="utf-8")
    content = yaml.safe_load((config / "fraud.yaml").read_text(encoding="utf-8"))
    content |= {"live_start": date(2018, 9, 1), "live_end": date(2018, 10, 1)}
    content["source"] = {"kind": "card_payments", "start": START, "days": 183, "label_delay_days": _WEEK}
    content["decision"]["alerts_per_day"] = _CARDS
    content["training"] |= {"window_days": _LONG + 2 * _WEEK, "holdout_days": 2 * _WEEK}
    (own / "fraud.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    environment = bench.environment(SLUSS_CONFIG_DIR=str(own), USE_CASE="fraud")

    def step(name: str, *options: str) -> Cost:
        return measured([ROOT / "tasks" / f"{name}.py", "--use-case", "fraud", *options], environment)

    yield "bring", step("generate_data", "--history")
    yield "curate", step("curate_data", "--history")
    yield "train", step("train_model")
    yield "gates and deployment", step("deploy_model")
    days = [f"2018-09-{day:02}" for day in range(1, 31)]
    for name in ("generate_data", "curate_data", "batch_predict"):
        each = [step(name, "--interval", day) for day in days]
        sums = Cost(sum(cost.wall for cost in each), sum(cost.cpu for cost in each), max(c.memory for c in each))
        yield f"{name}, 30 days", sums


if __name__ == "__main__":
    main()
