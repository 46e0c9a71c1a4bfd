"""Migrations."""

from __future__ import annotations

SCHEMA = 1
