"""Keys of sources that may lie on S3, in a bucket with a key of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from sluss.config.s3_account import S3Account, account_from_connection, account_from_variables
from sluss.sources.mapped_section import MappedSection

if TYPE_CHECKING:
    from sluss.config.settings import Settings


class MayBeOnS3(MappedSection):
    """A section whose path may be one of S3."""

    s3_variables: str | None = Field(
        None, pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Beginning of the environment variables with the account of the bucket, if it is not the lake's: "
        "for `SHOP_S3` they are `SHOP_S3_ACCESS_KEY_ID`, `SHOP_S3_SECRET_ACCESS_KEY`, `SHOP_S3_ENDPOINT_URL` and "
        "`SHOP_S3_REGION`",
    )  # fmt: skip
    airflow_connection: str | None = Field(
        None, pattern=r"^\w+$", description="Or the Airflow connection (type: Amazon Web Services) with that account"
    )

    @model_validator(mode="after")
    def _has_one_account(self) -> Self:
        if self.s3_variables is not None and self.airflow_connection is not None:
            raise ValueError("give s3_variables or airflow_connection, not both")
        return self

    @property
    def connections(self) -> tuple[str, ...]:
        """Airflow connections whose addresses it needs."""
        own = () if self.airflow_connection is None else (self.airflow_connection,)
        return (*own, *super().connections)

    def account(self, settings: Settings) -> S3Account:
        """The account by which S3 is asked.

        Raises:
            ConfigError: it is not in the environment.
        """
        if self.s3_variables is not None:
            return account_from_variables(self.s3_variables)
        if self.airflow_connection is not None:
            return account_from_connection(self.airflow_connection)
        return settings.s3_account
