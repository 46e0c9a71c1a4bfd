"""Addresses of the stack's pages, and the two ways in that the compose file has."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sluss.stack import docker, env_file, pages
from sluss.stack.airflow import Airflow

COMPOSE: dict[str, Any] = yaml.safe_load((env_file.ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
PLAIN = env_file.read(env_file.EXAMPLE)
SECURED = {**PLAIN, "SLUSS_DOMAIN": "ml.example.org", "SLUSS_HOSTS": "box"}


@pytest.fixture(autouse=True)
def _no_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)


def test_only_the_two_doors_have_open_ports_and_never_both() -> None:
    found = {name: each["profiles"] for name, each in COMPOSE["services"].items() if "ports" in each}
    assert found == {"door": ["door"], "tls": ["tls"]}
    for values, door in ((PLAIN, "door"), (SECURED, "tls")):
        assert {*docker.environment(values)["COMPOSE_PROFILES"].split(",")} == {"minio", door}


def test_without_a_domain_each_page_has_a_port() -> None:
    assert pages.page(PLAIN, "airflow") == "http://localhost:8080"
    assert pages.variables(PLAIN) == {"SLUSS_HOSTS": "", "SLUSS_PROXIES": ""}
    assert pages.mlflow_login(PLAIN)["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"


def test_with_a_domain_each_page_has_a_name() -> None:
    assert pages.page(SECURED, "control-room") == "https://ml.example.org"
    assert pages.page({**SECURED, "TLS_PORT": "8443"}, "mlflow") == "https://mlflow.ml.example.org:8443"
    found = pages.variables({**SECURED, "SLUSS_CONTROL_ROOM_PAGE": "https://room.example.org"})
    assert found["SLUSS_HOSTS"] == "box,ml.example.org,*.ml.example.org"
    assert found["SLUSS_CONTROL_ROOM_PAGE"] == "https://room.example.org"
    assert found["SLUSS_AIRFLOW_PAGE"] == "https://airflow.ml.example.org"
    assert pages.mlflow_login(SECURED)["MLFLOW_TRACKING_URI"] == "https://mlflow.ml.example.org"
    assert Airflow(SECURED).page == "https://airflow.ml.example.org"


def test_the_names_of_an_older_env_file_go_on_working() -> None:
    older = {"CONTROL_ROOM_HOSTS": "room.example.org, box", "MLFLOW_EXTRA_HOSTS": "box:5000,ml.example.org"}
    found = pages.variables({**PLAIN, **older, "CONTROL_ROOM_PROXIES": "172.18.0.1"})
    assert found == {"SLUSS_HOSTS": "room.example.org,box,ml.example.org", "SLUSS_PROXIES": "172.18.0.1"}
    newer = pages.variables({**PLAIN, **older, "SLUSS_HOSTS": "only.example.org"})
    assert newer["SLUSS_HOSTS"] == "only.example.org"


def test_the_profile_alone_takes_the_default_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "minio,tls")
    assert pages.page(PLAIN, "minio") == "https://minio.sluss.localhost"
    assert docker.environment(PLAIN)["COMPOSE_PROFILES"] == "minio,tls"
