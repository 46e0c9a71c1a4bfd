"""Mistakes with a version's files: damaged, swapped, with code in them, or a model that must not be loaded."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import skops.io

from sluss.digests import artifact_digest
from sluss.drill import needs
from sluss.drill.candidates import (
    copy_of_champion,
    edited_holdout,
    edited_model,
    files_after,
    files_before,
    registered,
)
from sluss.drill.mistake import Mistake
from sluss.drill.steps import attempt, gates
from sluss.registry.artifacts import CONFIG_FILE, HOLDOUT_FILE, MODEL_FILE, PROFILE_FILE
from sluss.registry.names import DIGEST_TAG
from sluss.registry.trusted_types import trusted_types
from sluss.scoring.score_interval import score_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World


def _flip(folder: Path) -> None:
    """Turn the bits of one byte in the middle of the model."""
    path = folder / MODEL_FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _cut(folder: Path) -> None:
    path = folder / MODEL_FILE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _swap_names(folder: Path) -> None:
    first, second = folder / CONFIG_FILE, folder / PROFILE_FILE
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


def _write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def _pickled(protocol: int) -> bytes:
    return pickle.dumps({"weights": list(range(50)), "of": Path}, protocol=protocol)


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("weights", _pickled(4))
    return file.getvalue()


def _tarred() -> bytes:
    file, content = io.BytesIO(), _pickled(2)
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("weights")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _nested() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner.zip", _zipped())
    return file.getvalue()


def _weights(change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Callable[[Path], None]:
    """Change the first array of numbers that the estimator has learned."""

    def edit(pipeline: Any) -> Any:  # noqa: ANN401 - a pipeline
        estimator = pipeline.steps[-1][1]
        name = next(name for name, value in vars(estimator).items() if _learned(name, value))
        setattr(estimator, name, change(getattr(estimator, name).copy()))
        return pipeline

    return edited_model(edit)


def _cut_small(weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The smaller half of the weights becomes zero; those of features that never occurred are zero already."""
    sizes = abs(weights)
    return np.where(sizes < np.median(sizes[sizes > 0]), 0, weights)


def _learned(name: str, value: object) -> bool:
    return name.endswith("_") and isinstance(value, np.ndarray) and value.dtype.kind == "f"


def has_weights(world: World) -> str:
    """An estimator with an array of numbers, such as coefficients."""
    found = any(_learned(*each) for each in vars(world.model[-1]).items())
    return "" if found else "The estimator has no array of weights."


def _forged(folder: Path) -> None:
    """Name a function of the operating system in the model's description, to be called with what the file gives."""
    path = folder / MODEL_FILE
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(parts["schema.json"])
    schema |= {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}
    parts["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _pickled_model(folder: Path) -> None:
    path = folder / MODEL_FILE
    pipeline = skops.io.load(path, trusted=trusted_types(path))
    path.write_bytes(pickle.dumps(pipeline))


def _linked(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "more.json").write_text("{}")
    (folder / "more").symlink_to(outside)


def _linked_model(folder: Path) -> None:
    path, elsewhere = folder / MODEL_FILE, folder.parent / "elsewhere.skops"
    _cut(folder)
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _digest(value: str | None) -> Callable[[World], list[Refusal]]:
    def inject(world: World) -> list[Refusal]:
        return gates(world, registered(world, copy_of_champion(world), value))

    return inject


def _exchanged(world: World) -> list[Refusal]:
    """Exchange the folders of two versions, each with a sound digest of its own."""
    first, second = copy_of_champion(world), copy_of_champion(world)
    (second / "note.json").write_text('{"from": "the notebook"}')
    numbers = [registered(world, folder, artifact_digest(folder)) for folder in (first, second)]
    kept = first.with_name("kept")
    first.rename(kept)
    second.rename(first)
    kept.rename(second)
    return gates(world, numbers[0])


def stored(world: World) -> Path:
    """The champion's folder in the artifact store."""
    found = [path.parent for path in (world.settings.home / "artifacts").rglob(MODEL_FILE)]
    return found[0]


def _champion_replaced(world: World) -> list[Refusal]:
    """Replace the champion's model in the store, and its local copy, between two intervals."""
    _weights(np.negative)(stored(world))
    shutil.rmtree(world.settings.home / "models")
    return attempt("scoring", lambda: score_interval(world.context, world.live[1]))[1]


def _champion_lost(world: World) -> list[Refusal]:
    shutil.rmtree(stored(world))
    shutil.rmtree(world.settings.home / "models")
    return attempt("scoring", lambda: score_interval(world.context, world.live[1]))[1]


def _digest_edited(world: World) -> list[Refusal]:
    """Edit the candidate's file and its recorded digest alike: the model is then another one than the training made."""
    folder = copy_of_champion(world)
    version = registered(world, folder, artifact_digest(folder))
    _weights(lambda weights: weights * 1.5)(folder)
    context = world.context
    context.client.set_model_version_tag(context.use_case.model, version, DIGEST_TAG, artifact_digest(folder))
    return gates(world, version)


def _artifact(
    name: str, expected: str, inject: Callable[[World], list[Refusal]], needed: Needs | None = None
) -> Mistake:
    return Mistake(name, "artifact", expected, inject, needed or needs.nothing)


MISTAKES = (
    # After the registration: the stored files are not the registered ones.
    _artifact("one byte of the model is flipped", "identity", files_after(_flip)),
    _artifact("the model's file is cut in half", "identity", files_after(_cut)),
    _artifact("the model is replaced by another one", "identity", files_after(_weights(np.negative)), has_weights),
    _artifact("a file is added after the registration", "identity", files_after(_write("notes.txt", b"by hand"))),
    _artifact("a file is deleted", "identity", files_after(lambda folder: (folder / PROFILE_FILE).unlink())),
    _artifact("two files have exchanged their names", "identity", files_after(_swap_names)),
    _artifact("the whole folder is gone", "identity", files_after(shutil.rmtree)),
    _artifact("the folders of two versions are exchanged", "identity", _exchanged),
    _artifact("the version has no digest", "identity", _digest(None)),
    _artifact("the version has another version's digest", "identity", _digest("0" * 64)),
    _artifact(
        "the record of the holdout is edited after the registration",
        "identity",
        files_after(edited_holdout(lambda judged: judged.assign(score=judged["score"].round(1)))),
    ),
    _artifact("a folder is a symbolic link", "safety", files_before(_linked)),
    _artifact("the model's file became a link to another one", "identity", files_after(_linked_model)),
    # Before: files that run code when they are loaded.
    *(
        _artifact(
            f"a pickle of protocol {number}, called {name}", "safety", files_before(_write(name, _pickled(number)))
        )
        for number, name in ((0, "notes.txt"), (1, "weights.bin"), (2, "weights"), (4, "cache.dat"), (5, "model.pkl"))
    ),
    _artifact("a pickle in a zip", "safety", files_before(_write("extra.zip", _zipped()))),
    _artifact("a pickle in a zip in a zip", "safety", files_before(_write("extra.bin", _nested()))),
    _artifact("a pickle in a tar.gz", "safety", files_before(_write("extra.tar.gz", _tarred()))),
    _artifact("a pickle in a gz", "safety", files_before(_write("extra.gz", gzip.compress(_pickled(3))))),
    _artifact("Python code among the files", "safety", files_before(_write("helper.py", b"import os\n"))),
    _artifact("a library among the files", "safety", files_before(_write("helper.so", b"\x7fELF" + os.urandom(64)))),
    _artifact("a forged model that names a function of the system", "safety", files_before(_forged)),
    _artifact("a pickled model in the place of the model", "safety", files_before(_pickled_model)),
    # A model that cannot be used, or is another than the training made.
    _artifact("the model is missing", "safety", files_before(lambda folder: (folder / MODEL_FILE).unlink())),
    _artifact("the model is an empty file", "safety", files_before(_write(MODEL_FILE, b""))),
    _artifact(
        "the weights are edited after the fit",
        "training",
        files_before(_weights(lambda weights: weights * 1.5)),
        has_weights,
    ),
    _artifact("weights and digest are edited alike", "training", _digest_edited, has_weights),
    _artifact(
        "the smallest weights are cut to zero after the fit",
        "training",
        files_before(_weights(_cut_small)),
        has_weights,
    ),
    _artifact(
        "the model gives NaN", "preprocessing", files_before(_weights(lambda weights: weights * np.nan)), has_weights
    ),
    # The record of the holdout.
    _artifact(
        "the holdout's record flatters: scores are the labels",
        "preprocessing",
        files_before(edited_holdout(lambda judged: judged.assign(score=judged["label"].astype(float)))),
    ),
    _artifact(
        "the holdout's record leaves out half of the rows",
        "data",
        files_before(edited_holdout(lambda judged: judged.iloc[::2])),
    ),
    _artifact(
        "the holdout's record has other labels",
        "data",
        files_before(edited_holdout(lambda judged: judged.assign(label=judged["label"].to_numpy()[::-1]))),
    ),
    _artifact("the holdout's record is missing", "data", files_before(lambda folder: (folder / HOLDOUT_FILE).unlink())),
    _artifact(
        "the config of the training is missing", "data", files_before(lambda folder: (folder / CONFIG_FILE).unlink())
    ),
    _artifact("the config of the training is not JSON", "data", files_before(_write(CONFIG_FILE, b"not JSON"))),
    # The champion itself.
    _artifact("the champion's model is replaced in the store", "scoring", _champion_replaced, has_weights),
    _artifact("the champion's files are deleted", "scoring", _champion_lost),
)
