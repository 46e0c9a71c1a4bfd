"""Become MLflow's server.

`mlflow server --app-name basic-auth --workers 1` checks its arguments, starts uvicorn with what it found and then
waits beside it, with all of MLflow in memory. This does the same in the one process that stays. The names come from
MLflow, so a version that renames them fails here and not later.
"""

import os
import shutil
import sys
from pathlib import Path

from mlflow.environment_variables import _MLFLOW_SGI_NAME
from mlflow.server import _UVICORN_LOG_CONFIG, constants


def main() -> None:
    """Replace this process by uvicorn."""
    empty_transfer_folder(Path(os.environ["TMPDIR"]))
    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: os.environ["MLFLOW_BACKEND_STORE_URI"],
        constants.REGISTRY_STORE_URI_ENV_VAR: os.environ["MLFLOW_BACKEND_STORE_URI"],
        constants.ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
        constants.ARTIFACTS_DESTINATION_ENV_VAR: os.environ["MLFLOW_ARTIFACTS_DESTINATION"],
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        _MLFLOW_SGI_NAME.name: "uvicorn",
    }
    serve = [
        "--host=0.0.0.0",
        "--port=5000",
        "--workers=1",
        "--app-dir=/opt/sluss/server",
        f"--log-config={_UVICORN_LOG_CONFIG}",
    ]
    os.execv(sys.executable, [sys.executable, "-m", "uvicorn", *serve, "--factory", "app:create_app"])


def empty_transfer_folder(folder: Path) -> None:
    """A server that was killed half-way through an artifact left the other half here."""
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


if __name__ == "__main__":
    main()
