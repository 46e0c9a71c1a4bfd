"""Addresses of the stack's pages: a port of this machine for each, or by TLS a name for each under one domain."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from sluss.stack.env_file import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOMAIN = "sluss.localhost"  # the compose file's default, too
HTTPS = "443"
_FORMER = ("CONTROL_ROOM_HOSTS", "MLFLOW_EXTRA_HOSTS")
# The service: the setting of its port, the setting of its page, and its name under the domain.
_PAGES = {
    "control-room": ("CONTROL_ROOM_PORT", "SLUSS_CONTROL_ROOM_PAGE", ""),
    "airflow": ("AIRFLOW_PORT", "SLUSS_AIRFLOW_PAGE", "airflow."),
    "mlflow": ("MLFLOW_PORT", "SLUSS_MLFLOW_PAGE", "mlflow."),
    "minio": ("MINIO_CONSOLE_PORT", "SLUSS_MINIO_PAGE", "minio."),
}


def domain(values: Mapping[str, str]) -> str:
    """The domain under which all pages come by TLS; empty without TLS."""
    named = "tls" in os.environ.get("COMPOSE_PROFILES", "").split(",")
    return values.get("SLUSS_DOMAIN", "") or (DOMAIN if named else "")


def page(values: Mapping[str, str], service: str) -> str:
    """The address of a service's page in a browser."""
    setting, name, prefix = _PAGES[service]
    if given := values.get(name):
        return given
    if found := domain(values):
        port = values.get("TLS_PORT") or HTTPS
        return f"https://{prefix}{found}" + ("" if port == HTTPS else f":{port}")
    return f"http://localhost:{values[setting]}"


def variables(values: Mapping[str, str]) -> dict[str, str]:
    """Variables of compose that follow from other settings: names, proxies, and with TLS the addresses."""
    found, hosts = domain(values), _hosts(values)
    proxies = values.get("SLUSS_PROXIES") or values.get("CONTROL_ROOM_PROXIES", "")
    if not found:
        return {"SLUSS_HOSTS": ",".join(hosts), "SLUSS_PROXIES": proxies}
    addresses = {name: page(values, service) for service, (_, name, _) in _PAGES.items()}
    every = ",".join([*hosts, found, f"*.{found}"])
    return {**addresses, "SLUSS_DOMAIN": found, "SLUSS_HOSTS": every, "SLUSS_PROXIES": proxies}


def _hosts(values: Mapping[str, str]) -> list[str]:
    """Additional names of the pages, also from the settings of 0.1.0's `.env`, where some have ports."""
    given = values.get("SLUSS_HOSTS") or ",".join(values.get(name, "") for name in _FORMER)
    names = (each.strip().split(":")[0] for each in given.split(","))
    return [*dict.fromkeys(filter(None, names))]


def mlflow_login(values: Mapping[str, str]) -> dict[str, str]:
    """The variables by which MLflow's client on this machine finds the stack's server, as the tasks do."""
    by_tls = bool(domain(values))
    login = {
        "MLFLOW_TRACKING_URI": page(values, "mlflow") if by_tls else f"http://127.0.0.1:{values['MLFLOW_PORT']}",
        "MLFLOW_TRACKING_USERNAME": "sluss",
        "MLFLOW_TRACKING_PASSWORD": values["MLFLOW_TASK_PASSWORD"],
    }
    ca = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(own_ca())} if by_tls and own_ca().exists() else {}
    return login | ca


def own_ca() -> Path:
    """The certificate of the stack's own CA, as `make up` copies it out of the container."""
    return ROOT / "var" / "tls" / "ca.crt"


def trust() -> ssl.SSLContext:
    """Trust the public CAs and the stack's own, for a request to this machine by its number."""
    context = ssl.create_default_context()
    # The address is 127.0.0.1, so no name could be checked, and nothing on the way could be another machine.
    context.check_hostname = False
    if own_ca().exists():
        context.load_verify_locations(own_ca())
    return context
