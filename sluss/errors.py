"""The one tree of errors a user can mend. Everything else is a bug and shows its traceback."""

from __future__ import annotations


class SlussError(Exception):
    """What happened, why it matters if that is not plain, and the command or setting that mends it."""


class ConfigError(SlussError):
    """A use case's config, a setting or an argument is missing or malformed."""


class DataError(SlussError):
    """Rows or an archive are missing, damaged or not what the schema promises."""


class ModelError(SlussError):
    """A model is not registered, not complete, or not the one that was validated."""


class ServiceError(SlussError):
    """The warehouse, the lake or MLflow does not answer or refuses the login."""
