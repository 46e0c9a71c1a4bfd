"""What a person can mend."""


class Problem(Exception):
    """A cause and its cure in one sentence; `stack.py` prints it and exits with 2."""
