"""Requirements that the machine must meet before the stack starts: free ports, memory, disk, base images."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from sluss import VERSION
from sluss.stack import docker, pages
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

DOOR = "door"  # publishes the ports
# The port's setting, and the service behind it, which published it itself in an older stack.
PORTS = {
    "CONTROL_ROOM_PORT": "control-room",
    "MLFLOW_PORT": "mlflow",
    "AIRFLOW_PORT": "airflow-webserver",
    "MINIO_CONSOLE_PORT": "minio",
}
GIB = 1024**3


def check() -> None:
    """Memory and disk.

    Raises:
        StackError: there is too little.
    """
    _check_memory()
    _check_disk()


def check_ports(values: Mapping[str, str]) -> None:
    """The ports are free, or this stack has them.

    Raises:
        StackError: it names the setting of the first that is not.
    """
    running = {each.service for each in docker.containers() if each.state == "running"}
    taken: dict[int, str] = {}
    for setting, service in ({"TLS_PORT": "tls"} if pages.domain(values) else PORTS).items():
        port = _port(setting, values[setting])
        if port in taken:
            raise StackError(f"{setting} and {taken[port]} are both {port}: give one of them another port in .env.")
        taken[port] = setting
        if not running & {DOOR, service} and not _is_free(port):
            raise StackError(
                f"Port {port} on 127.0.0.1 is in use by another program: stop it, or set {setting} in .env to "
                "a free one."
            )


def _port(setting: str, value: str) -> int:
    if value.isdecimal() and 0 < int(value) < 65536:
        return int(value)
    raise StackError(f"{setting} is '{value}', which is not a port: set it in .env to a number from 1 to 65535.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose connections were closed a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return True  # below 1024, which the engine may open and this user may not
        except OSError:
            return False
        return True


def _least(setting: str, default: float) -> float:
    value = os.environ.get(setting, "")
    try:
        return float(value or default)
    except ValueError:
        raise StackError(f"{setting} is '{value}', which is not a number of GB.") from None


def _check_memory() -> None:
    """The stack idles at 1.8 GB; training on top of it needs about as much again."""
    least = _least("SLUSS_LEAST_MEMORY_GB", 3)
    found = int(docker.output("docker", "info", "--format", "{{.MemTotal}}").stdout or 0) / GIB
    if 0 < found < least:
        raise StackError(
            f"Docker has {found:.1f} GB of memory and the stack needs {least:g}: give Docker more, "
            "or lower SLUSS_LEAST_MEMORY_GB and take the risk."
        )


def _check_disk() -> None:
    """Images take about 4 GB, the compiler's cache for MinIO two more."""
    built = docker.has_image(f"sluss-airflow:{VERSION}")
    least = _least("SLUSS_LEAST_DISK_GB", 2 if built else 8)
    folder = Path(docker.output("docker", "info", "--format", "{{.DockerRootDir}}").stdout.strip())
    # Docker runs in a virtual machine, whose disk is not visible from here.
    if not folder.is_dir():
        return
    found = shutil.disk_usage(folder).free / GIB
    if found < least:
        raise StackError(
            f"{folder} has {found:.1f} GB free and the stack needs {least:g}: free some ('docker system prune'), "
            "or lower SLUSS_LEAST_DISK_GB and take the risk."
        )


def base_images(values: Mapping[str, str]) -> list[str]:
    """The images that the stack's own are built from."""
    names = [values["PYTHON_IMAGE"], values["POSTGRES_IMAGE"], values["VALKEY_IMAGE"]]
    if not values.get("S3_ENDPOINT_URL"):
        names.append(values.get("MINIO_IMAGE") or values["GOLANG_IMAGE"])
    return names


def fetch_base_images(values: Mapping[str, str]) -> None:
    """Pull the missing base images, so that an unreachable registry is reported before a build fails on it."""
    for name in base_images(values):
        if docker.has_image(name):
            continue
        print(f"Fetching {name}", flush=True)
        answer = docker.output("docker", "pull", "--quiet", name)
        if answer.returncode:
            raise StackError(
                f"The base image {name} is not here and cannot be pulled: 'make base-images' makes it from Debian's "
                "packages, or name an image of your own mirror in .env."
            )
