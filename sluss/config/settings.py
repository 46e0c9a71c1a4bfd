"""Addresses and credentials. The defaults are the embedded mode, so a step needs no environment variable."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sluss.config.s3_account import S3Account
from sluss.errors import ConfigError, printable
from sluss.unusable_name import has_other_bytes

ROOT = Path(__file__).resolve().parents[2]
RESTORING = "restoring"  # file in a home whose restore has not ended; it names the backup
_DATABASE_OR_SERVER = re.compile(r"(https?|sqlite|postgresql|mysql|mssql)(\+\w+)?:")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # s3:/bucket is not a folder, either
_PREFIX = "SLUSS_"


class Settings(BaseSettings):
    """Settings of the process. Each field is read from `SLUSS_<NAME>`; MLflow's variables keep their names."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(ROOT / "var", description="Folder of the embedded mode's state, and scratch space elsewhere")
    config_dir: Path = Field(ROOT / "config", description="Folder with one YAML file a use case")
    dags_of: str = Field("", description="Use cases that have DAGs, with commas between; empty for all of that folder")
    data: Path | None = Field(
        None, description="The data archive of a shipped use case on disk, or its folder, instead of a download"
    )
    warehouse_url: SecretStr | None = Field(
        None, description="`duckdb:///path` or `postgresql://user:password@host/db`"
    )
    lake_url: str | None = Field(None, description="Folder or `s3://bucket` of the Delta tables")
    s3_endpoint_url: str | None = Field(None, description="S3 end point of the lake, e.g. MinIO's")
    s3_access_key_id: str | None = Field(None, description="The lake's own key")
    s3_secret_access_key: SecretStr | None = Field(None, description="The lake's own secret")
    s3_region: str = Field("us-east-1", description="S3 region of the lake")
    place: str = Field("embedded", description="Name of this place on pages and in reports; the stack's is `stack`")
    control_room_page: str = Field(
        "http://localhost:8000", description="Address of the control room in a browser, for links in logs and MLflow"
    )
    deploys: bool = Field(
        default=True,
        description="`false`: what is installed here is not what will run a model, so nothing is deployed from here",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs [webhooks](alerts.md#the-webhook); `make up` writes one for the stack"
    )
    metrics_token: SecretStr | None = Field(
        None, description="Token of the control room's [metrics](metrics.md); `make up` writes one for the stack"
    )
    alerts_settle_minutes: float = Field(
        10, ge=0, description="Rest of the monitor after which the news of a backfill are sent, as one message"
    )
    airflow_url: str | None = Field(
        None, description="Airflow's web server, whose accounts log in to the [control room](control_room.md#logins)"
    )
    control_room_hosts: str = Field(
        "", description="Host names under which the control room is reached besides `localhost`, with commas between"
    )
    control_room_proxies: str = Field(
        "", description="Addresses of the proxies whose `X-Forwarded-` headers the control room believes"
    )
    oidc_issuer: str | None = Field(
        None, description="Issuer of the [identity provider](control_room.md#an-identity-provider) for logins to read"
    )
    oidc_client_id: str = Field("", description="Name of the control room at that provider")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret there; none for a public client")
    oidc_group: str = Field("", description="Group in the claim `groups` that a person must have; empty for everyone")
    oidc_scopes: str = Field("", description="Scopes to ask for; empty for `openid profile email`")
    backup_passphrase: SecretStr | None = Field(
        None,
        description="Passphrase for the [secrets of a stack](backup.md#secrets) in its backups; none leaves them out",
    )
    git_commit: str | None = Field(None, description="Commit of the code, where no git can be asked")
    tracking_uri: str | None = Field(None, validation_alias="MLFLOW_TRACKING_URI", description="MLflow's address")

    @field_validator("home")
    @classmethod
    def _from_here(cls, home: Path) -> Path:
        """A process that works in another folder, such as a gate's, finds the same place."""
        if ADDRESS.match(str(home)):
            raise ValueError(f"'{home}' is not a folder of this machine; for tables on S3, set SLUSS_LAKE_URL")
        return home.absolute()

    @field_validator("home")
    @classmethod
    def _in_an_address(cls, home: Path) -> Path:
        """The addresses of the databases end at these signs, which DuckDB and SQLite do not let write otherwise."""
        if sign := next((sign for sign in "?#" if sign in str(home)), None):
            raise ValueError(f"the path {home} has the sign {sign}, with which no database there can be opened")
        if has_other_bytes(str(home)):
            raise ValueError(f"the path {printable(home)} is not written in UTF-8")
        return home

    @field_validator("tracking_uri")
    @classmethod
    def _database_or_server(cls, address: str | None) -> str | None:
        """MLflow's store of plain files has no registry that Sluss could rely on."""
        if address and not _DATABASE_OR_SERVER.match(address):
            raise ValueError(f"'{address}' is neither a server (http://…) nor a database (sqlite:///…)")
        return address

    @cached_property
    def warehouse(self) -> str:
        """The warehouse's URL; a DuckDB file under `home` unless set."""
        return (
            self.warehouse_url.get_secret_value() if self.warehouse_url else f"duckdb:///{self.home}/warehouse.duckdb"
        )

    @cached_property
    def lake(self) -> str:
        """The root of all Delta tables, without a slash at its end."""
        return (self.lake_url or str(self.home / "lake")).rstrip("/")

    @cached_property
    def mlflow_uri(self) -> str:
        """MLflow's address; an SQLite file under `home` unless set."""
        return self.tracking_uri or f"sqlite:///{self.home}/mlflow.db"

    @cached_property
    def lake_options(self) -> dict[str, str]:
        """Storage options of delta-rs; empty for a folder."""
        return self.s3_account.delta_options if self.lake.startswith("s3://") else {}

    def page_of(self, use_case: str, alert: str = "") -> str:
        """The address of a use case in the control room, or of one of its alerts."""
        path = f"alerts/{use_case}/{alert}" if alert else f"use-cases/{use_case}"
        return f"{self.control_room_page.rstrip('/')}/{path}"

    @property
    def is_scheduled(self) -> bool:
        """Whether Airflow runs the schedules here. Embedded, nothing does."""
        return self.place != "embedded"

    @property
    def s3_account(self) -> S3Account:
        """The lake's end point and key."""
        secret = self.s3_secret_access_key.get_secret_value() if self.s3_secret_access_key else None
        return S3Account(self.s3_endpoint_url, self.s3_access_key_id, secret, self.s3_region)


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigError: a variable holds a value that cannot be used; the sentence names it.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        variable = name if name.startswith("MLFLOW_") else f"{_PREFIX}{name}"
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{variable} cannot be used: {reason}. Correct it in the environment or .env.") from None
    # Without this, a status would take it for a folder in which nothing was deployed yet.
    if settings.home.exists() and not settings.home.is_dir():
        raise ConfigError(f"{settings.home} is not a folder. Set SLUSS_HOME to one.")
    return settings


def step_settings() -> Settings:
    """Settings for a step that is about to work: its home exists and can be written.

    Raises:
        ConfigError: a setting cannot be used, or the home cannot be written.
    """
    settings = load_settings()
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {settings.home} cannot be made: {error.strerror}. Set SLUSS_HOME to one that can be written."
        ) from None
    if (marker := settings.home / RESTORING).is_file():
        raise ConfigError(
            f"The restore of {settings.home} was broken off, so its stores do not agree with each other. Run make "
            f"restore with the same FROM again; {marker} names the backup."
        )
    if not os.access(settings.home, os.W_OK):
        raise ConfigError(f"The folder {settings.home} cannot be written. Set SLUSS_HOME to one that can.")
    return settings
