"""The table of rights: which role may use which of MLflow's routes.

A route that is not here is for the administrator alone. So a new version of MLflow cannot open a door: its new routes
stay shut until they are written here. `/api/2.0/…` and `/ajax-api/2.0/…` are one line, `*` stands for a variable part.
MLflow decides after this table about the single experiment or model.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from mlflow.server.auth.permissions import get_permission

if TYPE_CHECKING:
    from mlflow.server.auth.entities import User
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

# Accounts of programs, which services/init/accounts.py creates.
TASKS, ROOM = "sluss", "room"


class Role(Enum):
    """The kinds of accounts that the guard tells apart."""

    ROOM = "the control room's account"
    READER = "an account without rights"
    WRITER = "an account with the right to change an experiment or a model"
    TASKS = "the tasks' account"
    ADMIN = "the administrator"


# Without a login: Docker asks for it, and it answers OK.
PUBLIC = {"GET /health"}
# Whose artifacts the server itself has to place: see bodies.py.
CREATES_AN_EXPERIMENT = "POST 2.0/mlflow/experiments/create"

_READ = """
GET /get-artifact
GET /model-versions/get-artifact
GET /version
GET 2.0/mlflow-artifacts/artifacts
GET 2.0/mlflow-artifacts/artifacts/*
GET 2.0/mlflow-artifacts/presigned/*
GET 2.0/mlflow/artifacts/list
GET 2.0/mlflow/experiments/get
GET 2.0/mlflow/experiments/get-by-name
GET 2.0/mlflow/experiments/search
POST 2.0/mlflow/experiments/search
GET 2.0/mlflow/logged-models/*
GET 2.0/mlflow/logged-models/*/artifacts/directories
POST 2.0/mlflow/logged-models/search
GET 2.0/mlflow/metrics/get-history
GET 2.0/mlflow/metrics/get-history-bulk-interval
GET 2.0/mlflow/model-versions/get
GET 2.0/mlflow/model-versions/get-download-uri
GET 2.0/mlflow/model-versions/search
GET 2.0/mlflow/registered-models/alias
GET 2.0/mlflow/registered-models/get
GET 2.0/mlflow/registered-models/get-latest-versions
POST 2.0/mlflow/registered-models/get-latest-versions
GET 2.0/mlflow/registered-models/search
GET 2.0/mlflow/runs/get
POST 2.0/mlflow/runs/search
GET 3.0/mlflow/server-info
"""

# MLflow's pages, and what a person reads on them.
_PAGES = """
GET /
GET /build/*
GET /static-files/*
GET /graphql
POST /graphql
GET 2.0/mlflow/get-trace-artifact
GET 2.0/mlflow/logged-models/*/artifacts/files
GET 2.0/mlflow/metrics/get-history-bulk
GET 2.0/mlflow/traces
GET 2.0/mlflow/traces/*/info
GET 2.0/mlflow/users/current
PATCH 2.0/mlflow/users/update-password
POST 2.0/mlflow/experiments/search-datasets
GET 3.0/mlflow/datasets/*
GET 3.0/mlflow/datasets/*/experiment-ids
GET 3.0/mlflow/datasets/*/records
GET 3.0/mlflow/datasets/search
POST 3.0/mlflow/datasets/search
GET 3.0/mlflow/get-trace-artifact
GET 3.0/mlflow/scorers/get
GET 3.0/mlflow/scorers/list
GET 3.0/mlflow/scorers/versions
GET 3.0/mlflow/traces/*
GET 3.0/mlflow/traces/*/assessments/*
GET 3.0/mlflow/traces/batchGet
POST 3.0/mlflow/traces/batchGetInfos
GET 3.0/mlflow/traces/get
POST 3.0/mlflow/traces/metrics
POST 3.0/mlflow/traces/search
GET 3.0/mlflow/ui-telemetry
GET 3.0/mlflow/users/current/permissions
"""

# Training, registering and cleaning up. MLflow asks for the right to change that experiment or model.
_WRITE = """
PUT 2.0/mlflow-artifacts/artifacts/*
DELETE 2.0/mlflow-artifacts/artifacts/*
POST 2.0/mlflow-artifacts/mpu/abort/*
POST 2.0/mlflow-artifacts/mpu/complete/*
POST 2.0/mlflow-artifacts/mpu/create/*
POST 2.0/mlflow/experiments/create
POST 2.0/mlflow/experiments/delete
POST 2.0/mlflow/experiments/delete-experiment-tag
POST 2.0/mlflow/experiments/restore
POST 2.0/mlflow/experiments/set-experiment-tag
POST 2.0/mlflow/experiments/update
POST 2.0/mlflow/logged-models
PATCH 2.0/mlflow/logged-models/*
DELETE 2.0/mlflow/logged-models/*
POST 2.0/mlflow/logged-models/*/params
PATCH 2.0/mlflow/logged-models/*/tags
DELETE 2.0/mlflow/logged-models/*/tags/*
POST 2.0/mlflow/model-versions/create
DELETE 2.0/mlflow/model-versions/delete
DELETE 2.0/mlflow/model-versions/delete-tag
POST 2.0/mlflow/model-versions/set-tag
PATCH 2.0/mlflow/model-versions/update
POST 2.0/mlflow/registered-models/alias
DELETE 2.0/mlflow/registered-models/alias
POST 2.0/mlflow/registered-models/create
DELETE 2.0/mlflow/registered-models/delete
DELETE 2.0/mlflow/registered-models/delete-tag
POST 2.0/mlflow/registered-models/set-tag
PATCH 2.0/mlflow/registered-models/update
POST 2.0/mlflow/runs/create
POST 2.0/mlflow/runs/delete
POST 2.0/mlflow/runs/delete-tag
POST 2.0/mlflow/runs/log-batch
POST 2.0/mlflow/runs/log-inputs
POST 2.0/mlflow/runs/log-metric
POST 2.0/mlflow/runs/log-model
POST 2.0/mlflow/runs/log-parameter
POST 2.0/mlflow/runs/outputs
POST 2.0/mlflow/runs/restore
POST 2.0/mlflow/runs/set-tag
POST 2.0/mlflow/runs/update
"""

# Requests that the pages send for a person with rights.
_WRITE_ON_PAGES = """
POST 2.0/mlflow/model-versions/transition-stage
POST 2.0/mlflow/registered-models/rename
POST 2.0/mlflow/upload-artifact
"""


def _lines(*tables: str) -> frozenset[str]:
    return frozenset(line for table in tables for line in table.split("\n") if line)


RIGHTS = {
    Role.ROOM: _lines(_READ),
    Role.READER: _lines(_READ, _PAGES),
    Role.WRITER: _lines(_READ, _PAGES, _WRITE, _WRITE_ON_PAGES),
    Role.TASKS: _lines(_READ, _WRITE),
}


def may_use(role: Role, route: str | None) -> bool:
    """Whether a role may use a route; None is a request for which MLflow has no route."""
    return role is Role.ADMIN or route in RIGHTS[role]


def role_of(user: User, store: SqlAlchemyStore) -> Role:
    """Return the role of an account, by its name, its flag and its grants."""
    if user.username in {TASKS, ROOM}:
        return Role.TASKS if user.username == TASKS else Role.ROOM
    if user.is_admin:
        return Role.ADMIN
    granted = (grant for role in store.list_user_roles(user.id) for grant in role.permissions)
    return Role.WRITER if any(get_permission(grant.permission).can_update for grant in granted) else Role.READER
