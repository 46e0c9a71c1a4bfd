"""Mistakes that reach production, and that the monitor has to see: other inputs, other labels, other scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sluss.drill import needs
from sluss.drill.catalogue.artifact import stored
from sluss.drill.catalogue.labels import turned
from sluss.drill.mistake import Mistake
from sluss.drill.steps import attempt, curation, live, watch
from sluss.interval import partitions
from sluss.registry.artifacts import PROFILE_FILE
from sluss.scoring.score_interval import score_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World

    Frame = pd.DataFrame
    Damage = Callable[[World, Frame], Frame]

_SEED = 23


def live_rows(damage: Damage) -> Callable[[World], list[Refusal]]:
    """Damage the rows of all live intervals; curate, score and monitor them."""

    def inject(world: World) -> list[Refusal]:
        for span in world.live:
            world.change("rows", lambda frame: damage(world, frame), span)
        return [*curation(world, *world.live), *live(world)]

    return inject


def live_labels(damage: Damage) -> Callable[[World], list[Refusal]]:
    """Damage the labels of live rows; curate, score and monitor all live intervals."""

    def inject(world: World) -> list[Refusal]:
        rows = world.read("rows")
        ids = set(rows[rows.event_time >= world.live[0].start]["id"])

        def change(frame: Frame) -> Frame:
            own = frame["id"].isin(ids)
            return pd.concat([frame[~own], damage(world, frame[own])])

        world.change("labels", change)
        return [*curation(world, *world.live), *live(world)]

    return inject


def _text(change: Callable[[str], str], share: float = 1.0) -> Damage:
    def damage(world: World, frame: Frame) -> Frame:
        name = world.columns("text")[0]
        chosen = np.random.default_rng(_SEED).random(len(frame)) < share
        texts = [change(text) if each else text for text, each in zip(frame[name], chosen, strict=True)]
        return frame.assign(**{name: texts})

    return damage


def _cipher(text: str) -> str:
    """Words of another language: each letter is the next one."""
    return "".join(chr(ord(sign) + 1) if sign.isalpha() and sign.isascii() else sign for sign in text)


def _column(kind: str, change: Callable[[Any], Any], free_of: str = "") -> Damage:
    """Change the first feature of a kind; of numbers, the first without a limit."""

    def damage(world: World, frame: Frame) -> Frame:
        name = (needs.free_number(world, free_of) if free_of else None) or world.columns(kind)[0]
        return frame.assign(**{name: change(frame[name])})

    return damage


def _all_columns(world: World, frame: Frame) -> Frame:
    """Each feature's values come from other rows, none from where they belong; one value of each is everywhere."""
    return frame.assign(**{name: frame[name].iloc[0] for name in world.use_case.features})


def _one_class(world: World, frame: Frame) -> Frame:
    return frame.assign(label=world.classes[0])


def _random(world: World, frame: Frame) -> Frame:
    return frame.assign(label=np.random.default_rng(_SEED).choice(list(world.classes), len(frame)))


def _inverted(world: World, frame: Frame) -> Frame:
    return frame.assign(label=turned(world, frame["label"]))


def _shuffled(_: World, frame: Frame) -> Frame:
    return frame.assign(label=frame["label"].sample(frac=1, random_state=_SEED).to_numpy())


def _edited_scores(change: Callable[[Any], Any]) -> Callable[[World], list[Refusal]]:
    """Edit the scores in the lake before the interval is monitored."""

    def inject(world: World) -> list[Refusal]:
        found: list[Refusal] = []
        for interval in world.live:
            found += attempt("scoring", lambda interval=interval: score_interval(world.context, interval))[1]  # type: ignore[misc]
            _edit_predictions(world, interval, change)
            found += watch(world, interval)
        return found

    return inject


def _edit_predictions(world: World, interval: Any, change: Callable[[Any], Any]) -> None:  # noqa: ANN401
    lake, span = world.context.lake, partitions(interval, world.use_case.unit)
    dataset = lake.dataset("predictions", first=span[0], last=span[0])
    assert dataset is not None
    table = dataset.to_table()
    scores = change(table["score"].to_numpy())
    edited = {
        "score": scores,
        "prediction": (scores >= 0.5).astype("int8"),
        "confidence": np.maximum(scores, 1 - scores),
    }
    for name, values in edited.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(
            place, table.schema.field(place), pa.array(values).cast(table.schema.field(place).type)
        )
    lake.replace("predictions", table, *span)


def _profile_replaced(world: World) -> list[Refusal]:
    """Replace the champion's profile in the store and in the local copy, by one that no interval differs from."""
    import shutil

    (stored(world) / PROFILE_FILE).write_text("{}")
    shutil.rmtree(world.settings.home / "models")
    scored, refused = attempt("scoring", lambda: score_interval(world.context, world.live[1]))
    return [*refused, *(watch(world, world.live[1]) if scored else [])]


def _not_scored(world: World) -> list[Refusal]:
    """Monitor an interval without scores."""
    return watch(world, world.live[1])


def _alarm(name: str, lock: str, inject: Callable[[World], list[Refusal]], needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "alarms", lock, inject, needed)


_has_text, _number, _category = needs.feature("text"), needs.feature("number"), needs.feature("category")
_known = needs.live_labels
_classes_known = needs.both(needs.classes, needs.live_labels)

MISTAKES = (
    _alarm("texts of another language", "data_drift", live_rows(_text(_cipher)), _has_text),
    _alarm("texts cut off after twenty characters", "data_drift", live_rows(_text(lambda text: text[:20])), _has_text),
    _alarm("texts of one word", "data_drift", live_rows(_text(lambda text: text.split()[0])), _has_text),
    _alarm(
        "texts that come twice in one field", "data_drift", live_rows(_text(lambda text: f"{text} {text}")), _has_text
    ),
    _alarm("a placeholder in a third of the texts", "data_drift", live_rows(_text(lambda _: "n/a", 1 / 3)), _has_text),
    _alarm("letters apart, as from UTF-16", "data_drift", live_rows(_text(" ".join)), _has_text),
    _alarm(
        "words joined: the spaces are lost",
        "data_drift",
        live_rows(_text(lambda text: text.replace(" ", ""))),
        _has_text,
    ),
    _alarm(
        "markup around each text",
        "data_drift",
        live_rows(_text(lambda text: f'<div class="review"><p>{text}</p><br/></div>')),
        _has_text,
    ),
    _alarm("every row is the same", "data_drift", live_rows(_all_columns)),
    _alarm(
        "numbers in another unit",
        "data_drift",
        live_rows(_column("number", lambda values: values * 1000, "maximum")),
        needs.without("maximum"),
    ),
    _alarm(
        "a sensor stands still", "data_drift", live_rows(_column("number", lambda values: values.median())), _number
    ),
    _alarm(
        "missing numbers written as zero",
        "data_drift",
        live_rows(_column("number", lambda values: values.where(values.index % 2 == 0, 0))),
        _number,
    ),
    _alarm(
        "numbers with the wrong sign",
        "data_drift",
        live_rows(_column("number", lambda values: -values.abs() - 1, "minimum")),
        needs.without("minimum"),
    ),
    _alarm(
        "one category everywhere",
        "data_drift",
        live_rows(_column("category", lambda values: values.mode()[0])),
        _category,
    ),
    # Labels: the world has changed, and the inputs have not.
    _alarm("the meaning of the labels has turned", "quality_drop", live_labels(_inverted), _known),
    _alarm("labels have nothing to do with the rows any more", "quality_drop", live_labels(_shuffled), _known),
    _alarm("live labels at random", "quality_drop", live_labels(_random), _classes_known),
    _alarm("all live labels are one class", "quality_drop", live_labels(_one_class), _classes_known),
    # Scores.
    _alarm(
        "scores of the other class",
        "quality_drop",
        _edited_scores(lambda scores: 1 - scores),
        needs.both(needs.two_classes, _known),
    ),
    _alarm(
        "every score is one half", "low_confidence", _edited_scores(lambda scores: scores * 0 + 0.5), needs.two_classes
    ),
    _alarm("every score is the same", "data_drift", _edited_scores(lambda scores: scores * 0 + scores.mean())),
    _alarm(
        "scores of another batch: in another order",
        "quality_drop",
        _edited_scores(lambda scores: np.roll(scores, len(scores) // 2)),
        needs.both(needs.two_classes, _known),
    ),
    _alarm("the champion's profile is replaced", "scoring", _profile_replaced),
    _alarm("an interval was never scored", "monitoring", _not_scored),
)
