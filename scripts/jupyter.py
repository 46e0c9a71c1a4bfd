"""JupyterLab on notebooks/, with the packages of the lock file: on the stack's data when it is up."""

from __future__ import annotations

import json
import os
import sys

from sluss.config.settings import step_settings
from sluss.errors import SlussError
from sluss.stack import docker, env_file, pages, where
from sluss.stack.error import StackError
from sluss.stack.user_folders import user_home_is_writable

ROOT = env_file.ROOT
PORT = "8888"


def stack_is_up() -> bool:
    """Whether to work with the stack's services: those that are up, or as WHERE chooses.

    Raises:
        StackError: the stack is neither up nor down.
    """
    return where.choose(os.environ.get("WHERE", "")) is not None


def stack_environment() -> dict[str, str]:
    """Environment of the tasks in the stack, with addresses that this machine reaches: MLflow's and the lake's.

    Raises:
        StackError: MinIO cannot be found.
    """
    values = env_file.settings()
    return {
        "SLUSS_CONFIG_DIR": str(ROOT / values["SLUSS_CONFIG_DIR"]),
        **pages.mlflow_login(values),
        # The gates compare packages with those of their own process, and these are not the ones that will run a model.
        "SLUSS_DEPLOYS": "false",
        "SLUSS_LAKE_URL": "s3://lake",
        "SLUSS_S3_ENDPOINT_URL": values.get("S3_ENDPOINT_URL") or f"http://{_minio()}:9000",
        "SLUSS_S3_REGION": values["S3_REGION"],
        "SLUSS_S3_ACCESS_KEY_ID": values["LAKE_S3_ACCESS_KEY_ID"],
        "SLUSS_S3_SECRET_ACCESS_KEY": values["LAKE_S3_SECRET_ACCESS_KEY"],
    }


def _minio() -> str:
    """MinIO's address on Docker's own network, which this machine is on: its S3 port is published nowhere."""
    container = docker.compose("ps", "--quiet", "minio", capture=True).stdout.strip()
    networks = docker.output("docker", "inspect", "--format", "{{json .NetworkSettings.Networks}}", container)
    found = json.loads(networks.stdout or "{}")
    address = next((each["IPAddress"] for each in found.values() if each["IPAddress"]), None)
    if address is None:
        raise StackError("MinIO has no address on this machine's Docker network: 'make ps' shows whether it runs.")
    return str(address)


def command() -> list[str]:
    """JupyterLab on the loopback address, with a token; without a browser where the output is not a terminal."""
    port = os.environ.get("NOTEBOOK_PORT", PORT)
    if not port.isdigit():
        raise StackError(f"NOTEBOOK_PORT={port} is not a port; give a number such as {PORT}.")
    lab = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    lab += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={ROOT / 'notebooks'}"]
    lab += [] if sys.stdout.isatty() else ["--no-browser"]
    return lab + (["--allow-root"] if os.geteuid() == 0 else [])


def own_folders() -> dict[str, str]:
    """Jupyter's folders below Sluss' own, where the user's home cannot be written."""
    if user_home_is_writable():
        return {}
    home = step_settings().home / "jupyter"
    names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    kept = {name: str(home / folder) for name, folder in names.items()}
    return kept | {"IPYTHONDIR": str(home / "ipython"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}


def main() -> None:
    """Become JupyterLab."""
    try:
        os.environ.update(own_folders())
        up = stack_is_up()
        variables = stack_environment() if up else {}
        lab = command()
    except (StackError, SlussError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print("The notebooks work on the data of", "the stack." if up else "this machine (make data loads it).", flush=True)
    os.environ.update({"OPENBLAS_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"} | variables)
    os.execv(lab[0], lab)  # noqa: S606 - it takes this process's place, and with it Ctrl-C


if __name__ == "__main__":
    main()
