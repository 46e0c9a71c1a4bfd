"""Files with secrets, such as `.env`: left out of a backup, or encrypted with a passphrase."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "files.enc"
_SHORTEST = 12
_SALT = 16
# 64 MB and about a quarter of a second for each guess (RFC 7914).
_COST = {"n": 2**16, "r": 8, "p": 1}


def encrypted(files: Mapping[str, Path], passphrase: str) -> bytes:
    """The contents of files by their names, encrypted: the salt, then Fernet's token (AES-128-CBC with HMAC).

    Raises:
        ConfigError: the passphrase is too short.
    """
    from cryptography.fernet import Fernet

    if len(passphrase) < _SHORTEST:
        raise ConfigError(f"SLUSS_BACKUP_PASSPHRASE is shorter than {_SHORTEST} characters. Choose a longer one.")
    salt = os.urandom(_SALT)
    content = {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.is_file()}
    return salt + Fernet(_key(passphrase, salt)).encrypt(json.dumps(content).encode())


def decrypted(content: bytes, passphrase: str) -> dict[str, str]:
    """The contents of the files by their names.

    Raises:
        DataError: the passphrase is not the one that they were encrypted with.
    """
    from cryptography.fernet import Fernet, InvalidToken

    try:
        plain = Fernet(_key(passphrase, content[:_SALT])).decrypt(content[_SALT:])
    except InvalidToken:
        raise DataError(
            "SLUSS_BACKUP_PASSPHRASE is not the passphrase of this backup's secrets. Give that one, or none to "
            "restore without them."
        ) from None
    found: dict[str, str] = json.loads(plain)
    return found


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode()))
