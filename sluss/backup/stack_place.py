"""Back up and restore the stack, from the machine that runs its containers.

Postgres is dumped and restored by its own tools in its own container, with the superuser's password from `.env`. What
reads and writes the buckets runs in the service `backup`, which has their keys and nothing else. Neither is a task: the
code of tasks gets no superuser's password.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.backup import secret_files
from sluss.backup.fetch import Target
from sluss.backup.freeze import FIRST, WITH_THE_LAKE, freeze
from sluss.backup.origin import folder
from sluss.backup.restore import restore_own_files
from sluss.backup.save import Saved
from sluss.errors import ConfigError
from sluss.stack import commands, docker, env_file
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sluss.backup.manifest import Manifest
    from sluss.backup.store import Store

_IN_CONTAINER = "/backup"
_ROLES = "roles.sql"
# Variables by which S3's clients find a bucket of backups.
_AWS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
_SECRETS = {".env": None, "sources.env": "SLUSS_SOURCES_ENV", "receivers.env": "SLUSS_RECEIVERS_ENV"}
_LEFT_OUT = "Logs of Airflow's tasks (volume airflow-logs) are not in this backup."


@dataclass(frozen=True)
class Work:
    """A folder for dumps, on this machine and as the container sees it, and the store as the container sees it."""

    folder: Path
    inside: str
    mounts: tuple[str, ...]
    store: str

    def run(self, action: str, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a part of the backup in a container of the service `backup`."""
        given = [part for name in _AWS if os.environ.get(name) for part in ("--env", name)]
        volumes = [part for mount in self.mounts for part in ("--volume", mount)]
        # As this user, to whom the backups belong.
        user = ["--user", f"{os.getuid()}:{os.getgid()}", "--env", f"TMPDIR={self.inside}"]
        terminal = ["--no-TTY"] if capture or not os.isatty(2) else []
        command = ["run", "--rm", "--no-deps", *terminal, *user, *given, *volumes, "backup"]
        module = ["python", "-m", "sluss.backup", action, "--work", self.inside, "--store", self.store]
        return docker.compose("--progress", "quiet", *command, *module, *arguments, capture=capture)


@contextmanager
def _work(store: Store) -> Iterator[Work]:
    with store.alone(), store.scratch() as scratch:
        if store.is_local:
            inside = f"{_IN_CONTAINER}/{scratch.name}"
            yield Work(scratch, inside, (f"{store.root}:{_IN_CONTAINER}",), _IN_CONTAINER)
        else:
            yield Work(scratch, _IN_CONTAINER, (f"{scratch}:{_IN_CONTAINER}",), store.address)


def save(store: Store, commit: str, passphrase: str) -> Saved:
    """Make a backup of the running stack.

    Raises:
        ConfigError: another backup to that place is being made, or the passphrase is too short.
        ServiceError: the place of the backups does not answer.
        StackError: a service of the stack does not answer.
    """
    postgres = _running("postgres")
    with _work(store) as work:
        (work.folder / "databases").mkdir()
        _keep_secrets(work, passphrase)
        _dump_roles(postgres, work)
        pinned = freeze(lambda: _pins(work), lambda name: _dump(postgres, name, work))
        meta = {"pins": pinned, "commit": commit, "images": _images(), "left_out": [_LEFT_OUT]}
        (work.folder / "place.json").write_text(json.dumps(meta), encoding="utf-8")
        _done(work.run("save"), "stored")
        result = json.loads((work.folder / "saved.json").read_text(encoding="utf-8"))
    return Saved(store.manifest(result["name"]), result["new_bytes"])


def _keep_secrets(work: Work, passphrase: str) -> None:
    secrets = work.folder / "secrets"
    secrets.mkdir()
    if passphrase:
        (secrets / secret_files.FILE).write_bytes(secret_files.encrypted(_secret_paths(), passphrase))


def _secret_paths() -> dict[str, Path]:
    values = env_file.settings()
    found = {name: docker.ROOT / values.get(variable or "", "") for name, variable in _SECRETS.items() if variable}
    return {".env": env_file.location(), **found}


def _pins(work: Work) -> dict[str, int]:
    done = work.run("pins", capture=True)
    if done.returncode:
        raise StackError(done.stderr.strip() or "The versions of the lake's tables cannot be read: see make ps.")
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def _images() -> dict[str, str]:
    """The images that the stack runs, by service."""
    form = "{{.Config.Image}} {{.Image}}"
    ids = {each.service: each.id for each in docker.containers()}
    return {
        name: docker.output("docker", "inspect", "--format", form, found).stdout.strip() for name, found in ids.items()
    }


def _running(service: str) -> str:
    """The container of a service that runs."""
    for each in docker.containers():
        if each.ours and each.service == service and each.state == "running":
            return each.id
    raise StackError(f"The service {service} of the stack {docker.project()} does not run: 'make up' starts it.")


def _in_postgres(postgres: str, *command: str, **files: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401 - Popen's
    """Run one of Postgres' tools as its superuser; the password is in no command line."""
    variables = os.environ | {"PGPASSWORD": env_file.settings()["POSTGRES_PASSWORD"]}
    inside = ["docker", "exec", "--interactive", "--env", "PGPASSWORD", postgres, *command]
    return subprocess.run(inside, env=variables, check=False, stderr=subprocess.PIPE, **files)


def _dump(postgres: str, database: str, work: Work) -> None:
    command = ["pg_dump", "--format=custom", "--username=postgres", f"--dbname={database}"]
    _to_file(postgres, command, work.folder / "databases" / f"{database}.dump", f"The database {database}")


def _dump_roles(postgres: str, work: Work) -> None:
    """Roles of people's own, without passwords. Those of the services get theirs from `.env` at every start."""
    command = ["pg_dumpall", "--roles-only", "--no-role-passwords", "--username=postgres"]
    _to_file(postgres, command, work.folder / "databases" / _ROLES, "The list of roles")


def _to_file(postgres: str, command: Sequence[str], path: Path, words: str) -> None:
    with path.open("wb") as file:
        done = _in_postgres(postgres, *command, stdin=subprocess.DEVNULL, stdout=file)
    if done.returncode:
        raise StackError(f"{words} cannot be dumped: {_last_line(done.stderr)}. See make logs SERVICE=postgres.")


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _done(done: subprocess.CompletedProcess[str], verb: str) -> None:
    if done.returncode:
        raise StackError(f"The files could not be {verb}: the lines above name the reason. No backup was written.")


def restore(store: Store, manifest: Manifest, passphrase: str) -> tuple[list[str], int]:
    """Restore a backup to a stack without data; return the files that were put aside, and the verification's exit code.

    Started again after it was killed, it goes on. Afterwards Postgres, MinIO and MLflow run; `make up` starts the rest.

    Raises:
        ConfigError: the backup is none of a stack.
        DataError: a file of the backup is lost or damaged, or the passphrase is another one.
        StackError: there are data already, or a service does not start.
    """
    if manifest.place != "stack":
        raise ConfigError(f"The backup {manifest.name} is one of the embedded mode. Restore it with WHERE=embedded.")
    docker.check()
    again = _begun(manifest)
    if not again:
        _check_empty()
    with _work(store) as work:
        _bring_secrets(store, manifest, work, passphrase)
        env_file.fill()
        print(f"To the stack {docker.project()}, by {env_file.location()}.", flush=True)
        env_file.restoring().write_text(manifest.name, encoding="utf-8")
        config = docker.ROOT / env_file.settings()["SLUSS_CONFIG_DIR"]
        aside = restore_own_files(config, store, manifest)
        _build_missing()
        _bring_stores(store, manifest, work, again=again)
        code = work.run("check", "--backup", manifest.name).returncode
    env_file.restoring().unlink()
    print("The stores are restored. 'make up' starts everything else.")
    return aside, code


def _build_missing() -> None:
    """Build the images unless all are there; `make up` brings them up to date."""
    images = docker.compose("config", "--images", capture=True).stdout.split()
    if not images or not all(docker.has_image(name) for name in images):
        commands.build()


def _begun(manifest: Manifest) -> bool:
    marker = env_file.restoring()
    return marker.is_file() and marker.read_text(encoding="utf-8") == manifest.name


def _check_empty() -> None:
    data = [name for name in docker.volumes() if name.endswith(("_postgres", "_minio"))]
    if data:
        raise StackError(
            f"The stack {docker.project()} has data already ({', '.join(data)}). A restore goes to an empty place, and "
            "nothing was changed. Delete them with 'make destroy', or give the stack another COMPOSE_PROJECT_NAME."
        )


def _bring_secrets(store: Store, manifest: Manifest, work: Work, passphrase: str) -> None:
    """Write `.env` and its like where they are missing; those that are there stay."""
    stored = manifest.part("secrets").get(secret_files.FILE)
    if stored is None or not passphrase:
        return
    with store.reading(stored.sha256) as stream:
        content = secret_files.decrypted(stream.read(), passphrase)
    # `.env` first: it names the places of the others.
    for name in _SECRETS:
        path = _secret_paths()[name]
        if name in content and not path.exists():
            spool = work.folder / "secret"
            spool.touch(mode=0o600)
            spool.write_text(content[name], encoding="utf-8")
            shutil.move(spool, path)


def _bring_stores(store: Store, manifest: Manifest, work: Work, *, again: bool) -> None:
    built_in = [] if env_file.settings().get("S3_ENDPOINT_URL") else ["minio"]
    _compose("up", "--detach", "--wait", "postgres", *built_in)
    # Roles, databases, buckets and keys.
    _compose("run", "--rm", "--no-TTY", "init")
    dumps = Target(folder("", work.folder).files, str(work.folder / "databases"))
    dumps.bring(store, manifest.part("databases"))
    postgres = _running("postgres")
    with (work.folder / "databases" / _ROLES).open("rb") as roles:
        # A role that exists already is not an error here.
        _in_postgres(postgres, "psql", "--quiet", "--username=postgres", stdin=roles, stdout=subprocess.DEVNULL)
    for database in (*FIRST, *WITH_THE_LAKE):
        _load(postgres, database, work.folder / "databases" / f"{database}.dump")
    # Their passwords once more: the list of roles has none.
    _compose("run", "--rm", "--no-TTY", "init")
    done = work.run("put", "--backup", manifest.name, *(["--again"] if again else []))
    if done.returncode:
        raise StackError("The buckets could not be filled: the line above names the reason.")
    _compose("up", "--detach", "--wait", "mlflow")


def _load(postgres: str, database: str, path: Path) -> None:
    # All in one transaction: a restore that is killed leaves an empty database, and starts it again.
    how = ["--clean", "--if-exists", "--exit-on-error", "--single-transaction"]
    with path.open("rb") as dump:
        done = _in_postgres(
            postgres, "pg_restore", "--username=postgres", f"--dbname={database}", *how, stdin=dump,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    if done.returncode:
        raise StackError(f"The database {database} cannot be restored: {_last_line(done.stderr)}.")


def _compose(*arguments: str) -> None:
    done = docker.compose("--progress", "quiet", *arguments, capture=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise StackError(f"The services could not be started: {lines[-1] if lines else 'no reason given'} (make logs).")
