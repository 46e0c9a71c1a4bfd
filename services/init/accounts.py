"""MLflow's two schemas and its two accounts: the administrator for people, `sluss` for the tasks."""

import os

from mlflow.exceptions import MlflowException
from mlflow.server.auth.config import read_auth_config
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.db import utils
from prepare_error import PrepareError
from sqlalchemy import inspect

TASK_ACCOUNT = "sluss"


def prepare() -> None:
    """Migrate both schemas, then set the accounts."""
    _migrate_tracking()
    config = read_auth_config()
    store = SqlAlchemyStore()
    # Migrates MLflow's authentication schema, which `mlflow db upgrade` does not touch.
    store.init_db(config.database_uri)
    _set_account(store, str(config.admin_username), os.environ["MLFLOW_ADMIN_PASSWORD"], admin=True)
    _set_account(store, TASK_ACCOUNT, os.environ["MLFLOW_TASK_PASSWORD"], admin=False)


def _migrate_tracking() -> None:
    engine = utils.create_sqlalchemy_engine_with_retry(os.environ["MLFLOW_BACKEND_STORE_URI"])
    if inspect(engine).has_table("alembic_version"):
        utils._upgrade_db(engine)  # noqa: SLF001 - what `mlflow db upgrade` calls
    else:
        utils._initialize_tables(engine)  # noqa: SLF001 - what the server would call at its first start
    engine.dispose()


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
