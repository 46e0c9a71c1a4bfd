"""Serves the control room until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import uvicorn

from sluss.config.settings import step_settings
from sluss.control_room.web.acts_airflow import HandsInAirflow
from sluss.control_room.web.airflow import Airflow
from sluss.control_room.web.airflow_door import AirflowDoor
from sluss.control_room.web.app import create_app
from sluss.control_room.web.ports import free_port
from sluss.errors import ConfigError, SlussError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from sluss.config.settings import Settings


def application(settings: Settings) -> FastAPI:
    """Return the application of this place.

    Raises:
        ConfigError: other persons could reach it, and it knows no accounts.
    """
    if settings.airflow_url:
        airflow = Airflow(settings.airflow_url)
        return create_app(settings, AirflowDoor(airflow, settings.config_dir), hands=HandsInAirflow(airflow, settings))
    if settings.place != "embedded":
        raise ConfigError(
            "The control room has no accounts to ask for: set SLUSS_AIRFLOW_URL to the address of Airflow's web server."
        )
    return create_app(settings)


def main() -> None:
    """Serve on CONTROL_ROOM_HOST (by default the loopback address) and CONTROL_ROOM_PORT (by default 8000)."""
    host = os.environ.get("CONTROL_ROOM_HOST") or "127.0.0.1"
    try:
        port = free_port("CONTROL_ROOM_PORT", 8000, host)
        settings = step_settings()
        app = application(settings)
    except SlussError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    proxies = settings.control_room_proxies
    # Without a proxy of ours, a header could claim any address, and TLS where there is none.
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
    )


if __name__ == "__main__":
    main()
