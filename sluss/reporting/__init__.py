"""What a person reads: the interval's summary and the use case's report, every figure from the tables."""

from __future__ import annotations

from sluss.reporting.page import write_report

__all__ = ["write_report"]
