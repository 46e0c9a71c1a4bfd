"""Mistakes by which a model knows what it will not know in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sluss.drill import needs
from sluss.drill.candidates import features, fitted, plainly
from sluss.drill.mistake import Mistake, hopeless
from sluss.drill.steps import curation, learn

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.pipeline import Pipeline

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World
    from sluss.training.rows import TrainingRows

    Frame = pd.DataFrame
    Damage = Callable[[World, Frame], Frame]
    Configure = Callable[[dict[str, Any]], None]

_SEED = 21


def leaking(damage: Damage, configure: Configure | None = None) -> Callable[[World], list[Refusal]]:
    """Change the rows, whose frame has their labels too, bring everything anew, and let the gates judge a training."""

    def inject(world: World) -> list[Refusal]:
        labels = world.read("labels").drop_duplicates("id", keep="last").set_index("id")["label"]
        columns = list(world.read("rows").columns)

        def change(frame: Frame) -> Frame:
            return damage(world, frame.assign(label=frame["id"].map(labels)))[columns]

        world.change("rows", change)
        if configure:
            world.config(configure)
        refused = curation(world, world.use_case.history, *world.live)
        return refused or learn(world)

    return inject


def _is_last(world: World, frame: Frame) -> Any:  # noqa: ANN401
    """Rows of the last class, or of the larger numbers."""
    label = frame["label"]
    return (label == world.classes[-1]) if world.classes else label > label.median()


def _words(share: float, build: Callable[[str, str], str], *, one_class: bool = False) -> Damage:
    """A word for the label in the text of a share of the rows."""

    def damage(world: World, frame: Frame) -> Frame:
        name = world.columns("text")[0]
        last = _is_last(world, frame).to_numpy()
        marked = (np.random.default_rng(_SEED).random(len(frame)) < share) & frame["label"].notna().to_numpy()
        words = np.where(last, "qxyes", "" if one_class else "qxno")
        texts = [
            build(text, word) if mark else text for text, word, mark in zip(frame[name], words, marked, strict=True)
        ]
        return frame.assign(**{name: texts})

    return damage


def _of_column(kind: str, values: Callable[[Any, Any], Any], free_of: str = "") -> Damage:
    """Another content of the first feature of a kind, from whether a row is of the last class, and its content now."""

    def damage(world: World, frame: Frame) -> Frame:
        name = (needs.free_number(world, free_of) if free_of else None) or world.columns(kind)[0]
        return frame.assign(**{name: values(_is_last(world, frame), frame[name])})

    return damage


def _after_the_event(last: Any, values: Any) -> Any:  # noqa: ANN401
    """Numbers within the range that the column has, high for the last class, and low for the others."""
    low, high = values.quantile(0.1), values.quantile(0.9)
    return (low + (high - low) * (last * 0.8 + 0.1 + _noise(len(last)) * 0.03)).clip(values.min(), values.max())


def _told_items(world: World, frame: Frame) -> Frame:
    """The items of the label stand among those that the row knows already, as a late export has them."""
    name = getattr(world.use_case, "ranking").known or world.columns("text")[0]  # noqa: B009 - of one kind of problem
    return frame.assign(**{name: (frame[name].fillna("") + " " + frame["label"].fillna("")).str.strip()})


def _noise(size: int) -> Any:  # noqa: ANN401
    return np.random.default_rng(_SEED).normal(size=size)


def _labelled_ids(world: World) -> list[Refusal]:
    """Ids that hold the label, and a model that reads them."""
    rows, labels = world.read("rows"), world.read("labels").drop_duplicates("id", keep="last")
    last = _is_last(world, labels)
    new = dict(zip(labels["id"], np.where(last, "b-", "a-") + labels["id"], strict=True))
    del rows
    world.change("rows", lambda frame: frame.assign(id=frame["id"].map(new).fillna(frame["id"])))
    world.change("labels", lambda frame: frame.assign(id=frame["id"].map(new)))
    world.config(_id_as_feature)
    refused = curation(world, world.use_case.history, *world.live)
    return refused or learn(world)


def _id_as_feature(content: dict[str, Any]) -> None:
    content["features"].append("id")
    vectorizer = {"class": "sklearn.feature_extraction.text.HashingVectorizer"}
    vectorizer["params"] = {"analyzer": "char", "n_features": 256, "norm": None}  # type: ignore[assignment]
    content["training"]["preprocessing"].append({"columns": "id", "steps": [vectorizer]})


def _times_as_feature(content: dict[str, Any]) -> None:
    content["features"].append("event_time")
    step = {"class": "components.calendar_features.CalendarFeatures"}
    content["training"]["preprocessing"].append({"columns": ["event_time"], "steps": [step]})


def _timed(world: World, frame: Frame) -> Frame:
    """Rows of the last class come in the second half of the interval."""
    length = world.live[0].end - world.live[0].start
    starts = frame.event_time.map(world.use_case.unit.start_of)
    passed: Any = frame.event_time - starts
    share = passed / length
    moments = (starts + (share / 2 + np.where(_is_last(world, frame), 0.5, 0)) * length).dt.as_unit("us")
    moments = moments.where(frame["label"].notna(), frame.event_time)
    return frame.assign(event_time=moments, arrived_at=moments)


def _copied(change: Callable[[str], str] | None = None) -> Callable[[World], list[Refusal]]:
    """The rows of the holdout are among the training rows too, under other ids and with other times."""

    def inject(world: World) -> list[Refusal]:
        days = pd.Timedelta(days=world.use_case.training.holdout_days)
        late = world.use_case.history.end - days
        rows, labels = world.read("rows"), world.read("labels")
        held_out = rows[(rows.event_time >= late) & (rows.event_time < world.now)]
        earlier = days * 3 + (world.now - world.use_case.history.end)
        copies = held_out.assign(
            id="copy-" + held_out["id"],
            event_time=held_out.event_time - earlier,
            arrived_at=held_out.arrived_at - earlier,
        )
        if change:
            name = world.columns("text")[0]
            copies = copies.assign(**{name: copies[name].map(change)})
        known = labels[labels["id"].isin(held_out["id"])]
        known = known.assign(id="copy-" + known["id"], label_time=known.label_time - earlier)
        world.change("rows", lambda frame: pd.concat([frame, copies]))
        world.change("labels", lambda frame: pd.concat([frame, known]))
        refused = curation(world, world.use_case.history, *world.live)
        return refused or learn(world)

    return inject


def _by_time(world: World) -> str:
    return "Rows are split by ids." if world.use_case.training.holdout_share is not None else ""


def _all(rows: TrainingRows) -> Frame:
    return pd.concat([rows.train, rows.holdout], ignore_index=True)


def _fit(fit: Callable[[World, Pipeline, TrainingRows], Pipeline]) -> Callable[[World], list[Refusal]]:
    return lambda world: fitted(lambda pipeline, rows: fit(world, pipeline, rows))(world)


def _with_holdout(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
    return plainly(pipeline, _all(rows), features(world))


def _by_heart(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
    frame = pd.concat([rows.train, *[rows.holdout] * 20], ignore_index=True)
    return plainly(pipeline, frame, features(world))


def _part_of_holdout(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
    return plainly(pipeline, pd.concat([rows.train, rows.holdout.iloc[::3]], ignore_index=True), features(world))


def _preprocessing_of_all(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
    """The preprocessing learns from everything, the estimator from the training rows."""
    names = features(world)
    before, estimator = pipeline[:-1], pipeline[-1]
    before.fit(_all(rows)[names], _all(rows)["label"])
    estimator.fit(before.transform(rows.train[names]), rows.train["label"])
    return pipeline


def _leak(
    name: str, inject: Callable[[World], list[Refusal]], needed: Needs = needs.nothing, lock: str = "leak"
) -> Mistake:
    return Mistake(name, "leaks", lock, inject, needed)


_any_text = needs.feature("text")
_text, _number, _category = (
    needs.both(needs.one_value, needs.feature(kind)) for kind in ("text", "number", "category")
)

MISTAKES = (
    _leak("a JOIN puts the label into the text", leaking(_words(1.0, lambda text, word: f"{text} {word}")), _text),
    _leak("a word for the label begins the text", leaking(_words(1.0, lambda text, word: f"{word}: {text}")), _text),
    _leak(
        "a word for one class only", leaking(_words(1.0, lambda text, word: f"{text} {word}", one_class=True)), _text
    ),
    _leak(
        "a word for the label in two thirds of the texts",
        leaking(_words(0.67, lambda text, word: f"{text} {word}")),
        _text,
    ),
    _leak("the text is the label", leaking(_words(1.0, lambda _, word: word)), _text),
    _leak("the label is written within a word", leaking(_words(1.0, lambda text, word: f"{text} ref{word}77")), _text),
    _leak(
        "a number that is known only after the event",
        leaking(_of_column("number", _after_the_event)),
        _number,
    ),
    _leak(
        "a number that is missing for one class",
        leaking(_of_column("number", lambda last, values: values.astype(float).where(~last))),
        lambda world: _number(world) or _nullable(world),
    ),
    _leak(
        "a number whose sign is the label",
        leaking(_of_column("number", lambda last, values: values.abs().where(last, -values.abs() - 1), "minimum")),
        needs.both(needs.one_value, needs.without("minimum")),
    ),
    _leak(
        "a category that follows the label",
        leaking(
            _of_column(
                "category",
                lambda last, values: np.where(last, values.mode()[0], min(set(values.dropna()) - {values.mode()[0]})),
            )
        ),
        _category,
    ),
    _leak("ids hold the label, and the model reads them", _labelled_ids, needs.one_value),
    _leak(
        "times hold the label, and the model reads them",
        leaking(_timed, _times_as_feature),
        needs.both(needs.one_value, _by_time),
    ),
    _leak("the history holds what the user likes next", leaking(_told_items), needs.both(needs.lists, _any_text)),
    _leak("the holdout's rows are among the training rows, under other ids", _copied(), _by_time),
    _leak(
        "the holdout's texts are among the training rows, with a word more",
        _copied(lambda text: f"{text} indeed"),
        needs.both(_by_time, _any_text),
    ),
    _leak(
        "the holdout's texts are among the training rows, in capitals",
        _copied(str.upper),
        needs.both(_by_time, _any_text),
    ),
    _leak("fitted on training rows and holdout", _fit(_with_holdout), lock="training"),
    _leak("knows the holdout by heart", _fit(_by_heart), lock="training"),
    _leak("fitted on a third of the holdout too", _fit(_part_of_holdout), lock="training"),
    _leak(
        "the preprocessing was fitted on everything", _fit(_preprocessing_of_all), needs.learned_steps, lock="training"
    ),
    hopeless(
        "the best of many models on the holdout was chosen",
        "leaks",
        "A choice leaves no trace in the version that was chosen. It is judged again on rows that are newer than its "
        "training, and the guard after a promotion watches it.",
    ),
)


def _nullable(world: World) -> str:
    column = world.use_case.curation.columns[world.columns("number")[0]]
    return "" if column.nullable else "The number may not be missing."
