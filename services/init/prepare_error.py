"""What a person can mend."""


class PrepareError(Exception):
    """A cause and its cure in one sentence."""
