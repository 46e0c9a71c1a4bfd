"""Scores of raw rows."""
