"""The stack's commands, as `make` and `sluss` call them."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.stack import airflow, docker, env_file, env_names, machine, mounted, pages, progress, sbom
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Sequence


_NEXT = """\
Logins     make login
Next step  make train deploy (the demo's first model) or make new (a model of your own table), then make status"""


def up() -> None:
    """Build, start, wait until every service is healthy, print the addresses."""
    _refuse_half_restored()
    values = _prepared()
    machine.check_ports(values)
    build()
    _close_the_other_door(values)
    if progress.run_watched("Starting the services", "up", "--detach", "--wait", "--remove-orphans"):
        raise StackError(_why_not_up())
    if pages.domain(values):
        _copy_ca()
    print(f"\n{_addresses(env_file.settings())}\n\n{_NEXT}")


def build() -> None:
    """Build the images only."""
    machine.fetch_base_images(_prepared())
    written = env_file.fill()
    if written:
        print(f"Wrote {counted(len(written), 'new secret')} to {env_file.location()}", flush=True)
    progress.begin()
    if progress.run("Building the images (minutes at the first time, seconds later)", "build"):
        print(progress.last_lines(), file=sys.stderr)
        raise StackError(
            f"The images could not be built: the lines above are the end of {progress.log_file()}. 'make up' goes on "
            "from there."
        )


def bill() -> None:
    """Write what each image holds, with versions and licences, to var/sbom."""
    docker.check()
    written = sbom.write()
    print(f"Wrote {counted(len(written), 'bill')} of materials to {sbom.FOLDER}")


def down() -> None:
    """Stop the stack; its data stays."""
    docker.check()
    _compose("--profile", "*", "down", "--remove-orphans")
    print("The stack is down; its data stays. 'make up' starts it again, 'make destroy' deletes the data.")


def destroy(*, yes: bool) -> None:
    """Delete the stack and its data, after a question."""
    docker.check()
    name = docker.project()
    if not yes:
        if not sys.stdin.isatty():
            raise StackError("'destroy' asks for confirmation, which needs a terminal: add --yes (make destroy YES=1).")
        print(f"This deletes all data of '{name}': databases, models, predictions, logs.")
        if input(f"Type {name} to go on: ") != name:
            raise StackError("Nothing was deleted.")
    _compose("--profile", "*", "down", "--volumes", "--remove-orphans")
    env_file.restoring().unlink(missing_ok=True)
    print(f"The stack and its data are gone; {env_file.location()} stays.")


def ps() -> None:
    """Show the containers."""
    docker.check()
    _compose("ps", "--all")


def logs(services: Sequence[str], *, follow: bool) -> None:
    """Show the last lines of all services, or of those that are named."""
    docker.check()
    _compose("logs", "--tail", "200", *(["--follow"] if follow else []), "--", *services)


def login() -> None:
    """Show the addresses and the logins."""
    if not env_file.location().exists():
        raise StackError(f"The logins do not exist yet: 'make up' writes them to {env_file.location()}.")
    values = env_file.settings()
    print(_addresses(values))
    for page, user, password in (
        ("Airflow", values["AIRFLOW_ADMIN_USER"], values["AIRFLOW_ADMIN_PASSWORD"]),
        ("MLflow", "admin", values["MLFLOW_ADMIN_PASSWORD"]),
        ("MinIO", values["MINIO_VIEWER_USER"], values["MINIO_VIEWER_PASSWORD"]),
    ):
        print(f"{page:13} user {user:10} password {password}")


def run(command: Sequence[str]) -> None:
    """Run a command where the tasks run; a shell by default."""
    # A healthy stack needs no check of Docker, which would take longer than a rollback.
    worker = docker.worker()
    if worker is None:
        docker.check()
        raise StackError("The stack is not up: 'make up' starts it, 'make ps' shows what runs.")
    sys.exit(docker.run_inside(worker, *(command or ["bash"])))


def backfill(use_case: str, first: str, last: str) -> None:
    """Score the days from the first to the last in the stack, again if they were scored."""
    if not (first and last):
        raise StackError(f"Name the days to score: make backfill USE_CASE={use_case} FROM=2026-01-02 TO=2026-01-05.")
    days = [_day(name, text) for name, text in (("FROM", first), ("TO", last))]
    if not env_file.location().exists():
        raise StackError(
            f"The stack was never started from here: 'make up' starts it. Embedded: make score USE_CASE={use_case} "
            f"INTERVAL={days[0]}."
        )
    print(airflow.backfill(airflow.Airflow(env_file.settings()), use_case, *days))


def _day(name: str, text: str) -> date:
    """A day that was given.

    Raises:
        StackError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StackError(f"{name}={text} is not a day: write it as 2026-01-02.") from None


def _prepared() -> dict[str, str]:
    """The settings, if the machine and they themselves allow a stack."""
    docker.check()
    env_names.check()
    values = env_file.settings()
    env_file.check(values)
    _refuse_lost_secrets(values)
    machine.check()
    mounted.check(mounted.folders(values))
    return values


def _compose(*arguments: str) -> None:
    if code := docker.compose(*arguments).returncode:
        sys.exit(code)


def _refuse_lost_secrets(values: dict[str, str]) -> None:
    """New passwords would not open old volumes."""
    volume = f"{docker.project()}_postgres"
    if not values.get("POSTGRES_PASSWORD") and volume in docker.volumes():
        raise StackError(
            f"The data of an earlier stack is here, but its passwords are not in {env_file.location()}: "
            f"put that file back, or delete the data with 'docker volume rm {' '.join(docker.volumes())}'."
        )


def _refuse_half_restored() -> None:
    """Stores of two moments contradict each other."""
    marker = env_file.restoring()
    if marker.is_file():
        raise StackError(
            f"The restore of {marker.read_text(encoding='utf-8')} was broken off: run 'make restore' with the same "
            "FROM again, or delete what there is with 'make destroy'."
        )


def _why_not_up() -> str:
    failed = [each.service for each in docker.containers() if each.failed]
    if not failed:
        return f"The stack did not come up: {progress.log_file()} shows why, 'make logs' shows more."
    last = docker.compose("logs", "--no-log-prefix", "--tail", "1", failed[0], capture=True).stdout.strip()
    more = f"make logs SERVICE={failed[0]}; {progress.log_file()}"
    return f"The service '{failed[0]}' failed, and the stack is not up: {last or 'it logged nothing'} ({more})"


def _close_the_other_door(values: dict[str, str]) -> None:
    """Remove the door of the mode that is not wanted any more: compose leaves services of other profiles running."""
    other = {"door"} if pages.domain(values) else {"door-behind-tls", "tls"}
    if left := [each.id for each in docker.containers() if each.service in other]:
        docker.output("docker", "rm", "--force", *left)


def _copy_ca() -> None:
    """Copy the certificate of the stack's own CA to this machine; with public certificates, there is none."""
    path = pages.own_ca()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    docker.compose("cp", "tls:/data/caddy/pki/authorities/local/root.crt", str(path), capture=True)


def _addresses(values: dict[str, str]) -> str:
    lines = [
        f"Control room  {pages.page(values, 'control-room')} (with Airflow's logins)",
        f"Airflow       {pages.page(values, 'airflow')}",
        f"MLflow        {pages.page(values, 'mlflow')}",
    ]
    if not values.get("S3_ENDPOINT_URL"):
        lines.append(f"MinIO         {pages.page(values, 'minio')}")
    if pages.domain(values) and pages.own_ca().exists():
        lines.append(f"Certificates are of the stack's own CA, which browsers trust once you import {pages.own_ca()}")
    return "\n".join(lines)
