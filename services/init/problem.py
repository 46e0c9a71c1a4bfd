"""What a person can mend."""


class Problem(Exception):
    """A cause and its cure in one sentence."""
