"""The steps of Sluss: one file a step, and sub-packages for what steps share."""
