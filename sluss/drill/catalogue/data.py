"""Mistakes with the rows of an interval: lost, doubled, cut, in another form or at another time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sluss.drill import needs
from sluss.drill.mistake import Mistake
from sluss.drill.steps import attempt, curation
from sluss.scoring.score_interval import score_interval

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World

    Frame = pd.DataFrame
    Damage = Callable[[World, Frame], Frame]

_TIMES = ("event_time", "arrived_at")


def rows_of_a_day(damage: Damage, what: str = "rows") -> Callable[[World], list[Refusal]]:
    """Damage the rows of the newest live interval; curate it, and score it if the curation lets it pass."""

    def inject(world: World) -> list[Refusal]:
        span = world.live[-1]
        world.change(what, lambda frame: damage(world, frame), span)
        refused = curation(world, span)
        return refused or attempt("scoring", lambda: score_interval(world.context, span))[1]

    return inject


def labels_of_a_day(damage: Damage) -> Callable[[World], list[Refusal]]:
    """The same for labels."""
    return rows_of_a_day(damage, "labels")


def _file(damage: Callable[[Path], object]) -> Callable[[World], list[Refusal]]:
    """The curation of the newest live interval from a damaged file."""

    def inject(world: World) -> list[Refusal]:
        damage(world.folder / "data" / "rows" / "rows.parquet")
        return curation(world, world.live[-1])

    return inject


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _as_csv(path: Path) -> None:
    """Write a CSV under the name of a Parquet file."""
    pd.read_parquet(path).to_csv(path, index=False)


def _another_table(path: Path) -> None:
    pd.DataFrame({"customer": ["a", "b"], "amount": [1.0, 2.0]}).to_parquet(path.with_name("another.parquet"))


def first_feature(world: World) -> str:
    """The first feature."""
    return world.use_case.features[0]


def _nulls(share: float) -> Damage:
    def damage(world: World, frame: Frame) -> Frame:
        name = _required(world)
        frame[name] = frame[name].astype(object)
        frame.loc[: int(len(frame) * share), name] = None
        return frame

    return damage


def _required(world: World) -> str:
    columns = world.use_case.curation.columns
    return next((name for name in world.use_case.features if not columns[name].nullable), "event_time")


def _required_feature(world: World) -> str:
    return "" if _required(world) != "event_time" else "Every feature may be missing."


def _some(share: float, name: Callable[[World], str | None], value: Callable[[World, Any], Any]) -> Damage:
    """A share of the rows has another value in a column."""

    def damage(world: World, frame: Frame) -> Frame:
        column = name(world)
        assert column is not None
        count = int(len(frame) * share) + 1
        given = frame[column].astype(object)
        given.iloc[:count] = [value(world, each) for each in given.iloc[:count]]
        frame[column] = given
        return frame

    return damage


def _limit(name: str) -> Callable[[World], str | None]:
    return lambda world: needs.limited(world, name)


def _of_limit(world: World, name: str) -> Any:  # noqa: ANN401 - a limit
    column = needs.limited(world, name)
    assert column is not None
    return getattr(world.use_case.curation.columns[column], name)


def _moved(by: Callable[[World], timedelta], *names: str) -> Damage:
    def damage(world: World, frame: Frame) -> Frame:
        return frame.assign(**{name: frame[name] + by(world) for name in names})

    return damage


def _interval(world: World) -> timedelta:
    return world.live[-1].end - world.live[-1].start


def _doubled(_: World, frame: Frame) -> Frame:
    return pd.concat([frame, frame], ignore_index=True)


def _contradicting(_: World, frame: Frame) -> Frame:
    """Two labels for each id, known at the same time."""
    return pd.concat([frame, frame.assign(label=frame["label"].to_numpy()[::-1])], ignore_index=True)


def _half_a_day(world: World, frame: Frame) -> Frame:
    middle = world.live[-1].start + _interval(world) / 2
    return frame[frame.event_time < middle]


def _early_in_the_day(world: World) -> list[Refusal]:
    """Labels of the newest interval's own rows, known before them."""
    span = world.live[-1]
    rows = world.read("rows")
    rows = rows[(rows.arrived_at >= span.start + timedelta(minutes=30)) & (rows.arrived_at < span.end)]
    own = world.read("labels").iloc[:1]["label"].repeat(len(rows)).to_numpy()
    added = pd.DataFrame({"id": rows["id"], "label": own, "label_time": span.start})
    world.change("labels", lambda frame: pd.concat([frame[~frame["id"].isin(added["id"])], added]), None)
    return curation(world, span)


def _without(share: float, name: str) -> Damage:
    """A share of the rows has no time."""

    def damage(_: World, frame: Frame) -> Frame:
        frame.loc[: int(len(frame) * share), name] = pd.NaT
        return frame

    return damage


def _data(
    name: str, inject: Callable[[World], list[Refusal]], needed: Needs | None = None, lock: str = "curation"
) -> Mistake:
    return Mistake(name, "data", lock, inject, needed or needs.nothing)


def _may_be_empty(world: World) -> str:
    return "The config sets curation.min_rows." if world.use_case.curation.min_rows else ""


_a_year_on = rows_of_a_day(_moved(lambda _: timedelta(days=365), *_TIMES))


_number = needs.feature("number")
_category = needs.feature("category")

MISTAKES = (
    # The file.
    _data("the file is cut off", _file(_cut)),
    _data("the file has another format than its name", _file(_as_csv)),
    _data("the file is empty", _file(lambda path: path.write_bytes(b""))),
    _data("the file is lost", _file(lambda path: path.unlink())),
    _data("a file of another table is in the folder", _file(_another_table)),
    # Columns.
    _data(
        "a feature's column is missing", rows_of_a_day(lambda world, frame: frame.drop(columns=first_feature(world)))
    ),
    _data(
        "a feature's column has another name",
        rows_of_a_day(lambda world, frame: frame.rename(columns={first_feature(world): f"{first_feature(world)}_new"})),
    ),
    _data("a required feature is null in all rows", rows_of_a_day(_nulls(1.0)), _required_feature),
    _data("a required feature is null in a fifth of the rows", rows_of_a_day(_nulls(0.2)), _required_feature),
    _data("ids are null", rows_of_a_day(lambda world, frame: frame.assign(id=None))),  # noqa: ARG005
    _data("all rows have one id", rows_of_a_day(lambda world, frame: frame.assign(id="1"))),  # noqa: ARG005
    _data("every row comes twice", rows_of_a_day(_doubled)),
    # Values.
    _data(
        "texts are empty",
        rows_of_a_day(_some(0.3, _limit("min_length"), lambda *_: "")),
        needs.column_limit("min_length"),
    ),
    _data(
        "texts are too long: two fields run together",
        rows_of_a_day(
            _some(0.3, _limit("max_length"), lambda world, text: text + " and" * _of_limit(world, "max_length"))
        ),
        needs.column_limit("max_length"),
    ),
    _data(
        "a category that does not exist",
        rows_of_a_day(_some(0.3, _limit("categories"), lambda *_: "of a new kind")),
        needs.column_limit("categories"),
    ),
    _data(
        "categories in capitals",
        rows_of_a_day(_some(1.0, _limit("categories"), lambda _, value: str(value).upper() + " ")),
        needs.column_limit("categories"),
    ),
    _data(
        "numbers below the minimum",
        rows_of_a_day(_some(0.3, _limit("minimum"), lambda world, _: _of_limit(world, "minimum") - 1)),
        needs.column_limit("minimum"),
    ),
    _data(
        "numbers above the maximum",
        rows_of_a_day(_some(0.3, _limit("maximum"), lambda world, _: _of_limit(world, "maximum") + 1)),
        needs.column_limit("maximum"),
    ),
    _data(
        "infinite numbers",
        rows_of_a_day(_some(0.3, lambda world: world.columns("number")[0], lambda *_: np.inf)),
        _number,
    ),
    _data(
        "numbers as texts with a unit",
        rows_of_a_day(
            lambda world, frame: frame.assign(
                **{world.columns("number")[0]: frame[world.columns("number")[0]].astype(str) + " kg"}
            )
        ),
        _number,
    ),
    # Times.
    _data("times are null", rows_of_a_day(_without(1.0, "event_time"))),
    _data("arrival times are null", rows_of_a_day(_without(1.0, "arrived_at"))),
    _data("times are null in a fifth of the rows", rows_of_a_day(_without(0.2, "event_time"))),
    _data(
        "times in another format",
        rows_of_a_day(
            lambda world, frame: frame.assign(  # noqa: ARG005
                event_time=frame.event_time.dt.strftime("%d.%m.%Y"), arrived_at=frame.event_time.dt.strftime("%d.%m.%Y")
            )
        ),
    ),
    _data("times a year in the future", _a_year_on, needs.limit("curation", "min_rows")),
    # Labels may come alone, so the curation lets it pass, and the scoring does not.
    _data("times a year in the future, where an interval may be empty", _a_year_on, _may_be_empty, "scoring"),
    _data(
        "local time taken for UTC",
        rows_of_a_day(_moved(lambda world: -_interval(world) / 3, "event_time", "arrived_at")),
        needs.limit("curation", "max_age_hours"),
    ),
    _data(
        "times cut to the start of the interval",
        rows_of_a_day(
            lambda world, frame: frame.assign(event_time=world.live[-1].start, arrived_at=world.live[-1].start)
        ),
        needs.limit("curation", "max_age_hours"),
    ),
    # Amounts.
    _data("the interval is empty", rows_of_a_day(lambda _, frame: frame.head(0)), needs.limit("curation", "min_rows")),
    _data(
        "only the first few rows came",
        rows_of_a_day(lambda _, frame: frame.head(10)),
        needs.limit("curation", "min_rows"),
    ),
    _data(
        "the source stopped half-way through",
        rows_of_a_day(_half_a_day),
        needs.limit("curation", "max_age_hours"),
    ),
    # Labels.
    _data(
        "labels are not among the classes",
        labels_of_a_day(lambda _, frame: frame.assign(label="unknown")),
        needs.both(needs.classes, needs.live_labels),
    ),
    _data(
        "labels are written in another way",
        labels_of_a_day(lambda _, frame: frame.assign(label=frame["label"].astype(str).str.upper())),
        needs.both(needs.classes, needs.live_labels),
    ),
    _data(
        "a label's number is off by one: a class too many",
        labels_of_a_day(lambda world, frame: frame.assign(label=str(len(world.classes)))),
        needs.both(needs.classes, needs.live_labels),
    ),
    _data("two labels of one row contradict each other", labels_of_a_day(_contradicting), needs.live_labels),
    _data("labels were known before their rows", _early_in_the_day),
)
