"""Names of aliases and tags in the model registry."""

from __future__ import annotations

CHAMPION = "champion"
PREVIOUS = "previous"

DIGEST_TAG = "sluss.digest"
INPUTS_TAG = "sluss.inputs"
GATE_TAG = "sluss.gate."  # on the run, followed by the gate's name; the value is its verdict and sentence
RECIPE_TAG = "sluss.recipe"  # on the version and its run: digest of what the config says about predictions
UNTIL_TAG = "sluss.until"  # on the version and its run: training used only rows that arrived before this moment
REFUSED_TAG = "sluss.refused"  # on the version: the person who refused to approve it, when, and why
