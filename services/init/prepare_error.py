"""What a person can mend."""

from __future__ import annotations


class PrepareError(Exception):
    """A cause and its cure in one sentence."""
