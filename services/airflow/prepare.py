"""Migrate Airflow's schema, delete old runs, and set the administrator's account.

All in one process, since an `airflow` command costs seconds.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.cli import cli_parser
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

# Tables that grow with each run. Those of DAGs and their versions stay: they also hold which DAGs are paused.
OF_RUNS = "asset_event,callback,import_error,job,log,revoked_token,session,task_reschedule,xcom,task_instance,dag_run"


def main() -> None:
    """Migrate the database, clean it, and set the administrator's password to that of `.env`. Idempotent."""
    command("db", "migrate")
    first = datetime.now(UTC) - timedelta(days=float(os.environ["AIRFLOW_KEEP_DAYS"]))
    kept = ["--clean-before-timestamp", first.isoformat(), "--tables", OF_RUNS]
    command("db", "clean", *kept, "--skip-archive", "--yes")
    set_administrator(os.environ["AIRFLOW_ADMIN_USER"], os.environ["AIRFLOW_ADMIN_PASSWORD"])


def command(*words: str) -> None:
    """Run a command of Airflow's in this process."""
    parsed = cli_parser.get_parser().parse_args(words)
    parsed.func(parsed)


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
