"""Versions of registered models: names, artifacts, aliases."""
