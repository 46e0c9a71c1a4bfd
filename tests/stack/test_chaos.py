"""A hundred faults in three weeks of work leave the tables of weeks without one, and need no hand."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest
from chaos import Night, copies, live, live_in_a_storm
from running import CONFIG, PROJECT, Stack, told

DAYS, FAULTS = 22, 100


@pytest.mark.stack
@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_a_hundred_faults_leave_the_tables_of_a_calm_night(stack: Stack) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or time.time())
    print(f"\n  CHAOS_SEED={seed}")
    copies(CONFIG)
    stack.wait_until_found("chaos_calm_scoring", "chaos_storm_scoring")
    night = Night(PROJECT, stack.airflow, stack.secrets["AIRFLOW_ADMIN_PASSWORD"])
    night.without_drills("chaos_calm", "chaos_storm")
    with told(f"{DAYS} calm days"):
        assert set(live(night, "chaos_calm", DAYS)) == {"success"}
    with told(f"{DAYS} days with {FAULTS} faults"):
        assert set(live_in_a_storm(night, "chaos_storm", DAYS, FAULTS, seed)) == {"success"}
    print(f"\n  {len(night.faults)} faults:", Counter((service, way) for service, way, _ in night.faults))
    assert len(night.faults) >= FAULTS
    calm, wild = night.tables("chaos_calm"), night.tables("chaos_storm")
    assert wild == calm
    assert calm["predictions"][0] > 0
    assert (wild["wrong"], wild["running"], night.failed("chaos_storm")) == ([], [], [])
