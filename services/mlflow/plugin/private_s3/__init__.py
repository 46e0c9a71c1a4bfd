"""The artifact store for `private-s3://bucket/path`: an S3 bucket that only MLflow's server can reach.

MLflow offers signed addresses to the client of each store that can sign them, and the client then sends and fetches
large files there. On the stack's own network these addresses begin with http://minio:9000, which a client outside
cannot reach, so every file above 500 MB would fail. MLflow has no setting against it: it asks whether the class of the
store has the mix-ins `MultipartUploadMixin`, `MultipartDownloadMixin` and `PresignedUploadMixin`. This class has none
of them, so all files pass through the server.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

if TYPE_CHECKING:
    from mlflow.entities import FileInfo

SCHEME = "private-s3"


class PrivateS3ArtifactRepository(ArtifactRepository):
    """An S3 store that does not offer signed addresses."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        address = f"s3{artifact_uri.removeprefix(SCHEME)}"
        self._s3 = S3ArtifactRepository(address, tracking_uri=tracking_uri, registry_uri=registry_uri)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Store a file."""
        self._s3.log_artifact(local_file, artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Store a folder."""
        self._s3.log_artifacts(local_dir, artifact_path)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """List the files and folders directly below a path."""
        found: list[FileInfo] = self._s3.list_artifacts(path)
        return found

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        """Fetch a file or a folder."""
        fetched: str = self._s3.download_artifacts(artifact_path, dst_path)
        return fetched

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete a file or a folder."""
        self._s3.delete_artifacts(artifact_path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        """Fetch a file to a given place: the method that `ArtifactRepository` requires of each store, for traces."""
        target = Path(local_path)
        # On the disk of the target, so that a large file is moved and not copied.
        with TemporaryDirectory(dir=target.parent) as folder:
            Path(self.download_artifacts(remote_file_path, folder)).replace(target)
