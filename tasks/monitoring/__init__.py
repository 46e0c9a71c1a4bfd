"""Reference profiles, drift tests, trends and the life cycle of alerts: plain functions of data."""
