"""Pages for people: the summary of an interval and the report of a use case, with figures from the tables."""

from __future__ import annotations

from sluss.reporting.page import write_report

__all__ = ["write_report"]
