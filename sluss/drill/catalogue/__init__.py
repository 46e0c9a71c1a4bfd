"""The catalogue of mistakes, one file for each kind."""

from __future__ import annotations

from sluss.drill.catalogue import (
    alarms,
    artifact,
    config,
    data,
    environment,
    labels,
    leaks,
    ledger,
    preprocessing,
    profile,
    registry,
    teams,
)

MISTAKES = (
    *data.MISTAKES,
    *labels.MISTAKES,
    *leaks.MISTAKES,
    *preprocessing.MISTAKES,
    *environment.MISTAKES,
    *artifact.MISTAKES,
    *registry.MISTAKES,
    *ledger.MISTAKES,
    *profile.MISTAKES,
    *config.MISTAKES,
    *alarms.MISTAKES,
    *teams.MISTAKES,
)
