"""Objects of the classes that a config names, with the objects that their parameters name in turn."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

from sluss.config.settings import ROOT
from sluss.errors import ConfigError

# The full name of a function or a class, such as `numpy.log1p` or `components.text.clean`.
_FUNCTION = re.compile(r"(numpy|scipy|sklearn|components)(\.[A-Za-z_]\w*)+")
# Parameters that take pairs of a name and an estimator. In a config, the names may be left out.
_PAIRS = {"steps", "estimators", "transformer_list", "transformers"}
# Without these, each training would print pages, and CatBoost would write files where it runs.
_QUIET: dict[str, dict[str, object]] = {
    "lightgbm": {"verbose": -1},
    "catboost": {"verbose": False, "allow_writing_files": False},
}


def make_part(dotted: str, params: dict[str, Any], seed: int | None = None) -> Any:  # noqa: ANN401 - any class of a package
    """An object of a class.

    Args:
        dotted: the full name of the class.
        params: its parameters, as a config gives them.
        seed: its `random_state`, and that of the estimators in its parameters, where they have one that is not given.

    Raises:
        ConfigError: the class does not exist, or refuses a parameter.
    """
    cls = _named(dotted)
    known, open_ended = _parameters(cls)
    if unknown := sorted(set(params) - set(known)) if not open_ended else []:
        raise ConfigError(
            f"{dotted} has no parameter '{unknown[0]}' (it has: {', '.join(sorted(known))}). Correct the config."
        )
    values = {name: _value(name, value, known.get(name), seed) for name, value in params.items()}
    quiet = _QUIET.get(dotted.partition(".")[0], {})
    if seed is not None and "random_state" in known and hasattr(cls, "fit"):
        quiet = {"random_state": seed} | quiet
    try:
        return cls(**quiet | values)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(f"{dotted} cannot be made from its parameters: {reason} Correct the config.") from None


def _named(dotted: str) -> Any:  # noqa: ANN401 - a class or a function of any package
    module, _, name = dotted.rpartition(".")
    package = dotted.partition(".")[0]
    if package == "components" and str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))  # a step that runs as a file has its own folder on the path
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == package:
            raise ConfigError(
                f"'{dotted}' cannot be used: the package {package} is not installed. docs/your_code.md explains how "
                "to add it to the environment."
            ) from None
        if package == "components" and not isinstance(error, AttributeError):
            raise ConfigError(f"'{dotted}' cannot be imported: {error}. Correct the file in components/.") from None
        if package == "sklearn":
            raise ConfigError(f"scikit-learn has no '{dotted}'. Correct the name in the use case's config.") from None
        raise ConfigError(f"{package} has no '{dotted}'. Correct the name in the use case's config.") from None


def _parameters(cls: type) -> tuple[dict[str, Parameter], bool]:
    """The parameters of a class by name, and whether it takes any others.

    A class that hands `**kwargs` on to its base, as those of XGBoost do, has the parameters of both.
    """
    known: dict[str, Parameter] = {}
    for each in cls.__mro__:
        if "__init__" not in vars(each):
            continue
        found = signature(vars(each)["__init__"]).parameters.values() if each is not object else ()
        more = [one for one in found if one.kind is not Parameter.VAR_KEYWORD]
        known |= {one.name: one for one in more if one.name != "self" and one.name not in known}
        if len(more) == len(found):
            return known, False
    return known, True


def _value(name: str, value: object, parameter: Parameter | None, seed: int | None) -> object:
    """A parameter's value, with objects in the place of their names."""
    if name in _PAIRS and isinstance(value, list | tuple):
        return _pairs(value, seed)
    made = _objects(value, seed)
    # YAML has lists only. A parameter whose default is a tuple, such as a range, takes a tuple.
    if isinstance(made, list) and parameter is not None and isinstance(parameter.default, tuple):
        return tuple(made)
    return made


def _objects(value: object, seed: int | None) -> object:
    match value:
        case {"class": str(dotted), "params": dict(params)}:
            return make_part(dotted, params, seed)
        case {"class": str(dotted)}:
            return make_part(dotted, {}, seed)
        case dict():
            return {key: _objects(each, seed) for key, each in value.items()}
        case list():
            return [_objects(each, seed) for each in value]
        case tuple():
            return tuple(_objects(each, seed) for each in value)
        case str() if _FUNCTION.fullmatch(value):
            return _named(value)
    return value


def _pairs(values: list[object] | tuple[object, ...], seed: int | None) -> list[tuple[object, ...]]:
    """Tuples of a name and an estimator (and columns, for a ColumnTransformer)."""
    made: list[tuple[object, ...]] = []
    for each in values:
        if isinstance(each, list | tuple):
            made.append(tuple(_objects(one, seed) for one in each))
        else:
            estimator = _objects(each, seed)
            kind = estimator if isinstance(estimator, str) else type(estimator).__name__.lower()
            made.append((_unused(kind, {name for name, *_ in made}), estimator))
    return made


def _unused(name: str, used: set[object]) -> str:
    number, found = 1, name
    while found in used:
        number += 1
        found = f"{name}-{number}"
    return found
