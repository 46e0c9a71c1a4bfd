"""The stack's settings: `.env`, what is missing in it, and what is not accepted in it."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
# No secret is shorter: MLflow asks for 12 characters.
SHORTEST = 12
# Keys that sign: as many bytes as their longest algorithm, HMAC with SHA-512, asks for. A new one ends the sessions
# that the old one signed, and nothing else, so `make up` renews those that an older version wrote.
SIGNING = ("AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY", "MLFLOW_SECRET_KEY")
SIGNING_LENGTH = 64
ENDINGS = ("PASSWORD", "KEY", "SECRET", "TOKEN", "PASSPHRASE")
# Passwords go into addresses (postgresql://user:password@host), where other characters would need escaping.
UNESCAPED = re.compile(r"[A-Za-z0-9._~-]+")
# Comes from a company's identity provider, if there is one.
GIVEN = "SLUSS_OIDC_CLIENT_SECRET"
# As compose reads it: with spaces around the sign, too.
ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"(['\"])(.*)\1(?:\s+#.*)?")
# Parts of what documentation and default installations have; compared in lower case.
EXAMPLES = ("changeme", "change-me", "change_me", "example", "password", "passw0rd", "minioadmin", "letmein", "secret")


def location() -> Path:
    """`.env`, or the file that SLUSS_ENV_FILE names; the end of the chain, when it is a link."""
    return Path(os.environ.get("SLUSS_ENV_FILE", ROOT / ".env")).resolve()


def restoring() -> Path:
    """File that is there while a restore to the stack has not ended; it names the backup."""
    return location().with_name(f"{location().name}.restoring")


def secret_names() -> list[str]:
    """Names of the settings that must not be empty: secrets of the stack's own, which the example leaves empty."""
    return [name for name, value in read(EXAMPLE).items() if not value and name != GIVEN and name.endswith(ENDINGS)]


def read(path: Path) -> dict[str, str]:
    """Names and values of an env file, without comments and quotes."""
    found = (ASSIGNMENT.fullmatch(line.strip()) for line in text_of(path).splitlines())
    return {match[1]: _unquoted(match[2].strip()) for match in found if match}


def text_of(path: Path) -> str:
    """Content of an env file; empty where there is none.

    Raises:
        StackError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # an editor of Windows begins it with a mark
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path} cannot be read ({error}): make it a text file in UTF-8 that you own.") from error


def settings() -> dict[str, str]:
    """Settings for compose: the environment before `.env` before the defaults of the example."""
    # The order in which compose itself reads them, so that both agree.
    values = {**read(EXAMPLE), **read(location())}
    return {name: os.environ.get(name, value) for name, value in values.items()}


def fill() -> list[str]:
    """Write every missing secret and too short signing key into `.env`, and shut it to others; the names written."""
    path, missing = location(), _to_write()
    if missing or not path.exists():
        source = path if path.exists() else EXAMPLE
        text = source.read_text(encoding="utf-8")
        for name in missing:
            text = _with_setting(text, name, _new_secret(name))
        _write(path, text)
    elif path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return missing


def _to_write() -> list[str]:
    """Names of the secrets that `fill` writes: missing ones, and signing keys that an older Sluss made too short."""
    known = read(location())
    missing = [name for name in secret_names() if _is_to_write(name, known.get(name, ""))]
    # A secret from the environment, such as in CI, is not written to the disk.
    return [name for name in missing if not os.environ.get(name)]


def _is_to_write(name: str, value: str) -> bool:
    return not value or (name in SIGNING and len(value) < SIGNING_LENGTH)


def check(values: Mapping[str, str]) -> None:
    """Refuse a secret that is easy to guess, before anything uses it; not one that `fill` replaces.

    Raises:
        StackError: it names the first setting to change.
    """
    known = read(location())
    replaced = {name for name in _to_write() if known.get(name) == values.get(name)}
    for name in secret_names():
        if name not in replaced and values.get(name) and (reason := _refusal(name, values[name])):
            raise StackError(f"{name} in {location()} {reason}: delete its value, and 'make up' writes a strong one.")


def _refusal(name: str, value: str) -> str:
    if name == "AIRFLOW_FERNET_KEY":
        return "" if _is_fernet_key(value) else "is not a Fernet key (32 bytes in URL-safe base64)"
    if any(example in value.lower() for example in EXAMPLES):
        return "is an example password"
    if len(value) < SHORTEST or len(set(value)) < SHORTEST // 2:
        return f"is too easy to guess (at least {SHORTEST} characters, not the same over and over)"
    if name in SIGNING and len(value) < SIGNING_LENGTH:
        return f"is too short for its algorithm (at least {SIGNING_LENGTH} characters)"
    if not UNESCAPED.fullmatch(value):
        return "has characters that do not fit into an address (only letters, digits and . _ ~ - do)"
    return ""


def _is_fernet_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, altchars=b"-_", validate=True)) == 32
    except binascii.Error:
        return False


def _unquoted(value: str) -> str:
    if quoted := _QUOTED.fullmatch(value):
        return quoted[2]
    # Compose, too, starts a comment only at a space, so that a password may contain #.
    return value.split(" #", 1)[0].rstrip()


def _new_secret(name: str) -> str:
    if name == "AIRFLOW_FERNET_KEY":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(SIGNING_LENGTH if name in SIGNING else 24)


def _with_setting(text: str, name: str, value: str) -> str:
    """The text with the setting in the place where it stood empty, or at the end."""
    lines = list(_replaced(text.splitlines(), name, value))
    if f"{name}={value}" not in lines:
        lines.append(f"{name}={value}")
    return "\n".join(lines) + "\n"


def _replaced(lines: list[str], name: str, value: str) -> Iterator[str]:
    for line in lines:
        match = ASSIGNMENT.fullmatch(line.strip())
        yield f"{name}={value}" if match and match[1] == name else line


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, readable by its owner alone; a full disk or an abort leaves the old one."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".env.")
    except OSError as error:
        raise StackError(f"{path} cannot be written ({error.strerror}): make its folder writable for you.") from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StackError(f"{path} cannot be written ({error.strerror}): free some space, or make it yours.") from error
