"""Names of aliases and tags in the model registry."""

from __future__ import annotations

CHAMPION = "champion"
PREVIOUS = "previous"

DIGEST_TAG = "sluss.digest"
INPUTS_TAG = "sluss.inputs"
GATE_TAG = "sluss.gate."  # on the run, followed by the gate's name; the value is its verdict and sentence
# Short, because MLflow's list of runs shows a tag as a column under its name.
GATES_TAG = "gates"  # on the run: `passed`, or `refused` with the names of the gates
ALERTS_TAG, VERSION_TAG = "alerts", "version"  # on the monitor's runs: the alerts that are on; the version that scored
RECIPE_TAG = "sluss.recipe"  # on the version and its run: digest of what the config says about predictions
UNTIL_TAG = "sluss.until"  # on the version and its run: training used only rows that arrived before this moment
REFUSED_TAG = "sluss.refused"  # on the version: the person who refused to approve it, when, and why
SCHEMA_TAG = "sluss.schema"  # on versions and runs: the schema version of the Sluss that made them
