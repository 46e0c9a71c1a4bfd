"""What a person can mend."""

from __future__ import annotations


class StackError(Exception):
    """A cause and its cure in one sentence; `stack.py` prints it and exits with 2."""
