"""The recipe of a model: what the config says about how rows become predictions, apart from when and on which rows.

A training of the same recipe on newer rows, with another seed, window or holdout, is a routine refresh. Anything else
is a change, and the gates ask more of it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sluss.errors import ModelError
from sluss.registry.artifacts import CONFIG_FILE
from sluss.training.components import COMPONENTS_FILE, component_files, uses_components

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.use_case import UseCase

# Keys of a use case's file that do not make its predictions.
_OPERATION = frozenset(
    (
        "name", "title", "model", "schedule_zone", "unit", "schedule", "live_start", "live_end", "source", "curation",
        "group", "forecast", "gates", "deployment", "monitoring", "retraining", "retention",
    )
)  # fmt: skip
# Keys of its training that choose rows, draw at random, or only judge.
_ROUTINE = frozenset(
    (
        "window_days", "holdout_days", "holdout_share", "folds", "min_rows", "embargo", "purge", "seed", "metric",
        "slices",
    )
)  # fmt: skip
_SEED = "random_state"  # scikit-learn's parameter of that name
_COMPONENTS = "components"


def recipe_of(use_case: UseCase) -> dict[str, Any]:
    """Return the recipe of a use case's config and of the present code in `components/`, as plain values by key."""
    content = json.loads(use_case.model_dump_json(by_alias=True))
    return _recipe(content, component_files() if uses_components(use_case.training) else {})


def recorded_recipe(folder: Path) -> dict[str, Any]:
    """Return the recipe of a version, from its artifacts.

    Raises:
        ModelError: they do not have the config of its training.
    """
    path, components = folder / CONFIG_FILE, folder / COMPONENTS_FILE
    if not path.is_file():
        raise ModelError("It does not hold the config that it was trained with.")
    files = json.loads(components.read_text(encoding="utf-8")) if components.is_file() else {}
    # Not validated, so that the config of an older release can be compared too.
    return _recipe(json.loads(path.read_text(encoding="utf-8")), files)


def recipe_digest(recipe: dict[str, Any]) -> str:
    """Return the SHA-256 of a recipe."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the keys in which two recipes differ."""
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))


def _recipe(content: dict[str, Any], components: dict[str, str]) -> dict[str, Any]:
    training = content.get("training", {})
    found = {key: value for key, value in content.items() if key not in _OPERATION | {"training"}}
    found |= {f"training.{key}": value for key, value in training.items() if key not in _ROUTINE}
    if training.get("search"):
        found["training.metric"] = training.get("metric")  # by which the parameters are chosen
    columns = content.get("curation", {}).get("columns", {})
    found["kinds"] = {name: columns.get(name, {}).get("kind") for name in content.get("features", ())}
    if components:
        found[_COMPONENTS] = components
    # A key that is not set does not tell whether the release of that training knew it.
    return {key: _without_seeds(value) for key, value in found.items() if value not in (None, {}, [])}


def _without_seeds(value: Any) -> Any:  # noqa: ANN401 - any value of a config
    if isinstance(value, dict):
        return {key: _without_seeds(each) for key, each in value.items() if key != _SEED}
    if isinstance(value, list):
        return [_without_seeds(each) for each in value]
    return value
