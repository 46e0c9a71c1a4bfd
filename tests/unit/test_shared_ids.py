"""How many rows share their id with rows of other times, for any number of rows."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sluss.curation.keys import Keys

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 6)), max_size=30)


@given(rows=ROWS, most=st.integers(1, 12))
def test_the_count_is_that_of_a_plain_loop(rows, most):
    keys = Keys()
    keys.append(
        pa.array([name for name, _ in rows], pa.string()),
        pa.array(["2026-01-01"] * len(rows), pa.string()),
        pa.array([time for _, time in rows], pa.timestamp("us", "UTC")),
    )
    times = defaultdict(set)
    for name, time in rows:
        times[name].add(time)
    worn = [sum(name == each for name, _ in rows) for each, seen in times.items() if len(seen) > most]
    assert keys.shared(most) == (sum(worn), max(worn, default=0))
