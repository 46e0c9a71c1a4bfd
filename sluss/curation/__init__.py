"""From the warehouse's rows to good and bad ones: types, checks, limits."""
