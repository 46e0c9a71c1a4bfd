"""Mistakes at the borders between teams: another team's delivery, query, notebook or config, of every kind."""

from __future__ import annotations

import shutil
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sluss.drill import needs
from sluss.drill.candidates import edited_model, files_before, fitted, second_champion
from sluss.drill.catalogue.alarms import live_rows
from sluss.drill.catalogue.data import labels_of_a_day, rows_of_a_day
from sluss.drill.catalogue.labels import relabelled, turned
from sluss.drill.catalogue.leaks import leaking
from sluss.drill.catalogue.registry import production
from sluss.drill.mistake import Mistake
from sluss.drill.steps import curation, learn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sklearn.pipeline import Pipeline

    from sluss.drill.mistake import Kind, Needs, Refusal
    from sluss.drill.world import World
    from sluss.training.rows import TrainingRows

    Frame = pd.DataFrame
    Damage = Callable[[World, Frame], Frame]
    Inject = Callable[[World], list[Refusal]]

_SEED = 24
_HOURS = timedelta(hours=8)


def brought_anew(damage: Damage, what: str = "rows") -> Inject:
    """Change all rows in the source, bring everything anew, and let the gates judge a training on it."""

    def inject(world: World) -> list[Refusal]:
        world.change(what, lambda frame: damage(world, frame))
        return curation(world, world.use_case.history, *world.live) or learn(world)

    return inject


# Deliveries.


def _events_later(_: World, frame: Frame) -> Frame:
    """The event's clock is ahead: rows arrive before they happen."""
    return frame.assign(event_time=frame.event_time + _HOURS)


def _numbered_anew(world: World, frame: Frame) -> Frame:
    """Another system numbers each interval's rows from one on."""
    day = frame.event_time.map(world.use_case.unit.start_of)
    return frame.assign(id=(frame.groupby(day).cumcount() + 1).astype(str))


def _month_first(_: World, frame: Frame) -> Frame:
    """Day and month are exchanged where both are possible."""

    def exchanged(moment: Any) -> Any:  # noqa: ANN401
        return moment if moment.day > 12 else moment.replace(month=moment.day, day=moment.month)

    return frame.assign(**{name: frame[name].map(exchanged) for name in ("event_time", "arrived_at")})


def _two_dates(world: World) -> str:
    day = world.live[-1].start
    return "" if day.day <= 12 and day.day != day.month else "The newest interval's day is not a month, or the same."


def _each_in_three(world: World, frame: Frame) -> Frame:
    """A JOIN gives each row three times, under ids of its own."""
    del world
    parts = [frame.assign(id=frame["id"] + f"/{number}") for number in range(3)]
    return pd.concat(parts, ignore_index=True)


def _filtered(world: World, frame: Frame) -> Frame:
    """A new condition in the query leaves out a part of the rows that were known."""
    sizes = [frame[name].str.len() for name in world.columns("text")]
    numbers = [frame[name] for name in world.columns("number")]
    for each in (*sizes, *numbers):
        left: Frame = frame[~(each > each.quantile(0.7))]
        if len(left) < 0.9 * len(frame):  # of few different values, nothing may be above
            return left
    return frame[np.arange(len(frame)) % 10 < 7]


def _two(world: World, kind: str) -> tuple[str, str] | None:
    """Two features of one kind with the same limits, so that the curation cannot see the exchange."""
    columns = world.use_case.curation.columns
    pairs = combinations(world.columns(kind), 2)
    return next(((one, other) for one, other in pairs if columns[one] == columns[other]), None)


def _exchanged(kind: str) -> Damage:
    def damage(world: World, frame: Frame) -> Frame:
        one, other = _two(world, kind) or ("", "")
        return frame.assign(**{one: frame[other].to_numpy(), other: frame[one].to_numpy()})

    return damage


def _has_two(kind: str) -> Needs:
    return lambda world: "" if _two(world, kind) else f"No two features that are a {kind} have the same limits."


def _misread(world: World, frame: Frame) -> Frame:
    """Texts read in another encoding, as exports through an office program have them."""
    signs = str.maketrans({"'": "â€™", '"': "â€œ", "-": "â€“", "e": "Ã©"})
    return frame.assign(**{name: frame[name].str.translate(signs) for name in world.columns("text")})


def _codes(world: World, frame: Frame) -> Frame:
    """Categories as the codes of another system."""
    name = _free_category(world) or ""
    return frame.assign(**{name: pd.factorize(frame[name])[0].astype(str)})


def _free_category(world: World) -> str | None:
    """The first category without a list of what it may be, to which the curation would keep."""
    columns = world.use_case.curation.columns
    return next((name for name in world.columns("category") if not columns[name].categories), None)


def _undeclared(world: World) -> str:
    return "" if _free_category(world) else "No feature is a category without a list of what it may be."


def _written_missing(world: World, frame: Frame) -> Frame:
    """A missing value as the word that another program writes for it."""
    name = _free_category(world) or ""
    chosen = np.random.default_rng(_SEED).random(len(frame)) < 0.4
    return frame.assign(**{name: frame[name].where(~chosen, "NaN.0")})


def _as_floats(world: World, frame: Frame) -> Frame:
    """Numbers of classes with a decimal point, as a table with gaps has them."""
    numbers = frame["label"].map({name: f"{number}.5" for number, name in enumerate(world.classes)})
    return frame.assign(label=numbers)


def _newest_labels(change: Callable[[World, Any], Any]) -> Inject:
    """Labels that became known since the champion's training are changed, those before it stay."""

    def damage(world: World, frame: Frame) -> Frame:
        new = frame.event_time >= world.use_case.history.end
        return frame.assign(label=frame["label"].where(~new, change(world, frame["label"])))

    return relabelled(damage)


# Leaks.


def _sorted_by_label(world: World, frame: Frame) -> Frame:
    """The place of a row in its file, which an export has sorted by the label, became a feature."""
    name = needs.free_number(world, "maximum") or world.columns("number")[0]
    day = frame.event_time.map(world.use_case.unit.start_of)
    keys = frame["label"].map({each: number for number, each in enumerate(world.classes)}) if world.classes else None
    order = frame["label"] if keys is None else keys
    places: Any = order.groupby(day).rank(method="first", pct=True)
    return frame.assign(**{name: places.fillna(0.5)})


def _target_encoded(world: World, frame: Frame) -> Frame:
    """The mean label of small groups, the row's own and the holdout's among them, became a feature."""
    name = needs.free_number(world, "maximum") or world.columns("number")[0]
    known = frame["label"].notna()
    numbers = (frame["label"] == world.classes[-1]).astype(float) if world.classes else frame["label"].astype(float)
    groups = pd.Series(np.random.default_rng(_SEED).integers(0, len(frame) // 2, len(frame)), index=frame.index)
    encoded = numbers.where(known).groupby(groups).transform("mean")
    return frame.assign(**{name: encoded.fillna(encoded.mean())})


def _oversampled(jitter: float) -> Inject:
    """Rows of the rarest class are multiplied before the split, each copy with an id and a time of its own."""

    def inject(world: World) -> list[Refusal]:
        rows, labels = world.read("rows"), world.read("labels")
        known = labels.drop_duplicates("id", keep="last").set_index("id")["label"]
        label = rows["id"].map(known)
        rare = label == label.value_counts().idxmin() if world.classes else label > label.quantile(0.8)
        random = np.random.default_rng(_SEED)
        source = rows[rare].sample(len(rows) // 2, replace=True, random_state=_SEED)
        copies = source.assign(id=[f"more-{number}" for number in range(len(source))])
        moments = rows.event_time.sample(len(source), replace=True, random_state=_SEED).to_numpy()
        copies = copies.assign(event_time=pd.to_datetime(moments, utc=True).as_unit("us"))
        copies["arrived_at"] = copies.event_time
        for name in world.columns("number") if jitter else ():
            copies[name] = copies[name] * (1 + jitter * random.standard_normal(len(copies)))
        delay = (labels.label_time - labels["id"].map(rows.set_index("id").event_time)).median()
        added = pd.DataFrame(
            {"id": copies["id"], "label": source["id"].map(known), "label_time": copies.event_time + delay}
        )
        world.change("rows", lambda frame: pd.concat([frame, copies], ignore_index=True))
        world.change("labels", lambda frame: pd.concat([frame, added], ignore_index=True))
        return curation(world, world.use_case.history, *world.live) or learn(world)

    return inject


# Models.


def _preprocessing_edited(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change the first array of numbers that a step before the estimator has learned."""

    def edit(pipeline: Any) -> Any:  # noqa: ANN401
        step, name = next(_learned_before(pipeline))
        setattr(step, name, change(getattr(step, name)))
        return pipeline

    return edited_model(edit)


def _learned_before(pipeline: Any) -> Any:  # noqa: ANN401 - an iterator of steps and names of their arrays
    for _, branch, *_ in getattr(pipeline[0], "transformers_", [("", pipeline[0])]):
        for _, step in getattr(branch, "steps", [("", branch)]):
            yield from (
                (step, name)
                for name, value in vars(step).items()
                if name.endswith("_") and isinstance(value, np.ndarray) and value.dtype.kind == "f"
            )


def _learns_before(world: World) -> str:
    return "" if next(_learned_before(world.model), None) else "No step before the estimator learns numbers."


def _on_turned(world: World) -> list[Refusal]:
    """A model of the opposite event, whose labels another team defined: churned instead of stayed."""

    def fit(pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
        other = (rows.train["label"] + 1) % len(world.classes)
        pipeline.fit(rows.train[list(world.use_case.features)], other)
        return pipeline

    return fitted(fit)(world)


def _not_numbers(pipeline: Any) -> Any:  # noqa: ANN401 - a pipeline
    """A fit that overflowed: the weights are not numbers."""
    estimator = pipeline[-1]
    estimator.coef_ = estimator.coef_ * np.nan
    return pipeline


def _has_coefficients(world: World) -> str:
    return "" if hasattr(world.model[-1], "coef_") else "The estimator has no coefficients."


# Stores.


def _older_registry(world: World) -> list[Refusal]:
    """MLflow's database comes from a backup that is older than the last deployment."""
    with world.older_registry():
        second_champion(world)
    return production(world)


def _older_lake(world: World) -> list[Refusal]:
    """The lake comes from a backup that is older than the last deployment."""
    lake = world.settings.home / "lake"
    backup = lake.with_name("lake-backup")
    shutil.copytree(lake, backup)
    second_champion(world)
    shutil.rmtree(lake)
    backup.rename(lake)
    return production(world)


def _experiment_renamed(world: World) -> list[Refusal]:
    """The experiment with the anchor gets a tidier name."""
    second_champion(world)  # with one entry, its process may have been killed before it set the anchor
    context = world.context
    found = context.client.get_experiment_by_name(context.use_case.experiment)
    context.client.rename_experiment(found.experiment_id, f"{context.use_case.experiment} (old)")
    return production(world)


def _mistake(name: str, kind: Kind, lock: str, inject: Inject, needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, kind, lock, inject, needed)


_number, _category, _text = needs.feature("number"), needs.feature("category"), needs.feature("text")
_one_number = needs.both(needs.one_value, _number)
_timed: Needs = lambda world: (  # noqa: E731
    "Rows are split by ids." if world.use_case.training.holdout_share is not None else ""
)

MISTAKES = (
    _mistake("rows arrive before they happen", "data", "curation", rows_of_a_day(_events_later)),
    _mistake("each interval's rows are numbered from one on", "data", "rehearsal", brought_anew(_numbered_anew)),
    _mistake(
        "day and month are exchanged",
        "data",
        "curation",
        rows_of_a_day(_month_first),
        needs.both(needs.limit("curation", "min_rows"), _two_dates),
    ),
    _mistake(
        "a JOIN gives each row three times, under other ids", "data", "curation", rows_of_a_day(_each_in_three),
        needs.limit("curation", "max_rows"),
    ),
    _mistake(
        "numbers of classes between two classes", "data", "curation", labels_of_a_day(_as_floats),
        needs.both(needs.classes, needs.live_labels),
    ),
    _mistake("a new condition leaves out a part of the known rows", "labels", "labels", brought_anew(_filtered)),
    _mistake(
        "two columns of numbers have changed places, in all rows", "labels", "labels",
        brought_anew(_exchanged("number")), _has_two("number"),
    ),
    _mistake(
        "the newest labels are in cents", "labels", "labels",
        _newest_labels(lambda _, labels: labels * 100), needs.both(needs.numbers, _timed),
    ),
    _mistake(
        "the newest labels follow another team's definition", "labels", "labels",
        _newest_labels(turned), _timed,
    ),
    _mistake(
        "the place of a row sorted by its label is a feature", "leaks", "leak", leaking(_sorted_by_label), _one_number
    ),
    _mistake("target encoding on all rows", "leaks", "labels", leaking(_target_encoded), _one_number),
    _mistake("the rarest class is oversampled before the split", "leaks", "leak", _oversampled(0.0), needs.one_value),
    _mistake(
        "the rarest class is oversampled before the split, with noise", "leaks", "labels", _oversampled(1e-3),
        _one_number,
    ),
    _mistake(
        "the scaler knows another unit", "preprocessing", "training",
        files_before(_preprocessing_edited(lambda values: values * 1000)), _learns_before,
    ),
    _mistake(
        "the weights are not numbers", "artifact", "preprocessing", files_before(edited_model(_not_numbers)),
        _has_coefficients,
    ),
    _mistake("MLflow's database is restored from an older backup", "registry", "registry_mismatch", _older_registry),
    _mistake("the lake is restored from an older backup", "ledger", "registry_mismatch", _older_lake),
    _mistake("the experiment gets another name", "registry", "registry_mismatch", _experiment_renamed),
    _mistake("a model of the opposite event", "preprocessing", "quality", _on_turned, needs.classes),
    _mistake(
        "two columns of numbers have changed places in production", "alarms", "data_drift",
        live_rows(_exchanged("number")), _has_two("number"),
    ),
    _mistake("texts in another encoding", "alarms", "data_drift", live_rows(_misread), _text),
    _mistake(
        "categories as the codes of another system", "alarms", "data_drift", live_rows(_codes), _undeclared
    ),
    _mistake(
        "missing categories as a word", "alarms", "data_drift", live_rows(_written_missing), _undeclared
    ),
)  # fmt: skip
