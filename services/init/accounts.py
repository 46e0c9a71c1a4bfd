"""MLflow's two schemas and its accounts: the administrator for people, `sluss` for the tasks, `room` to read."""

from __future__ import annotations

import os
import subprocess

from mlflow.exceptions import MlflowException
from mlflow.server.auth.config import read_auth_config
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from prepare_error import PrepareError

TASK_ACCOUNT, READING_ACCOUNT = "sluss", "room"


def prepare() -> None:
    """Migrate both schemas, then set the accounts."""
    _migrate_tracking()
    config = read_auth_config()
    store = SqlAlchemyStore()
    # Opens the store and migrates its schema, which `mlflow db upgrade` does not touch.
    store.init_db(config.database_uri)
    _set_account(store, str(config.admin_username), os.environ["MLFLOW_ADMIN_PASSWORD"], admin=True)
    _set_account(store, TASK_ACCOUNT, os.environ["MLFLOW_TASK_PASSWORD"], admin=False)
    _set_account(store, READING_ACCOUNT, os.environ["MLFLOW_ROOM_PASSWORD"], admin=False)


def _migrate_tracking() -> None:
    """Make the tracking schema, or bring it up to date."""
    # The password is not in the address: libpq takes it from PGPASSWORD.
    done = subprocess.run(["mlflow", "db", "upgrade", os.environ["MLFLOW_BACKEND_STORE_URI"]], check=False)
    if done.returncode:
        raise PrepareError("'mlflow db upgrade' could not migrate MLflow's schema: see the lines above.")


def _set_account(store: SqlAlchemyStore, name: str, password: str, *, admin: bool) -> None:
    try:
        if not store.has_user(name):
            store.create_user(name, password, is_admin=admin)
        elif not store.authenticate_user(name, password):
            store.update_user(name, password=password)
    except MlflowException as error:
        raise PrepareError(
            f"MLflow refuses the password of '{name}' ({error.message}): choose another in .env."
        ) from error
