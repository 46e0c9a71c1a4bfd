"""MLflow's server as the stack runs it: with logins, and with artifacts that pass through it alone.

MLflow tells a client that it may send large files to S3 itself, in parts to signed addresses. Those name the store
inside the stack (http://minio:9000), which nobody outside can reach, so every file above 500 MB would fail. The server
says so of every S3 store and has no setting against it; a store that only it can see may not offer signed addresses.
"""

from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from mlflow.entities import FileInfo
from mlflow.server import app as flask_app
from mlflow.server.auth import create_app as create_app_with_logins
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from starlette.types import Receive, Scope, Send

# What clients ask for: all of it Flask's, which checks login, host and origin itself.
_CLIENTS_API = "/api/2.0/mlflow/"


class PrivateS3(ArtifactRepository):
    """An S3 store that offers nothing but what the server does itself."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self._store = S3ArtifactRepository(artifact_uri, tracking_uri=tracking_uri, registry_uri=registry_uri)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Store a file."""
        self._store.log_artifact(local_file, artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Store a folder."""
        self._store.log_artifacts(local_dir, artifact_path)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """What lies below a path."""
        found: list[FileInfo] = self._store.list_artifacts(path)
        return found

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete what lies below a path."""
        self._store.delete_artifacts(artifact_path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self._store._download_file(remote_file_path, local_path)  # noqa: SLF001 - the same method of the same base


class Server:
    """MLflow's application, with a short way to the API of its clients.

    MLflow passes each request to its Flask part through the middleware of its other parts, which is a sixth of the time
    that a small request takes.
    """

    def __init__(self, application: FastAPI) -> None:
        self._all = application
        self._clients = WSGIMiddleware(flask_app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_CLIENTS_API):
            await self._clients(scope, receive, send)
        else:
            await self._all(scope, receive, send)


def create_app() -> Server:
    """The application for uvicorn."""
    _artifact_repository_registry.register("s3", PrivateS3)
    return Server(create_app_with_logins())
