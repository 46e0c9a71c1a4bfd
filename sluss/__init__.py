"""Sluss: the library that the steps, the DAGs and the command line call."""
