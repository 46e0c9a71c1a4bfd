"""Mistakes with labels: turned, shuffled, shifted, lost. The champion knows what they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sluss.drill import needs
from sluss.drill.mistake import Mistake, NothingChangedError, hopeless
from sluss.drill.steps import curation, learn
from sluss.problems.ranking_metrics import items_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World

    Frame = pd.DataFrame
    Damage = Callable[[World, Frame], Frame]

_SEED = 20


def relabelled(damage: Damage) -> Callable[[World], list[Refusal]]:
    """Change labels in the source, bring everything anew, and let the gates judge a training on it.

    The frame that `damage` gets has id, label, label_time, and the columns of the row; the first three are kept.
    """

    def inject(world: World) -> list[Refusal]:
        rows = world.read("rows").drop(columns="arrived_at")

        def change(labels: Frame) -> Frame:
            known = labels.merge(rows, on="id").sort_values(["event_time", "id"], ignore_index=True)
            kept = ["id", "label", "label_time"]
            damaged = damage(world, known.copy())[kept]
            same = len(damaged) == len(known) and all(
                np.array_equal(damaged[name].to_numpy(), known[name].to_numpy()) for name in kept
            )
            if same:
                raise NothingChangedError("It leaves every label as it is.")
            return damaged

        world.change("labels", change)
        refused = curation(world, world.use_case.history, *world.live)
        return refused or learn(world)

    return inject


def turned(world: World, labels: Any) -> Any:  # noqa: ANN401 - a column
    """Each label as the next class; a number as far on the other side of the middle; for popular items, rare ones."""
    if _are_lists(world):
        return _mirrored(labels)
    if not world.classes:
        middle = labels.median()
        return 2 * middle - labels
    following = dict(zip(world.classes, [*world.classes[1:], world.classes[0]], strict=True))
    return labels.map(following)


def _are_lists(world: World) -> bool:
    return world.context.problem.judging.labels_are == "lists"


def _mirrored(labels: Any) -> Any:  # noqa: ANN401 - a column
    """Each item as the one that is as rare as it is popular."""
    items = labels.str.split().explode().value_counts().sort_index().sort_values(kind="stable").index
    mirror = dict(zip(items, items[::-1], strict=True))
    return labels.map(lambda text: " ".join(mirror[item] for item in text.split()))


def _turned_where(where: Callable[[World, Frame], Any]) -> Damage:
    """Turn the labels of some rows."""

    def damage(world: World, frame: Frame) -> Frame:
        return frame.assign(label=turned(world, frame["label"]).where(where(world, frame), frame["label"]))

    return damage


def _share(share: float) -> Callable[[World, Frame], Any]:
    return lambda _, frame: np.random.default_rng(_SEED).random(len(frame)) < share


def _newest_week(world: World, frame: Frame) -> Any:  # noqa: ANN401
    start = world.use_case.history.end - (world.use_case.history.end - frame.event_time.min()) / 4
    return (frame.event_time >= start) & (frame.event_time < world.use_case.history.end)


def _first_class(world: World, frame: Frame) -> Any:  # noqa: ANN401
    return (frame["label"] == world.classes[0]) & _share(0.5)(world, frame)


def _rarest(frame: Frame) -> Any:  # noqa: ANN401
    return frame["label"] == frame["label"].value_counts().index[-1]


def _rarest_class(world: World, frame: Frame) -> Any:  # noqa: ANN401
    return _rarest(frame) & _share(0.7)(world, frame)


def _into_the_rarest(_: World, frame: Frame) -> Frame:
    """As many rows again bear the label of the rarest class."""
    rare = _rarest(frame)
    more = frame[~rare].sample(min(int(rare.sum()), int((~rare).sum())), random_state=_SEED).index
    return frame.assign(label=frame["label"].where(~frame.index.isin(more), frame["label"][rare].iloc[0]))


def _group(world: World, frame: Frame) -> Any:  # noqa: ANN401
    """The rows of one part: short texts, low numbers, or the most frequent category."""
    if names := world.columns("text"):
        lengths = frame[names[0]].str.len()
        return lengths <= lengths.quantile(0.3)
    if names := world.columns("number"):
        return frame[names[0]] <= frame[names[0]].quantile(0.3)
    name = world.columns("category")[0]
    return frame[name] == frame[name].mode()[0]


def _shuffled(_: World, frame: Frame) -> Frame:
    return frame.assign(label=frame["label"].sample(frac=1, random_state=_SEED).to_numpy())


def _shuffled_within_days(world: World, frame: Frame) -> Frame:
    days = frame.event_time.map(world.use_case.unit.start_of)
    mixed: Any = frame.groupby(days)["label"].transform(lambda each: each.sample(frac=1, random_state=_SEED).to_numpy())
    return frame.assign(label=mixed)


def _shifted(by: int) -> Damage:
    return lambda _, frame: frame.assign(label=np.roll(frame["label"].to_numpy(), by))


def _shifted_a_day(world: World, frame: Frame) -> Frame:
    day = (frame.event_time < frame.event_time.min() + (world.live[0].end - world.live[0].start)).sum()
    return frame.assign(label=np.roll(frame["label"].to_numpy(), int(day)))


def _random(world: World, frame: Frame) -> Frame:
    return frame.assign(label=np.random.default_rng(_SEED).choice(list(world.classes), len(frame)))


def _by_rule(world: World, frame: Frame) -> Frame:
    first, second = world.classes[0], world.classes[-1]
    return frame.assign(label=np.where(_group(world, frame), first, second))


def _from_the_champion(world: World, frame: Frame) -> Frame:
    """The champion's own predictions in the place of labels."""
    features = frame[list(world.use_case.features)]
    if _are_lists(world):
        items = items_of(world.context.problem.scoring.scores(world.model, features))
        return frame.assign(label=[" ".join(f"{item:.0f}" for item in row if item >= 0) for row in items])
    predicted = world.model.predict(features)
    return frame.assign(label=[world.classes[int(each)] for each in predicted] if world.classes else predicted)


def _corrections(world: World, frame: Frame) -> Frame:
    """A later correction that turns the labels of a quarter of the rows."""
    chosen = frame[_share(0.25)(world, frame)]
    moment = world.live[0].start + (world.live[0].end - world.live[0].start) / 2
    again = chosen.assign(label=turned(world, chosen["label"]), label_time=moment)
    parts: list[Frame] = [frame, again[again.event_time < moment]]
    return pd.concat(parts)


def _lost(world: World, frame: Frame) -> Frame:
    gone = (frame["label"] == world.classes[0]) & _share(0.7)(world, frame)
    left: Frame = frame[~gone]
    return left


def _one_class(world: World, frame: Frame) -> Frame:
    return frame.assign(label=world.classes[0])


def _one_class_of_late(world: World, frame: Frame) -> Frame:
    """All labels of the newest days are one class."""
    late = frame.event_time >= world.now - (world.now - world.use_case.history.start) / 6
    return frame.assign(label=frame["label"].where(~late, world.classes[0]))


def _stopped(world: World, frame: Frame) -> Frame:
    """No label of the days that a candidate would be judged on."""
    return frame[frame.event_time < world.now - pd.Timedelta(days=world.use_case.training.holdout_days + 1)]


def _a_year_late(_: World, frame: Frame) -> Frame:
    return frame.assign(label_time=frame.label_time + pd.Timedelta(days=365))


def _other_ids(_: World, frame: Frame) -> Frame:
    """Labels with the ids of another numbering."""
    return frame.assign(id=[f"row-{number}" for number in range(len(frame))])


def _ids_sorted(_: World, frame: Frame) -> Frame:
    """Labels in the order of the alphabet of their ids, joined to rows in the order of time."""
    return frame.assign(label=frame.sort_values("id")["label"].to_numpy())


def _number(change: Callable[[Any], Any]) -> Damage:
    return lambda _, frame: frame.assign(label=change(frame["label"]))


def _ids_reused(world: World) -> list[Refusal]:
    """Two systems number their rows alike: a third of the newer rows bear the ids of the oldest ones."""
    oldest = world.read("rows").sort_values("event_time", ignore_index=True)["id"]

    def change(frame: Frame) -> Frame:
        frame = frame.sort_values("event_time", ignore_index=True)
        again = frame.index[len(frame) // 2 :: 3]
        ids = frame["id"].copy()
        ids[again] = oldest.iloc[: len(again)].to_numpy()
        return frame.assign(id=ids)

    world.change("rows", change)
    refused = curation(world, world.use_case.history, *world.live)
    return refused or learn(world)


def _rows_exchanged(world: World) -> list[Refusal]:
    """A JOIN on the wrong key: features of known ids come from other rows."""
    names = list(world.use_case.features)
    world.change("rows", lambda frame: frame.assign(**{name: np.roll(frame[name].to_numpy(), 7) for name in names}))
    refused = curation(world, world.use_case.history, *world.live)
    return refused or learn(world)


def _labels(name: str, damage: Damage, needed: Needs = needs.nothing, lock: str = "labels") -> Mistake:
    return Mistake(name, "labels", lock, relabelled(damage), needed)


def _timed(world: World) -> str:
    return "Rows are split by ids." if world.use_case.training.holdout_share is not None else ""


MISTAKES = (
    _labels("labels inverted for all rows", _turned_where(_share(1.0))),
    _labels("labels inverted for a third of the rows", _turned_where(_share(1 / 3))),
    _labels("labels inverted for a tenth of the rows", _turned_where(_share(0.1))),
    _labels("labels inverted for the newest quarter of the history", _turned_where(_newest_week)),
    _labels("labels inverted for one part of the rows", _turned_where(_group)),
    _labels("half of one class is called another", _turned_where(_first_class), needs.classes),
    _labels("most of the rarest class is called another", _turned_where(_rarest_class), needs.classes),
    _labels("as many rows again are called the rarest class", _into_the_rarest, needs.classes),
    _labels("labels shuffled", _shuffled),
    _labels("labels shuffled within each interval", _shuffled_within_days),
    _labels("labels shifted by one row", _shifted(1)),
    _labels("labels shifted by one row the other way", _shifted(-1)),
    _labels("labels shifted by a day", _shifted_a_day),
    _labels("labels in the order of time, ids in that of the alphabet", _ids_sorted),
    _labels("labels at random", _random, needs.classes),
    _labels("labels made by a rule of thumb", _by_rule, needs.classes),
    _labels("predictions of the champion in the place of labels", _from_the_champion),
    _labels("a late correction turns a quarter of the labels", _corrections),
    _labels("most labels of one class are lost", _lost, needs.classes),
    _labels("all labels are one class", _one_class, needs.classes, "rehearsal"),
    _labels("all labels of the newest days are one class", _one_class_of_late, needs.classes, "rehearsal"),
    _labels("labels have stopped before the holdout", _stopped, _timed, "rehearsal"),
    _labels("labels come a year late", _a_year_late, lock="rehearsal"),
    _labels("labels have the ids of another numbering", _other_ids, lock="rehearsal"),
    Mistake("ids are used again for other rows", "labels", "labels", _ids_reused),
    Mistake("a JOIN on the wrong key exchanges the rows of known labels", "labels", "labels", _rows_exchanged),
    _labels("labels in thousandths", _number(lambda labels: labels * 1000), needs.numbers),
    _labels("labels with the wrong sign", _number(lambda labels: -labels), needs.numbers),
    _labels(
        "labels cut off at their median", _number(lambda labels: labels.clip(upper=labels.median())), needs.numbers
    ),
    _labels("labels rounded to their tens of thousands", _number(lambda labels: labels.round(-4)), needs.numbers),
    _labels(
        "missing labels written as zero", _number(lambda labels: labels.where(labels.index % 3 > 0, 0)), needs.numbers
    ),
    hopeless(
        "labels inverted from the first row on",
        "labels",
        "Every label that was ever known is wrong in the same way, so nothing is left to compare with: a model of "
        "inverted labels is as good, by them, as one of right labels. A person has to look at a few rows.",
    ),
    hopeless(
        "labels that claim an earlier time than that at which they were known",
        "labels",
        "The source itself gives the time of a label, and no second record of it exists before the label arrives.",
    ),
)
