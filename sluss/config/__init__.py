"""Settings of a process, and the config of a use case: one file a section."""
