"""Names and passwords: right ones are cheap, wrong ones cost the same time and are limited."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from werkzeug.security import check_password_hash, generate_password_hash

from guarded.rights import Role, role_of
from sluss.guesses import Limits

if TYPE_CHECKING:
    from mlflow.server.auth.entities import User
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

_KEPT = 1_000  # passwords that were right
_AT_ONCE = 2  # hashes: each takes 0.1 s of a core and 32 MB
_LONGEST = 1_024  # characters of a name and a password


@dataclass(frozen=True)
class Account:
    """A name with its role."""

    name: str
    role: Role


class WrongError(Exception):
    """Name and password do not belong together."""


class TooManyError(Exception):
    """There were too many wrong passwords; the next attempt may come after some seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.seconds = math.ceil(wait)


class Accounts:
    """Checks passwords with the accounts of MLflow's store.

    The hash of a password is computed once. The guard keeps a digest of the stored hash and the password, so a changed
    password, or a deleted account, counts from the next request on.
    """

    def __init__(self, store: SqlAlchemyStore, limits: Limits | None = None) -> None:
        self._store, self._limits = store, limits or Limits.of_services()
        self._stranger = generate_password_hash(secrets.token_urlsafe())
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, None] = {}
        self._running: dict[bytes, asyncio.Task[bool]] = {}
        self._hashing = asyncio.Semaphore(_AT_ONCE)

    async def find(self, name: str, password: str, address: str) -> Account:
        """Return the account.

        Raises:
            WrongError: the name is unknown, or the password is wrong.
            TooManyError: the password was not looked at.
        """
        if (left := self._limits.left(name, address)) > 0:
            raise TooManyError(left)
        user = await asyncio.to_thread(self._user, name)
        stored = user.password_hash if user else self._stranger
        if not await self._is_right(name, password, address, stored) or user is None:
            raise WrongError
        return Account(name, await asyncio.to_thread(role_of, user, self._store))

    def _user(self, name: str) -> User | None:
        try:
            return self._store.get_user(name)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return None
            raise

    async def _is_right(self, name: str, password: str, address: str, stored: str) -> bool:
        known = f"{name}\0{stored}\0{password}".encode()
        digest = hmac.digest(self._key, known, hashlib.sha256)
        if digest in self._right:
            return True
        # A browser sends many requests at once; they are one attempt.
        if (running := self._running.get(digest)) is None:
            running = asyncio.create_task(self._try(name, password, address, stored))
            self._running[digest] = running
            running.add_done_callback(lambda _: self._running.pop(digest, None))
        if is_right := await asyncio.shield(running):
            self._keep(digest)
        return is_right

    async def _try(self, name: str, password: str, address: str, stored: str) -> bool:
        if (wait := self._limits.wait(name, address)) > 0:
            raise TooManyError(wait)
        async with self._hashing:
            is_right = await asyncio.to_thread(check_password_hash, stored, password[:_LONGEST])
        is_right = is_right and len(password) <= _LONGEST
        if is_right:
            self._limits.succeeded(name, address)
        return is_right

    def _keep(self, digest: bytes) -> None:
        self._right[digest] = None
        if len(self._right) > _KEPT:
            del self._right[next(iter(self._right))]
