"""From curated rows to a registered candidate, and back to how it was made."""
