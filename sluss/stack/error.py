"""Errors of the stack's commands."""

from __future__ import annotations

from sluss.errors import SlussError


class StackError(SlussError):
    """Docker, a setting or the machine does not allow a stack, or the stack is not in order."""


class NoAnswerError(StackError):
    """Docker is installed, and its engine does not answer."""
