"""One digest of the fitted state of a pipeline.

The saved file cannot serve as one: skops numbers its objects by their address in memory, and a zip contains times. The
digest therefore walks the state itself: classes by name, arrays by their values, any other object by its reduction, as
pickle does.
"""

from __future__ import annotations

import copyreg
import hashlib
import json
import tempfile
from functools import singledispatch
from itertools import chain
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from sklearn.pipeline import Pipeline

# The library's version, and an address in memory that CountVectorizer stores: neither was learned.
_NOT_LEARNED = {"_sklearn_version", "_stop_words_id"}


def pipeline_digest(pipeline: Pipeline) -> str:
    """Return the SHA-256 of the pipeline's classes, parameters and fitted state, in hexadecimal.

    It is equal in every process and after a load, and differs if a single number differs.
    """
    return _walk(pipeline, ()).hex()


def _walk(value: object, above: tuple[int, ...]) -> bytes:
    """Return the digest of a value. `above` holds the ids of the objects that contain it: states may be circular."""
    import numpy as np

    # Libraries differ in whether they store a NumPy scalar or the equal Python number; the model is the same.
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.random.BitGenerator):
        value = value.state  # without the seed that it was started from, which a load invents anew
    # Only a cycle is cut. An object that two places share is digested in both, since a load may make two of it.
    if id(value) in above:
        return _hash("again", str(len(above) - above.index(id(value))).encode())
    if isinstance(value, np.ndarray):
        return _array(value, (*above, id(value)))
    return _plain(value, (*above, id(value)))


def _hash(kind: str, *parts: bytes) -> bytes:
    """Return a digest over the lengths and bytes of the parts; the lengths distinguish (ab, c) from (a, bc)."""
    total = hashlib.sha256(kind.encode())
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.digest()


def _array(value: np.ndarray[Any, Any], above: tuple[int, ...]) -> bytes:
    """Digest an array by value, without its layout in memory and the padding between structured fields."""
    kind = f"array {value.dtype.str} {value.shape}"
    if value.dtype.names:
        return _hash(kind, *(_hash(name, _array(value[name], above)) for name in value.dtype.names))
    if value.dtype.hasobject:
        return _hash(kind, *(_walk(item, above) for item in value.ravel().tolist()))
    return _hash(kind, value.tobytes(order="C"))


@singledispatch
def _plain(value: Any, above: tuple[int, ...]) -> bytes:  # noqa: ANN401 - whatever a pipeline holds
    """Digest an object of any class by its reduction: how pickle would create it again."""
    # pickle has a way of its own for classes and functions, by their names; they refuse to be taken apart.
    if isinstance(value, type | FunctionType) or not hasattr(value, "__reduce_ex__"):
        return _hash("class", f"{value.__module__}.{value.__qualname__}".encode())
    if type(value).__module__.partition(".")[0] == "catboost":
        return _catboost(value, above)
    reducer = copyreg.dispatch_table.get(type(value))  # as pickle does: NumPy's functions have one there
    reduced = reducer(value) if reducer else value.__reduce_ex__(4)
    if isinstance(reduced, str):  # a function or a singleton: its name
        return _hash("name", f"{getattr(value, '__module__', '')}.{reduced}".encode())
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    inside = chain(arguments, (state, list(items or ()), list(pairs or ())))
    return _hash(f"object {make.__module__}.{make.__qualname__}", *(_walk(part, above) for part in inside))


def _catboost(value: Any, above: tuple[int, ...]) -> bytes:  # noqa: ANN401 - the package is optional
    """By trees and borders: CatBoost's own state holds a random name and the time of the training."""
    content: dict[str, Any] = {}
    if value.is_fitted():
        with tempfile.TemporaryDirectory() as folder:
            value.save_model(f"{folder}/model.json", format="json")
            content = json.loads(Path(folder, "model.json").read_text(encoding="utf-8"))
        del content["model_info"]
    return _hash(f"catboost {type(value).__qualname__}", _walk([value.get_params(), content], above))


@_plain.register(type(None))
@_plain.register(bool)
@_plain.register(int)
@_plain.register(float)
@_plain.register(complex)
@_plain.register(str)
@_plain.register(bytes)
def _(value: object, above: tuple[int, ...]) -> bytes:  # noqa: ARG001
    # The `repr` of a float is the shortest text that gives the same float again.
    return _hash(type(value).__name__, repr(value).encode())


@_plain.register(list)
@_plain.register(tuple)
def _(value: list[object] | tuple[object, ...], above: tuple[int, ...]) -> bytes:
    return _hash(type(value).__name__, *(_walk(item, above) for item in value))


@_plain.register(set)
@_plain.register(frozenset)
def _(value: set[object] | frozenset[object], above: tuple[int, ...]) -> bytes:
    # The order of a set differs from process to process.
    return _hash("set", *sorted(_walk(item, above) for item in value))


@_plain.register(dict)
def _(value: dict[object, object], above: tuple[int, ...]) -> bytes:
    """Digest a set or mapping without its order, which is not part of the model."""
    pairs = (_walk(key, above) + _walk(item, above) for key, item in value.items() if key not in _NOT_LEARNED)
    return _hash("dict", *sorted(pairs))
