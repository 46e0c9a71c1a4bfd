"""The error of a preparation step that a person can fix."""

from __future__ import annotations


class PrepareError(Exception):
    """The message gives cause and cure in one sentence."""
