"""How the containers are held."""

from __future__ import annotations

import pytest
from running import INITS, SERVICES, Stack, told

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("service", [*SERVICES, *INITS])
def test_a_container_can_do_no_more_than_it_needs(stack: Stack, service: str) -> None:
    found = stack.inspect(service)
    host, user = found["HostConfig"], found["Config"]["User"]
    assert user.split(":")[0].isdecimal()
    assert int(user.split(":")[0]) > 0
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert ":latest" not in found["Config"]["Image"]
    assert ":" in found["Config"]["Image"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_watched_and_comes_back(stack: Stack, service: str) -> None:
    found = stack.inspect(service)
    assert found["State"]["Health"]["Status"] == "healthy"
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_ports_are_open_on_this_machine_alone_and_of_the_door_alone(stack: Stack) -> None:
    published = {
        service: [
            (inside, each["HostIp"])
            for inside, bindings in (stack.inspect(service)["NetworkSettings"]["Ports"] or {}).items()
            for each in bindings or []
        ]
        for service in SERVICES
    }
    assert {service: sorted(ports) for service, ports in published.items() if ports} == {
        "door": [(f"{port}/tcp", "127.0.0.1") for port in (5000, 8000, 8080, 9001)]
    }


def test_the_code_is_mounted_read_only(stack: Stack) -> None:
    for service in ("airflow-worker", "airflow-dag-processor"):
        mounts = {each["Destination"]: each["RW"] for each in stack.inspect(service)["Mounts"]}
        assert {mounts[f"/opt/sluss/{name}"] for name in ("dags", "sluss", "tasks", "config")} == {False}


def test_migrations_ran_in_the_init_step_and_nowhere_else(stack: Stack) -> None:
    done = {service: stack.docker("logs", f"sluss-smoke-{service}-1") for service in (*SERVICES, *INITS)}
    lines = {service: each.stdout + each.stderr for service, each in done.items()}
    signs = (
        "Creating initial MLflow database tables",
        "Running upgrade",
        "Creating metadata",
        "Stamping migration head",
    )
    assert {service for service, text in lines.items() if any(sign in text for sign in signs)} <= {
        "init-mlflow",
        "init-airflow",
    }
    for service in ("mlflow", "airflow-webserver", "airflow-scheduler", "airflow-worker", "airflow-dag-processor"):
        first = "init-mlflow" if service == "mlflow" else "init-airflow"
        assert stack.first_states[first]["FinishedAt"] < stack.first_states[service]["StartedAt"]


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = {service: stack.inspect(service)["Id"] for service in SERVICES}
    with told("make up on a running stack"):
        stack.command("up")
    assert {service: stack.inspect(service)["Id"] for service in SERVICES} == before
