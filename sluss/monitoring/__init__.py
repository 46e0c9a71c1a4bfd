"""Reference profiles, drift, quality and the life cycle of alerts."""
