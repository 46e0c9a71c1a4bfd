"""Pages for people: the summary of an interval, lineage, and the story of the newest intervals."""
