"""The figures of the recommendation use case, each with its target: `python benchmarks/use_case_recommendation.py`.

Protocol, which was fixed before the judged years were looked at: at the start of each quarter, models learn from all
ratings before it. They are judged on the users' 5th, 10th, 20th and 40th like within the quarter, by what each user
likes in the 30 days after it (NDCG of ten films; rows without such a like are left out). A user counts once, by the
mean of the user's rows. Two models are compared on the same users, with a 95 % interval of a bootstrap over users.
`--years 1998 2002` shows the years on which the settings were chosen, `--choose` the settings that were tried there.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from measuring import ROOT
from rich.console import Console
from rich.table import Table

from components.rankers import CosineRanker, EaseRanker, PopularityRanker
from sluss.config.settings import Settings
from sluss.problems import ranking_metrics
from sluss.problems.metrics import Judged
from sluss.sources.moments import Moments, by_user, label_after, moments_of, state_at
from sluss.sources.movielens import read_ratings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sluss.arrays import Floats
    from sluss.sources.moments import Ratings

RULES = Moments(at=(5, 10, 20, 40), least_stars=4, label_days=30)
CHOSEN, JUDGED = (1998, 2002), (2003, 2016)
FROZEN = "2003-01-01"
_COLUMNS = ("user_id", "day", "liked", "ages", "known")
_RESAMPLES, _SEED, _TIMED = 10_000, 20260101, 200
_SHIPPED: dict[str, Any] = {"recent_days": 730, "half_life_days": 730, "blend": 0.3}
SHIPPED = "EASE, decay and recent popularity (shipped)"
LAST_YEAR, COSINE, BEST_COSINE = "popularity of the last year", "item–item cosine", "cosine, decay and popularity"
MODELS: dict[str, Callable[[], Any]] = {
    "popularity of all time": lambda: PopularityRanker(recent_days=None),
    LAST_YEAR: lambda: PopularityRanker(recent_days=365),
    "popularity of two years": lambda: PopularityRanker(recent_days=730),
    "popularity of half a year": lambda: PopularityRanker(recent_days=180),
    COSINE: CosineRanker,
    "item–item cosine, shrunk": lambda: CosineRanker(shrinkage=100),
    BEST_COSINE: lambda: CosineRanker(shrinkage=30, recent_days=730, half_life_days=365, blend=1.0),
    "EASE": lambda: EaseRanker(regularisation=300),
    SHIPPED: lambda: EaseRanker(regularisation=300, **_SHIPPED),
}


@dataclass(frozen=True)
class Row:
    """A user at a moment, with what the user liked next."""

    user: str
    moment: pd.Timestamp
    state: list[Any]
    label: str


@dataclass(frozen=True)
class World:
    """All ratings, by user."""

    users: tuple[Ratings, ...]

    def rows(self, years: tuple[int, int], number: Callable[[Ratings], Mapping[int, int]]) -> list[Row]:
        """The rows of some years at the moments that a function of a user's ratings gives."""
        found = [
            Row(user.user, pd.Timestamp(moment, unit="s"), _state(user, moment), label)
            for user in self.users
            for moment in number(user).values()
            if (label := label_after(user, moment, RULES))
        ]
        return [row for row in found if years[0] <= row.moment.year <= years[1]]

    def before(self, moment: pd.Timestamp) -> Floats:
        """The state of all users at a moment, a row each, from which models learn all ratings before it."""
        second = int(moment.timestamp()) - 1
        known = [_state(user, second) for user in self.users if user.times[0] <= second]
        table: Floats = np.array(known, dtype=object)
        return table


def _state(user: Ratings, moment: int) -> list[Any]:
    state = state_at(user, moment, RULES)
    return [state[name] for name in _COLUMNS]


@dataclass(frozen=True)
class Scored:
    """Lists of one model for all rows, and the items that it knew in each quarter."""

    rows: Sequence[Row]
    lists: Floats
    known: Sequence[int]

    @property
    def judged(self) -> Judged:
        """The lists with the labels."""
        labels = np.array([row.label for row in self.rows], dtype=object)
        return Judged(labels, self.lists, ranking_metrics.items_of(self.lists))

    def by_user(self, by_row: Floats) -> Floats:
        """The mean of each user's rows, in the order of the users."""
        means: Floats = np.asarray(pd.Series(by_row).groupby([row.user for row in self.rows]).mean(), dtype=float)
        return means

    @property
    def ndcg(self) -> Floats:
        """NDCG by user."""
        return self.by_user(ranking_metrics.ndcg_by_row(self.judged))

    @property
    def figures(self) -> list[float]:
        """NDCG, recall, the share of known items that some list has, and novelty in bits."""
        listed = len(np.unique(ranking_metrics.items_of(self.lists)))
        return [
            float(self.ndcg.mean()),
            float(self.by_user(ranking_metrics.recall_by_row(self.judged)).mean()),
            listed / max(self.known),
            float(self.by_user(ranking_metrics.novelty_by_row(self.lists)).mean()),
        ]


def scored(
    world: World, rows: Sequence[Row], models: Mapping[str, Callable[[], Any]], frozen: str | None = None
) -> dict[str, Scored]:
    """Lists of each model, which learns at the start of each quarter, or once at a moment."""
    parts: dict[str, list[tuple[list[Row], Floats, int]]] = {name: [] for name in models}
    for start, of_quarter in _by_quarter(rows):
        history = world.before(pd.Timestamp(frozen) if frozen else start)
        table = np.array([row.state for row in of_quarter], dtype=object)
        for name, make in models.items():
            model = make().fit(history, [None] * len(history))
            parts[name].append((of_quarter, model.predict(table), len(model.item_ids_)))
    return {
        name: Scored([row for each in found for row in each[0]], np.vstack([each[1] for each in found]),
                     [each[2] for each in found])
        for name, found in parts.items()
    }  # fmt: skip


def _by_quarter(rows: Sequence[Row]) -> Iterator[tuple[pd.Timestamp, list[Row]]]:
    quarters = pd.PeriodIndex([row.moment for row in rows], freq="Q")
    for quarter in sorted(set(quarters)):
        yield quarter.start_time, [row for row, its in zip(rows, quarters, strict=True) if its == quarter]


def gap(one: Scored, other: Scored) -> tuple[float, float, float]:
    """The mean difference in NDCG over the same users, with its 95 % interval by a bootstrap."""
    differences = one.ndcg - other.ndcg
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, len(differences), (_RESAMPLES, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), [0.025, 0.975])
    return float(differences.mean()), float(low), float(high)


@cache
def world() -> World:
    """The data set, from SLUSS_HOME or the cache of this folder."""
    home = Path(os.environ.get("SLUSS_HOME", ROOT / "var"))
    return World(tuple(by_user(read_ratings(Settings(home=home, data=None)))))


def models_of(found: Mapping[str, Scored], title: str) -> Table:
    """The figures of each model."""
    table = Table("model", "NDCG@10", "recall@10", "coverage", "novelty, bits", title=title)
    for name, each in found.items():
        ndcg, recall, coverage, novelty = each.figures
        table.add_row(name, f"{ndcg:.3f}", f"{recall:.3f}", f"{coverage:.1%}", f"{novelty:.2f}")
    return table


def gaps_of(pairs: Sequence[tuple[str, Scored, Scored, str]]) -> Table:
    """Gaps with their intervals and targets."""
    table = Table("compared", "gap in NDCG@10", "95 % interval", "target", "met")
    for name, one, other, target in pairs:
        mean, low, high = gap(one, other)
        met = "–" if not target else "yes" if low > 0 else "no"
        table.add_row(name, f"{mean:+.3f}", f"[{low:+.3f}, {high:+.3f}]", target, met)
    return table


def first_visits(user: Ratings) -> dict[int, int]:
    """The second before a user's first rating: nothing is known of the user."""
    return {0: int(user.times[0]) - 1}


def protocol(console: Console, years: tuple[int, int]) -> None:
    """All models, refreshed by the quarter, and the gaps of the shipped one."""
    rows = world().rows(years, lambda user: moments_of(user, RULES))
    found = scored(world(), rows, MODELS)
    users = len({row.user for row in rows})
    console.print(models_of(found, f"{years[0]} to {years[1]}: {users} users, {len(rows)} rows"))
    ahead = "ahead, interval above 0"
    targets = {LAST_YEAR: ahead, COSINE: ahead}
    pairs = [(f"shipped − {name}", found[SHIPPED], each, targets.get(name, "")) for name, each in found.items()]
    pairs = [pair for pair in pairs if pair[2] is not found[SHIPPED]]
    pairs.append(("EASE − popularity of the last year", found["EASE"], found[LAST_YEAR], ""))
    console.print(gaps_of(pairs))


def frozen(console: Console) -> None:
    """The shipped model of 2003 against the refreshed one, by years."""
    rows = world().rows(JUDGED, lambda user: moments_of(user, RULES))
    table = Table("years", "users", "frozen", "refreshed", "gap", "95 % interval", title=f"Frozen on {FROZEN}")
    for first, last in (JUDGED, (2003, 2006), (2007, 2011), (2012, 2016)):
        some = [row for row in rows if first <= row.moment.year <= last]
        only = {SHIPPED: MODELS[SHIPPED]}
        old, new = scored(world(), some, only, FROZEN)[SHIPPED], scored(world(), some, only)[SHIPPED]
        mean, low, high = gap(new, old)
        table.add_row(
            f"{first}–{last}", str(len(new.ndcg)), f"{old.ndcg.mean():.3f}", f"{new.ndcg.mean():.3f}", f"{mean:+.3f}",
            f"[{low:+.3f}, {high:+.3f}]",
        )  # fmt: skip
    console.print(table)


def newcomers(console: Console) -> None:
    """Users without history: the recent popularity against that of all time."""
    rows = world().rows(JUDGED, first_visits)
    models = {name: MODELS[name] for name in ("popularity of all time", LAST_YEAR, SHIPPED)}
    found = scored(world(), rows, models)
    console.print(models_of(found, f"Users without history: {len(rows)}"))
    all_time = found["popularity of all time"]
    pairs = [
        ("shipped − all time", found[SHIPPED], all_time, "ahead, interval above 0"),
        ("shipped − last year", found[SHIPPED], found[LAST_YEAR], ""),
        ("last year − all time", found[LAST_YEAR], all_time, ""),
    ]
    console.print(gaps_of(pairs))


def speed(console: Console) -> None:
    """The time of a fit on all ratings, and of one row."""
    history = world().before(pd.Timestamp("2016-10-18"))
    started = time.process_time()
    model = MODELS[SHIPPED]().fit(history, [None] * len(history))
    fitted = time.process_time() - started
    started = time.process_time()
    for row in history[:_TIMED]:
        model.predict(row[None])
    each = (time.process_time() - started) / _TIMED * 1000
    console.print(f"A fit on all ratings takes {fitted:.2f} s of CPU with reading the rows (target 0.15 s without),")
    console.print(f"a row {each:.1f} ms (target 1.2 ms).")


def choose(console: Console) -> None:
    """Settings tried on the years before the judged ones."""
    tried: dict[str, Callable[[], Any]] = {}
    for half_life, blend in product((None, 365, 730, 1461), (0.0, 0.3, 1.0)):
        params: dict[str, Any] = {"recent_days": 730, "half_life_days": half_life, "blend": blend}
        for regularisation in (30, 100, 300, 1000):
            name = f"EASE, {regularisation}, half-life {half_life}, blend {blend}"
            tried[name] = partial(EaseRanker, regularisation=regularisation, **params)
        for shrinkage in (0, 10, 30, 100):
            name = f"cosine, {shrinkage}, half-life {half_life}, blend {blend}"
            tried[name] = partial(CosineRanker, shrinkage=shrinkage, **params)
    rows = world().rows(CHOSEN, lambda user: moments_of(user, RULES))
    found = scored(world(), rows, tried)
    ordered = dict(sorted(found.items(), key=lambda each: -each[1].ndcg.mean()))
    console.print(models_of(ordered, f"Tried on {CHOSEN[0]} to {CHOSEN[1]}"))


def main() -> None:
    """Print the tables that are asked for; all but those of the choice without an option."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, nargs=2, metavar=("FIRST", "LAST"), help="judge other years, alone")
    parser.add_argument("--choose", action="store_true", help="show the settings tried on 1998 to 2002, alone")
    asked, console = parser.parse_args(), Console(width=120)
    if asked.choose:
        choose(console)
    elif asked.years:
        protocol(console, tuple(asked.years))
    else:
        protocol(console, JUDGED)
        frozen(console)
        newcomers(console)
        speed(console)


if __name__ == "__main__":
    main()
