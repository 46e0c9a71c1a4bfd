"""Upstream and downstream of a row, a version and an interval."""
