"""Mistakes with the reference profile and with the monitor's limits, after which no alert would ever be raised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sluss.digests import artifact_digest
from sluss.drill import needs
from sluss.drill.candidates import copy_of_champion, files_before, registered
from sluss.drill.catalogue.preprocessing import cleaned
from sluss.drill.mistake import Mistake
from sluss.drill.steps import gates
from sluss.monitoring.profile import build_profile
from sluss.registry.artifacts import PROFILE_FILE
from sluss.statistics.figures import SCORE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World

    Content = dict[str, Any]


def _edit(change: Callable[[Content], object]) -> Callable[[Path], None]:
    """Change the content of the profile in place."""

    def edit(folder: Path) -> None:
        path = folder / PROFILE_FILE
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return edit


def _built(build: Callable[[World], Content]) -> Callable[[World], list[Refusal]]:
    """A profile of other rows or scores than those of the version."""

    def inject(world: World) -> list[Refusal]:
        folder = copy_of_champion(world)
        (folder / PROFILE_FILE).write_text(json.dumps(build(world)), encoding="utf-8")
        return gates(world, registered(world, folder, artifact_digest(folder)))

    return inject


def _of_other_rows(world: World) -> Content:
    rows = world.trained_on
    train, holdout = cleaned(world, rows.train), cleaned(world, rows.holdout)
    return build_profile(world.use_case, train, holdout, _scores(world), rows.holdout["label"].to_numpy())


def _of_other_scores(world: World) -> Content:
    """Scores of a model that is hardly ever sure."""
    rows, scores = world.trained_on, _scores(world)
    shrunk = scores.mean(axis=0) + (scores - scores.mean(axis=0)) * 0.2
    return build_profile(world.use_case, rows.train, rows.holdout, shrunk, rows.holdout["label"].to_numpy())


def _of_a_few_rows(world: World) -> Content:
    rows = world.trained_on
    train = rows.train.groupby("label").head(20) if world.classes else rows.train.head(40)
    return build_profile(world.use_case, train, rows.holdout, _scores(world), rows.holdout["label"].to_numpy())


def _scores(world: World) -> Any:  # noqa: ANN401 - an array
    problem = world.context.problem
    return problem.scoring.scores(world.model, world.trained_on.holdout[list(world.use_case.features)])


def _promise(**values: Any) -> Callable[[Content], object]:  # noqa: ANN401
    return lambda content: content["holdout"].update(values)


def _nan(content: Content) -> None:
    """Every figure of the first feature that is a list of numbers is NaN."""
    part = next(each for each in content["features"].values() if any(isinstance(one, list) for one in each.values()))
    for name, value in part.items():
        if isinstance(value, list):
            part[name] = [float("nan")] * len(value)


def _empty_counts(content: Content) -> None:
    content["training_rows"] = 0
    for part in content["features"].values():
        if "counts" in part:
            part["counts"] = {}


def _no_confidence(content: Content) -> None:
    for name in [name for name in content if "confidence" in name]:
        del content[name]


def _has_confidence(world: World) -> str:
    path = world.artifacts / PROFILE_FILE
    content: Content = json.loads(path.read_text(encoding="utf-8"))
    return "" if any("confidence" in name for name in content) else "The profile has no confidence."


def _first(content: Content) -> str:
    return str(next(iter(content["features"])))


def _limit(section: str, name: str, value: Any) -> Callable[[World], list[Refusal]]:  # noqa: ANN401
    """A limit of the monitor that no interval can pass, for the version in the registry."""

    def inject(world: World) -> list[Refusal]:
        folder = copy_of_champion(world)
        version = registered(world, folder, artifact_digest(folder))
        world.config(lambda content: content[section].update({name: value}))
        return gates(world, version)

    return inject


def _all_ignored(world: World) -> list[Refusal]:
    folder = copy_of_champion(world)
    version = registered(world, folder, artifact_digest(folder))
    names = list(world.use_case.features)
    world.config(lambda content: content["monitoring"].update(ignore=names))
    return gates(world, version)


def _profile(name: str, inject: Callable[[World], list[Refusal]], needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "profile", "monitoring", inject, needed)


def _file(name: str, change: Callable[[Content], object], needed: Needs = needs.nothing) -> Mistake:
    return _profile(name, files_before(_edit(change)), needed)


MISTAKES = (
    _profile("the profile is missing", files_before(lambda folder: (folder / PROFILE_FILE).unlink())),
    _profile("the profile is not JSON", files_before(lambda folder: (folder / PROFILE_FILE).write_text("not JSON"))),
    _file("the profile has another format", lambda content: content.update(format=99)),
    _file("the profile has no confidence", _no_confidence, _has_confidence),
    _file(
        "the profile's vocabulary is empty",
        lambda content: content.update(vocabularies=dict.fromkeys(content["vocabularies"], "")),
        needs.feature("text"),
    ),
    _file("the profile holds NaN", _nan),
    _file("the profile counts no rows", _empty_counts),
    _file("the profile has no features", lambda content: content.update(features={})),
    _file("a feature is missing in the profile", lambda content: content["features"].pop(_first(content))),
    _file(
        "the profile has a feature that the use case lacks",
        lambda content: content["features"].update(weather=content["features"][_first(content)]),
    ),
    _file("the profile has no scores", lambda content: content.pop(SCORE)),
    _file("the profile promises NaN", _promise(value=float("nan"), low=float("nan"), high=float("nan"))),
    _file("the profile promises 0.30", _promise(value=0.30, low=0.28, high=0.32)),
    _file("the profile promises 1.0", _promise(value=1.0, low=1.0, high=1.0)),
    _file("the profile promises another metric", _promise(metric="weather")),
    _file("the promise rests on no rows", _promise(rows=0)),
    _profile("the profile is of other rows", _built(_of_other_rows)),
    _profile("the profile is of another model's scores", _built(_of_other_scores)),
    _profile("the profile is of a few rows", _built(_of_a_few_rows)),
    _profile("a drift limit that no distance reaches", _limit("monitoring", "drift_distance", 0.99)),
    _profile("a quality limit that no fall reaches", _limit("monitoring", "quality_drop", 0.99)),
    _profile("a test that needs more rows than ever come", _limit("monitoring", "min_rows", 10**9)),
    _profile("every feature is ignored", _all_ignored),
)
