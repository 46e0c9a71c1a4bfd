"""Pure functions: distances, proportions, trends, tests, distributions."""
