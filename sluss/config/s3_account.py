"""An S3 end point and a key for it: the lake's own, or those of another bucket that a use case reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_REGION = "us-east-1"


@dataclass(frozen=True)
class S3Account:
    """An end point, S3's own where there is none, and a key, that of the machine where there is none."""

    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    region: str = _REGION

    @property
    def delta_options(self) -> dict[str, str]:
        """Options of delta-rs."""
        # A commit to a Delta table must fail if another writer has made that version. S3 offers this by conditional
        # writes, so no lock table is needed.
        options = {"region": self.region, "conditional_put": "etag"}
        if self.endpoint_url:
            options |= {"endpoint": self.endpoint_url, "allow_http": str(self.endpoint_url.startswith("http:"))}
        if self.access_key_id and self.secret_access_key:
            options |= {"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key}
        return options

    def filesystem(self) -> S3FileSystem:
        """Arrow's view of it."""
        from pyarrow import fs

        has_key = bool(self.access_key_id and self.secret_access_key)
        return fs.S3FileSystem(
            region=self.region,
            endpoint_override=self.endpoint_url,
            access_key=self.access_key_id if has_key else None,
            secret_key=self.secret_access_key if has_key else None,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),  # of ten, the last takes half a minute
        )


def account_from_variables(prefix: str) -> S3Account:
    """The account in `<prefix>_ACCESS_KEY_ID`, `…_SECRET_ACCESS_KEY`, `…_ENDPOINT_URL` and `…_REGION`.

    Raises:
        ConfigError: a variable with the key is not set.
    """
    given = {
        name: os.environ.get(f"{prefix}_{name}") or None
        for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION")
    }
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        if given[name] is None:
            raise ConfigError(
                f"The environment variable {prefix}_{name} with the key of the bucket is not set. Set it, and "
                f"{prefix}_ENDPOINT_URL if the bucket is not Amazon's."
            )
    return S3Account(
        given["ENDPOINT_URL"], given["ACCESS_KEY_ID"], given["SECRET_ACCESS_KEY"], given["REGION"] or _REGION
    )


def account_from_connection(name: str) -> S3Account:
    """The account in an Airflow connection of type Amazon Web Services.

    Raises:
        ConfigError: the connection is missing here, or has no key.
    """
    variable = f"AIRFLOW_CONN_{name.upper()}"
    parts = urlsplit(os.environ.get(variable, ""))
    if parts.scheme != "aws" or not (parts.username and parts.password):
        raise ConfigError(
            f"The environment variable {variable} has no account of S3. In a task, Airflow gives it; elsewhere set it "
            "to aws://key:secret@/?endpoint_url=http%3A%2F%2Fhost%3A9000&region_name=us-east-1."
        )
    extra = {key: values[0] for key, values in parse_qs(parts.query).items()}
    region = extra.get("region_name", _REGION)
    return S3Account(extra.get("endpoint_url"), unquote(parts.username), unquote(parts.password), region)
