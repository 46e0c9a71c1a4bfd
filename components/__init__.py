"""Transformers and estimators of one's own, for `class: components.…` in a use case's config."""
