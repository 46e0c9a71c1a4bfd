"""Migrate Airflow's schema and set the administrator's account, in one process: an `airflow` command costs seconds."""

from __future__ import annotations

import os

from airflow.cli import cli_parser
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder


def main() -> None:
    """Migrate the database and set the administrator's password to that of `.env`. Idempotent."""
    migrate = cli_parser.get_parser().parse_args(["db", "migrate"])
    migrate.func(migrate)
    set_administrator(os.environ["AIRFLOW_ADMIN_USER"], os.environ["AIRFLOW_ADMIN_PASSWORD"])


def set_administrator(name: str, password: str) -> None:
    """`airflow users create` would show the password in the list of processes."""
    with get_application_builder() as builder:
        security = builder.sm
        user = security.find_user(username=name)
        if user is None:
            role = security.find_role("Admin")
            user = security.add_user(name, "Sluss", "Administrator", f"{name}@localhost", role, password)
        elif not security.reset_password(user.id, password):
            user = None
        if not user:
            raise SystemExit(f"Airflow could not set the account '{name}': see the lines above.")
    print(f"Airflow schema and account '{name}': ready")


if __name__ == "__main__":
    main()
