"""Sources of rows and labels: one file a source."""
