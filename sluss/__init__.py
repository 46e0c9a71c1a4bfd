"""Sluss: the library that the steps, the DAGs and the command line call."""

from __future__ import annotations

VERSION = "0.1.0"
