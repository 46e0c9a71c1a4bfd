"""Errors that a user can fix, in one tree. Any other exception is a bug and shows its traceback."""

from __future__ import annotations


class SlussError(Exception):
    """Base class. The message gives the cause, the consequence, and the command or setting that fixes it."""


class ConfigError(SlussError):
    """A use case's config, a setting or an argument is missing or malformed."""


class DataError(SlussError):
    """Rows or an archive are missing or damaged, or do not match the schema."""


class ModelError(SlussError):
    """A model is not registered, is incomplete, or differs from the version that was validated."""


class ServiceError(SlussError):
    """The warehouse, the lake or MLflow does not answer or refuses the login."""
