"""Values that can be read in two ways: a question to a person."""

from __future__ import annotations

from sluss.errors import ConfigError


class UnclearError(ConfigError):
    """A table allows two readings, and the option that chooses was not given."""

    def __init__(self, sentence: str, option: str) -> None:
        super().__init__(sentence)
        self.option = option
