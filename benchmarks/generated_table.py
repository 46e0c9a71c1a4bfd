"""A seeded table of mixed columns: numbers, categories, missing values, times and a label that depends on them.

It knows nothing of Sluss.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

FIRST_DAY = "2025-01-01"


def generate(days: int, rows_a_day: int, first: int = 0, part: int = 0) -> pd.DataFrame:
    """Some days of the table, from the day `first` on; of a day that is too long for the memory, a part."""
    return pd.concat([_day(number, rows_a_day, part) for number in range(first, first + days)], ignore_index=True)


def _day(number: int, rows: int, part: int) -> pd.DataFrame:
    random = np.random.default_rng([7, number, part])
    start = pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=number)
    seconds = np.sort(random.integers(0, 86_400, rows))
    price, age = random.gamma(2.0, 20.0, rows).round(2), random.normal(40, 12, rows).round(1)
    shop, city = random.integers(0, 12, rows), random.integers(0, 300, rows)
    pull = 0.03 * (price - 40) + 0.04 * (age - 40) + 0.5 * (shop % 3 - 1) + np.sin(city) - 1
    label = np.where(random.random(rows) < 1 / (1 + np.exp(-pull)), "yes", "no").astype(object)
    label[random.random(rows) < 0.02] = None
    return pd.DataFrame(
        {
            "id": [f"r{number:05}-{part:02}-{place:06}" for place in range(rows)],
            "at": (start + pd.to_timedelta(seconds, unit="s")).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "price": np.where(random.random(rows) < 0.05, np.nan, price),
            "age": np.where(random.random(rows) < 0.1, np.nan, age),
            "visits": random.poisson(3, rows),
            "distance": random.exponential(900, rows).round(1),
            "shop": np.char.add("shop ", shop.astype(str)),
            "city": pd.Series(np.char.add("city ", city.astype(str)), dtype=object).where(random.random(rows) > 0.03),
            "plan": np.array(["basic", "plus", "pro"])[random.integers(0, 3, rows)],
            "returning": np.where(random.random(rows) < 0.4, "true", "false"),
            "outcome": label,
        }
    )
