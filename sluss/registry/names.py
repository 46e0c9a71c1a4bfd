"""Names of aliases and tags in the model registry."""

from __future__ import annotations

CHAMPION = "champion"
PREVIOUS = "previous"

DIGEST_TAG = "sluss.digest"
INPUTS_TAG = "sluss.inputs"
GATE_TAG = "sluss.gate."  # of the run, before the gate's name: what it said
UNTIL_TAG = "sluss.until"  # of the version and its run: it knows nothing that arrived at this moment or later
