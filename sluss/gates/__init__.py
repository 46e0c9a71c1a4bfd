"""The gates that a version must pass before its deployment."""
