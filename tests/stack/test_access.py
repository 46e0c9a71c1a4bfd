"""Who gets in where."""

from __future__ import annotations

import json

import httpx
import pytest
from running import ENV_FILE, INITS, PORTS, SERVICES, Stack

pytestmark = pytest.mark.stack

S3 = """
import boto3, os
from botocore.exceptions import ClientError
s3 = boto3.client("s3", endpoint_url="http://minio:9000", region_name="us-east-1",
                  aws_access_key_id=os.environ["KEY"], aws_secret_access_key=os.environ["SECRET"])
def tried(call, **arguments):
    try:
        call(**arguments)
        return "allowed"
    except ClientError as error:
        return error.response["Error"]["Code"]
"""
DATABASE = """
import os, psycopg2
try:
    psycopg2.connect(host="postgres", user=os.environ["ROLE"], dbname=os.environ["DATABASE"])
    print("allowed")
except psycopg2.OperationalError as error:
    print("refused" if "permission denied" in str(error) else error)
"""


@pytest.mark.parametrize(
    "path",
    ["/api/2.0/mlflow/experiments/search?max_results=1", "/api/2.0/mlflow-artifacts/artifacts/0", "/graphql", "/"],
)
def test_mlflow_refuses_who_has_no_login(stack: Stack, path: str) -> None:
    assert httpx.get(stack.mlflow + path).status_code in {401, 405}
    assert httpx.get(stack.mlflow + path, auth=("admin", "password1234")).status_code in {401, 405}


@pytest.mark.parametrize("path", ["dags", "connections", "variables", "config"])
def test_airflow_refuses_who_has_no_login(stack: Stack, path: str) -> None:
    assert httpx.get(f"{stack.airflow}/api/v2/{path}").status_code == 401
    wrong = httpx.post(f"{stack.airflow}/auth/token", json={"username": "admin", "password": "admin"})
    assert wrong.status_code == 401


def test_the_control_room_refuses_who_has_no_login(stack: Stack) -> None:
    room = f"http://localhost:{PORTS['CONTROL_ROOM_PORT']}"
    for path in ("/", "/alerts", "/use-cases/sentiment", "/status.json", "/metrics"):
        answer = stack.http.get(room + path)
        assert answer.status_code in {303, 401}
        assert "sentiment" not in answer.text
    assert stack.http.get(f"{room}/health").text == "ok\n"
    assert stack.http.get(f"{room}/health", headers={"Host": "evil.example"}).status_code == 403


def test_minio_console_refuses_who_has_no_login(stack: Stack) -> None:
    assert httpx.get(f"{stack.console}/api/v1/buckets").status_code in {401, 403}
    wrong = httpx.post(f"{stack.console}/api/v1/login", json={"accessKey": "minioadmin", "secretKey": "minioadmin"})
    assert wrong.status_code in {401, 403}


def test_the_logins_that_make_login_shows_work(stack: Stack) -> None:
    shown = stack.command("login").stdout
    for name in ("AIRFLOW_ADMIN_PASSWORD", "MLFLOW_ADMIN_PASSWORD", "MINIO_VIEWER_PASSWORD"):
        assert stack.secrets[name] in shown
    assert stack.airflow_api("dags")["total_entries"] >= 0
    assert stack.mlflow_api("experiments/search", params={"max_results": 1})["experiments"]
    viewer = {"accessKey": stack.secrets["MINIO_VIEWER_USER"], "secretKey": stack.secrets["MINIO_VIEWER_PASSWORD"]}
    assert httpx.post(f"{stack.console}/api/v1/login", json=viewer).status_code == 204


def test_mlflow_answers_on_every_printed_address_and_on_no_other(stack: Stack) -> None:
    port, login = PORTS["MLFLOW_PORT"], ("admin", stack.secrets["MLFLOW_ADMIN_PASSWORD"])

    def status(host: str) -> int:
        url = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search?max_results=1"
        return httpx.get(url, headers={"Host": host}, auth=login).status_code

    assert stack.mlflow in stack.command("login").stdout
    assert {host: status(host) for host in (f"localhost:{port}", f"127.0.0.1:{port}")} == {
        f"localhost:{port}": 200,
        f"127.0.0.1:{port}": 200,
    }
    assert {
        host: status(host) for host in ("mlflow:5000", "evil.example", f"evil.example:{port}", "10.0.0.1:5000")
    } == {
        "mlflow:5000": 403,
        "evil.example": 403,
        f"evil.example:{port}": 403,
        "10.0.0.1:5000": 403,
    }


@pytest.mark.parametrize(("own", "other", "prefix"), [("mlflow", "lake", "MLFLOW_S3"), ("lake", "mlflow", "LAKE_S3")])
def test_the_key_of_one_bucket_is_refused_in_the_other(stack: Stack, own: str, other: str, prefix: str) -> None:
    key = {"KEY": stack.secrets[f"{prefix}_ACCESS_KEY_ID"], "SECRET": stack.secrets[f"{prefix}_SECRET_ACCESS_KEY"]}
    asked = f"""
import json
print(json.dumps([
    tried(s3.list_objects_v2, Bucket={own!r}),
    tried(s3.list_objects_v2, Bucket={other!r}),
    tried(s3.put_object, Bucket={other!r}, Key="x", Body=b"x"),
    tried(s3.create_bucket, Bucket="another"),
]))"""
    assert json.loads(stack.python(S3 + asked, **key)) == ["allowed", "AccessDenied", "AccessDenied", "AccessDenied"]


def test_the_viewer_changes_nothing(stack: Stack) -> None:
    key = {"KEY": stack.secrets["MINIO_VIEWER_USER"], "SECRET": stack.secrets["MINIO_VIEWER_PASSWORD"]}
    asked = """
print(tried(s3.list_objects_v2, Bucket="lake"), tried(s3.put_object, Bucket="lake", Key="x", Body=b"x"),
      tried(s3.delete_object, Bucket="mlflow", Key="x"))"""
    assert stack.python(S3 + asked, **key) == "allowed AccessDenied AccessDenied"


@pytest.mark.parametrize("prefix", ["MLFLOW_S3", "LAKE_S3", "ROOM_S3", "MINIO_VIEWER"])
def test_no_key_of_a_bucket_makes_another_key_or_changes_its_secret(stack: Stack, prefix: str) -> None:
    """It would go on after the one in .env was changed."""
    name, secret = ("USER", "PASSWORD") if prefix == "MINIO_VIEWER" else ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    key = {"KEY": stack.secrets[f"{prefix}_{name}"], "SECRET": stack.secrets[f"{prefix}_{secret}"]}
    asked = """
import os
from minio import MinioAdmin
from minio.credentials import StaticProvider
from minio.error import MinioAdminException
own = StaticProvider(os.environ["KEY"], os.environ["SECRET"])
admin = MinioAdmin(endpoint="minio:9000", secure=False, credentials=own)
def tried(call, *given, **more):
    try:
        call(*given, **more)
        return "allowed"
    except MinioAdminException as error:
        return "refused" if "AccessDenied" in str(error) else str(error)
print(tried(admin.add_service_account, access_key="another-key-of-it", secret_key="a-long-secret-of-it"),
      tried(admin.user_add, os.environ["KEY"], os.environ["SECRET"]), tried(admin.user_list))
"""
    assert stack.python(asked, **key) == "refused refused refused"


def test_the_role_of_one_database_is_refused_in_the_others(stack: Stack) -> None:
    own = {"airflow": ["airflow"], "mlflow": ["mlflow", "mlflow_auth"], "warehouse": ["warehouse"]}
    for role, allowed in own.items():
        password = stack.secrets[f"{role.upper()}_DB_PASSWORD"]
        for database in ("airflow", "mlflow", "mlflow_auth", "warehouse", "postgres", "template1"):
            answer = stack.python(DATABASE, ROLE=role, DATABASE=database, PGPASSWORD=password)
            assert answer == ("allowed" if database in allowed else "refused"), f"{role} in {database}"


def test_no_service_has_a_root_account_once_init_is_over(stack: Stack) -> None:
    roots = [stack.secrets["POSTGRES_PASSWORD"], stack.secrets["MINIO_ROOT_PASSWORD"]]
    for service in set(SERVICES) - {"postgres", "minio"}:
        environment = "\n".join(stack.inspect(service)["Config"]["Env"])
        assert not [root for root in roots if root in environment], service
    asked = """
import psycopg2
query = psycopg2.connect(host="postgres", user="postgres", dbname="postgres").cursor()
query.execute(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE usename = 'postgres' AND client_addr IS NOT NULL AND pid <> pg_backend_pid()"
)
print(query.fetchone()[0])
"""
    assert stack.python(asked, PGPASSWORD=roots[0]) == "0"


def test_no_secret_is_in_an_image_a_command_line_or_a_log(stack: Stack) -> None:
    secrets = [
        value
        for name, value in stack.secrets.items()
        if name.endswith(("PASSWORD", "SECRET", "SECRET_ACCESS_KEY", "KEY"))
    ]
    secrets = [value for value in secrets if len(value) > 12]
    assert len(secrets) > 10
    for service in (*SERVICES, *INITS):
        name = f"sluss-smoke-{service}-1"
        log = stack.docker("logs", name)
        image = stack.docker("history", "--no-trunc", stack.inspect(service)["Config"]["Image"]).stdout
        processes = stack.docker("top", name, "-eo", "pid,args", check=False).stdout
        seen = [each for each in secrets if each in log.stdout + log.stderr + image + processes]
        assert not seen, f"{len(seen)} secrets shown by {service}"


@pytest.mark.usefixtures("stack")
def test_env_is_readable_by_its_owner_alone() -> None:
    assert ENV_FILE.stat().st_mode & 0o077 == 0
