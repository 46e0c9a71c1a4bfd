"""Differences between the environment of a recorded training and the present one, as sentences."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from sluss.training import software

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.training.recorded_training import Recorded

_SHOWN = 6
_MARK = 12  # characters of a digest or a commit that are shown


def differences(context: Context, known: Recorded) -> Iterator[str]:
    """Yield a sentence for each difference, other than the rows, that can change the model.

    That is code, packages, Python, linear algebra and config.

    Args:
        context: settings and the use case with its present config.
        known: the version's record.
    """
    yield from _code(context.settings, known)
    yield from _packages(known)
    yield from _tag(known, "sluss.python", software.python_version(), "Python: it was trained with {}, this is {}.")
    yield from _tag(
        known, "sluss.blas", software.linear_algebra(), "Linear algebra: it was trained with {}, this is {}."
    )
    yield from _config(context.use_case, known)


def _code(settings: Settings, known: Recorded) -> Iterator[str]:
    if known.tags.get("sluss.code") == software.code_digest():
        return
    then, now = known.tags.get("sluss.commit", "unknown"), software.code_commit(settings)
    if then.endswith("-dirty"):
        yield f"Code: it was trained with uncommitted changes to commit {then[:_MARK]}."
    else:
        yield f"Code: it was trained with commit {then[:_MARK]}, this is {_short(now)}."


def _short(commit: str) -> str:
    return commit[:_MARK] + (" with changes" if commit.endswith("-dirty") else "")


def _packages(known: Recorded) -> Iterator[str]:
    lines = (known.folder / "requirements.txt").read_text(encoding="utf-8").split()
    pins = dict(line.split("==") for line in lines)
    differing = [f"{name} {version} ≠ {here}" for name, version in pins.items() if (here := _here(name)) != version]
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        yield f"Packages: {', '.join(differing[:_SHOWN])}{more}."
    then, now = known.tags.get("sluss.lock", "unknown"), software.lock_digest()
    if then != now:
        yield f"Lock file: its SHA-256 was {then[:_MARK]}, here it is {now[:_MARK]}."


def _here(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _tag(known: Recorded, name: str, now: str, sentence: str) -> Iterator[str]:
    then = known.tags.get(name, "unknown")
    if then != now:
        yield sentence.format(then, now)


def _config(use_case: UseCase, known: Recorded) -> Iterator[str]:
    """A remark only: the training uses the recorded config."""
    then, now = (each.model_dump() | each.training.model_dump() for each in (known.use_case, use_case))
    keys = ["features", *type(use_case.training).model_fields]
    changed = [key for key in keys if then[key] != now[key]]
    if changed:
        yield f"Config: {', '.join(changed)} changed in the file; the recorded config was used."
