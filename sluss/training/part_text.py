"""Estimators as the parts of a config that make them: the reverse of `parts.make_part`."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sluss.config.training import PACKAGES, Part
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

# Packages whose functions and types may stand in a config; a numpy function does not always know its module.
_FUNCTIONS = ("numpy", "scipy", "sklearn", "components")
_HOMES = ("numpy", "scipy.special")
_KINDS = "numbers, texts, True, False, None, estimators, functions of NumPy or SciPy, or lists of these"


def part_of(part: BaseEstimator) -> Part:
    """A class by its public name, with the parameters that differ from their defaults.

    Raises:
        ConfigError: the class, or a parameter, cannot be written into a config.
    """
    return Part.model_validate(_written_part(part))


def params_of(part: BaseEstimator) -> dict[str, Any]:
    """The parameters that differ from their defaults."""
    defaults = {name: each.default for name, each in inspect.signature(type(part).__init__).parameters.items()}
    given = part.get_params(deep=False)
    return {name: value for name, value in given.items() if not _same(value, defaults.get(name))}


def _written_part(part: BaseEstimator) -> dict[str, Any]:
    cls = type(part)
    name = _public_name(cls, cls.__module__)
    if name is None or name.partition(".")[0] not in PACKAGES:
        raise ConfigError(
            f"{cls.__module__}.{cls.__qualname__} is not a class of scikit-learn, LightGBM, XGBoost, CatBoost or "
            "components, so the pipeline cannot be built from a config. Move the class to a file in components/."
        )
    params: dict[str, Any] = {}
    for key, value in params_of(part).items():
        try:
            params[key] = _written(value)
        except TypeError:
            raise ConfigError(
                f"{cls.__name__}({key}={value!r}) cannot be written into a config. Give {_KINDS}; move a function of "
                "your own to a file in components/."
            ) from None
    return {"class": name, "params": params}


def _public_name(thing: Any, module: str) -> str | None:  # noqa: ANN401 - a class or a function
    """Its full name by its public path, because the next release may rename a private module; None without one."""
    public, name = module.split("._")[0], getattr(thing, "__name__", "")
    found = sys.modules.get(public) or import_module(public)
    return f"{public}.{name}" if name and getattr(found, name, None) is thing else None


def _written(value: Any) -> Any:  # noqa: ANN401 - any parameter
    """A value as YAML has it. `make_part` makes tuples of lists again, where a parameter takes them.

    Raises:
        TypeError: it has no such form.
    """
    if isinstance(value, float) and hasattr(value, "item"):
        return value.item()  # NumPy's double is a float too
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _written(each) for key, each in value.items()}
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _written_part(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return _written(value.item())
    if callable(value):
        return _function(value)
    raise TypeError


def _function(value: Any) -> str:  # noqa: ANN401 - a function, a ufunc or a type
    module = getattr(value, "__module__", None)
    for home in (module, *_HOMES) if module else _HOMES:
        name = _public_name(value, home) if home.partition(".")[0] in _FUNCTIONS else None
        if name is not None:
            return name
    raise TypeError


def _same(value: object, default: object) -> bool:
    # Of the same type, too: 1, 1.0 and True are equal, but a config tells them apart.
    return value is default or (_plain(value) and type(value) is type(default) and value == default)


def _plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
