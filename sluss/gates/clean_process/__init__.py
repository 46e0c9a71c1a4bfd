"""A model tried in a process that holds none of this project's code."""
