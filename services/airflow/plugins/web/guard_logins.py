"""Airflow's plug-in point for middleware of the web server: limits on guessing passwords."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from login_guard import LoginGuard


class GuardLogins(AirflowPlugin):  # type: ignore[misc] # Airflow has no types for it
    """Puts the guard before every page and route of the web server."""

    name = "guard_logins"
    fastapi_root_middlewares: ClassVar[list[Any]] = [{"name": "guard of logins", "middleware": LoginGuard}]
