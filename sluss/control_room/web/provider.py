"""The company's identity provider, by OpenID Connect: it tells who a person is, and of which groups."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.starlette_client import OAuth, OAuthError
from joserfc.errors import JoseError

from sluss.control_room.web.airflow import NotAllowedError
from sluss.control_room.web.people import Person
from sluss.errors import ConfigError, ServiceError, SlussError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import Request, Response

    from sluss.config.settings import Settings

_LOG = logging.getLogger(__name__)
_SCOPES = "openid profile email"
_NAMES = ("preferred_username", "email", "sub")  # claims, the first that is there names the person
_LONGEST = 256  # characters of a name
_TIMEOUT = 10.0  # seconds
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_ALGORITHMS = "id_token_signing_alg_values_supported"


class ProviderError(SlussError):
    """The provider does not vouch for a person."""


class Provider:
    """Logs people in by the authorization code flow, with PKCE, state and nonce."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer
        self._issuer, self._group = settings.oidc_issuer.rstrip("/"), settings.oidc_group
        self.host = urlsplit(self._issuer).netloc
        secret = settings.oidc_client_secret
        scopes = dict.fromkeys(["openid", *(settings.oidc_scopes or _SCOPES).split()])
        self._client = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=(secret.get_secret_value() if secret else "") or None,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": " ".join(scopes), "code_challenge_method": "S256", "timeout": _TIMEOUT},
        )
        self._client_id = settings.oidc_client_id

    async def send(self, request: Request, back: str) -> Response:
        """Send the browser to the provider, which sends it to the address `back` again.

        Raises:
            ServiceError: the provider does not answer.
            ProviderError: it is not the one that the settings name.
        """
        with self._told():
            await self._discovered()
            sent: Response = await self._client.authorize_redirect(request, back)
            return sent

    async def receive(self, request: Request) -> Person:
        """Return the person with whom the provider has sent the browser back.

        Raises:
            ServiceError: the provider does not answer.
            ProviderError: it refuses, or its answer belongs to another login.
            NotAllowedError: the person is not in the group that may read.
        """
        with self._told():
            claims = await self._claims(request)
            name = next(
                found.strip()[:_LONGEST]
                for found in map(claims.get, _NAMES)
                if isinstance(found, str) and found.strip() and found.isprintable()
            )
        if self._group and self._group not in _groups(claims):
            raise NotAllowedError(
                f"{name} is not in the group '{self._group}' at {self.host}, whose members may read here."
            )
        return Person(name, may_act=False, provider=self.host)

    async def farewell(self) -> str:
        """The address at which a person logs out of the provider; empty if there is none."""
        end = str(self._client.server_metadata.get("end_session_endpoint", ""))
        if not _is_safe(end):
            return ""
        return str((await self._client.create_logout_url(client_id=self._client_id))["url"])

    async def _discovered(self) -> Mapping[str, Any]:
        """The provider's own description, once it is known to be that of the issuer in the settings."""
        found: dict[str, Any] = await self._client.load_server_metadata()
        if str(found["issuer"]).rstrip("/") != self._issuer:
            raise ValueError("another issuer")
        # Authlib allows the algorithms that are named here: one that needs no key of the provider proves nothing.
        named = found.get(_ALGORITHMS) or ["RS256"]
        found[_ALGORITHMS] = [each for each in named if each != "none" and not each.startswith("HS")]
        return found

    async def _claims(self, request: Request) -> dict[str, Any]:
        metadata = await self._discovered()
        options = {"iss": {"essential": True, "value": metadata["issuer"]}}
        options["aud"] = {"essential": True, "value": self._client_id}
        token = await self._client.authorize_access_token(request, claims_options=options)
        claims = dict(token["userinfo"])
        is_thin = not any(claims.get(name) for name in _NAMES[:2]) or (self._group and "groups" not in claims)
        if is_thin and "userinfo_endpoint" in metadata:
            more = await self._client.userinfo(token=token)
            if more["sub"] != claims["sub"]:
                raise ValueError("another subject")
            claims = {**more, **claims}
        return claims

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn every failure into one plain sentence; the log has the reason."""
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, JoseError, *_MALFORMED) as error:
            _LOG.warning("The login at %s failed: %r", self.host, error)
            if isinstance(error, httpx2.HTTPError):
                sentence = f"{self.host} does not answer as it should: try again, or log in with name and password."
                raise ServiceError(sentence) from None
            raise ProviderError(self._sentence(error)) from None

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, MismatchingStateError):
            return "This login was begun in another browser, or too long ago: begin it again."
        if isinstance(error, OAuthError):
            # Anyone can write an address with an error in it: only a word, and no text, gets on the page.
            code = error.error if re.fullmatch("[a-z_]{1,40}", error.error or "") else "no reason"
            return f"{self.host} refuses this login ({code}): begin it again."
        return f"The answer of {self.host} cannot be trusted, and you are not logged in: begin again."


_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, RuntimeError, StopIteration)


def provider_of(settings: Settings) -> Provider | None:
    """Return the provider that the settings name, if they name one.

    Raises:
        ConfigError: a setting is missing, or the way to the provider could be listened to.
    """
    issuer = settings.oidc_issuer
    if not issuer:
        return None
    if not settings.oidc_client_id:
        raise ConfigError("SLUSS_OIDC_ISSUER needs SLUSS_OIDC_CLIENT_ID, the name of the control room at the provider.")
    if not _is_safe(issuer):
        raise ConfigError(f"SLUSS_OIDC_ISSUER is '{issuer}': an identity provider is reached by https alone.")
    return Provider(settings)


def _is_safe(address: str) -> bool:
    found = urlsplit(address)
    return bool(found.netloc) and (found.scheme == "https" or (found.scheme == "http" and found.hostname in _LOCAL))


def _groups(claims: Mapping[str, Any]) -> list[str]:
    found = claims.get("groups")
    return [found] if isinstance(found, str) else [each for each in found or [] if isinstance(each, str)]
