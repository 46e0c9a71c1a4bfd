"""The secrets that `make up` writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sluss.stack import env_file
from sluss.stack.error import StackError

ROOT = Path(__file__).resolve().parents[2]
WORKERS = {"AIRFLOW_WORKER_CONCURRENCY", "AIRFLOW_REDIS", "AIRFLOW_LOCAL_SCHEDULERS"}
SIGNED = ("AIRFLOW_JWT_SECRET=", "AIRFLOW_SECRET_KEY=", "MLFLOW_SECRET_KEY=")
FILL = "from sluss.stack import env_file; print(*env_file.fill())"


def fill(env: Path, **variables: str) -> list[str]:
    """Write what is missing; the names of what was written."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SLUSS_ENV_FILE": str(env),
        **variables,
    }
    done = subprocess.run([sys.executable, "-c", FILL], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def values(env: Path) -> dict[str, str]:
    lines = env.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.fixture
def env(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_a_first_start_writes_a_strong_secret_for_every_one_that_is_empty(env: Path) -> None:
    written = fill(env)
    found = values(env)
    empty = [name for name, value in values(ROOT / ".env.example").items() if not value and name in written]
    assert len(written) >= 14
    assert empty == written
    assert "SLUSS_OIDC_CLIENT_SECRET" not in written  # a company's provider gives it
    assert all(len(found[name]) >= 32 for name in written)
    assert len({found[name] for name in written}) == len(written)


def test_only_its_owner_can_read_it(env: Path) -> None:
    fill(env)
    assert env.stat().st_mode & 0o777 == 0o600
    env.chmod(0o644)
    assert fill(env) == []
    assert env.stat().st_mode & 0o777 == 0o600


def test_the_users_lines_stay(env: Path) -> None:
    env.write_text("# mine\nMLFLOW_PORT=5001\nMLFLOW_ADMIN_PASSWORD='correct-horse-battery'\nAIRFLOW_ADMIN_PASSWORD=\n")
    written = fill(env)
    lines = env.read_text().splitlines()
    assert lines[:3] == ["# mine", "MLFLOW_PORT=5001", "MLFLOW_ADMIN_PASSWORD='correct-horse-battery'"]
    assert lines[3].startswith("AIRFLOW_ADMIN_PASSWORD=")
    assert len(lines[3]) > 40
    assert "MLFLOW_ADMIN_PASSWORD" not in written


def test_a_second_start_changes_nothing(env: Path) -> None:
    fill(env)
    before = env.read_text()
    assert fill(env) == []
    assert env.read_text() == before


@pytest.mark.parametrize("name", ["AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY", "MLFLOW_SECRET_KEY"])
def test_a_signing_key_is_as_long_as_its_algorithm_asks_and_a_shorter_one_is_renewed(env: Path, name: str) -> None:
    fill(env)
    before = values(env)
    assert len(before[name].encode()) >= 64
    short = "uY3rWq8sTz1kLm5pNb7vXc2d"
    env.write_text(env.read_text().replace(before[name], short))
    assert fill(env) == [name]
    after = values(env)
    assert len(after[name].encode()) >= 64
    assert {key: value for key, value in after.items() if key != name} == {
        key: value for key, value in before.items() if key != name
    }


def test_a_short_signing_key_of_the_environment_is_refused_and_a_key_that_encrypts_is_never_renewed(env: Path) -> None:
    fill(env)
    short = "uY3rWq8sTz1kLm5pNb7vXc2d"
    assert fill(env, AIRFLOW_JWT_SECRET=short) == []
    with pytest.raises(StackError, match=r"AIRFLOW_JWT_SECRET .* is too short for its algorithm"):
        env_file.check({**values(env), "AIRFLOW_JWT_SECRET": short})
    env.write_text(env.read_text().replace(values(env)["MLFLOW_CRYPTO_KEK_PASSPHRASE"], short))
    assert fill(env) == []


def test_two_stacks_share_no_secret(env: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.env"
    secrets = set(fill(env)) & set(fill(other))
    assert not {values(env)[name] for name in secrets} & {values(other)[name] for name in secrets}


def test_a_link_to_a_file_elsewhere_stays_a_link(env: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    env.symlink_to(tmp_path / "elsewhere" / "real.env")
    fill(env)
    assert env.is_symlink()
    assert (tmp_path / "elsewhere" / "real.env").stat().st_mode & 0o777 == 0o600


def test_every_setting_of_the_compose_file_is_in_the_example() -> None:
    import re

    compose = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", compose))
    # The stack's commands find these out; only a developer changes the last.
    found_out = {"SLUSS_GIT_COMMIT", "SLUSS_VERSION", *WORKERS}
    assert used - set(values(ROOT / ".env.example")) == {*found_out, "AIRFLOW_IDLE_SLEEP"}


def test_the_compose_file_is_whole():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert all("image" in service for service in services.values())
    # Dumps are given to it: it has no password of Postgres.
    assert not [name for name in services["backup"]["environment"] if "POSTGRES" in name or "_DB_" in name]


def test_make_up_goes_on_with_the_env_of_an_older_release(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(env)
    lines = env.read_text().splitlines()
    short = [line[:50] if line.startswith(SIGNED) else line for line in lines]
    env.write_text("\n".join(line for line in short if not line.startswith("REDIS_")) + "\n")
    monkeypatch.setenv("SLUSS_ENV_FILE", str(env))
    env_file.check(env_file.settings())
    renewed = set(env_file.fill())
    assert renewed == {"REDIS_SCHEDULER_PASSWORD", "REDIS_WORKER_PASSWORD"} | {name[:-1] for name in SIGNED}
    env_file.check(env_file.settings())
