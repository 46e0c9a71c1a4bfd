#!/usr/bin/env python3
"""The stack's commands, as `make` calls them. Standard library only: it runs before there is an environment."""

from __future__ import annotations

import argparse
import os
import sys

import stack_docker
import stack_env
import stack_machine
from stack_error import StackError

ROOT = stack_env.ROOT


def up(arguments: argparse.Namespace) -> None:
    """Check, fill .env, build, start, wait, print the addresses."""
    values = _prepared()
    stack_machine.check_ports(values)
    build(arguments)
    if stack_docker.compose("up", "--detach", "--wait", "--remove-orphans").returncode:
        raise StackError(_why_not_up())
    print(f"\n{_addresses(stack_env.settings())}\nThe logins: make login")


def build(_: argparse.Namespace) -> None:
    """Check, fill .env, and build the images."""
    stack_machine.fetch_base_images(_prepared())
    written = stack_env.fill()
    if written:
        print(f"Wrote {len(written)} new secrets to {stack_env.env_file()}", flush=True)
    if stack_docker.compose("build").returncode:
        raise StackError("The images could not be built: the lines above say why; then 'make up' goes on from there.")


def down(_: argparse.Namespace) -> None:
    """Stop and remove the containers; data stays."""
    stack_docker.check()
    _run("down", "--remove-orphans")
    print("The stack is down; its data stays. 'make up' starts it again, 'make destroy' deletes the data.")


def destroy(arguments: argparse.Namespace) -> None:
    """Remove containers and data, after a question."""
    stack_docker.check()
    name = stack_docker.project()
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise StackError("'destroy' asks first and nobody is here to answer: add --yes (make destroy YES=1).")
        print(f"This deletes all data of '{name}': databases, models, predictions, logs.")
        if input(f"Type {name} to go on: ") != name:
            raise StackError("Nothing was deleted.")
    _run("down", "--volumes", "--remove-orphans")
    print(f"The stack and its data are gone; {stack_env.env_file()} stays.")


def ps(_: argparse.Namespace) -> None:
    """Show the containers."""
    stack_docker.check()
    _run("ps", "--all")


def logs(arguments: argparse.Namespace) -> None:
    """Show the last lines of all services or of one."""
    stack_docker.check()
    follow = ["--follow"] if arguments.follow else []
    _run("logs", "--tail", "200", *follow, *arguments.service)


def login(_: argparse.Namespace) -> None:
    """Show addresses and logins."""
    if not stack_env.env_file().exists():
        raise StackError(f"There are no logins yet: 'make up' writes them to {stack_env.env_file()}.")
    values = stack_env.settings()
    print(_addresses(values))
    for page, user, password in (
        ("Airflow", values["AIRFLOW_ADMIN_USER"], values["AIRFLOW_ADMIN_PASSWORD"]),
        ("MLflow", "admin", values["MLFLOW_ADMIN_PASSWORD"]),
        ("MinIO", values["MINIO_VIEWER_USER"], values["MINIO_VIEWER_PASSWORD"]),
    ):
        print(f"{page:8} user {user:10} password {password}")


def run(arguments: argparse.Namespace) -> None:
    """Run a command where the tasks run."""
    # What is up needs no check of Docker, which would take longer than a rollback; what is not up may need to say why.
    scheduler = stack_docker.scheduler()
    if scheduler is None:
        stack_docker.check()
        raise StackError("The stack is not up: 'make up' starts it, 'make ps' shows what runs.")
    command = arguments.command[arguments.command[:1] == ["--"] :] or ["bash"]
    sys.exit(stack_docker.run_inside(scheduler, *command))


def step(arguments: argparse.Namespace) -> None:
    """Run a step of tasks/: in the stack when it is up, in this environment otherwise."""
    use_case = ["--use-case", os.environ.get("USE_CASE", "sentiment")]
    file = f"tasks/{arguments.name}.py"
    if scheduler := stack_docker.scheduler():
        sys.exit(stack_docker.run_inside(scheduler, "python", f"/opt/sluss/{file}", *use_case, *arguments.arguments))
    python = str(ROOT / ".venv" / "bin" / "python")
    os.chdir(ROOT)
    os.execv(python, [python, file, *use_case, *arguments.arguments])  # noqa: S606 - it takes this process's place


def _prepared() -> dict[str, str]:
    """The settings, when the machine and they themselves allow a stack."""
    stack_docker.check()
    values = stack_env.settings()
    stack_env.check(values)
    _refuse_lost_secrets(values)
    stack_machine.check()
    return values


def _run(*arguments: str) -> None:
    if code := stack_docker.compose(*arguments).returncode:
        sys.exit(code)


def _refuse_lost_secrets(values: dict[str, str]) -> None:
    """New passwords would not open old volumes."""
    volume = f"{stack_docker.project()}_postgres"
    if not values.get("POSTGRES_PASSWORD") and volume in stack_docker.volumes():
        raise StackError(
            f"The data of an earlier stack is here, but its passwords are not in {stack_env.env_file()}: "
            f"put that file back, or delete the data with 'docker volume rm {' '.join(stack_docker.volumes())}'."
        )


def _why_not_up() -> str:
    failed = [each.service for each in stack_docker.containers() if each.failed]
    if not failed:
        return "The stack did not come up: the lines above say why, 'make logs' shows more."
    last = stack_docker.compose("logs", "--no-log-prefix", "--tail", "1", failed[0], capture=True).stdout.strip()
    more = f"make logs SERVICE={failed[0]}"
    return f"The service '{failed[0]}' failed, and the stack is not up: {last or 'it said nothing'} ({more})"


def _addresses(values: dict[str, str]) -> str:
    lines = [
        f"Airflow  http://localhost:{values['AIRFLOW_PORT']}",
        f"MLflow   http://localhost:{values['MLFLOW_PORT']}",
    ]
    if not values.get("S3_ENDPOINT_URL"):
        lines.append(f"MinIO    http://localhost:{values['MINIO_CONSOLE_PORT']}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    actions = (up, build, down, destroy, ps, logs, login, run, step)
    made = {}
    for action in actions:
        made[action.__name__] = commands.add_parser(action.__name__, help=action.__doc__)
        made[action.__name__].set_defaults(action=action)
    made["destroy"].add_argument("--yes", action="store_true", help="do not ask")
    made["logs"].add_argument("--follow", action="store_true", help="go on as lines come")
    made["logs"].add_argument("service", nargs="*", help="only these services")
    made["run"].add_argument("command", nargs=argparse.REMAINDER, help="default: a shell")
    made["step"].add_argument("name", help="a file in tasks/, without .py")
    made["step"].add_argument("arguments", nargs=argparse.REMAINDER, help="of the step")
    return parser


def main() -> None:
    """Run one command; a problem that a person can mend is one sentence and exit code 2."""
    arguments = _parser().parse_args()
    try:
        arguments.action(arguments)
    except StackError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
