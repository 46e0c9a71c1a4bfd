"""Errors that a user can fix, in one tree. Any other exception is a bug and shows its traceback."""

from __future__ import annotations


def printable(value: object) -> str:
    """A value from outside as it may be printed: a newline or a terminal's escape is written out."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(value))


class SlussError(Exception):
    """Base class. The message gives the cause, the consequence, and the command or setting that fixes it."""


class ConfigError(SlussError):
    """A use case's config, a setting or an argument is missing or malformed."""


class DataError(SlussError):
    """Rows or an archive are missing or damaged, or do not match the schema."""


class QuietError(DataError):
    """An interval has no rows, which its config allows: there is nothing to do."""


class ModelError(SlussError):
    """A model is not registered, is incomplete, or differs from the version that was validated."""


class LostModelError(ModelError):
    """The artifacts of a version were changed, damaged or lost. `fault` is the message without its cure."""

    def __init__(self, fault: str, cure: str) -> None:
        super().__init__(f"{fault} {cure}")
        self.fault = fault


class RefusedError(ModelError):
    """A candidate is refused: an answer of the gates or the ledger, not an accident."""


class CriticalAlertError(SlussError):
    """An interval raised a critical alert, and the config lets that fail a task."""


class ServiceError(SlussError):
    """The warehouse, the lake or MLflow does not answer or refuses the login."""


class KilledError(ServiceError):
    """A child process was killed: by a restart, after which it would work, or because memory is short."""
