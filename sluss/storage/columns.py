"""Names of columns that every table has."""

from __future__ import annotations

PARTITION = "interval"
