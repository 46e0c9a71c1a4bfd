"""MLflow's server behind a guard: who asks, and whether a role may use a route.

`mlflow server --app-name guarded` starts it. MLflow's own authorization still decides about single experiments and
models; the guard decides before it which routes there are for a role, and refuses every route that its table
(`rights.py`) does not name, except to the administrator.
"""

from __future__ import annotations

from guarded.app import create_app
from guarded.caller import authorization

__all__ = ["authorization", "create_app"]
