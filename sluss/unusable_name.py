"""Names that a file system or a library refuses: too long, or not in UTF-8."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import ConfigError, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 60  # characters
_SURROGATES = range(0xDC80, 0xDD00)  # by which Python keeps bytes that its encoding of names does not know


def unusable_name(errors: Iterable[BaseException]) -> ConfigError | None:
    """Return the sentence for a name that led to an error; None if another cause did."""
    for error in errors:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            name = max(str(error.filename or "").split("/"), key=len)
            return ConfigError(
                f"The name {_shortened(name)} is too long: the file system takes at most 255 bytes for a file or a "
                "folder. Choose a shorter one."
            )
        if isinstance(error, UnicodeEncodeError) and any(ord(sign) in _SURROGATES for sign in error.object):
            return not_utf8(error.object)
    return None


def has_other_bytes(text: str) -> bool:
    """Whether a text from the system has bytes that are not UTF-8, whatever the locale's encoding is."""
    try:
        text.encode(errors="surrogateescape").decode()
    except UnicodeError:
        return True
    return False


def not_utf8(name: str) -> ConfigError:
    """Return the sentence for a name that is not in UTF-8."""
    return ConfigError(f"The name {printable(name)} is not written in UTF-8. Rename it, or choose another.")


def _shortened(name: str) -> str:
    return f"'{printable(name[:_SHOWN])}…' ({counted(len(name.encode(errors='surrogateescape')), 'byte')})"
